// What the wire may do to a datagram, and what we say to it: options, extension headers, groups,
// sources that are none, errors about our answers, conflicts, MLD.
#include "exchange.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace terminus::test {
namespace {

constexpr std::array families{Family::ip4, Family::ip6};

Rule rule(RuleProtocol protocol, Action action, Unreachable code = Unreachable::port) {
    Rule made;
    made.name = "only";
    made.protocol = protocol;
    made.action = action;
    made.code = code;
    return made;
}

// RFC 1122 section 3.2.1.8: no echo of them is due; RFC 9293 section 3.9.2, MUST-50.
TEST(Ip4Options, AreLeftOutOfTheAnswers) {
    Harness harness;
    const Bytes alert = bytes_of({148, 4, 0, 0});
    const auto syn = from_peer(Packet::tcp("198.18.0.1", 4000, "198.18.0.2", 7).flags("S"));
    auto answers = ask(harness, Packet{syn}.ip_options(alert).bytes());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(describe_flags(answers[0].flags), "S.");
    const auto ping = from_peer(Packet::echo_request("198.18.0.1", "198.18.0.2", 1, 1).text("abc"));
    answers = ask(harness, Packet{ping}.ip_options(alert).bytes());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].payload, "abc");
    const auto udp = from_peer(Packet::udp("198.18.0.1", 4000, "198.18.0.2", 7).text("x"));
    EXPECT_EQ(ask(harness, Packet{udp}.ip_options(alert).bytes()).size(), 1U);
    EXPECT_EQ(harness.fault(), "");
}

TEST(Ip6Headers, AreLeftOutOfTheAnswers) {  // RFC 8200 section 4
    Harness harness;
    const char *from = "2001:db8:18::1", *to = "2001:db8:18::2";
    for (Packet asked :
         {Packet::tcp(from, 4000, to, 7).flags("S"), Packet::udp(from, 4000, to, 7).text("x"),
          Packet::echo_request(from, to, 1, 1).text("x")}) {
        asked.extension(0, bytes_of({1, 4, 0, 0, 0, 0}))
            .extension(60, bytes_of({1, 4, 0, 0, 0, 0}));
        EXPECT_EQ(ask(harness, from_peer(asked).bytes()).size(), 1U);
    }
    EXPECT_EQ(harness.fault(), "");
}

TEST(Ip6Fragments, TheFirstHasTheTransportHeader) {  // RFC 8200 section 4.5, RFC 7112 section 5
    Harness harness;
    Packet tcp = from_peer(Packet::tcp("2001:db8:18::1", 4000, "2001:db8:18::2", 7).flags("S"));
    const auto answers = ask(harness, tcp.text(Bytes(64)).fragment(1, 0, 16, true).bytes());
    ASSERT_EQ(answers.size(), 1U);
    EXPECT_EQ(answers[0].type, 4);
    EXPECT_EQ(answers[0].code, 3);
    EXPECT_EQ(answers[0].rest, 0U);
    EXPECT_EQ(harness.counters().reassembling, 0U);
}

TEST(Udp, WithoutAChecksumIsAnsweredOverIp4Only) {  // RFC 768; RFC 8200 section 8.1
    Harness harness;
    for (const Family family : families) {
        Packet asked = from_peer(Packet::udp(peer(family), 4000, us(family), 7).text("x"));
        const auto answers = ask(harness, asked.l4_checksum(0).bytes());
        EXPECT_EQ(answers.size(), family == Family::ip4 ? 1U : 0U);
    }
    EXPECT_EQ(harness.drops(Drop::udp_checksum), 1U);
    EXPECT_EQ(harness.fault(), "");
}

TEST(Udp, NeverAnswersAPortThatIsServedToThatHost) {  // CVE-2024-2169
    Harness::Options options;
    Rule served = rule(RuleProtocol::udp, Action::serve);
    served.sources = {*parse_prefix("198.18.0.1"), *parse_prefix("2001:db8:18::1")};
    served.destinations = {*parse_prefix("198.18.0.2"), *parse_prefix("2001:db8:18::2")};
    served.ports = {{5007, 5008}};
    options.rules = {served};
    Harness harness{options};
    for (const Family family : families) {
        const auto loop = Packet::udp(peer(family), 5008, us(family), 5007).text("x");
        EXPECT_TRUE(ask(harness, from_peer(loop).bytes()).empty());
        const auto plain = Packet::udp(peer(family), 4000, us(family), 5007).text("x");
        EXPECT_EQ(ask(harness, from_peer(plain).bytes()).size(), 1U);
    }
    EXPECT_EQ(harness.drops(Drop::udp_reflection), 2U);
}

TEST(Groups, GetNoAnswer) {  // RFC 1122 sections 3.2.2.6 and 3.2.2; RFC 4443 section 4.2 (MAY)
    Harness harness;
    const auto is_silent = [&](const Packet& packet) {
        EXPECT_TRUE(ask(harness, packet.bytes()).empty());
    };
    const Mac theirs = ends_of(Family::ip4).their_mac;
    for (const char* to : {"255.255.255.255", "198.18.0.255", "224.0.0.1", "198.18.0.2"}) {
        is_silent(Packet::echo_request("198.18.0.1", to, 1, 1).ether(theirs, broadcast_mac));
        is_silent(Packet::udp("198.18.0.1", 4000, to, 7).ether(theirs, broadcast_mac));
        is_silent(Packet::udp("198.18.0.1", 4000, to, 5000).ether(theirs, broadcast_mac));
        is_silent(Packet::ip("198.18.0.1", to, 99).ether(theirs, broadcast_mac));
    }
    const Mac all = multicast_mac(all_nodes());
    is_silent(Packet::echo_request("2001:db8:18::1", "ff02::1", 1, 1).ether(theirs, all));
    is_silent(Packet::udp("2001:db8:18::1", 4000, "ff02::1", 5000).ether(theirs, all));
    EXPECT_EQ(harness.drops(Drop::multicast_destination), 18U);
    EXPECT_EQ(harness.fault(), "");
}

TEST(Groups, DoNotReachAFlow) {  // RFC 1122 section 3.3.6: a host's packet to a group's MAC
    Harness harness;
    const auto syn = from_peer(Packet::tcp("198.18.0.1", 4000, "198.18.0.2", 7).flags("S"));
    ASSERT_EQ(ask(harness, syn.bytes()).size(), 1U);
    const Mac theirs = ends_of(Family::ip4).their_mac;
    EXPECT_TRUE(ask(harness, Packet{syn}.ether(theirs, broadcast_mac).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::multicast_destination), 1U);
}

TEST(Sources, OurOwnAndBroadcastGetNoAnswer) {  // RFC 1122 section 3.2.1.3; LAND
    Harness harness;
    for (const Family family : families) {
        const char* own = us(family);
        EXPECT_TRUE(ask(harness, from_peer(Packet::echo_request(own, own, 1, 1)).bytes()).empty());
        EXPECT_TRUE(ask(harness, from_peer(Packet::udp(own, 4000, own, 7)).bytes()).empty());
    }
    const auto smurf = Packet::echo_request("198.18.0.255", "198.18.0.2", 1, 1);
    EXPECT_TRUE(ask(harness, from_peer(smurf).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::ip_source_invalid), 5U);
}

TEST(IcmpErrors, AboutDatagramsMatchNoFlow) {  // counted, and nothing else
    Harness harness;
    for (const Family family : families) {
        const auto ours = Packet::udp(us(family), 7, peer(family), 4000).text("x").datagram();
        const std::uint8_t type = family == Family::ip4 ? 3 : 1;
        const auto error = Packet::icmp(peer(family), us(family), type, 3).text(ours);
        EXPECT_TRUE(ask(harness, from_peer(error).bytes()).empty());
    }
    EXPECT_EQ(harness.drops(Drop::icmp_error_unmatched), 2U);
}

TEST(IcmpErrors, RedirectsAndSourceQuenchesAreIgnored) {  // RFC 6633 section 3
    Harness harness;
    const auto ours = Packet::tcp("198.18.0.2", 7, "198.18.0.1", 4000).seq(1).datagram();
    for (const std::uint8_t type : {std::uint8_t{4}, std::uint8_t{5}}) {
        const auto error = Packet::icmp("198.18.0.1", "198.18.0.2", type).text(ours);
        EXPECT_TRUE(ask(harness, from_peer(error).bytes()).empty());
    }
    const auto redirect = Packet::icmp("fe80::1", "2001:db8:18::2", 137).hop_limit(255);
    EXPECT_TRUE(ask(harness, from_peer(Packet{redirect}.text(Bytes(32))).bytes()).empty());
    EXPECT_EQ(harness.drops(Drop::icmp_type_ignored), 3U);
}

struct Said {
    Unreachable code;
    std::uint8_t type4, code4, type6, code6;
    bool asked_speaks;
};
constexpr std::array<Said, 5> sayings{{{Unreachable::net, 3, 0, 1, 0, false},
                                       {Unreachable::host, 3, 1, 1, 3, false},
                                       {Unreachable::protocol, 3, 2, 4, 1, true},
                                       {Unreachable::port, 3, 3, 1, 4, true},
                                       {Unreachable::admin, 3, 13, 1, 1, false}}};

TEST(Unreachable, ComesFromTheRightAddressForEveryProtocol) {  // the table of codes
    for (const Said& said : sayings) {
        Harness::Options options;
        options.rules = {rule(RuleProtocol::any, Action::unreachable, said.code)};
        Harness harness{options};
        for (const Family family : families) {
            const bool six = family == Family::ip6;
            const char *from = peer(family), *to = six ? "2001:db8:18:1::9" : "198.18.1.9";
            for (const Packet& asked :
                 {Packet::tcp(from, 1, to, 2).flags("S"), Packet::udp(from, 1, to, 2).text("x"),
                  Packet::ip(from, to, 99).text("x"), Packet::echo_request(from, to, 1, 1)}) {
                const auto answers = ask(harness, from_peer(asked).bytes());
                ASSERT_EQ(answers.size(), 1U);
                EXPECT_EQ(answers[0].type, six ? said.type6 : said.type4);
                EXPECT_EQ(answers[0].code, six ? said.code6 : said.code4);
                const char* speaker = said.asked_speaks ? to : us(family);
                EXPECT_EQ(answers[0].source, *parse_address(speaker));
                EXPECT_EQ(answers[0].rest, six && said.type6 == 4 ? 6U : 0U);
            }
        }
        EXPECT_EQ(harness.fault(), "");
    }
}

TEST(Unreachable, QuotesNoMoreThanItMay) {  // RFC 1812 section 4.3.2.3, RFC 4443 section 2.4 c
    Harness harness;
    for (const Family family : families) {
        Packet asked = from_peer(Packet::udp(peer(family), 4000, us(family), 5000));
        harness.forget_sent();
        harness.inject(asked.text(Bytes(1400)).bytes());
        const auto sent = harness.take_sent();
        ASSERT_EQ(sent.size(), 1U);
        EXPECT_EQ(sent[0].size(), 14U + (family == Family::ip4 ? 576U : 1280U));
    }
}

Bytes target_of(const char* address) {
    const Address target = *parse_address(address);
    const auto* begin = reinterpret_cast<const std::byte*>(target.bytes.data());
    return {begin, begin + 16};
}

TEST(Conflicts, AreNoticed) {  // RFC 5227 section 2.4; RFC 4862 section 5.4.4
    Harness harness;
    harness.inject(from_peer(Packet::arp(1, "198.18.0.2", "198.18.0.2")).bytes());
    EXPECT_EQ(harness.drops(Drop::address_conflict), 1U);
    Bytes claim = target_of("2001:db8:18::2");
    for (const unsigned byte : {2U, 1U, 2U, 0U, 0U, 0U, 0U, 0x77U})
        claim.push_back(static_cast<std::byte>(byte));
    const auto heard = Packet::icmp("2001:db8:18::2", "ff02::1", 136, 0, 0x20000000)
                           .hop_limit(255)
                           .ether(peer_mac, multicast_mac(all_nodes()));
    harness.inject(Packet{heard}.text(claim).bytes());
    EXPECT_EQ(harness.drops(Drop::address_conflict), 2U);
    claim.back() = std::byte{2};  // our own MAC: our announcement, come back
    harness.inject(Packet{heard}.text(claim).bytes());
    EXPECT_EQ(harness.drops(Drop::address_conflict), 2U);
}

TEST(NeighbourDiscovery, IsIgnoredInFragments) {  // RFC 6980 section 5
    Harness harness;
    Packet asks = from_peer(Packet::icmp("2001:db8:18::1", "2001:db8:18::2", 135).hop_limit(255));
    asks.text(target_of("2001:db8:18::2"));
    harness.forget_sent();
    harness.inject(Packet{asks}.fragment(1, 0, 24, false).bytes());
    harness.inject(Packet{asks}.fragment(2, 0, 16, true).bytes());
    harness.inject(Packet{asks}.fragment(2, 16, 8, false).bytes());
    EXPECT_TRUE(harness.take_link_sent().empty());
    EXPECT_EQ(harness.drops(Drop::nd_malformed), 2U);
    harness.inject(asks.bytes());
    EXPECT_EQ(harness.take_link_sent().size(), 1U);
}

std::vector<Datagram> reports_in(Harness& harness) {
    std::vector<Datagram> reports;
    for (const Bytes& frame : harness.take_link_sent()) {
        const Datagram d = decode(frame);
        if (d.protocol == protocol_icmp6 && d.type == 143) reports.push_back(d);
    }
    return reports;
}

// RFC 3590 section 4; RFC 3810 section 6.1: said again.
TEST(Mld, ReportsFromNobodyThenFromOurLinkLocalAddress) {  // RFC 3810 section 5.2.13, RFC 3590
    Harness::Options options;
    options.answers_for_peers = false;
    Harness harness{options};
    const auto reports = reports_in(harness);
    ASSERT_EQ(reports.size(), 2U);
    EXPECT_TRUE(reports[0].source.is_unspecified());
    EXPECT_EQ(reports[1].source, link_local_of(test_interface()));
}

// RFC 3810 section 6.2; RFC 2710 section 3: 24 bytes and more.
TEST(Mld, AnswersProperQueriesOnly) {  // RFC 3810 section 5.1.14
    Harness harness;
    const auto asked = [&](const char* from, std::uint8_t hop_limit, Bytes group) {
        harness.forget_sent();
        Packet query = Packet::icmp(from, "ff02::1", 130).hop_limit(hop_limit).text(group);
        harness.inject(query.ether(peer_mac, multicast_mac(all_nodes())).bytes());
        return reports_in(harness).size();
    };
    EXPECT_EQ(asked("fe80::1", 1, Bytes(20)), 1U);
    EXPECT_EQ(asked("fe80::1", 1, target_of("ff02::1:ff00:2")), 1U);
    EXPECT_EQ(asked("fe80::1", 1, target_of("ff02::1:ff00:99")), 0U);
    EXPECT_EQ(asked("2001:db8:18::1", 1, Bytes(20)), 0U);
    EXPECT_EQ(asked("fe80::1", 2, Bytes(20)), 0U);
    EXPECT_EQ(asked("fe80::1", 1, Bytes(4)), 0U);
    EXPECT_EQ(harness.drops(Drop::nd_malformed), 3U);
}

}  // namespace
}  // namespace terminus::test
