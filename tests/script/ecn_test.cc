// RFC 3168: Explicit Congestion Notification, agreed on, marked, echoed.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene with(Scene scene, tcp::Ecn ecn) {
    scene.options.settings.tcp.ecn = ecn;
    return scene;
}

/// An active open that says so in its SYN.
Scene asking() {
    Scene scene = with(nothing(), tcp::Ecn::on);
    scene.prelude += R"(
        call open
        > SEW 0:0(0)
    )";
    return scene;
}

/// Established with ECN by the peer's wish.
Scene capable() {
    Scene scene = listening();
    scene.prelude += R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
        call accept
    )";
    return scene;
}

TEST(Ecn, IsAcceptedWhereThePeerAsksForIt) {  // RFC 3168 section 6.1.1; SHLD-8
    for (const tcp::Ecn ecn : {tcp::Ecn::accept, tcp::Ecn::on})
        run(with(listening(), ecn), R"(
            < SEW 0:0(0) win 65535 <mss 1400>
            > SE. 0:0(0) ack 1
            < . 1:1(0) ack 1
            call accept
            call send 10
            > P. 1:11(10) ack 1 ecn ect0
        )");
}

TEST(Ecn, IsRefusedWhereItIsOff) {  // RFC 3168 section 6.1.1
    run(with(listening(), tcp::Ecn::off), R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 10
        > P. 1:11(10) ack 1
        < P. 1:11(10) ack 11 ecn ce
        +40ms
        > . 11:11(0) ack 11
    )");
}

TEST(Ecn, IsNotThereWithoutBothFlagsOfTheSyn) {  // RFC 3168 section 6.1.1
    for (const char* flags : {"S", "SE", "SW"})
        run(with(listening(), tcp::Ecn::on), std::string{"< "} + flags + R"( 0:0(0) win 65535
            > S. 0:0(0) ack 1
            < . 1:1(0) ack 1
            call accept
            call send 10
            > P. 1:11(10) ack 1
        )");
}

TEST(Ecn, IsRefusedOnASynWithACodepoint) {  // RFC 3168 section 6.1.1: a SYN must not have one
    for (const char* ecn : {"ect0", "ect1", "ce"})
        run(listening(), std::string{"< SEW 0:0(0) win 65535 ecn "} + ecn + R"(
            > S. 0:0(0) ack 1
        )");
}

TEST(Ecn, IsAskedForOnlyWhereItIsOn) {  // RFC 3168 section 6.1.1
    for (const tcp::Ecn ecn : {tcp::Ecn::off, tcp::Ecn::accept})
        run(with(nothing(), ecn), R"(
            call open
            > S 0:0(0)
            < SE. 0:0(0) ack 1 <mss 1400>   // nobody asked
            > . 1:1(0) ack 1
            call send 10
            > P. 1:11(10) ack 1
        )");
}

TEST(Ecn, IsAgreedOnByTheSynAck) {  // RFC 3168 section 6.1.1
    run(asking(), R"(
        < SE. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        call send 10
        > P. 1:11(10) ack 1 ecn ect0
    )");
}

TEST(Ecn, IsNotThereWhenTheSynAckReflectsOurFlags) {  // RFC 3168 section 6.1.1
    for (const char* flags : {"S.", "SEW.", "SW."})
        run(asking(), std::string{"< "} + flags + R"( 0:0(0) ack 1 win 65535 <mss 1400>
            > . 1:1(0) ack 1
            call send 10
            > P. 1:11(10) ack 1
        )");
}

TEST(Ecn, IsAgreedOnWhenBothOpenAtOnce) {  // RFC 3168 section 6.1.1; RFC 9293 figure 7
    run(asking(), R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1
        < SE. 0:0(0) ack 1
        = established
        call send 10
        > P. 1:11(10) ack 1 ecn ect0
    )");
    run(asking(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
        call send 10
        > P. 1:11(10) ack 1
    )");
}

TEST(Ecn, IsNotAskedForByASynThatIsRepeated) {  // RFC 3168 section 6.1.1.1
    run(asking(), R"(
        +1002ms
        > S 0:0(0)
        < SE. 0:0(0) ack 1 win 65535 <mss 1400>     // of the first: too late
        > . 1:1(0) ack 1
        call send 10
        > P. 1:11(10) ack 1
    )");
}

TEST(Ecn, IsForgottenWhenThePeerRepeatsItsSynWithout) {  // RFC 3168 section 6.1.1.1
    run(listening(), R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 10
        > P. 1:11(10) ack 1
    )");
}

TEST(Ecn, StaysInASynAckThatIsRepeated) {  // RFC 3168 section 6.1.1
    run(listening(), R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1
        +1002ms
        > SE. 0:0(0) ack 1
    )");
}

TEST(Ecn, MarksNewTextOnly) {  // RFC 3168 sections 6.1.4 and 6.1.5
    run(capable(), R"(
        < P. 1:11(10) ack 1
        +40ms
        > . 1:1(0) ack 11                       // a pure ACK
        call send 10
        > P. 1:11(10) ack 11 ecn ect0
        +202ms
        > P. 1:11(10) ack 11                    // again
        < . 11:11(0) ack 11
        call shutdown
        > F. 11:11(0) ack 11                    // no text
    )");
}

TEST(Ecn, DoesNotMarkWindowProbes) {  // RFC 3168 section 6.1.6
    run(capable(), R"(
        < . 1:1(0) ack 1 win 0
        call send 10
        +202ms
        > . 1:2(1) ack 1
    )");
}

TEST(Ecn, EchoesAMarkUntilThePeerSlowsDown) {  // RFC 3168 section 6.1.3
    run(capable(), R"(
        < P. 1:11(10) ack 1 ecn ce
        > E. 1:1(0) ack 11                      // at once
        < P. 11:21(10) ack 1 ecn ect0
        +40ms
        > E. 1:1(0) ack 21                      // not marked, and echoed still
        call send 10
        > PE. 1:11(10) ack 21 ecn ect0          // text acknowledges too
        < PW. 21:31(10) ack 11 ecn ect0
        > . 11:11(0) ack 31
        < P. 31:41(10) ack 11 ecn ect0
        +40ms
        > . 11:11(0) ack 41
    )");
}

TEST(Ecn, EchoesAMarkOnTheSegmentThatSaysSo) {  // RFC 3168 section 6.1.3
    run(capable(), R"(
        < P. 1:11(10) ack 1 ecn ce
        > E. 1:1(0) ack 11
        < PW. 11:21(10) ack 1 ecn ce
        > E. 1:1(0) ack 21
        < PW. 21:31(10) ack 1 ecn ect1
        > . 1:1(0) ack 31
    )");
}

TEST(Ecn, EchoesAMarkBeyondAHole) {  // RFC 3168 section 6.1.3: inside the window
    run(capable(), R"(
        < P. 11:21(10) ack 1 ecn ce
        > E. 1:1(0) ack 1
        < P. 1:11(10) ack 1 ecn ect0
        > E. 1:1(0) ack 21
    )");
}

TEST(Ecn, IgnoresMarksOutsideTheWindowAndOnAcks) {  // RFC 3168 sections 6.1.4 and 6.1.5
    run(capable(), R"(
        < P. 900001:900011(10) ack 1 ecn ce
        > . 1:1(0) ack 1
        < . 1:1(0) ack 1 ecn ce
        < P. 1:11(10) ack 1 ecn ect0
        +40ms
        > . 1:1(0) ack 11
    )");
}

TEST(Ecn, MarksAreNothingWithoutIt) {  // RFC 3168 section 6.1.1
    run(established(), R"(
        < P. 1:11(10) ack 1 ecn ce
        +40ms
        > . 1:1(0) ack 11
    )");
}

TEST(Ecn, IsToldByStatus) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{capable(), family};
        ASSERT_TRUE(runner.play("setup", capable().prelude)) << runner.failure();
        const auto status = [&] {
            return runner.harness().stack().status(*runner.conversation()).value;
        };
        EXPECT_TRUE(status().ecn);
        EXPECT_FALSE(status().ecn_seen);
        ASSERT_TRUE(runner.play("script", "< P. 1:11(10) ack 1 ecn ect0\n+40ms\n> . 1(0) ack 11\n"))
            << runner.failure();
        EXPECT_TRUE(status().ecn_seen);
    }
}

// RFC 2474; RFC 9293 sections 3.9.1.9 and 3.9.2, MUST-48, 49, SHLD-21, 22.
TEST(TrafficClass, AndHopLimitAreTheUsers) {
    Scene scene = listening();
    scene.options.settings.tcp.traffic_class = 0xb9;  // its lower bits are ECN's
    scene.options.settings.tcp.hop_limit = 12;
    run(scene, R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1 class 184 hops 12
        < . 1:1(0) ack 1
        call accept
        call send 10
        > P. 1:11(10) ack 1 class 184 hops 12 ecn ect0
        < P. 1:11(10) ack 11
        +40ms
        > . 11:11(0) ack 11 class 184 hops 12
        call abort
        > R. 11:11(0) ack 11 class 184 hops 12
    )");
}

}  // namespace
}  // namespace terminus::test
