// When text is acknowledged, and what window goes with it: RFC 9293 sections 3.8.6.2.2 and 3.8.6.3,
// RFC 5681 section 4.2.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

tcp::Settings& tcp_of(Scene& scene) { return scene.options.settings.tcp; }

TEST(Acks, CountBytesNotSegments) {  // RFC 9293 section 3.8.6.3, SHLD-19
    run(established(), R"(
        < P. 1:101(100) ack 1
        < P. 101:201(100) ack 1      // two small ones are not two full ones
        < P. 201:301(100) ack 1
        +41
        > . 1:1(0) ack 301
        < . 301:1301(1000) ack 1
        < . 1301:2301(1000) ack 1    // this peer's full segments are small
        > . 1:1(0) ack 2301
        < . 2301:3701(1400) ack 1
        < P. 3701:3801(100) ack 1
        > . 1:1(0) ack 3801
        = event delayed_acks 1
    )");
}

TEST(Acks, LeaveAtOnceWithoutDelay) {
    Scene scene = established();
    tcp_of(scene).delayed_ack = false;
    run(scene, R"(
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 201
        = event delayed_acks 0
    )");
}

TEST(Acks, LeaveAtOnceInTheBeginning) {  // RFC 5681 section 4.2: not even the second segment waits
    Scene scene = established();
    tcp_of(scene).delayed_ack_from_start = false;
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{scene, family};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        int at_once = 0;
        for (std::uint32_t seq = 1; seq < 30 * 1400; seq += 1400) {
            const auto begin = std::to_string(seq), end = std::to_string(seq + 1400);
            ASSERT_TRUE(runner.play("script", "< . " + begin + ":" + end + "(1400) ack 1"));
            if (!runner.harness().has_sent()) break;
            ++at_once;
            ASSERT_TRUE(runner.play("script", "> . 1:1(0) ack " + end + "\ncall receive 1400"));
        }
        EXPECT_GE(at_once, 12);
        EXPECT_LE(at_once, 18);
    }
}

TEST(Acks, LeaveAtOnceForAFilledHole) {  // RFC 5681 section 4.2: "all or part of a gap"
    run(established(), R"(
        < P. 201:301(100) ack 1
        > . 1:1(0) ack 1
        < P. 1:101(100) ack 1        // a part of it
        > . 1:1(0) ack 101
        < P. 101:201(100) ack 1
        > . 1:1(0) ack 301
        < P. 301:401(100) ack 1      // and from then on there is no hurry
        +41
        > . 1:1(0) ack 401
    )");
}

TEST(Acks, LeaveAtOnceForWhatCameBefore) {  // RFC 5681 section 4.2
    run(established(), R"(
        < P. 1:101(100) ack 1
        +41
        > . 1:1(0) ack 101
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 101
        < P. 51:151(100) ack 1
        > . 1:1(0) ack 151
    )");
}

TEST(Acks, OfABurstAreOneForTextInOrderAndEachForTheRest) {  // RFC 5681 sections 3.2 and 4.2
    for (const Family family : {Family::ip4, Family::ip6}) {
        const Scene scene = established();
        ScriptRunner runner{scene, family};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        std::vector<Bytes> burst;
        for (const std::uint32_t seq : {1U, 1401U, 2801U, 5601U, 7001U, 8401U}) {
            Segment segment;
            segment.flags = 0x10;
            segment.seq.value = seq;
            segment.length = 1400;
            segment.ack = Number{.value = 1};
            burst.push_back(encode(runner.segment_of(segment)));
        }
        runner.harness().inject_burst(burst);
        runner.play("script", R"(
            > . 1:1(0) ack 4201
            > . 1:1(0) ack 4201          // three duplicates: the peer learns of its loss
            > . 1:1(0) ack 4201
        )");
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

TEST(DelayedAcks, KeepTheirOwnTime) {  // RFC 9293 section 3.8.6.3, MUST-40
    Scene scene = established();
    tcp_of(scene).delayed_ack_ms = 200;
    run(scene, R"(
        < P. 1:101(100) ack 1
        +198
        +4
        > . 1:1(0) ack 101
    )");
    tcp_of(scene).delayed_ack_ms = 5000;  // never more than half a second
    run(scene, R"(
        < P. 1:101(100) ack 1
        +497
        +4
        > . 1:1(0) ack 101
    )");
}

TEST(DelayedAcks, AreNotDelayedByAStaleOne) {  // RFC 9293 section 3.8.6.3
    run(established(), R"(
        < P. 1:101(100) ack 1
        +5
        call send 10                 // the ACK goes with it
        > P. 1:11(10) ack 101
        +10
        < P. 101:201(100) ack 11
        +38
        +4
        > . 11:11(0) ack 201
        = event delayed_acks 1
    )");
}

TEST(Window, IsOfferedExactlyAsAsked) {
    Scene scene = established();
    tcp_of(scene).receive_window_bytes = 5000;
    run(scene, R"(
        < P. 1:101(100) ack 1
        +41
        > . 1:1(0) ack 101 win 5000
        < . 101:1501(1400) ack 1
        < . 1501:2901(1400) ack 1
        > . 1:1(0) ack 2901 win 5000
    )");
}

TEST(Window, OpensFromZeroByASegment) {  // RFC 9293 section 3.8.6.2.2, MUST-39
    Scene scene = established();
    tcp_of(scene).receive_buffer_bytes = 4200;
    run(scene, R"(
        < . 1:1401(1400) ack 1
        < . 1401:2801(1400) ack 1
        > . 1:1(0) ack 2801 win 1400
        < . 2801:4201(1400) ack 1
        +41
        > . 1:1(0) ack 4201 win 0
        call receive 1000            // not worth telling
        +10
        call receive 400
        > . 1:1(0) ack 4201 win 1400
        call receive 1400            // from there on by half the buffer
        +10
        call receive 1400
        > . 1:1(0) ack 4201 win 4200
    )");
}

TEST(Window, WhenClosedIsToldToWhoeverProbes) {  // RFC 9293 section 3.8.6.1
    Scene scene = established();
    tcp_of(scene).receive_buffer_bytes = 1000;
    run(scene, R"(
        < P. 1:1001(1000) ack 1
        +41
        > . 1:1(0) ack 1001 win 0
        < . 1001:1002(1) ack 1       // with a byte
        > . 1:1(0) ack 1001 win 0
        < . 1000:1000(0) ack 1       // and with none
        > . 1:1(0) ack 1001 win 0
        call send 10                 // its ACKs still count: MUST-66
        > P. 1:11(10) ack 1001 win 0
        < . 1001:1002(1) ack 11
        > . 11:11(0) ack 1001 win 0
        = unsent 0
        < R 1001:1001(0)
        = closed
    )");
}

// A peer that pipelines more than the service answers at once loses nothing: what was offered is
// held, and no more than that is offered.
TEST(Window, OfAServiceIsWhatItMayLeaveUnread) {  // RFC 9293 section 3.8.6, SHLD-14
    Scene scene = nothing();
    scene.our_port = 80;
    scene.text = OurText::any;
    tcp_of(scene).unread_limit_bytes = 2900;
    tcp_of(scene).send_buffer_bytes = 100;
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 2900
        < . 1:1(0) ack 1
        < P. 1:28(27) ack 1 win 0 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        +41
        > . 1:1(0) ack 28 win 2873
        < . 28:1428(1400) ack 1 win 0
        < . 1428:2828(1400) ack 1 win 0
        > . 1:1(0) ack 2828 win 73
    )");
}

TEST(DeferredAccept, WaitsForTheFirstText) {
    Scene scene = syn_received();
    tcp_of(scene).deferred_accept_ms = 3000;
    run(scene, R"(
        < . 1:1(0) ack 1
        = established
        call accept = would-block
        +1000
        < P. 1:101(100) ack 1
        call accept
        +41
        > . 1:1(0) ack 101
        call receive 1000 = 100
    )");
}

TEST(DeferredAccept, EndsWithTheFinOrWithTime) {
    Scene scene = syn_received();
    tcp_of(scene).deferred_accept_ms = 3000;
    run(scene, R"(
        < . 1:1(0) ack 1
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        call accept
        call receive 1000 = end
    )");
    run(scene, R"(
        < . 1:1(0) ack 1
        +2990
        call accept = would-block
        +20
        call accept
        = established
    )");
}

}  // namespace
}  // namespace terminus::test
