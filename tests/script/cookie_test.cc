/// SYN cookies: when they are sent, and what brings them back. RFC 4987 section 3.6.
#include "terminus/base/rng.h"
#include "terminus/wire/tcp.h"

#include "exchange.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

// When they are sent.

Scene listening_with(tcp::SynCookies when, std::uint32_t half_open_flows = 100) {
    Scene scene = listening();
    scene.options.settings.tcp.syn_cookies = when;
    scene.options.settings.half_open_flows = half_open_flows;
    return scene;
}

/// No room for any flow in SYN-RECEIVED.
Scene under_pressure() { return listening_with(tcp::SynCookies::automatic, 0); }

TEST(SynCookies, KeepNothingOfASyn) {  // RFC 4987 section 3.6
    run(under_pressure(), R"(
        < S 0:0(0) win 1000 <mss 1000>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
        = closed
        = event syn_cookies_sent 1
        = event passive_opens 0
        = drop half_open_full 0
        +100s                              // and never send the SYN-ACK again
    )");
}

TEST(SynCookies,
     BeginTheFlowWithTheAck) {  // RFC 4987 section 3.6; RFC 9293 section 3.10.7.4, fifth
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +60s
        < . 1:1(0) ack 1 win 3000
        = established
        = event syn_cookies_accepted 1
        = event passive_opens 1
        = event established 1
        call accept
        = mss 1400
        call send 2800
        > . 1:1401(1400) ack 1
        > P. 1401:2801(1400) ack 1
        < P. 1:11(10) ack 2801
        +40ms
        > . 2801:2801(0) ack 11
        call receive 10
        < F. 11:11(0) ack 2801
        > . 2801:2801(0) ack 12
        = close_wait
    )");
}

TEST(SynCookies, TakeTheTextOfTheAck) {  // the bare ACK was lost
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < FP. 1:11(10) ack 1
        > . 1:1(0) ack 12
        = close_wait
        call accept
        call receive 10
    )");
}

TEST(SynCookies, AnswerARepeatedSynAlike) {  // the SYN-ACK was lost
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +3s
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(SynCookies, OfNobodyAreRefused) {  // RFC 9293 section 3.10.7.2, second: ACK -> RST
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 2
        > R 2:2(0)
        new port 4001
        < . 1:1(0) ack @99
        > R @99(0)
        = closed
        = event syn_cookies_refused 2
        = event syn_cookies_accepted 0
    )");
}

TEST(SynCookies, WaitForTheFirstTextOfTheirPeer) {  // lost or overtaken: it comes again
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < P. 11:21(10) ack 1
        < F. 21:21(0) ack 1
        = closed
        = drop tcp_out_of_window 2
        = event syn_cookies_refused 0
        < P. 1:11(10) ack 1
        = established
        < FP. 11:21(10) ack 1
        > . 1:1(0) ack 22
    )");
}

TEST(SynCookies, ThatAreOldAreRefused) {  // RFC 4987 section 3.6
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +240s
        < . 1:1(0) ack 1
        > R 1:1(0)
        = closed
    )");
}

TEST(SynCookies, AreNotLookedForWhenNoneAreOut) {  // a flood of ACKs costs no hash
    run(listening(), R"(
        < . 1:1(0) ack @99
        > R @99(0)
        = event syn_cookies_refused 0
    )");
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +135s
        < . 1:1(0) ack 2
        > R 2:2(0)
        = event syn_cookies_refused 0
    )");
}

TEST(SynCookies, AreNotLookedForWithoutAListener) {  // RFC 9293 section 3.10.7.1
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        new to 1001
        < . 1:1(0) ack @99
        > R @99(0)
        = event syn_cookies_refused 0
    )");
}

TEST(SynCookies, WaitForPressure) {  // "auto": RFC 4987 section 3.6
    run(listening_with(tcp::SynCookies::automatic, 1), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        = event syn_cookies_sent 0
        new port 4001
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = event syn_cookies_sent 1
        = half_open 1
    )");
}

TEST(SynCookies, AreSentAlwaysWhenAsked) {
    run(listening_with(tcp::SynCookies::always), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = closed
        < . 1:1(0) ack 1
        = established
        = event syn_cookies_accepted 1
    )");
}

TEST(SynCookies, AreNeverSentWhenForbidden) {
    run(listening_with(tcp::SynCookies::never, 1), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        new port 4001
        < S 0:0(0) win 65535 <mss 1400>
        = drop half_open_full 1
        = event syn_cookies_sent 0
    )");
}

TEST(SynCookies, NegotiateNothingThatNoTimestampCarries) {  // RFC 4987 section 3.6
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400,nop,wscale 7,sackOK>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1 win 100
        = established
        call accept
        call send 101
        > . 1:101(100) ack 1               // 100 bytes are 100 bytes
    )");
}

TEST(SynCookies, BringTheOptionsBackByTimestamp) {  // RFC 4987 section 3.6; RFC 7323 section 3
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400,sackOK,TS val 100 ecr 0,nop,wscale 7>
        > S. 0:0(0) ack 1 <mss ours,sackOK,TS val * ecr 100,nop,wscale 3>
        +100ms
        < . 1:1(0) ack 1 win 10 <nop,nop,TS val 200 ecr 0>
        = established
        = event syn_cookies_accepted 1
        call accept
        call send 1280
        > P. 1:1281(1280) ack 1 <nop,nop,TS val * ecr 200>   // 10 << 7, and not more
        < . 1:1(0) ack 1281 win 10 <nop,nop,TS val 210 ecr 100>
    )");
}

TEST(SynCookies, BringEcnBackByTimestamp) {  // RFC 3168 section 6.1.1
    run(under_pressure(), R"(
        < SEW 0:0(0) win 65535 <mss 1400,TS val 100 ecr 0>
        > SE. 0:0(0) ack 1 <mss ours,TS val * ecr 100>
        < . 1:1(0) ack 1 <nop,nop,TS val 200 ecr 0>
        call accept
        call send 100
        > P. 1:101(100) ack 1 <nop,nop,TS val * ecr 200> ecn ect0
    )");
}

TEST(SynCookies, ForgetTheOptionsWithoutTheirTimestamp) {  // as kernels do
    run(under_pressure(), R"(
        < S 0:0(0) win 65535 <mss 1400,sackOK,TS val 100 ecr 0,nop,wscale 7>
        > S. 0:0(0) ack 1 <mss ours,sackOK,TS val * ecr 100,nop,wscale 3>
        < . 1:1(0) ack 1 win 100
        = established
        call accept
        call send 100
        > P. 1:101(100) ack 1
    )");
}

TEST(SynCookies, StandInForABacklogOfHalfOpenFlows) {  // RFC 9293 section 3.9.1.1, RFC 4987
    run(nothing(), R"(
        call listen 1
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        new port 4001
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = event syn_cookies_sent 1
        = drop listener_full 0
        < . 1:1(0) ack 1
        = event syn_cookies_accepted 1
        call accept
    )");
}

TEST(SynCookies, DoNotStandInForAFullAcceptQueue) {  // what is established waits for its user
    run(nothing(), R"(
        call listen 1
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        new port 4001
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = event syn_cookies_accepted 1
        new port 4002
        < S 0:0(0) win 65535 <mss 1400>
        = drop listener_full 1
        = event syn_cookies_sent 1
    )");
}

TEST(SynCookies, HoldATarpitsPeersWithoutAFlow) {  // RFC 9293 section 3.8.6.1: probes are answered
    Scene scene = listening_with(tcp::SynCookies::always);
    scene.prelude.clear();
    scene.our_port = port_of(Serve::tarpit);
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 0
        < . 1:1(0) ack 1
        < . 1:2(1) ack 1
        > . 1:1(0) ack 1 win 0
        +60s
        < . 0:0(0) ack 1
        > . 1:1(0) ack 1 win 0
        +600s
        < P. 1:101(100) ack 1
        > . 1:1(0) ack 1 win 0
        < R. 1:1(0) ack 1
        < . 1:1(0) ack 2
        > R 2:2(0)
        = closed
        = event syn_cookies_accepted 0
        = event passive_opens 0
    )");
}

// A flood.

Datagram syn_to(std::uint16_t port, std::uint32_t source) {
    const Ends ends = ends_of(Family::ip4);
    Datagram syn;
    syn.source_mac = ends.their_mac;
    syn.destination_mac = ends.our_mac;
    syn.source = Address::ip4(be32{0xc6130000U + source});
    syn.destination = ends.ours;
    syn.source_port = 1024;
    syn.destination_port = port;
    syn.seq = source * 77;
    syn.flags = tcp_flag::syn;
    return syn;
}

/// The ACK of what was just sent, a SYN-ACK for this SYN.
Datagram ack_of(Harness& harness, const Datagram& syn) {
    harness.inject(syn);
    Datagram ack = syn;
    ack.seq += 1;
    ack.ack = harness.next_sent().seq + 1;
    ack.flags = tcp_flag::ack;
    return ack;
}

TEST(SynCookies, WaitForRoomInTheAcceptQueue) {  // silence: the peer sends its text again
    Harness harness;
    Listener one;
    one.port = 1000;
    one.backlog = 1;
    const auto listener = harness.stack().listen(one);
    ASSERT_TRUE(listener.ok());
    (void)ack_of(harness, syn_to(1000, 1));
    const Datagram second = ack_of(harness, syn_to(1000, 2));
    const Datagram third = ack_of(harness, syn_to(1000, 3));
    harness.inject(second);
    harness.inject(third);
    EXPECT_FALSE(harness.has_sent());
    EXPECT_EQ(harness.drops(Drop::listener_full), 1U);
    EXPECT_TRUE(harness.stack().accept(listener.value).ok());
    harness.inject(third);
    EXPECT_TRUE(harness.stack().accept(listener.value).ok());
    EXPECT_EQ(harness.events(TcpEvent::syn_cookies_accepted), 2U);
}

void flood(Harness& harness, std::uint32_t from, std::uint32_t syns) {
    for (std::uint32_t i = 0; i < syns; ++i) {
        harness.inject(syn_to(7, from + i));
        harness.forget_sent();
    }
}

TEST(SynFlood, TouchesNoEstablishedFlowAndLetsNewOnesIn) {  // RFC 4987 section 3
    Scene scene = served(Serve::echo);
    scene.options.settings.half_open_flows = 16;
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    Harness& harness = runner.harness();
    flood(harness, 1, 200);
    EXPECT_EQ(harness.counters().half_open, 16U);
    EXPECT_EQ(harness.events(TcpEvent::syn_cookies_sent), 184U);
    EXPECT_TRUE(runner.play("the old one", R"(
        < P. 1:11(10) ack 1
        > P. 1:11(10) ack 11
        < . 11:11(0) ack 11
    )")) << runner.failure();
    flood(harness, 1000, 50);
    EXPECT_TRUE(runner.play("a new one", R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        < P. 1:11(10) ack 1
        > P. 1:11(10) ack 11
        < . 11:11(0) ack 11
    )")) << runner.failure();
    EXPECT_EQ(harness.events(TcpEvent::syn_cookies_accepted), 1U);
    EXPECT_EQ(harness.counters().half_open, 16U);
    EXPECT_EQ(harness.flows_in(tcp::State::established), 2U);
    harness.pass_ms(30'000, 50);  // the SYN-ACKs of the 16 are repeated a few times, and no others
    EXPECT_EQ(harness.counters().half_open, 0U);
    EXPECT_EQ(harness.events(TcpEvent::segments_retransmitted), 16U * 3U);
    harness.forget_sent();
    EXPECT_TRUE(runner.finish()) << runner.failure();
}

TEST(SynFlood, OfAcksOpensNothing) {  // guesses are counted, and get the RST of any stranger
    Scene scene = listening_with(tcp::SynCookies::always);
    scene.our_port = 7;
    ScriptRunner runner{scene, Family::ip4};
    Harness& harness = runner.harness();
    flood(harness, 1, 1);
    Rng rng{3};
    for (std::uint32_t i = 0; i < 500; ++i) {
        Datagram ack = syn_to(7, 1);
        ack.flags = tcp_flag::ack;
        ack.ack = static_cast<std::uint32_t>(rng.next());
        harness.inject(ack);
        EXPECT_EQ(harness.next_sent().flags, tcp_flag::rst);
    }
    EXPECT_EQ(harness.events(TcpEvent::syn_cookies_refused), 500U);
    EXPECT_EQ(harness.stack().flows(), 0U);
}

}  // namespace
}  // namespace terminus::test
