// Text in both directions: order, holes, windows, MSS, delayed acknowledgments.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Receiving, DelaysTheAckOfOneSegment) {  // RFC 9293 section 3.8.6.3, SHLD-18; RFC 1122 4.2.3.2
    run(established(), R"(
        < P. 1:101(100) ack 1
        +38ms
        +4ms
        > . 1:1(0) ack 101
        = event delayed_acks 1
        call receive 1000 = 100
        call receive 1000 = would-block
    )");
}

// RFC 1122 section 4.2.3.2, RFC 9293 section 3.8.6.3, MUST-40: less than half a second.
TEST(Receiving, DelaysTheAckFromTheTextOn) {
    run(established(), R"(
        < P. 1:101(100) ack 1
        +20ms
        < . 101:101(0) ack 1         // a bare ACK does not put it off
        +15ms
        < . 101:101(0) ack 1
        +6ms
        > . 1:1(0) ack 101
        +100ms
        = event delayed_acks 1
    )");
}

TEST(Receiving, AcknowledgesEverySecondSegmentAtOnce) {  // RFC 9293 section 3.8.6.3, SHLD-19
    run(established(), R"(
        < . 1:1401(1400) ack 1
        < . 1401:2801(1400) ack 1
        > . 1:1(0) ack 2801
        call receive 5000 = 2800
    )");
}

TEST(Receiving, AcknowledgesWithTheText) {  // RFC 9293 section 3.8.6.3: the delayed ACK rides along
    run(established(), R"(
        < P. 1:101(100) ack 1
        call send 10
        > P. 1:11(10) ack 101
        +100ms
        = event delayed_acks 0
    )");
}

TEST(Receiving, HoldsTextBeyondAHole) {  // RFC 9293 section 3.10.7.4, seventh, SHLD-31, MAY-13
    run(established(), R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1             // RFC 5681 section 4.2: a duplicate ACK at once
        < P. 301:401(100) ack 1
        > . 1:1(0) ack 1
        = event out_of_order_held 2
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 201
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 401
        call receive 1000 = 400
    )");
}

TEST(Receiving, HoldsOverlappingTextOnce) {  // RFC 9293 section 3.10.7.4, seventh
    run(established(), R"(
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1
        < P. 51:151(100) ack 1
        > . 1:1(0) ack 1
        < P. 151:301(150) ack 1
        > . 1:1(0) ack 1
        < P. 1:61(60) ack 1
        > . 1:1(0) ack 301
        call receive 1000 = 300
    )");
}

TEST(Receiving, HoldsTheFinBeyondAHole) {  // RFC 9293 section 3.10.7.4, eighth, SHLD-31
    run(established(), R"(
        < F. 101:101(0) ack 1        // 100 bytes are missing before it
        > . 1:1(0) ack 1
        = established
        < P. 1:101(100) ack 1        // the hole is filled, and the FIN counts now
        > . 1:1(0) ack 102
        = close_wait
        call receive 1000 = 100
        call receive 1000 = end
    )");
}

TEST(Receiving, IgnoresTextBehindAFin) {  // RFC 9293 section 3.10.7.4, eighth: FIN is the end
    run(established(), R"(
        < F. 101:101(0) ack 1
        > . 1:1(0) ack 1
        < P. 101:201(100) ack 1      // behind it
        > . 1:1(0) ack 1
        < P. 51:151(100) ack 1       // and partly so
        > . 1:1(0) ack 1
        < P. 1:51(50) ack 1
        > . 1:1(0) ack 102
        = close_wait
        call receive 1000 = 100
        call receive 1000 = end
    )");
    run(established(), R"(
        < P. 201:301(100) ack 1      // held before the FIN says that there is no such text
        > . 1:1(0) ack 1
        < FP. 1:101(100) ack 1
        > . 1:1(0) ack 102
        call receive 1000 = 100
        call receive 1000 = end
    )");
}

TEST(Receiving, LeavesTheFinThatLiesOutsideTheWindow) {  // RFC 9293 section 3.10.7.4, seventh
    Scene scene = established();
    scene.options.settings.tcp.receive_buffer_bytes = 1000;
    run(scene, R"(
        < FP. 1:1201(1200) ack 1
        > . 1:1(0) ack 1001 win 0
        = established
        call receive 1000
        > . 1:1(0) ack 1001 win 1000
        < FP. 1001:1201(200) ack 1
        > . 1:1(0) ack 1202
        = close_wait
    )");
}

TEST(Receiving, IgnoresTextAfterTheFin) {  // RFC 9293 section 3.10.7.4, seventh: CLOSE-WAIT
    run(close_wait(), R"(
        < P. 2:102(100) ack 1
        = close_wait
        call receive 1000 = end
    )");
}

TEST(Receiving, KeepsTheWindowClosedUntilReleased) {  // RFC 9293 section 3.9.1.3
    Scene scene = established();
    scene.options.settings.tcp.receive_buffer_bytes = 2000;
    run(scene, R"(
        < P. 1:1001(1000) ack 1
        +41
        > . 1:1(0) ack 1001 win 1000
        < P. 1001:2001(1000) ack 1
        +41
        > . 1:1(0) ack 2001 win 0
        call receive 2000 keep = 2000
        +10
        call release 1000
        > . 1:1(0) ack 2001 win 1000
        call release 1000
        > . 1:1(0) ack 2001 win 2000
    )");
}

// RFC 9293 section 3.6: nobody reads, and yet the peer ends in order; 3.8.6.2.2, MUST-39.
TEST(Receiving, ThrowsAwayWhatNobodyWants) {
    run(established(), R"(
        call shutdown receive
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 1
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 201 win 65335       // all is room again; half a segment is no news
        < P. 201:1601(1400) ack 1
        +41
        > . 1:1(0) ack 1601 win 65535
        < F. 1601:1601(0) ack 1
        > . 1:1(0) ack 1602
        = close_wait
    )");
}

TEST(Receiving, CrossesTheEndOfSequenceSpace) {  // RFC 9293 section 3.4: modulo 2^32
    Scene setup = established();
    run(setup, R"(
        < . 201:401(200) ack 1       // 0xffffff00 + 256 is 0
        > . 1:1(0) ack 1
        < P. 1:201(200) ack 1
        > . 1:1(0) ack 401
        call receive 1000 = 400
    )");
}

// RFC 9293 section 3.8.6.2.2: silly window, MUST-39.
TEST(Receiving, ClosesItsWindowAndOpensItAgain) {
    Scene setup = established();
    setup.options.settings.tcp.receive_buffer_bytes = 4000;
    run(setup, R"(
        < . 1:1401(1400) ack 1
        < . 1401:2801(1400) ack 1
        > . 1:1(0) ack 2801 win 1200
        < P. 2801:4001(1200) ack 1
        +40
        > . 1:1(0) ack 4001 win 0
        call receive 100             // not worth telling
        +10ms
        call receive 3900
        > . 1:1(0) ack 4001 win 4000
    )");
}

TEST(Receiving, NeverTakesAWindowBack) {  // RFC 9293 section 3.8.6, SHLD-14
    Scene setup = established();
    setup.options.settings.tcp.receive_buffer_bytes = 4000;
    run(setup, R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101 win 3900
        < P. 101:201(100) ack 1
        +40
        > . 1:1(0) ack 201 win 3800
    )");
}

TEST(Sending, KeepsToThePeersMss) {  // RFC 9293 section 3.7.1, MUST-16
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 500>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 1000
        > . 1:501(500) ack 1
        > P. 501:1001(500) ack 1
    )");
}

TEST(Sending, TakesTheDefaultMssWithoutTheOption) {  // RFC 9293 section 3.7.1, MUST-15
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{listening(), family};
        const std::uint32_t mss = family == Family::ip4 ? 536 : 1220;  // RFC 9293 section 3.7.1
        const std::string size = std::to_string(mss);
        ASSERT_TRUE(runner.play("setup", "call listen")) << runner.failure();
        runner.play("script",
                    "< S 0:0(0)\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\ncall accept\n"
                    "call send 2000\n> . 1(" +
                        size + ") ack 1\n");
        EXPECT_EQ(runner.failure(), "");
    }
}

TEST(Sending, KeepsToThePeersWindow) {  // RFC 9293 section 3.8.6
    run(established(), R"(
        < . 1:1(0) ack 1 win 2000
        call send 5000
        > . 1:1401(1400) ack 1
        +100ms
        < . 1:1(0) ack 1401 win 2000
        > . 1401:2801(1400) ack 1
        < . 1:1(0) ack 2801 win 5000
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 4201 win 5000   // Nagle: RFC 9293 section 3.7.4
        > P. 4201:5001(800) ack 1
    )");
}

TEST(Sending, ScalesThePeersWindow) {  // RFC 7323 section 2.3
    run(established_scaled(7), R"(
        < . 1:1(0) ack 1 win 23      // 2944 bytes: two segments
        call send 5000
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        +100ms
        < . 1:1(0) ack 2801 win 512
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 4201 win 512   // Nagle: RFC 9293 section 3.7.4
        > P. 4201:5001(800) ack 1
    )");
}

TEST(Sending, NeverShiftsByMoreThanFourteen) {  // RFC 7323 section 2.3
    run(established_scaled(15), R"(
        < . 1:1(0) ack 1 win 1       // 16384 bytes
        call send 20000
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > . 7001:8401(1400) ack 1
        > . 8401:9801(1400) ack 1
        > . 9801:11201(1400) ack 1
        > . 11201:12601(1400) ack 1
        > . 12601:14001(1400) ack 1
        +50ms
        < . 1:1(0) ack 14001 win 1
        > . 14001:15401(1400) ack 1
        > . 15401:16801(1400) ack 1
        > . 16801:18201(1400) ack 1
        > . 18201:19601(1400) ack 1
        < . 1:1(0) ack 19601 win 1
        > P. 19601:20001(400) ack 1
    )");
}

TEST(Sending, BeginsWithTenSegments) {  // RFC 6928 section 2
    run(established(), R"(
        call send 20000
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > . 7001:8401(1400) ack 1
        > . 8401:9801(1400) ack 1
        > . 9801:11201(1400) ack 1
        > . 11201:12601(1400) ack 1
        > . 12601:14001(1400) ack 1
        +100ms
    )");
}

TEST(Sending, IgnoresAnOlderWindow) {  // RFC 9293 section 3.10.7.4, fifth: SND.WL1 and SND.WL2
    run(established(), R"(
        < P. 101:201(100) ack 1 win 65535
        > . 1:1(0) ack 1
        < . 1:1(0) ack 1 win 10          // sent before that one: its window is not news
        call send 1000
        > P. 1:1001(1000) ack 1
    )");
}

TEST(Sending, StillTakesTextInCloseWaitStates) {  // RFC 9293 section 3.9.1.2
    run(close_wait(), R"(
        call send 100
        > P. 1:101(100) ack 2
        < . 2:2(0) ack 101
        = close_wait
    )");
    run(fin_wait_2(), R"(
        call send 100 = closing
        < P. 1:101(100) ack 2
        +40
        > . 2:2(0) ack 101
        call receive 1000 = 100
    )");
}

TEST(Sending, WaitsForTheHandshake) {  // RFC 9293 section 3.10.2: queued in SYN-SENT
    run(syn_sent(), R"(
        call send 100
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > P. 1:101(100) ack 1
    )");
}

TEST(Sending, StopsWhenItsBufferIsFull) {  // RFC 9293 section 3.10.2: insufficient resources
    Scene setup = established();
    setup.options.settings.tcp.send_buffer_bytes = 1000;
    run(setup, R"(
        call send 1500 = 1000
        > P. 1:1001(1000) ack 1
        call send 10 = would-block
        < . 1:1(0) ack 1001
        call send 10
        > P. 1001:1011(10) ack 1
    )");
}

}  // namespace
}  // namespace terminus::test
