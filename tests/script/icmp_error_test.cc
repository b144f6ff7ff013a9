/// ICMP errors that quote a segment of ours: which of them count, and what they do to the flow.
/// RFC 9293 section 3.9.2.2, RFC 5461, RFC 5927.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

/// Ten bytes in flight, and acknowledged text before them.
Scene in_flight() {
    return then(established(), R"(
        call send 10
        > P. 1:11(10) ack 1
        < . 1:1(0) ack 11
        call send 10
        > P. 11:21(10) ack 1
    )");
}

Scene quick_to_give_up(Scene scene) {
    scene.options.settings.tcp.give_up_ms = 3000;
    scene.options.settings.tcp.syn_give_up_ms = 3000;
    return scene;
}

TEST(IcmpErrors, AreMatchedToTheirFlow) {  // RFC 9293 section 3.9.2.2, MUST-54
    run(in_flight(), R"(
        < icmp host
        = event icmp_errors_matched 1
        = drop icmp_error_unmatched 0
        = established
        < icmp host bytes 8                // a quote may end behind the sequence number
        = event icmp_errors_matched 2
    )");
}

TEST(IcmpErrors, OfOtherFlowsAreNobodys) {  // RFC 9293 section 3.9.2.2, MUST-54
    run(syn_sent(), R"(
        < icmp port port 4001
        < icmp port bytes 4                // ports, but no sequence number
        = drop icmp_error_unmatched 2
        = event icmp_errors_matched 0
        = syn_sent
    )");
}

TEST(IcmpErrors,
     CountOnlyForWhatIsInFlight) {  // RFC 5927 section 4.1: SND.UNA =< SEG.SEQ < SND.NXT
    run(in_flight(), R"(
        < icmp host seq 10
        < icmp host seq 21
        < icmp host seq 100000
        = event icmp_errors_matched 0
        = drop icmp_error_unmatched 3
        = soft none
        < icmp host seq 11
        < icmp host seq 20 length 40
        = event icmp_errors_matched 2
        = soft host-unreachable
    )");
}

TEST(IcmpErrors, OfAnUnansweredSynQuoteItsSequenceNumber) {  // RFC 5927 section 4.1
    run(syn_sent(), R"(
        < icmp port seq 1
        < icmp port seq -1
        = drop icmp_error_unmatched 2
        = syn_sent
        < icmp port seq 0
        = closed
    )");
}

TEST(IcmpErrors, OfMoreTextThanWasSentAreForged) {  // RFC 5927 section 4: the quote must be ours
    run(in_flight(), R"(
        < icmp host length 1400
        = event icmp_errors_matched 0
        = soft none
    )");
}

// RFC 9293 sections 3.9.1.8 and 3.9.2.2, MUST-47, 56, SHLD-20, 25.
TEST(IcmpErrors, ThatAreSoftEndNothing) {
    for (const char* kind : {"net", "host", "time", "problem"}) {
        run(syn_sent(), "< icmp " + std::string{kind} + R"(
            = event icmp_errors_matched 1
            = syn_sent
            < S. 0:0(0) ack 1 win 65535 <mss 1400>
            > . 1:1(0) ack 1
            = established
        )");
    }
    run(in_flight(), R"(
        < icmp net
        = soft net-unreachable
        < icmp host
        = soft host-unreachable
        < icmp problem
        = soft protocol-unreachable
        < icmp time
        = soft host-unreachable
        = established
    )");
}

TEST(IcmpErrors, ThatAreSoftAreOverWithTheNextProgress) {  // RFC 9293 section 3.9.2.2, SHLD-25
    run(in_flight(), R"(
        < icmp host
        = soft host-unreachable
        < . 1:1(0) ack 21
        = soft none
    )");
}

TEST(IcmpErrors, ThatAreSoftSayWhyTheFlowTimedOut) {  // RFC 1122 section 4.2.3.9
    run(quick_to_give_up(in_flight()), R"(
        < icmp host
        +200ms
        > P. 11:21(10) ack 1
        +400ms
        > P. 11:21(10) ack 1
        +800ms
        > P. 11:21(10) ack 1
        +1600ms
        call receive 10 = host-unreachable
        = closed
    )");
    run(quick_to_give_up(syn_sent()), R"(
        < icmp net
        +1s
        > S 0:0(0)
        +2s
        call receive 10 = net-unreachable
        = closed
    )");
}

TEST(IcmpErrors, ThatAreAbsentLeaveTimedOut) {  // RFC 9293 section 3.8.3
    run(quick_to_give_up(syn_sent()), R"(
        +1s
        > S 0:0(0)
        +2s
        call receive 10 = timed-out
    )");
}

TEST(IcmpErrors, ThatAreHardEndAnUnansweredSyn) {  // RFC 9293 section 3.9.2.2, SHLD-26
    run(syn_sent(),
        "< icmp port\n= closed\n= event handshakes_failed 1\n"
        "call receive 10 = refused");
    run(syn_sent(), "< icmp admin\n= closed\ncall receive 10 = prohibited");
}

TEST(IcmpErrors, ThatAreHardEndACrossingOpen) {  // RFC 9293 section 3.9.2.2, SHLD-26; figure 7
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < icmp port
        = closed
        call receive 10 = refused
    )");
}

TEST(IcmpErrors, ThatAreHardSpareWhatAPeerOpened) {  // RFC 5461 section 4.1, and as kernels do
    run(syn_received(), R"(
        < icmp port
        = event icmp_errors_matched 1
        = syn_received
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(IcmpErrors,
     ThatAreHardAreSoftOnceSynchronised) {  // RFC 5461 section 4.1; RFC 5927 section 5.2
    run(in_flight(), R"(
        < icmp port
        = soft refused
        < icmp admin
        = soft prohibited
        = established
        < . 1:1(0) ack 21
        = soft none
        = established
    )");
}

TEST(IcmpErrors, OfProtocolsAreHardOverIp4) {  // RFC 9293 section 3.9.2.2, SHLD-26; IPv6: MUST-56
    for (const Family family : {Family::ip4, Family::ip6}) {
        const Scene scene = syn_sent();
        ScriptRunner runner{scene, family};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        const bool ended = family == Family::ip4;
        EXPECT_TRUE(runner.play(
            "script", ended ? "< icmp protocol\n= closed" : "< icmp protocol\n= syn_sent"))
            << runner.failure();
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

TEST(IcmpErrors, NeverQuenchTheSource) {  // RFC 9293 section 3.9.2.2, MUST-55; RFC 6633 section 3
    run(in_flight(), R"(
        < icmp quench
        = drop icmp_type_ignored 1
        = soft none
        = event icmp_errors_matched 0
    )");
}

TEST(IcmpErrors, DoNothingToAListener) {  // RFC 9293 section 3.10.7.2: no flow, nothing to tell
    run(listening(), R"(
        < . 5:5(0) ack @77
        > R @77(0)
        < icmp port
        = drop icmp_error_unmatched 1
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

}  // namespace
}  // namespace terminus::test
