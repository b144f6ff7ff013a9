// Opening: passive, active and simultaneous; options; SYN retransmission; initial sequence numbers.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Handshake, Completes) {  // RFC 9293 section 3.5, figure 6; section 3.10.7.4, fifth
    run(syn_received(), R"(
        < . 1:1(0) ack 1
        = established
        = event established 1
        call accept
        call accept = would-block
    )");
}

TEST(Handshake,
     MayCarryTextAndFinWithItsLastAck) {  // RFC 9293 section 3.10.7.4, seventh and eighth
    run(syn_received(), R"(
        < FP. 1:11(10) ack 1
        > . 1:1(0) ack 12
        = close_wait
        call accept
        call receive 20 = 10
        call receive 20 = end
    )");
}

TEST(Handshake, RefusesAnAckOfSomethingElse) {  // RFC 9293 section 3.10.7.4, fifth, SYN-RECEIVED
    run(syn_received(), R"(
        < . 1:1(0) ack 2
        > R 2:2(0)
        < . 1:1(0) ack 0
        > R 0:0(0)
        = syn_received
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Handshake, EndsByAReset) {  // RFC 9293 section 3.10.7.4, second: back to LISTEN
    run(syn_received(), R"(
        < R 1:1(0)
        = closed
        = event handshakes_failed 1
        new port 4000
        < S 0:0(0)
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

TEST(Handshake, RepeatsTheSynAckForARepeatedSyn) {
    run(syn_received(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Handshake, RetransmitsTheSynAckAndGivesUp) {  // RFC 6298 section 5; RFC 9293 section 3.8.3
    run(syn_received(), R"(
        +998ms
        +4ms
        > S. 0:0(0) ack 1
        +1990ms
        +15ms
        > S. 0:0(0) ack 1
        +3990ms
        +15ms
        > S. 0:0(0) ack 1
        +7980ms
        = syn_received
        +40ms
        = closed
        = event handshakes_failed 1
        = event segments_retransmitted 3
    )");
}

TEST(Handshake, OffersWindowScalingOnlyInAnswer) {  // RFC 7323 section 2.2
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400,nop,wscale 7>
        > S. 0:0(0) ack 1 win 65535 <mss ours,wscale 3>
    )");
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
    )");
}

TEST(Handshake, IgnoresOptionsThatItDoesNotKnow) {  // RFC 9293 section 3.2, MUST-6
    run(listening(), R"(
        < S 0:0(0) win 65535 <option 253,mss 1000,option 254>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        call accept
        call send 1500
        > . 1:1001(1000) ack 1
        < . 1:1(0) ack 1001
        > P. 1001:1501(500) ack 1
    )");
}

TEST(Handshake, OpensActively) {  // RFC 9293 section 3.5, figure 6, side A
    run(nothing(), R"(
        call open
        > S 0:0(0) win 65535 <mss ours,sackOK,TS val 0 ecr 0,wscale 3>
        = syn_sent
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
        = event active_opens 1
    )");
}

TEST(Handshake, RetransmitsTheSyn) {  // RFC 6298 section 5; RFC 9293 section 3.8.3, MUST-22
    run(syn_sent(), R"(
        +998ms
        +4ms
        > S 0:0(0)
        +1990ms
        +15ms
        > S 0:0(0)
        < S. 0:0(0) ack 1
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Handshake, GivesUpASynAfterThreeMinutes) {  // RFC 9293 section 3.8.3, MUST-23
    Scene setup = syn_sent();
    setup.options.settings.tcp.rto_max_ms = 60'000;
    run(setup, R"(
        +1002ms
        > S 0:0(0)
        +2004ms
        > S 0:0(0)
        +4004ms
        > S 0:0(0)
        +8004ms
        > S 0:0(0)
        +16004ms
        > S 0:0(0)
        +32004ms
        > S 0:0(0)
        +60004ms
        > S 0:0(0)
        +50s
        = syn_sent
        +20s
        = closed
        call send 1 = timed-out
    )");
}

TEST(Handshake, RefusesAnUnacceptableAckInSynSent) {  // RFC 9293 section 3.10.7.3, first
    run(syn_sent(), R"(
        < S. 0:0(0) ack 2
        > R 2:2(0)
        < . 0:0(0) ack 0
        > R 0:0(0)
        < R. 0:0(0) ack 2       // no RST for an RST, and it proves nothing
        = syn_sent
    )");
}

TEST(Handshake, IsRefusedByAResetThatAcknowledges) {  // RFC 9293 section 3.10.7.3, second
    run(syn_sent(), R"(
        < R 0:0(0)              // no ACK: it may be anybody's
        = syn_sent
        < R. 0:0(0) ack 1
        = closed
        call send 1 = refused
    )");
}

TEST(Handshake, IgnoresAnAckWithoutSynInSynSent) {  // RFC 9293 section 3.10.7.3, fifth
    run(syn_sent(), R"(
        < . 0:0(0) ack 1
        = syn_sent
        < F. 0:0(0) ack 1
        = syn_sent
    )");
}

TEST(Handshake, OpensFromBothSidesAtOnce) {  // RFC 9293 section 3.5, figure 7; MUST-10
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < S. 0:0(0) ack 1
        = established
    )");
}

TEST(Handshake, OpensFromBothSidesWhenOnlyTheAckComes) {  // RFC 9293 section 3.5, figure 7
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Handshake, MayBeClosedInSynReceived) {  // RFC 9293 section 3.10.4, SYN-RECEIVED
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        call shutdown
        +10ms
        < . 1:1(0) ack 1
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        = fin_wait_2
    )");
}

TEST(Handshake, ClosesASynSentWithoutAWord) {  // RFC 9293 sections 3.10.4 and 3.10.5
    run(syn_sent(), R"(
        call close
        = closed
    )");
    run(syn_sent(), R"(
        call abort
        = closed
    )");
}

/// The ISNs of two connections to a listener, some time apart.
std::uint32_t isn_after(std::uint64_t ms, std::uint16_t port, std::uint64_t key) {
    Scene setup = served(Serve::discard);
    setup.options.settings.isn_key.words[0] = key;
    ScriptRunner runner{setup, Family::ip4};
    runner.harness().pass_ms(ms);
    Datagram syn = runner.segment_of(parse_segment({"S", "0:0(0)"}));
    syn.source_port = port;
    runner.harness().inject(syn);
    return runner.harness().next_sent().seq;
}

// RFC 9293 section 3.4.1, MUST-8: about one step each 4 microseconds.
TEST(Isn, MovesWithTheClock) {
    const std::uint32_t first = isn_after(0, 4000, 1), later = isn_after(1000, 4000, 1);
    EXPECT_EQ(later - first, 250'000U);
}

TEST(Isn,
     DependsOnTheConnectionAndTheSecret) {  // RFC 6528 section 3; RFC 9293 section 3.4.1, MUST-9,
                                            // SHLD-1, SHLD-1
    EXPECT_NE(isn_after(0, 4000, 1), isn_after(0, 4001, 1));
    EXPECT_NE(isn_after(0, 4000, 1), isn_after(0, 4000, 2));
}

}  // namespace
}  // namespace terminus::test
