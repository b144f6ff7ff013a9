/// parse() over IPv6: the header, the extension headers of RFC 8200 section 4, and what to tell the
/// sender.
#include "terminus/wire/view.h"

#include "view_check.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

using test::bytes_of;
using test::from_hex;
using test::Packet;
using test::parse_packet;
using test::Parsed;
using test::peer6;
using test::us6;
using test::verdict;

constexpr std::uint8_t hop_by_hop = 0, routing = 43, fragment = 44, destination = 60;

Packet syn() { return Packet::tcp(peer6, 4000, us6, 80).flags("S"); }
Packet query() { return Packet::udp(peer6, 4000, us6, 53).text("query"); }
Packet ping() { return Packet::echo_request(peer6, us6, 1, 2).text("ping"); }

/// Expects the drop and that no complaint goes out.
void expect_silent(const Packet& packet, std::string_view drop) {
    const auto parsed = parse_packet(packet);
    EXPECT_EQ(name(parsed.drop), drop);
    EXPECT_FALSE(parsed.view.problem.wanted);
}
/// Expects the drop with a Parameter Problem of that code and pointer.
Ip6Problem expect_problem(const Packet& packet, std::string_view drop, unsigned code,
                          unsigned pointer) {
    const auto parsed = parse_packet(packet);
    EXPECT_EQ(name(parsed.drop), drop);
    EXPECT_TRUE(parsed.view.problem.wanted);
    EXPECT_EQ(parsed.view.problem.code, code);
    EXPECT_EQ(parsed.view.problem.pointer, pointer);
    return parsed.view.problem;
}

TEST(Ip6View, OfATcpSegment) {
    const auto [drop, view] = parse_packet(syn().vlan(7).hop_limit(255).text("text").pad_to(100));
    EXPECT_EQ(name(drop), "none");
    EXPECT_EQ(view.kind, Kind::tcp);
    EXPECT_EQ(view.family, Family::ip6);
    EXPECT_EQ(view.vlan, 7);
    EXPECT_EQ(view.hop_limit, 255);
    EXPECT_EQ(view.protocol, 6);
    EXPECT_EQ(view.l3, 18);
    EXPECT_EQ(view.next_header_at, 18 + 6);
    EXPECT_EQ(view.l4, 58);
    EXPECT_EQ(view.payload, 78);
    EXPECT_EQ(view.end, 82);
}

TEST(Ip6View, OfTheOthers) {
    EXPECT_EQ(parse_packet(query()).view.kind, Kind::udp);
    EXPECT_EQ(parse_packet(ping()).view.kind, Kind::icmp);
    EXPECT_EQ(verdict(query()), "none");
    EXPECT_EQ(verdict(ping()), "none");
    EXPECT_EQ(parse_packet(Packet::ip(peer6, us6, 1).text("12345678")).view.kind, Kind::other);
}

TEST(Ip6View, OfAnUnknownNextHeaderNamesItsByte) {  // for the stack: RFC 4443 section 3.4, code 1
    auto parsed = parse_packet(Packet::ip(peer6, us6, 200));
    EXPECT_EQ(name(parsed.drop), "none");
    EXPECT_EQ(parsed.view.kind, Kind::other);
    EXPECT_EQ(parsed.view.protocol, 200);
    EXPECT_EQ(parsed.view.next_header_at, 14 + 6);
    parsed = parse_packet(Packet::ip(peer6, us6, 200).extension(destination, {}));
    EXPECT_EQ(parsed.view.next_header_at, 14 + 40);
    EXPECT_EQ(parsed.view.l4, 14 + 48);
}

TEST(Ip6Header, DropsTheImpossible) {
    EXPECT_EQ(verdict(syn().version(4)), "ip_malformed");
    for (std::size_t bytes = 14; bytes < 74; ++bytes)
        EXPECT_EQ(verdict(syn().cut_to(bytes)), "ip_cut_short") << bytes;
    EXPECT_EQ(verdict(syn().total_length(21)), "ip_cut_short");
    EXPECT_EQ(verdict(syn().total_length(0)), "l4_truncated");
    EXPECT_EQ(verdict(syn().total_length(0xffff)), "ip_cut_short");
}

TEST(Ip6Header, DropsSourcesThatAreNoHost) {  // RFC 4291 section 2.5.3, section 2.7
    for (const char* source : {"::1", "ff02::1", "ffff::1"})
        EXPECT_EQ(verdict(Packet::tcp(source, 4000, us6, 80)), "ip_source_invalid") << source;
    for (const char* source : {"::", "::2", "fe80::1", "64:ff9b::102:304"})
        EXPECT_EQ(verdict(Packet::tcp(source, 4000, us6, 80)), "none") << source;
}

TEST(Ip6Header, DropsDestinationsThatAreNowhere) {  // RFC 4291 section 2.5.2
    for (const char* to : {"::1", "::"})
        EXPECT_EQ(verdict(Packet::tcp(peer6, 4000, to, 80)), "ip_destination_not_ours") << to;
    EXPECT_EQ(verdict(Packet::udp(peer6, 4000, "ff02::1", 80)), "none") << "the stack's to judge";
}

/// ::ffff:a.b.c.d means an IPv4 address inside; on a wire it could pass for one.
TEST(Ip6Header, DropsMappedAddresses) {
    const auto mapped = from_hex("00000000000000000000ffff c0000201");
    for (const std::size_t at : {14U + 8U, 14U + 24U}) {
        auto frame = syn().bytes();
        std::ranges::copy(mapped, frame.begin() + static_cast<std::ptrdiff_t>(at));
        const auto expected = at == 22 ? "ip_source_invalid" : "ip_destination_not_ours";
        EXPECT_EQ(name(test::parse_bytes(frame, Checked::good, Checked::good).drop), expected);
    }
}

TEST(Ip6Options, PaddingAndRouterAlertAreSkipped) {  // RFC 8200 section 4.2, RFC 2711 section 2.1
    for (const auto protocol : {hop_by_hop, destination}) {
        EXPECT_EQ(verdict(syn().extension(protocol, {})), "none") << "six Pad1";
        EXPECT_EQ(verdict(syn().extension(protocol, from_hex("0104 00000000"))), "none");
        EXPECT_EQ(verdict(syn().extension(protocol, from_hex("0100 0100 0100"))), "none");
        EXPECT_EQ(verdict(syn().extension(protocol, from_hex("0502 0000 0100"))), "none");
    }
    const auto [drop, view] = parse_packet(ping().extension(hop_by_hop, from_hex("050200000100")));
    EXPECT_EQ(view.kind, Kind::icmp);
    EXPECT_EQ(view.protocol, 58);
    EXPECT_EQ(view.next_header_at, 54);
    EXPECT_EQ(view.l4, 62);
}

TEST(Ip6Options, OfUnknownKindObeyTheirActionBits) {  // RFC 8200 section 4.2
    for (const auto protocol : {hop_by_hop, destination}) {
        EXPECT_EQ(verdict(syn().extension(protocol, from_hex("1e02 0000 0000"))), "none");
        expect_silent(syn().extension(protocol, from_hex("5e02 0000 0000")), "ip6_option");
        const auto even_multicast = expect_problem(
            syn().extension(protocol, from_hex("0100 9e02 0000")), "ip6_option", 2, 44);
        EXPECT_TRUE(even_multicast.even_multicast);
        const auto not_multicast = expect_problem(
            syn().extension(protocol, from_hex("00 de02 0000 00")), "ip6_option", 2, 43);
        EXPECT_FALSE(not_multicast.even_multicast);
    }
}

TEST(Ip6Options, TheJumboPayloadIsUnknown) {  // RFC 2675 is not spoken here
    expect_problem(syn().extension(hop_by_hop, from_hex("c204 00010000")), "ip6_option", 2, 42);
}

TEST(Ip6Options, DropImpossibleLengths) {
    expect_silent(syn().extension(hop_by_hop, from_hex("0105 00000000")), "ip_malformed");
    expect_silent(syn().extension(destination, from_hex("0000 0000 001e")), "ip_malformed");
    expect_silent(syn().extension(destination, from_hex("1eff 0000 0000")), "ip_malformed");
}

TEST(Ip6Options, AreBoundedInNumber) {  // RFC 8504 section 5.3
    const auto with = [](std::size_t options) {
        test::Bytes body;
        for (std::size_t i = 0; i < options; ++i)
            body.insert(body.end(), {std::byte{1}, std::byte{0}});
        return syn().extension(destination, body);
    };
    EXPECT_EQ(verdict(with(31)), "none");
    expect_silent(with(35), "ip6_header_order");
}

TEST(Ip6Headers, StandInAnyOrderButHopByHopFirst) {  // RFC 8200 section 4.1
    EXPECT_EQ(verdict(syn()
                          .extension(hop_by_hop, {})
                          .extension(destination, {})
                          .extension(routing, from_hex("0300"))
                          .extension(destination, {})),
              "none");
    expect_problem(syn().extension(destination, {}).extension(hop_by_hop, {}), "ip6_header_order",
                   1, 40);
    expect_problem(syn().extension(hop_by_hop, {}).extension(hop_by_hop, {}), "ip6_header_order", 1,
                   40);
}

TEST(Ip6Headers, AreBoundedInNumberAndBytes) {
    const auto with = [](unsigned headers, std::size_t body_bytes) {
        test::Bytes body = from_hex("1e00");
        if (body_bytes > 2)
            body =
                bytes_of({1U, static_cast<unsigned>(std::min(body_bytes - 4, std::size_t{255}))});
        body.resize(body_bytes);
        auto packet = syn();
        for (unsigned i = 0; i < headers; ++i)
            packet.extension(destination, body);
        return packet;
    };
    EXPECT_EQ(verdict(with(8, 6)), "none");
    expect_silent(with(9, 6), "ip6_header_order");
    EXPECT_EQ(verdict(with(4, 254)), "none");
    expect_silent(with(6, 254), "ip6_header_order");
}

TEST(Ip6Headers, DropThoseThatReachBeyondTheEnd) {
    auto frame = syn().extension(destination, {}).bytes();
    frame[55] = std::byte{3};  // 32 bytes; 28 are there
    EXPECT_EQ(name(test::parse_bytes(frame).drop), "ip_malformed");
    frame[55] = std::byte{255};
    EXPECT_EQ(name(test::parse_bytes(frame).drop), "ip_malformed");
    for (std::size_t bytes = 0; bytes < 8; ++bytes)
        for (const auto next : {hop_by_hop, routing, fragment, destination})
            expect_silent(Packet::ip(peer6, us6, next).text(test::Bytes(bytes)), "ip_malformed");
}

TEST(Ip6Headers, NoNextHeaderEndsThePacket) {  // RFC 8200 section 4.7
    expect_silent(Packet::ip(peer6, us6, 59).text("ignored"), "ip6_no_next_header");
    expect_silent(Packet::ip(peer6, us6, 59).extension(destination, {}), "ip6_no_next_header");
}

TEST(Ip6Routing, IsIgnoredWithoutSegmentsLeft) {  // RFC 8200 section 4.4
    for (const char* body : {"0000", "0200", "0400", "fd00"})
        EXPECT_EQ(verdict(syn().extension(routing, from_hex(body))), "none") << body;
}

TEST(Ip6Routing, IsRefusedWithSegmentsLeft) {  // RFC 8200 section 4.4, RFC 5095 section 3
    for (const char* body : {"0001", "0201", "04ff", "fd01"})
        expect_problem(syn().extension(routing, from_hex(body)), "ip6_routing", 0, 42);
    expect_problem(syn().extension(hop_by_hop, {}).extension(routing, from_hex("0001")),
                   "ip6_routing", 0, 50);
}

TEST(Ip6Fragments, AreViewedWithoutTheirTransport) {  // RFC 8200 section 4.5
    const auto [drop, view] = parse_packet(query()
                                               .text(std::string(60, 'x'))
                                               .extension(destination, {})
                                               .fragment(0x12345678, 16, 24, true));
    EXPECT_EQ(name(drop), "none");
    EXPECT_TRUE(view.is_fragment);
    EXPECT_TRUE(view.more_fragments);
    EXPECT_EQ(view.kind, Kind::other);
    EXPECT_EQ(view.protocol, 17);
    EXPECT_EQ(view.fragment_id, 0x12345678U);
    EXPECT_EQ(view.fragment_offset, 16);
    EXPECT_EQ(view.l4, 14 + 40 + 8 + 8);
    EXPECT_EQ(view.payload, view.l4);
    EXPECT_EQ(view.end, view.l4 + 24);
    EXPECT_EQ(view.next_header_at, 14 + 40) << "the byte that named the fragment header";
}

TEST(Ip6Fragments, TheAtomicAreWhole) {  // RFC 6946 section 4
    const auto [drop, view] = parse_packet(query().fragment(7, 0, 100, false));
    EXPECT_EQ(name(drop), "none");
    EXPECT_FALSE(view.is_fragment);
    EXPECT_EQ(view.kind, Kind::udp);
    EXPECT_EQ(view.next_header_at, 14 + 40);
    EXPECT_EQ(view.l4, 14 + 48);
}

TEST(Ip6Fragments, OddLengthsAreReported) {  // RFC 8200 section 4.5
    const auto whole = query().text(std::string(60, 'x'));
    expect_problem(Packet{whole}.fragment(1, 0, 31, true), "fragment_malformed", 0, 4);
    EXPECT_EQ(verdict(Packet{whole}.fragment(1, 40, 100, false)), "none")
        << "28: the last may be odd";
}

TEST(Ip6Fragments, TooLongAWholeIsReported) {  // RFC 8200 section 4.5
    const auto whole = query().text(std::string(60, 'x')).extension(destination, {});
    auto frame = Packet{whole}.fragment(1, 0, 24, false).bytes();
    const auto at_offset = [&](unsigned offset) {
        frame[64] = static_cast<std::byte>(offset >> 8);
        frame[65] = static_cast<std::byte>(offset & 0xff);
        return test::parse_bytes(frame);
    };
    const auto fits = at_offset(65496);  // 8 + 65496 + 24 = 65528
    EXPECT_EQ(name(fits.drop), "none");
    const auto beyond = at_offset(65504);
    EXPECT_EQ(name(beyond.drop), "fragment_malformed");
    EXPECT_TRUE(beyond.view.problem.wanted);
    EXPECT_EQ(beyond.view.problem.code, 0);
    EXPECT_EQ(beyond.view.problem.pointer, 40 + 8 + 2);
}

TEST(Ip6Fragments, TheEmptyAreDropped) {
    const auto whole = query().text(std::string(60, 'x'));
    expect_silent(Packet{whole}.fragment(1, 80, 8, true), "fragment_malformed");
    expect_silent(Packet{whole}.fragment(1, 80, 8, false), "fragment_malformed");
}

TEST(Ip6Transport, VerifiesItsChecksums) {  // RFC 8200 section 8.1, RFC 4443 section 2.3
    EXPECT_EQ(verdict(syn().l4_checksum(1)), "tcp_checksum");
    EXPECT_EQ(verdict(query().l4_checksum(1)), "udp_checksum");
    EXPECT_EQ(verdict(ping().l4_checksum(1)), "icmp_checksum");
    EXPECT_EQ(verdict(query().extension(destination, {}).l4_checksum(1)), "udp_checksum");
    EXPECT_EQ(verdict(query().extension(destination, {})), "none");
}

TEST(Ip6Transport, ForbidsUdpWithoutAChecksum) {  // RFC 8200 section 8.1
    EXPECT_EQ(verdict(query().l4_checksum(0)), "udp_checksum");
    const auto none = query().l4_checksum(0).bytes();
    EXPECT_EQ(name(test::parse_bytes(none, Checked::good, Checked::good).drop), "udp_checksum");
}

TEST(Ip6Transport, DropsTheTruncated) {
    EXPECT_EQ(verdict(Packet::ip(peer6, us6, 6).text(test::Bytes(19))), "l4_truncated");
    EXPECT_EQ(verdict(Packet::ip(peer6, us6, 17).text(test::Bytes(7))), "l4_truncated");
    EXPECT_EQ(verdict(Packet::ip(peer6, us6, 58).text(test::Bytes(7))), "l4_truncated");
}

}  // namespace
}  // namespace terminus
