/// parse() over Ethernet, ARP and IPv4, and its transport part: whole views, and each reason to
/// drop. IPv6 is in view_ip6_test.cc.
#include "terminus/wire/view.h"

#include "terminus/base/rng.h"

#include "view_check.h"

namespace terminus {
namespace {

using test::bytes_of;
using test::from_hex;
using test::Packet;
using test::parse_bytes;
using test::parse_packet;
using test::peer;
using test::peer6;
using test::us;
using test::us6;
using test::verdict;

Packet syn() { return Packet::tcp(peer, 4000, us, 80).flags("S"); }
Packet query() { return Packet::udp(peer, 4000, us, 53).text("query"); }
Packet ping() { return Packet::echo_request(peer, us, 1, 2).text("ping"); }

TEST(View, OfATcpSegment) {
    const auto [drop, view] =
        parse_packet(syn().tcp_options(from_hex("020405b4")).text("text").hop_limit(63).pad_to(80));
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.kind, Kind::tcp);
    EXPECT_EQ(view.family, Family::ip4);
    EXPECT_EQ(view.protocol, 6);
    EXPECT_EQ(view.hop_limit, 63);
    EXPECT_EQ(view.l3, 14);
    EXPECT_EQ(view.next_header_at, 14 + 9);
    EXPECT_EQ(view.l4, 34);
    EXPECT_EQ(view.payload, 58);
    EXPECT_EQ(view.end, 62) << "the link's padding is none of the datagram's";
    EXPECT_EQ(view.vlan, 0);
    EXPECT_FALSE(view.link_group);
    EXPECT_FALSE(view.ip4_options);
    EXPECT_FALSE(view.is_fragment);
    EXPECT_FALSE(view.problem.wanted);
}

TEST(View, OfAUdpDatagram) {
    const auto [drop, view] = parse_packet(query());
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.kind, Kind::udp);
    EXPECT_EQ(view.payload, 42);
    EXPECT_EQ(view.end, 47);
}

TEST(View, OfAnEcho) {
    const auto [drop, view] = parse_packet(ping());
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.kind, Kind::icmp);
    EXPECT_EQ(view.payload, view.l4);
    EXPECT_EQ(view.end, 46);
}

TEST(View, OfAnotherProtocol) {  // the stack answers with protocol unreachable
    for (const unsigned protocol : {0U, 2U, 47U, 58U, 132U, 255U}) {
        const auto packet = Packet::ip(peer, us, static_cast<std::uint8_t>(protocol)).text("x");
        const auto [drop, view] = parse_packet(packet);
        EXPECT_EQ(name(drop), "none");
        EXPECT_EQ(view.kind, Kind::other);
        EXPECT_EQ(view.protocol, protocol);
        EXPECT_EQ(view.payload, 34);
        EXPECT_EQ(view.end, 35);
    }
    EXPECT_EQ(parse_packet(Packet::ip(peer, us, 47)).view.end, 34) << "an empty payload is one too";
}

TEST(View, ForgetsWhatItHeld) {
    View view;
    view.vlan = 7;
    view.problem.wanted = true;
    view.is_fragment = true;
    EXPECT_EQ(parse(syn().bytes(), Checked::unknown, Checked::unknown, view), Drop::none);
    EXPECT_EQ(view.vlan, 0);
    EXPECT_FALSE(view.problem.wanted);
    EXPECT_FALSE(view.is_fragment);
}

TEST(Link, TellsGroupsFromSingleHosts) {
    EXPECT_TRUE(parse_packet(syn().ether(test::peer_mac, broadcast_mac)).view.link_group);
    const Mac group{{0x01, 0x00, 0x5e, 0, 0, 1}};
    EXPECT_TRUE(parse_packet(syn().ether(test::peer_mac, group)).view.link_group);
    EXPECT_FALSE(parse_packet(syn()).view.link_group);
}

TEST(Link, ReadsOneTag) {  // IEEE 802.1Q
    const auto [drop, view] = parse_packet(syn().vlan(0xa123));
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.vlan, 0x123);
    EXPECT_EQ(view.l3, 18);
    EXPECT_EQ(view.l4, 38);
    EXPECT_EQ(parse_packet(syn().vlan(0xe000)).view.vlan, 0) << "a priority tag is no VLAN";
}

TEST(Link, DropsWhatIsShorterThanItsHeader) {
    for (std::size_t bytes = 0; bytes < 14; ++bytes)
        EXPECT_EQ(verdict(syn().cut_to(bytes)), "frame_truncated");
    for (std::size_t bytes = 14; bytes < 18; ++bytes)
        EXPECT_EQ(verdict(syn().vlan(1).cut_to(bytes)), "frame_truncated");
    EXPECT_EQ(verdict(syn().cut_to(14)), "ip_cut_short");
}

TEST(Link, DropsEtherTypesThatItDoesNotKnow) {
    for (const unsigned type : {0U, 0x0026U, 0x05dcU, 0x05ffU, 0x0801U, 0x8035U, 0x8847U, 0x88a8U})
        EXPECT_EQ(verdict(syn().ether_type(static_cast<std::uint16_t>(type))), "ethertype_unknown");
    EXPECT_EQ(verdict(syn().vlan(1).vlan(2)), "ethertype_unknown") << "one tag, no more";
}

TEST(Arp, MustBeThereWhole) {
    const auto request = Packet::arp(1, peer, us).pad_to(60);
    const auto [drop, view] = parse_packet(request);
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.kind, Kind::arp);
    EXPECT_TRUE(view.link_group);
    EXPECT_EQ(view.l3, 14);
    EXPECT_EQ(view.end, 42);
    EXPECT_EQ(verdict(Packet::arp(1, peer, us).cut_to(41)), "arp_malformed");
    EXPECT_EQ(verdict(Packet::arp(1, peer, us).vlan(5)), "none");
    EXPECT_EQ(verdict(Packet::arp(1, peer, us).vlan(5).cut_to(45)), "arp_malformed");
}

TEST(Ip4, DropsImpossibleHeaders) {  // RFC 1122 section 3.2.1.1
    EXPECT_EQ(verdict(syn().version(6)), "ip_malformed");
    EXPECT_EQ(verdict(syn().version(0)), "ip_malformed");
    EXPECT_EQ(verdict(syn().ihl(4)), "ip_malformed");
    EXPECT_EQ(verdict(syn().ihl(0)), "ip_malformed");
    EXPECT_EQ(verdict(syn().total_length(19)), "ip_malformed");
    EXPECT_EQ(verdict(syn().total_length(0)), "ip_malformed");
    EXPECT_EQ(verdict(syn().ip_options(from_hex("01010101")).total_length(23)), "ip_malformed");
}

TEST(Ip4, DropsWhatWasCutShort) {
    for (std::size_t bytes = 14; bytes < 54; ++bytes)
        EXPECT_EQ(verdict(syn().cut_to(bytes)), "ip_cut_short") << bytes;
    EXPECT_EQ(verdict(syn().total_length(41)), "ip_cut_short");
    EXPECT_EQ(verdict(syn().total_length(0xffff)), "ip_cut_short");
    EXPECT_EQ(verdict(syn().ihl(15)), "ip_cut_short") << "54 bytes, the header alone would be 60";
}

TEST(Ip4, VerifiesTheHeaderChecksumUnlessTheDeviceDid) {  // RFC 1122 section 3.2.1.2
    const auto good = syn().bytes(), bad = syn().ip_checksum(0x1234).bytes();
    EXPECT_EQ(name(parse_bytes(good).drop), "none");
    EXPECT_EQ(name(parse_bytes(bad).drop), "ip_checksum");
    EXPECT_EQ(name(parse_bytes(bad, Checked::good).drop), "none");
    EXPECT_EQ(name(parse_bytes(good, Checked::bad).drop), "ip_checksum");
}

TEST(Ip4, DropsSourcesThatAreNoHost) {  // RFC 1122 section 3.2.1.3
    for (const char* source : {"0.0.0.0", "0.255.1.2", "127.0.0.1", "127.255.255.254", "224.0.0.1",
                               "239.255.255.255", "240.0.0.1", "255.255.255.255"})
        EXPECT_EQ(verdict(Packet::tcp(source, 4000, us, 80)), "ip_source_invalid") << source;
    for (const char* source : {"1.0.0.0", "126.255.255.255", "128.0.0.0", "223.255.255.255"})
        EXPECT_EQ(verdict(Packet::tcp(source, 4000, us, 80)), "none") << source;
}

TEST(Ip4, DropsTheLoopbackDestination) {  // RFC 1122 section 3.2.1.3 (g)
    EXPECT_EQ(verdict(Packet::tcp(peer, 4000, "127.0.0.1", 80)), "ip_destination_not_ours");
    EXPECT_EQ(verdict(Packet::udp(peer, 4000, "224.0.0.1", 80)), "none") << "the stack's to judge";
}

TEST(Ip4Options, AreWalkedAndMostlyIgnored) {  // RFC 1122 section 3.2.1.8
    for (const char* options : {"94040000", "01010101", "00ffffff", "07070400000000 00",
                                "4404 0500", "8803 0000", "01 9404 0000 00"}) {
        const auto [drop, view] = parse_packet(syn().ip_options(from_hex(options)));
        EXPECT_EQ(name(drop), "none") << options;
        EXPECT_TRUE(view.ip4_options);
        EXPECT_EQ(view.kind, Kind::tcp);
        EXPECT_EQ(view.l4, 34 + (from_hex(options).size() + 3) / 4 * 4);
    }
}

TEST(Ip4Options, DropImpossibleLengths) {
    for (const char* options : {"94000000", "94010000", "94050000", "01010194", "07ff0000"})
        EXPECT_EQ(verdict(syn().ip_options(from_hex(options))), "ip_malformed") << options;
}

TEST(Ip4Options, DropASourceRouteThatGoesOn) {  // RFC 791 section 3.1: the pointer, from 4 on
    for (const char* type : {"83", "89"}) {
        const auto with = [&](const char* rest) {
            return verdict(syn().ip_options(from_hex(std::string{type} + rest)));
        };
        EXPECT_EQ(with("0704c0000201"), "ip_source_route");
        EXPECT_EQ(with("0b08c0000201c000020200"), "ip_source_route");
        EXPECT_EQ(with("0708c0000201"), "none") << "the route ends here";
        EXPECT_EQ(with("0703c0000201"), "ip_malformed") << "points before the first address";
        EXPECT_EQ(with("020000"), "ip_malformed") << "no pointer";
        EXPECT_EQ(with("0304"), "none") << "an empty route";
    }
}

TEST(Ip4Fragments, AreViewedWithoutTheirTransport) {  // RFC 791 section 3.2
    const auto whole = query().text(std::string(60, 'x'));
    auto first = parse_packet(Packet{whole}.fragment(0x1234, 0, 32, true));
    EXPECT_EQ(name(first.drop), "none");
    EXPECT_TRUE(first.view.is_fragment);
    EXPECT_TRUE(first.view.more_fragments);
    EXPECT_EQ(first.view.kind, Kind::other);
    EXPECT_EQ(first.view.protocol, 17);
    EXPECT_EQ(first.view.fragment_id, 0x1234U);
    EXPECT_EQ(first.view.fragment_offset, 0);
    EXPECT_EQ(first.view.l4, 34);
    EXPECT_EQ(first.view.end, 66);
    const auto last = parse_packet(Packet{whole}.fragment(0x1234, 32, 100, false));
    EXPECT_EQ(name(last.drop), "none");
    EXPECT_TRUE(last.view.is_fragment);
    EXPECT_FALSE(last.view.more_fragments);
    EXPECT_EQ(last.view.fragment_offset, 32);
    EXPECT_EQ(last.view.end, 34 + 36);
}

TEST(Ip4Fragments, KeepTheDontFragmentBitOutOfIt) {
    EXPECT_FALSE(parse_packet(syn().dont_fragment()).view.is_fragment);
}

TEST(Ip4Fragments, DropImpossibleOnes) {
    const auto whole = query().text(std::string(60, 'x'));
    EXPECT_EQ(verdict(Packet{whole}.fragment(1, 0, 31, true)), "fragment_malformed");
    EXPECT_EQ(verdict(Packet{whole}.fragment(1, 80, 8, true)), "fragment_malformed") << "empty";
    EXPECT_EQ(verdict(Packet{whole}.fragment(1, 80, 8, false)), "fragment_malformed") << "empty";
    auto beyond = Packet{whole}.fragment(1, 0, 24, false).bytes();
    beyond[20] = std::byte{0x1f};  // offset 65528: with 20 and 24 bytes too long by 37
    beyond[21] = std::byte{0xff};
    EXPECT_EQ(name(parse_bytes(beyond, Checked::good).drop), "fragment_malformed");
    beyond[20] = std::byte{0x1f};  // offset 65488: 65488 + 20 + 24 = 65532
    beyond[21] = std::byte{0xfa};
    EXPECT_EQ(name(parse_bytes(beyond, Checked::good).drop), "none");
}

TEST(Tcp, DropsTheTruncated) {
    for (std::size_t bytes = 0; bytes < 20; ++bytes)
        EXPECT_EQ(verdict(Packet::ip(peer, us, 6).text(test::Bytes(bytes))), "l4_truncated");
}

TEST(Tcp, DropsTheMalformed) {  // RFC 9293 section 3.1
    EXPECT_EQ(verdict(syn().data_offset(4)), "tcp_malformed");
    EXPECT_EQ(verdict(syn().data_offset(0)), "tcp_malformed");
    EXPECT_EQ(verdict(syn().data_offset(6)), "tcp_malformed") << "beyond the segment's end";
    EXPECT_EQ(verdict(syn().data_offset(6).text("1234")), "none");
    EXPECT_EQ(verdict(Packet::tcp(peer, 0, us, 80)), "tcp_malformed");
    EXPECT_EQ(verdict(Packet::tcp(peer, 4000, us, 0)), "tcp_malformed");
}

TEST(Tcp, VerifiesTheChecksumUnlessTheDeviceDid) {  // RFC 9293 section 3.1, MUST-3
    const auto good = syn().text("odd").bytes(), bad = syn().text("odd").l4_checksum(1).bytes();
    EXPECT_EQ(name(parse_bytes(good).drop), "none");
    EXPECT_EQ(name(parse_bytes(bad).drop), "tcp_checksum");
    EXPECT_EQ(name(parse_bytes(bad, Checked::unknown, Checked::good).drop), "none");
    EXPECT_EQ(name(parse_bytes(good, Checked::unknown, Checked::bad).drop), "tcp_checksum");
}

TEST(Tcp, EveryFlippedBitIsSeen) {
    const auto good = syn().text("text").bytes();
    for (std::size_t bit = 34 * 8; bit < good.size() * 8; ++bit) {
        auto bad = good;
        bad[bit / 8] ^= static_cast<std::byte>(1U << bit % 8);
        ASSERT_NE(name(parse_bytes(bad).drop), "none") << "bit " << bit;
    }
}

TEST(Udp, DropsTheTruncated) {
    for (std::size_t bytes = 0; bytes < 8; ++bytes)
        EXPECT_EQ(verdict(Packet::ip(peer, us, 17).text(test::Bytes(bytes))), "l4_truncated");
}

TEST(Udp, DropsImpossibleLengthsAndPorts) {  // RFC 768
    EXPECT_EQ(verdict(query().udp_length(7)), "udp_malformed");
    EXPECT_EQ(verdict(query().udp_length(0)), "udp_malformed");
    EXPECT_EQ(verdict(query().udp_length(14)), "udp_malformed") << "13 bytes are there";
    EXPECT_EQ(verdict(Packet::udp(peer, 4000, us, 0)), "udp_malformed");
    EXPECT_EQ(verdict(Packet::udp(peer, 0, us, 53)), "none") << "the sender wants no answer";
}

TEST(Udp, OverIp6IsTruncatedBelowItsHeader) {  // RFC 768: whatever its own length says
    for (const std::uint8_t length : {std::uint8_t{0}, std::uint8_t{7}}) {
        test::Bytes frame = Packet::udp(peer6, 4000, us6, 53).udp_length(length).bytes();
        frame[19] = std::byte(length);  // the payload length of IPv6
        frame.resize(82);               // padding of the link, as long as any header
        EXPECT_EQ(parse_bytes(frame, Checked::good, Checked::good).drop, Drop::l4_truncated);
    }
}

TEST(Udp, EndsWhereItsOwnLengthSays) {
    const auto [drop, view] = parse_packet(query().udp_length(10));
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.end, 34 + 10);
    EXPECT_EQ(view.payload, 42);
}

TEST(Udp, VerifiesTheChecksumUnlessThereIsNone) {  // RFC 768, RFC 1122 section 4.1.3.4
    EXPECT_EQ(verdict(query().l4_checksum(0)), "none");
    EXPECT_EQ(verdict(query().l4_checksum(1)), "udp_checksum");
    const auto none = query().l4_checksum(0).bytes(), bad = query().l4_checksum(1).bytes();
    EXPECT_EQ(name(parse_bytes(none, Checked::good, Checked::bad).drop), "none");
    EXPECT_EQ(name(parse_bytes(bad, Checked::good, Checked::good).drop), "none");
    EXPECT_EQ(name(parse_bytes(query().bytes(), Checked::good, Checked::bad).drop), "udp_checksum");
}

TEST(Icmp, DropsTheTruncated) {
    for (std::size_t bytes = 0; bytes < 8; ++bytes)
        EXPECT_EQ(verdict(Packet::ip(peer, us, 1).text(test::Bytes(bytes))), "l4_truncated");
}

TEST(Icmp, IsVerifiedWhateverTheDeviceSays) {  // RFC 792
    EXPECT_EQ(verdict(ping().l4_checksum(1)), "icmp_checksum");
    const auto bad = ping().l4_checksum(1).bytes();
    EXPECT_EQ(name(parse_bytes(bad, Checked::good, Checked::good).drop), "icmp_checksum");
    EXPECT_EQ(name(parse_bytes(ping().bytes(), Checked::good, Checked::good).drop), "none");
    EXPECT_EQ(name(parse_bytes(ping().bytes(), Checked::good, Checked::bad).drop), "icmp_checksum");
}

TEST(Icmp, OfTheOtherFamilyIsAnotherProtocol) {
    EXPECT_EQ(parse_packet(Packet::ip(peer, us, 58).text("12345678")).view.kind, Kind::other);
}

/// A frame that comes untagged and unharmed takes a short way; behind a tag of no VLAN, the long.
test::Bytes tagged(const test::Bytes& frame) {
    test::Bytes made(frame.begin(), frame.begin() + 12);
    const test::Bytes tag = from_hex("81000000");
    made.insert(made.end(), tag.begin(), tag.end());
    made.insert(made.end(), frame.begin() + 12, frame.end());
    return made;
}

void expect_same_meaning(const test::Bytes& frame, Checked ip, Checked l4) {
    const auto short_way = parse_bytes(frame, ip, l4),
               long_way = parse_bytes(tagged(frame), ip, l4);
    ASSERT_EQ(name(short_way.drop), name(long_way.drop));
    if (short_way.drop != Drop::none) return;
    const View &one = short_way.view, &other = long_way.view;
    ASSERT_EQ(one.kind, other.kind);
    ASSERT_EQ(one.family, other.family);
    ASSERT_EQ(one.protocol, other.protocol);
    ASSERT_EQ(one.hop_limit, other.hop_limit);
    ASSERT_EQ(one.link_group, other.link_group);
    ASSERT_EQ(one.ip4_options, other.ip4_options);
    ASSERT_EQ(one.is_fragment, other.is_fragment);
    ASSERT_EQ(one.l3 + 4, other.l3);
    ASSERT_EQ(one.next_header_at + 4, other.next_header_at);
    ASSERT_EQ(one.l4 + 4, other.l4);
    ASSERT_EQ(one.payload + 4, other.payload);
    ASSERT_EQ(one.end + 4, other.end);
}

TEST(ShortWay, MeansTheSameAsTheLong) {
    Rng rng{20261130};
    constexpr std::array verdicts{Checked::unknown, Checked::good, Checked::bad};
    for (int round = 0; round < 200000; ++round) {
        const test::Bytes text(rng.below(40), std::byte(round));
        Packet packet = syn().text(text);
        if (round % 3 == 1) packet = Packet::udp(peer, 4000, us, 53).text(text);
        if (round % 3 == 2) packet = Packet::echo_request(peer, us, 1, 2).text(text);
        if (round % 6 == 3) packet = Packet::tcp(peer6, 4000, us6, 80).flags("S").text(text);
        if (round % 6 == 4) packet = Packet::udp(peer6, 4000, us6, 53).text(text);
        if (rng.chance(0.1)) packet.udp_length(static_cast<std::uint16_t>(rng.below(60)));
        if (rng.chance(0.1)) packet.l4_checksum(0);
        test::Bytes frame = packet.pad_to(rng.below(80)).bytes();
        for (auto flips = rng.below(3); flips > 0; --flips)
            frame[14 + rng.below(static_cast<std::uint32_t>(frame.size()) - 14)] =
                std::byte(rng.below(256));
        if (rng.chance(0.1))
            frame.resize(14 + rng.below(static_cast<std::uint32_t>(frame.size()) - 13));
        // A device that vouches for all lets what was harmed come to the other checks.
        expect_same_meaning(frame, verdicts[rng.below(3)], verdicts[rng.below(3)]);
        if (HasFatalFailure()) FAIL() << "round " << round;
    }
}

}  // namespace
}  // namespace terminus
