// Timers: retransmission by RTT with back-off and give-up, the closed window, fast retransmit.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Retransmission, WaitsForTheInitialTimeout) {  // RFC 6298 section 2.1: one second at first
    Scene setup = opened();
    setup.options.settings.tcp.rto_min_ms = 1000;
    run(setup, R"(
        call send 100
        > P. 1:101(100) ack 1
        +997ms
        +6ms
        > P. 1:101(100) ack 1
        = event segments_retransmitted 1
        = event retransmission_timeouts 1
    )");
}

// RFC 6298 section 2.4: our floor is 200 ms.
TEST(Retransmission, FollowsTheRoundTripTime) {  // RFC 6298 sections 2.2 and 2.3
    run(syn_received(), R"(
        +150ms
        < . 1:1(0) ack 1          // SRTT 150, RTTVAR 75: RTO 450
        call accept
        call send 100
        > P. 1:101(100) ack 1
        +445ms
        +10ms
        > P. 1:101(100) ack 1
    )");
}

TEST(Retransmission, BacksOff) {  // RFC 6298 sections 2.5 and 5.5: doubled each time; MUST-19
    run(established(), R"(
        call send 100
        > P. 1:101(100) ack 1
        +202ms
        > P. 1:101(100) ack 1
        +390ms
        +20ms
        > P. 1:101(100) ack 1
        +780ms
        +30ms
        > P. 1:101(100) ack 1
        +1570ms
        +40ms
        > P. 1:101(100) ack 1
        < . 1:1(0) ack 101
        +10s
    )");
}

TEST(Retransmission, GivesUpAfterR2) {  // RFC 9293 section 3.8.3, MUST-20, SHLD-11
    Scene setup = established();
    setup.options.settings.tcp.rto_max_ms = 400;
    setup.options.settings.tcp.give_up_ms = 1000;
    run(setup, R"(
        call send 100
        > P. 1:101(100) ack 1
        +205ms
        > P. 1:101(100) ack 1
        +405ms
        > P. 1:101(100) ack 1
        +405ms
        = event timed_out 1
        = closed
        call send 1 = timed-out
    )");
}

TEST(Retransmission, IsRestartedByProgress) {  // RFC 6298 section 5.3
    run(established(), R"(
        call send 2800
        > . 1:1401(1400) ack 1
        > P. 1401:2801(1400) ack 1
        +150ms
        < . 1:1(0) ack 1401
        +180ms
        +200ms
        > P. 1401:2801(1400) ack 1
    )");
}

TEST(Retransmission, RepeatsTheFin) {  // RFC 9293 section 3.8.1; RFC 6298 section 5.4
    run(fin_wait_1(), R"(
        +202ms
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        = fin_wait_2
    )");
    run(last_ack(), R"(
        +202ms
        > F. 1:1(0) ack 2
        < . 2:2(0) ack 2
        = closed
    )");
}

// RFC 6298 section 5.2: all is acknowledged, and the timer is off.
TEST(Retransmission,
     GoesOnFromTheHoleAfterATimeout) {  // RFC 5681 section 3.1: one segment, slow start
    run(established(), R"(
        call send 4200
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > P. 2801:4201(1400) ack 1
        +202ms
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 4201       // only the first was lost
        +2s
    )");
}

// RFC 5681 section 2: what a duplicate ACK is.
TEST(Retransmission, IsFastAfterThreeDuplicates) {  // RFC 5681 section 3.2
    run(established(), R"(
        call send 7000
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        > . 4201:5601(1400) ack 1
        > P. 5601:7001(1400) ack 1
        < . 1:1(0) ack 1
        < . 1:1(0) ack 1
        < . 1:1(0) ack 1
        > . 1:1401(1400) ack 1
        = event fast_retransmits 1
        < . 1:1(0) ack 7001
        +2s
    )");
}

TEST(Window, IsProbedWhenClosed) {  // RFC 9293 section 3.8.6.1, MUST-36, SHLD-29, SHLD-30
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 100
        +195ms
        +10ms
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
        +390ms
        +30ms
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 65535
        > P. 1:101(100) ack 1
        = event window_probes 2
    )");
}

// RFC 9293 section 3.10.7.4: a closed window takes only what begins where it does.
TEST(Window, ClosedAtBothEndsLetsAcksThrough) {
    Scene scene = established();
    scene.options.settings.tcp.receive_buffer_bytes = 1000;
    run(scene, R"(
        < P. 1:1001(1000) ack 1 win 0
        call send 100
        +41
        > . 1:1(0) ack 1001 win 0
        +160
        > . 1:2(1) ack 1001 win 0
        < . 1001:1002(1) ack 1 win 0      // each asks, and cannot take what the other asks with
        > . 1:1(0) ack 1001 win 0
        call receive 1000
        > . 1:1(0) ack 1001 win 1000
        < P. 1001:1101(100) ack 1 win 65535
        > P. 1:101(100) ack 1101
    )");
}

TEST(Window, ClosedForLongIsNoReasonToGiveUp) {  // RFC 9293 section 3.8.6.1, MUST-37
    Scene setup = established();
    setup.options.settings.tcp.rto_max_ms = 1000;
    setup.options.settings.tcp.give_up_ms = 3000;
    std::string script =
        "< . 1:1(0) ack 1 win 0\ncall send 100\n+205\n> . 1:2(1) ack 1\n"
        "< . 1:1(0) ack 1 win 0\n+405\n> . 1:2(1) ack 1\n< . 1:1(0) ack 1 win 0\n"
        "+805\n> . 1:2(1) ack 1\n< . 1:1(0) ack 1 win 0\n";
    for (int i = 0; i < 10; ++i)
        script += "+1005\n> . 1:2(1) ack 1\n< . 1:1(0) ack 1 win 0\n";
    run(setup, script + "= established\n");
}

TEST(Window, AnswersToItsProbesAreNoDuplicates) {  // RFC 9293 section 3.8.6.1; RFC 5681 section 2
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 4201
        +205
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 0
        = status ssthresh_bytes 2147483647
        < . 1:1(0) ack 2 win 65535
        > . 2:1402(1400) ack 1
        > . 1402:2802(1400) ack 1
        > P. 2802:4202(1400) ack 1
    )");
}

TEST(Window, GivesUpWhenProbesFindNobody) {  // RFC 9293 section 3.8.6.1: only while ACKs come
    Scene setup = established();
    setup.options.settings.tcp.rto_max_ms = 400;
    setup.options.settings.tcp.give_up_ms = 1000;
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", "< . 1:1(0) ack 1 win 0\ncall send 100\n"))
        << runner.failure();
    runner.harness().pass_ms(10'000);
    EXPECT_EQ(runner.harness().stack().flows(), 0U);
    runner.harness().forget_sent();
    EXPECT_TRUE(runner.finish()) << runner.failure();
}

}  // namespace
}  // namespace terminus::test
