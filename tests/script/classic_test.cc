// The sequences of RFC 9293's figures, each from both ends.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Figure6, NormalOpeningPassive) {  // RFC 9293 section 3.5, figure 6, peer B
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < . 1:1(0) ack 1
        = established
        call accept
        < P. 1:11(10) ack 1
        +40
        > . 1:1(0) ack 11
    )");
}

TEST(Figure6, NormalOpeningActive) {  // RFC 9293 section 3.5, figure 6, peer A
    run(nothing(), R"(
        call open
        > S 0:0(0)
        = syn_sent
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
        call send 10
        > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
    )");
}

TEST(Figure6, ATextOfTheOpenerFollowsTheHandshake) {  // RFC 9293 section 3.10.2, SYN-SENT: queued
    run(syn_sent(), R"(
        call send 10
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
    )");
}

TEST(Figure7, SimultaneousOpen) {  // RFC 9293 section 3.5, figure 7; MUST-10
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        = established
        call send 10
        > P. 1:11(10) ack 1
        < P. 1:11(10) ack 11
        +40
        > . 11:11(0) ack 11
        call receive 10
    )");
}

TEST(Figure7, CollidingCallsMakeOneConnection) {  // RFC 9293 section 3.5, MUST-10
    const Scene setup = syn_sent();
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    EXPECT_TRUE(runner.play("script", R"(
        call listen                         // and somebody listens there too
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
        = event passive_opens 0
        call accept = would-block
    )")) << runner.failure();
    EXPECT_EQ(runner.harness().stack().flows(), 1U);
}

TEST(Figure7, TheSynAckIsRepeated) {  // RFC 9293 section 3.5, figure 7; RFC 6298 section 5.4
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +1002ms
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Figure8, AnOldDuplicateSynIsUndone) {  // RFC 9293 section 3.5, figure 8, peer B; MUST-11
    run(listening(), R"(
        new isn 90
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < R 1:1(0)                         // the peer never sent that SYN
        = closed
        new isn 100
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Figure8, AnAnswerToAnOldSynIsReset) {  // RFC 9293 section 3.5, figure 8, peer A
    run(syn_sent(), R"(
        < S. 300:300(0) ack -10
        > R -10:-10(0)
        = syn_sent
        < S. 0:0(0) ack 1
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Figure9, ARebootedPeerOpensAnew) {  // RFC 9293 section 3.5.1, figure 9, peer B
    run(established(), R"(
        < S 100000:100000(0)               // far outside the window
        > . 1:1(0) ack 1
        < R 1:1(0)
        = closed
        call send 1 = connection-reset
        new isn 500
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
    )");
}

TEST(Figure9, WeRebootedAndOpenAnew) {  // RFC 9293 section 3.5.1, figure 9, peer A
    run(syn_sent(), R"(
        < . 300:300(0) ack 100             // what the peer says to our SYN
        > R 100:100(0)
        = syn_sent
        +1002ms
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Figure10, TextForNobodyIsReset) {  // RFC 9293 section 3.5.1, figure 10, peer A
    run(listening(), R"(
        < P. 300:310(10) ack @100
        > R @100:@100(0)
        = closed
    )");
}

TEST(Figure10, OurTextFindsAPeerThatRebooted) {  // RFC 9293 section 3.5.1, figure 10, peer B
    run(established(), R"(
        call send 10
        > P. 1:11(10) ack 1
        < R 1:1(0)                         // <SEQ=SEG.ACK>
        = closed
        call send 1 = connection-reset
    )");
}

TEST(Figure11, ASynAckForAListenerIsReset) {  // RFC 9293 section 3.5.1, figure 11, peer A
    run(listening(), R"(
        < S. 0:0(0) ack @700
        > R @700:@700(0)
        = closed
    )");
}

TEST(Figure11, TheResetReturnsUsToListen) {  // RFC 9293 section 3.5.1, figure 11, peer B
    run(syn_received(), R"(
        < R 1:1(0)
        = closed
        new isn 44
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Figure12, NormalCloseOursFirst) {  // RFC 9293 section 3.6, figure 12, peer A; MUST-13
    run(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        = fin_wait_1
        < . 1:1(0) ack 2
        = fin_wait_2
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
        +59990ms
        = time_wait
        +20ms
        = closed
        = event closed 1
    )");
}

TEST(Figure12, NormalCloseTheirsFirst) {  // RFC 9293 section 3.6, figure 12, peer B
    run(opened(), R"(
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        = close_wait
        call shutdown
        > F. 1:1(0) ack 2
        = last_ack
        < . 2:2(0) ack 2
        = closed
    )");
}

TEST(Figure13, SimultaneousClose) {  // RFC 9293 section 3.6, figure 13: CLOSING on both sides
    for (const Scene& setup : {established(), opened()}) {
        run(setup, R"(
            call shutdown
            > F. 1:1(0) ack 1
            < F. 1:1(0) ack 1
            > . 2:2(0) ack 2
            = closing
            < F. 1:1(0) ack 1              // the peer's FIN again, before our ACK came
            > . 2:2(0) ack 2
            = closing
            < . 2:2(0) ack 2
            = time_wait
            +61s
            = closed
        )");
    }
}

TEST(HalfClosed, TheyMaySendOn) {  // RFC 9293 section 3.6, case 1: we close first
    run(fin_wait_2(), R"(
        < P. 1:1001(1000) ack 2
        +40
        > . 2:2(0) ack 1001
        call receive 1000
        +300s
        = fin_wait_2                       // as long as they like
        < P. 1001:1101(100) ack 2
        +40
        > . 2:2(0) ack 1101
        call receive 100
        < F. 1101:1101(0) ack 2
        > . 2:2(0) ack 1102
        = time_wait
    )");
}

TEST(HalfClosed, WeMaySendOn) {  // RFC 9293 section 3.6, case 2: they close first
    run(close_wait(), R"(
        call send 100
        > P. 1:101(100) ack 2
        < . 2:2(0) ack 101
        +300s
        call send 100
        > P. 101:201(100) ack 2
        +202ms
        > P. 101:201(100) ack 2            // and all timers run
        < . 2:2(0) ack 201
        = close_wait
        call shutdown
        > F. 201:201(0) ack 2
        < . 2:2(0) ack 202
        = closed
    )");
}

TEST(HalfClosed, AServiceSaysAllItHas) {  // RFC 9293 section 3.6, case 2
    Scene setup = served(Serve::echo);
    run(setup, R"(
        < . 1:1(0) ack 1 win 0
        < FP. 1:1001(1000) ack 1
        > . 1:1(0) ack 1002
        = last_ack
        < . 1002:1002(0) ack 1 win 65535
        > FP. 1:1001(1000) ack 1002
        < . 1002:1002(0) ack 1002
        = closed
    )");
}

TEST(AbortInEachState, SaysResetWhereThePeerMayWait) {  // RFC 9293 section 3.10.5
    run(established(), "call abort\n> R. 1:1(0) ack 1\n= closed\n");
    run(fin_wait_1(), "call abort\n> R. 2:2(0) ack 1\n= closed\n");
    run(fin_wait_2(), "call abort\n> R. 2:2(0) ack 1\n= closed\n");
    run(close_wait(), "call abort\n> R. 1:1(0) ack 2\n= closed\n");
    for (const Scene& setup : {syn_sent(), closing(), last_ack(), time_wait()})
        run(setup, "call abort\n= closed\n= resets 0\n");
}

TEST(AbortInEachState, OfASimultaneousOpenSaysReset) {  // RFC 9293 section 3.10.5, SYN-RECEIVED
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        call abort
        > R. 1:1(0) ack 1
        = closed
    )");
}

TEST(ResetInEachState, TellsTheUser) {  // RFC 9293 section 3.10.7.4, second
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < R 1:1(0)
        = closed
        call send 1 = refused              // a call that was answered by a call, and refused
    )");
    run(close_wait(), R"(
        < R 2:2(0)
        = closed
        call send 1 = connection-reset
    )");
}

}  // namespace
}  // namespace terminus::test
