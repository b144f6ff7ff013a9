// VLAN interfaces on one lane: every answer bears the tag of its question (IEEE 802.1Q), and large
// echoes, which leave in fragments.
#include "exchange.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

constexpr std::uint16_t first_vlan = 10, second_vlan = 20;

Harness::Options two_vlans() {
    Harness::Options options;
    Interface first = test_interface(), second = test_interface();
    first.vlan = first_vlan;
    second.vlan = second_vlan;
    second.prefixes.clear();
    second.gateways.clear();
    second.addresses = {{*parse_address("198.19.0.2"), 24}, {*parse_address("2001:db8:19::2"), 64}};
    options.settings.interfaces = {first, second};
    options.answers_for_peers = false;
    return options;
}

/// The frame without its tag, which must be there and name this VLAN.
Bytes untagged(const Bytes& frame, std::uint16_t vlan) {
    EXPECT_GE(frame.size(), 18U);
    EXPECT_EQ(frame[12], std::byte{0x81});
    EXPECT_EQ(frame[13], std::byte{0x00});
    EXPECT_EQ(std::to_integer<unsigned>(frame[15]), vlan);
    Bytes bare{frame.begin(), frame.begin() + 12};
    bare.insert(bare.end(), frame.begin() + 16, frame.end());
    return bare;
}

/// The only frame that came back, without its tag.
Datagram only_answer(Harness& harness, Packet question, std::uint16_t vlan) {
    harness.forget_sent();
    harness.inject(question.vlan(vlan).bytes());
    const auto sent = harness.take_sent();
    EXPECT_EQ(sent.size(), 1U);
    if (sent.empty()) return {};
    const Datagram answer = decode(untagged(sent[0], vlan));
    EXPECT_EQ(answer.fault, "");
    return answer;
}

TEST(Vlan, TagsPongsAsTheirPings) {
    Harness harness{two_vlans()};
    const auto ping = [&](const char* from, const char* to, std::uint16_t vlan) {
        const Datagram pong =
            only_answer(harness, from_peer(Packet::echo_request(from, to, 1, 1)), vlan);
        EXPECT_EQ(pong.source, *parse_address(to));
        EXPECT_EQ(pong.destination, *parse_address(from));
    };
    ping("198.18.0.1", "198.18.0.2", first_vlan);
    ping("198.19.0.1", "198.19.0.2", second_vlan);
    ping("2001:db8:18::1", "2001:db8:18::2", first_vlan);
    ping("2001:db8:19::1", "2001:db8:19::2", second_vlan);
    EXPECT_EQ(harness.fault(), "");
}

TEST(Vlan, TagsTheAnswersOfTcp) {
    Harness harness{two_vlans()};
    Packet syn = from_peer(Packet::tcp("198.19.0.1", 4000, "198.19.0.2", 7).flags("S"));
    EXPECT_EQ(describe_flags(only_answer(harness, syn, second_vlan).flags), "S.");
    Packet closed = from_peer(Packet::tcp("2001:db8:19::1", 4000, "2001:db8:19::2", 99).flags("S"));
    EXPECT_EQ(describe_flags(only_answer(harness, closed, second_vlan).flags), "R.");
    Packet udp = from_peer(Packet::udp("198.18.0.1", 4000, "198.18.0.2", 7).text("x"));
    EXPECT_EQ(only_answer(harness, udp, first_vlan).payload, "x");
}

TEST(Vlan, KeepsTheInterfacesApart) {  // an address is ours on its own VLAN only
    Harness harness{two_vlans()};
    auto ping = Packet::echo_request("198.18.0.1", "198.18.0.2", 1, 1);
    EXPECT_TRUE(ask(harness, from_peer(ping).vlan(second_vlan).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::ip_destination_not_ours), 1U);
    EXPECT_TRUE(ask(harness, from_peer(ping).bytes()).empty());
    EXPECT_TRUE(ask(harness, from_peer(ping).vlan(30).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::vlan_unknown), 2U);
}

TEST(Vlan, CountsBadFramesAtTheirInterface) {
    Harness harness{two_vlans()};
    Packet bad = from_peer(Packet::udp("198.19.0.1", 4000, "198.19.0.2", 7).l4_checksum(1));
    harness.inject(bad.vlan(second_vlan).bytes());
    EXPECT_EQ(harness.drops(Drop::udp_checksum), 1U);
    EXPECT_EQ(harness.counters().interfaces[0].frames_received, 0U);
    EXPECT_EQ(harness.counters().interfaces[1].frames_received, 1U);
}

TEST(Vlan, OfNobodyGetsNoParameterProblem) {  // nor does another host's frame
    Harness harness{two_vlans()};
    auto wrong =
        Packet::udp("2001:db8:18::1", 4000, "2001:db8:18::2", 7).extension(60, bytes_of({0x80, 0}));
    EXPECT_TRUE(ask(harness, from_peer(wrong).vlan(30).bytes()).empty());
    Packet others = from_peer(wrong).ether(peer_mac, peer_mac);
    EXPECT_TRUE(ask(harness, others.vlan(first_vlan).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::vlan_unknown), 1U);
    EXPECT_EQ(harness.drops(Drop::not_for_us_link), 1U);
}

TEST(Vlan, TagsArpAndNeighbourDiscovery) {  // RFC 826, RFC 4861 section 7.2.4
    Harness harness{two_vlans()};
    harness.forget_sent();
    Packet arp = from_peer(Packet::arp(1, "198.19.0.1", "198.19.0.2")).vlan(second_vlan);
    harness.inject(arp.bytes());
    const Address target = *parse_address("2001:db8:19::2");
    Bytes body(16);
    std::copy_n(reinterpret_cast<const std::byte*>(target.bytes.data()), 16, body.begin());
    Packet asks = from_peer(Packet::icmp("2001:db8:19::1", "2001:db8:19::2", 135)).hop_limit(255);
    harness.inject(asks.text(body).vlan(second_vlan).bytes());
    const auto sent = harness.take_sent();  // tagged: the harness takes them for no link messages
    ASSERT_EQ(sent.size(), 2U);
    EXPECT_EQ(decode(untagged(sent[0], second_vlan)).ether_type, 0x0806);
    EXPECT_EQ(decode(untagged(sent[1], second_vlan)).type, 136);
}

TEST(Vlan, IdZeroIsNoVlan) {  // IEEE 802.1Q: a priority tag; the answer needs none
    Harness harness;
    for (const Family family : {Family::ip4, Family::ip6}) {
        Packet ping = from_peer(Packet::echo_request(peer(family), us(family), 1, 1)).vlan(5 << 13);
        EXPECT_EQ(ask(harness, ping.bytes()).size(), 1U);
        Packet udp = from_peer(Packet::udp(peer(family), 4000, us(family), 7).text("x"));
        EXPECT_EQ(ask(harness, udp.vlan(5 << 13).bytes()).size(), 1U);
    }
    EXPECT_EQ(harness.fault(), "");
}

Datagram large_ping(Family family, std::size_t bytes) {
    const Ends ends = ends_of(family);
    Datagram ping;
    ping.source_mac = ends.their_mac;
    ping.destination_mac = ends.our_mac;
    ping.source = ends.theirs;
    ping.destination = ends.ours;
    ping.protocol = family == Family::ip4 ? protocol_icmp4 : protocol_icmp6;
    ping.type = family == Family::ip4 ? 8 : 128;
    for (std::size_t i = 0; i < bytes; ++i)
        ping.payload += static_cast<char>(i * 7 + i / 251);
    return ping;
}

/// What the fragments carry, put together; empty when they leave a hole.
std::string put_together(const std::vector<Bytes>& frames) {
    std::string all;
    for (const Bytes& frame : frames) {
        const Datagram part = decode(frame);
        EXPECT_EQ(part.fault, "");
        EXPECT_LE(frame.size(), 1514U);
        if (part.fragment_offset != all.size()) return {};
        all += part.payload;
    }
    return all;
}

TEST(LargeEcho, ComesBackWhole) {  // RFC 1122 section 3.2.2.6: the largest datagram that there is
    for (const Family family : {Family::ip4, Family::ip6})
        for (const std::size_t bytes : {9000U, 65507U}) {
            Harness harness;
            const Datagram ping = large_ping(family, bytes);
            harness.inject_burst(encode_fragments(ping, 1500, 9));
            const std::string all = put_together(harness.take_sent());
            ASSERT_EQ(all.size(), bytes + 8) << bytes;
            EXPECT_EQ(all.substr(8), ping.payload);
            const auto sum = static_cast<std::uint8_t>(all[0]);
            EXPECT_EQ(sum, family == Family::ip4 ? 0 : 129);
            EXPECT_EQ(harness.fault(), "");
        }
}

TEST(LargeEcho, LeavesWholeOrNotAtAll) {  // the stock of fresh frames holds 128: two replies of 45
    Harness harness;
    const Datagram ping = large_ping(Family::ip4, 65507);
    std::vector<Bytes> last;
    for (std::uint32_t id = 1; id <= 4; ++id) {
        auto parts = encode_fragments(ping, 1500, id);
        last.push_back(parts.back());
        parts.pop_back();
        harness.inject_burst(parts);
    }
    harness.forget_sent();
    harness.inject_burst(last);
    EXPECT_EQ(harness.take_sent().size(), 2 * 45U);
    EXPECT_EQ(harness.drops(Drop::no_buffer), 2U);
    EXPECT_EQ(harness.fault(), "");
}

TEST(LargeEcho, IsTaggedInEveryFragment) {
    Harness harness{two_vlans()};
    harness.forget_sent();
    const auto ping = Packet::echo_request("198.19.0.1", "198.19.0.2", 1, 1).text(Bytes(2000));
    for (const bool more : {true, false}) {
        Packet part = ping;
        part.fragment(5, more ? 0 : 1000, more ? 1000 : 1008, more);
        harness.inject(from_peer(part).vlan(second_vlan).bytes());
    }
    std::vector<Bytes> bare;
    for (const Bytes& frame : harness.take_sent())
        bare.push_back(untagged(frame, second_vlan));
    EXPECT_EQ(bare.size(), 2U);
    EXPECT_EQ(put_together(bare).size(), 2008U);
}

}  // namespace
}  // namespace terminus::test
