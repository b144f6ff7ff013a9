// The link: ARP (RFC 826, 5227), Neighbour Discovery (RFC 4861), and the MAC address that an answer
// goes to.
#include "script_runner.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>

namespace terminus::test {
namespace {

/// An ARP packet in the tests' hands.
struct Arp {
    Mac to = broadcast_mac, from{{2, 0, 0, 0, 0, 1}};
    unsigned operation = 1;
    Mac sender_mac{{2, 0, 0, 0, 0, 1}};
    std::array<std::uint8_t, 4> sender{198, 18, 0, 1};
    Mac target_mac{};
    std::array<std::uint8_t, 4> target{198, 18, 0, 2};

    friend bool operator==(const Arp&, const Arp&) = default;
};

Bytes encode(const Arp& arp) {
    Bytes out;
    const auto put = [&out](const auto& bytes) {
        for (const auto b : bytes)
            out.push_back(static_cast<std::byte>(b));
    };
    put(arp.to.bytes);
    put(arp.from.bytes);
    put(std::array<unsigned, 10>{8, 6, 0, 1, 8, 0, 6, 4, 0, arp.operation});
    put(arp.sender_mac.bytes);
    put(arp.sender);
    put(arp.target_mac.bytes);
    put(arp.target);
    return out;
}

Arp decode_arp(const Bytes& frame) {
    Arp arp;
    EXPECT_GE(frame.size(), 42U);
    const auto get = [&](auto& bytes, std::size_t at) {
        std::memcpy(bytes.data(), frame.data() + at, bytes.size());
    };
    get(arp.to.bytes, 0);
    get(arp.from.bytes, 6);
    arp.operation = std::to_integer<unsigned>(frame[21]);
    get(arp.sender_mac.bytes, 22);
    get(arp.sender, 28);
    get(arp.target_mac.bytes, 32);
    get(arp.target, 38);
    return arp;
}

Harness::Options alone() {
    Harness::Options options;
    options.answers_for_peers = false;
    return options;
}

TEST(Arp, AnswersForOurAddressAndPrefixes) {  // RFC 826
    Harness harness{alone()};
    harness.forget_sent();
    for (const std::array<std::uint8_t, 4> target : {std::array<std::uint8_t, 4>{198, 18, 0, 2}}) {
        Arp request;
        request.target = target;
        harness.inject(encode(request));
        const auto sent = harness.take_link_sent();
        ASSERT_EQ(sent.size(), 1U);
        Arp reply;
        reply.to = reply.target_mac = request.from;
        reply.from = reply.sender_mac = ends_of(Family::ip4).our_mac;
        reply.operation = 2;
        reply.sender = target;
        reply.target = request.sender;
        EXPECT_EQ(decode_arp(sent[0]), reply);
    }
}

TEST(Arp, AnswersAProbe) {  // RFC 5227 section 2.1.1: the sender's address is all zero
    Harness harness{alone()};
    harness.forget_sent();
    Arp probe;
    probe.sender = {0, 0, 0, 0};
    harness.inject(encode(probe));
    const auto sent = harness.take_link_sent();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(decode_arp(sent[0]).operation, 2U);
}

TEST(Arp, IsSilentForOthersAndNonsense) {  // RFC 826
    Harness harness{alone()};
    harness.forget_sent();
    Arp other;
    other.target = {198, 18, 0, 77};
    harness.inject(encode(other));
    Bytes cut = encode(Arp{});
    cut.resize(30);
    harness.inject(cut);
    Bytes odd = encode(Arp{});
    odd[15] = std::byte{9};  // another hardware
    harness.inject(odd);
    EXPECT_TRUE(harness.take_link_sent().empty());
    EXPECT_EQ(harness.drops(Drop::arp_malformed), 2U);
    EXPECT_EQ(harness.fault(), "");
}

TEST(Arp, AnnouncesOurAddressAtTheStart) {  // RFC 5227 section 2.3
    Harness harness{alone()};
    const auto sent = harness.take_link_sent();
    const bool announced = std::ranges::any_of(sent, [](const Bytes& frame) {
        if (frame.size() < 42 || frame[12] != std::byte{8} || frame[13] != std::byte{6})
            return false;
        const Arp arp = decode_arp(frame);
        return arp.to == broadcast_mac && arp.sender == arp.target &&
               arp.sender == std::array<std::uint8_t, 4>{198, 18, 0, 2};
    });
    EXPECT_TRUE(announced);
}

Datagram solicitation(const char* target) {
    const Ends ends = ends_of(Family::ip6);
    const Address asked = *parse_address(target);
    Datagram d;
    d.source_mac = ends.their_mac;
    d.source = ends.theirs;
    d.destination = solicited_node(asked);
    d.destination_mac = multicast_mac(d.destination);
    d.protocol = protocol_icmp6;
    d.hop_limit = 255;
    d.type = 135;
    d.payload = std::string{reinterpret_cast<const char*>(asked.bytes.data()), 16} +
                std::string{"\1\1\2\0\0\0\0\1", 8};
    return d;
}

TEST(NeighbourDiscovery, AnswersForOurAddressAndPrefixes) {  // RFC 4861 section 7.2.4
    Harness harness{alone()};
    for (const char* target : {"2001:db8:18::2", "2001:db8:18:1::99"}) {
        harness.forget_sent();
        harness.inject(solicitation(target));
        const auto sent = harness.take_link_sent();
        const bool on_link = std::string{target} == "2001:db8:18::2";
        if (sent.empty() && !on_link)
            continue;  // a prefix that is routed to us is not asked for on the link
        ASSERT_EQ(sent.size(), 1U) << target;
        const Datagram d = decode(sent[0]);
        EXPECT_EQ(d.type, 136);
        EXPECT_EQ(d.hop_limit, 255);
        EXPECT_EQ(d.destination, ends_of(Family::ip6).theirs);
        EXPECT_EQ(d.rest & 0x40000000U, 0x40000000U);  // solicited
        EXPECT_EQ(d.payload.substr(16), (std::string{"\2\1\2\0\0\0\0\2", 8}));
    }
}

TEST(NeighbourDiscovery, DropsWhatWasForwarded) {  // RFC 4861 section 7.1.1: hop limit 255
    Harness harness{alone()};
    harness.forget_sent();
    Datagram d = solicitation("2001:db8:18::2");
    d.hop_limit = 254;
    harness.inject(d);
    EXPECT_TRUE(harness.take_link_sent().empty());
    EXPECT_EQ(harness.drops(Drop::nd_malformed), 1U);
}

TEST(NeighbourDiscovery, DefendsOurAddressAgainstDad) {  // RFC 4862 section 5.4.3
    Harness harness{alone()};
    harness.forget_sent();
    Datagram d = solicitation("2001:db8:18::2");
    d.source = Address{};
    d.payload.resize(16);
    harness.inject(d);
    const auto sent = harness.take_link_sent();
    ASSERT_EQ(sent.size(), 1U);
    EXPECT_EQ(decode(sent[0]).destination, all_nodes());
    EXPECT_EQ(decode(sent[0]).type, 136);
}

TEST(Link, AnswersGoToTheMacThatAsked) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram syn = runner.segment_of(parse_segment({"S", "0:0(0)"}));
        syn.source_mac.bytes[5] = 0x55;
        runner.harness().inject(syn);
        ASSERT_TRUE(runner.harness().has_sent());
        EXPECT_EQ(runner.harness().next_sent().destination_mac, syn.source_mac);
    }
}

TEST(Link, AsksForTheNeighbourBeforeItSends) {  // RFC 826; RFC 4861 section 7.2.2
    for (const Family family : {Family::ip4, Family::ip6}) {
        Scene setup = nothing();
        setup.options = alone();
        ScriptRunner runner{setup, family};
        Harness& harness = runner.harness();
        harness.forget_sent();
        const Ends ends = ends_of(family);
        ASSERT_TRUE(harness.stack().open({ends.ours, 1000}, {ends.theirs, 80}, harness.now()).ok());
        harness.turn();
        EXPECT_FALSE(harness.has_sent());
        EXPECT_GE(harness.take_link_sent().size(), 1U);
        EXPECT_EQ(harness.fault(), "");
    }
}

TEST(Link, UnknownTypesAndShortFramesAreDropped) {
    Harness harness;
    harness.inject(Bytes(10, std::byte{1}));
    EXPECT_EQ(harness.drops(Drop::frame_truncated), 1U);
    Datagram d;
    d.source = ends_of(Family::ip4).theirs;
    d.destination = ends_of(Family::ip4).ours;
    d.destination_mac = ends_of(Family::ip4).our_mac;
    d.ether_type = 0x88cc;
    harness.inject(d);
    EXPECT_EQ(harness.drops(Drop::ethertype_unknown), 1U);
    EXPECT_EQ(harness.fault(), "");
}

}  // namespace
}  // namespace terminus::test
