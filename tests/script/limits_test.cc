/// What happens at the limits: a full table, too many half-open flows, an appliance that drains.
#include "terminus/wire/tcp.h"

#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene with_one_flow(Scene scene, TableFull table_full) {
    scene.options.settings.flows = 1;
    scene.options.settings.ip6_flows = 1;
    scene.options.settings.table_full = table_full;
    return scene;
}

TEST(Limits, EvictTheOldestTimeWaitForANewFlow) {
    run(with_one_flow(time_wait(), TableFull::evict_time_wait), R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = event time_wait_evicted 1
        = syn_received
    )");
}

TEST(Limits, NeverEvictWhatLives) {
    run(with_one_flow(established(), TableFull::evict_time_wait), R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > R. @0:@0(0) ack 1
        = event time_wait_evicted 0
        = drop table_full 1
        = established
    )");
}

TEST(Limits, ResetWhenFull) {
    run(with_one_flow(time_wait(), TableFull::reset), R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > R. @0:@0(0) ack 1
        = drop table_full 1
        = time_wait
    )");
}

TEST(Limits, StaySilentWhenFull) {
    run(with_one_flow(time_wait(), TableFull::silent), R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        = drop table_full 1
        = time_wait
    )");
}

TEST(Limits, BoundHalfOpenFlows) {  // RFC 4987 section 3
    Scene scene = syn_received();
    scene.options.settings.half_open_flows = 1;
    scene.options.settings.tcp.syn_cookies = tcp::SynCookies::never;
    run(scene, R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        = drop half_open_full 1
    )");
}

Datagram syn_from(std::uint16_t port, Family family = Family::ip4, std::uint16_t to = 9) {
    const Ends ends = ends_of(family);
    Datagram syn;
    syn.source_mac = ends.their_mac;
    syn.destination_mac = ends.our_mac;
    syn.source = ends.theirs;
    syn.destination = ends.ours;
    syn.source_port = port;
    syn.destination_port = to;
    syn.flags = tcp_flag::syn;
    return syn;
}

Scene with_one_busy_record(Scene scene) {
    scene.options.settings.busy_flows = 1;
    scene.options.settings.conversations = 1;
    return scene;
}

TEST(Limits, EndWhoPersistsForWantOfMemory) {  // RFC 9293 section 3.8.6.1: an end under pressure
    const Scene scene = with_one_busy_record(established());
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", R"(
        < . 1:1(0) ack 1 win 0
        call send 100
        +202ms
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
    )")) << runner.failure();
    Harness& harness = runner.harness();
    harness.inject(syn_from(4001, Family::ip4, 1000));  // finds no busy record
    EXPECT_EQ(harness.drops(Drop::memory_full), 1U);
    EXPECT_EQ(harness.events(TcpEvent::persisting_ended), 1U);
    EXPECT_EQ(harness.next_sent().flags, tcp_flag::rst | tcp_flag::ack);
    EXPECT_EQ(harness.stack().flows(), 0U);
}

TEST(Limits, SpareWhoDoesNotPersist) {  // RFC 9293 section 3.8.6.1
    const Scene scene = with_one_busy_record(established());
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    runner.harness().inject(syn_from(4001, Family::ip4, 1000));
    EXPECT_EQ(runner.harness().events(TcpEvent::persisting_ended), 0U);
    EXPECT_EQ(runner.harness().flows_in(tcp::State::established), 1U);
}

TEST(Limits, EvictNoTimeWaitThatDoesNotHelp) {  // IPv6 keys ran out, IPv4 has none to give
    Scene scene = time_wait();
    scene.options.settings.flows = 8;
    scene.options.settings.ip6_flows = 1;
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    Harness& harness = runner.harness();
    harness.inject(syn_from(4001, Family::ip6));
    EXPECT_EQ(harness.next_sent().flags, tcp_flag::syn | tcp_flag::ack);
    harness.inject(syn_from(4002, Family::ip6));
    EXPECT_EQ(harness.next_sent().flags, tcp_flag::rst | tcp_flag::ack);
    EXPECT_EQ(harness.events(TcpEvent::time_wait_evicted), 0U);
    EXPECT_EQ(harness.flows_in(tcp::State::time_wait), 1U);
}

/// A handshake; its last ACK, which may be said again.
Datagram open(Harness& harness, std::uint16_t port) {
    harness.inject(syn_from(port));
    Datagram ack = syn_from(port);
    ack.flags = tcp_flag::ack;
    ack.seq = 1;
    ack.ack = harness.next_sent().seq + 1;
    harness.inject(ack);
    return ack;
}

/// In a full index some flows lie in their second bucket.
TEST(Limits, ABurstKnowsTheFlowsOfAFullIndexAmongStrangers) {
    constexpr std::uint16_t flows = 1000, together = 16;
    Harness::Options options;
    options.settings.flows = flows;
    Harness harness{options};
    std::vector<Bytes> acks;
    for (std::uint16_t i = 0; i < flows; ++i)
        acks.push_back(encode(open(harness, static_cast<std::uint16_t>(4000 + i))));
    Datagram stranger = syn_from(3999);
    stranger.flags = tcp_flag::ack;
    for (auto from = acks.begin(); acks.end() - from >= together; from += together) {
        std::vector<Bytes> burst(from, from + together);
        burst.insert(burst.begin(), encode(stranger));
        harness.forget_sent();
        harness.inject_burst(burst);
        ASSERT_EQ(harness.take_sent().size(), 1U) << "only the stranger is refused";
    }
}

/// More comes than can be served: who lives goes before who is new.
TEST(Limits, FavourFlowsUnderOverload) {
    Harness harness;
    const Datagram ack = open(harness, 4000);
    harness.inject(syn_from(4999));  // the burst after the one in which a flow was heard
    harness.forget_sent();
    harness.stack().favour_flows(true);
    harness.inject(syn_from(4001));
    EXPECT_EQ(harness.next_sent().destination_port, 4001)
        << "no flow is heard: strangers are served";
    harness.inject_burst({encode(ack), encode(syn_from(4002))});
    harness.inject(syn_from(4003));  // one was heard in the burst before
    EXPECT_FALSE(harness.has_sent());
    EXPECT_EQ(harness.drops(Drop::overload), 2U);
    harness.inject(syn_from(4004));
    EXPECT_EQ(harness.next_sent().destination_port, 4004);
    harness.stack().favour_flows(false);
    harness.inject_burst({encode(ack), encode(syn_from(4005))});
    EXPECT_EQ(harness.next_sent().destination_port, 4005);
}

/// All timers of a thousand flows fall due at once: a turn looks at some of them only, and a packet
/// is answered in the turn in which it comes.
TEST(Limits, TimersThatFallDueAtOnceDelayNoPacket) {
    constexpr std::uint16_t flows = 1000, most_looks = 2 * 128;  // inject() takes two turns
    Harness::Options options;
    options.settings.tcp.keepalive = true;
    Harness harness{options};
    std::vector<Datagram> acks;
    for (std::uint16_t i = 0; i < flows; ++i)
        acks.push_back(open(harness, static_cast<std::uint16_t>(4000 + i)));
    const std::uint64_t idle_ms = options.settings.tcp.keepalive_idle_ms + 1000;
    harness.pass_ms(idle_ms, idle_ms);
    const auto probes = [&] { return harness.events(TcpEvent::keepalive_probes); };
    int turns = 1;
    for (std::uint64_t last = 0; probes() < flows; ++turns) {
        EXPECT_LE(probes() - last, most_looks);
        last = probes();
        harness.forget_sent();
        harness.inject(syn_from(4000, Family::ip6));
        ASSERT_TRUE(harness.has_sent());
        EXPECT_TRUE(harness.next_sent().is_ip6()) << "the packet's answer leaves first";
    }
    EXPECT_GE(turns, flows / most_looks);
}

TEST(Limits, DrainingRefusesNewFlows) {
    Harness harness;
    harness.inject(syn_from(4000));
    EXPECT_EQ(harness.next_sent().flags, tcp_flag::syn | tcp_flag::ack);
    harness.stack().drain();
    harness.inject(syn_from(4001));
    EXPECT_EQ(harness.next_sent().flags, tcp_flag::rst | tcp_flag::ack);
    EXPECT_EQ(harness.stack().flows(), 1U);
}

}  // namespace
}  // namespace terminus::test
