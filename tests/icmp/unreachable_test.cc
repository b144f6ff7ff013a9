/// ICMP errors and echo replies byte by byte, their lengths and checksums, and when there must be
/// silence.
#include "terminus/icmp/unreachable.h"

#include "terminus/wire/ip4.h"

#include "packet.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

View parsed(const Bytes& frame) {
    View view;
    (void)parse(frame, Checked::unknown, Checked::unknown, view);
    return view;
}

Address address(std::string_view text) { return *parse_address(text); }

/// A frame in a buffer with headroom, and the error before it.
struct Prepended {
    Bytes buffer, datagram;
    bool quote_moved = false;
};

Prepended prepend(const Bytes& frame, const IcmpError& error, const ErrorSpeaker& speaker = {}) {
    constexpr std::size_t headroom = 128;
    const View view = parsed(frame);
    Prepended made{.buffer = Bytes(headroom + frame.size()), .datagram = {}};
    std::copy(frame.begin(), frame.end(), made.buffer.begin() + headroom);
    const std::size_t l3 = headroom + view.l3;
    const Quote quote{made.buffer.data() + l3, static_cast<std::uint32_t>(view.end - view.l3),
                      static_cast<std::uint32_t>(l3)};
    const std::size_t length = prepend_error(quote, error, speaker);
    const std::byte* begin = quote.l3 - error_header_bytes(view.family);
    made.datagram.assign(begin, begin + length);
    made.quote_moved = !std::equal(frame.begin() + view.l3, frame.end(), quote.l3);
    return made;
}

Bytes part(const Bytes& bytes, std::size_t from, std::size_t length = SIZE_MAX) {
    const auto begin = bytes.begin() + static_cast<std::ptrdiff_t>(from);
    return {begin, begin + static_cast<std::ptrdiff_t>(std::min(length, bytes.size() - from))};
}

/// The ICMPv6 message with its pseudo header (RFC 8200 section 8.1) before it.
Bytes with_pseudo_header(const Bytes& datagram) {
    Bytes made = part(datagram, 8, 32);
    const std::size_t length = datagram.size() - 40;
    for (const std::size_t value : {std::size_t{0}, std::size_t{0}, length >> 8, length & 255})
        made.push_back(std::byte(value));
    for (const unsigned value : {0, 0, 0, 58})
        made.push_back(std::byte(value));
    const Bytes message = part(datagram, 40);
    made.insert(made.end(), message.begin(), message.end());
    return made;
}

Packet ask4(std::size_t text) {
    return Packet::udp("192.0.2.1", 5000, "198.18.0.2", 9).text(Bytes(text, std::byte{0xa5}));
}
Packet ask6(std::size_t text) {
    return Packet::udp("2001:db8::1", 5000, "2001:db8:18::2", 9).text(Bytes(text, std::byte{0xa5}));
}

// RFC 1812 section 4.3.2.5, RFC 1349 section 5.1: its precedence and type of service.
TEST(Unreachable, IsWrittenByteByByteForIp4) {  // RFC 792; RFC 1812 section 4.3.2
    const Bytes frame = ask4(3).bytes();
    const auto made = prepend(frame, unreachable(parsed(frame), Unreachable::port), {.id = 0x1234});
    EXPECT_EQ(part(made.datagram, 0, 10), test::from_hex("45c0 003b 1234 0000 40 01"));
    EXPECT_EQ(part(made.datagram, 12, 10), test::from_hex("c6120002 c0000201 03 03"));
    EXPECT_EQ(part(made.datagram, 24, 4), test::from_hex("00000000"));
    EXPECT_EQ(part(made.datagram, 28), ask4(3).datagram());
    EXPECT_EQ(test::naive_checksum(part(made.datagram, 0, 20)), 0);
    EXPECT_EQ(test::naive_checksum(part(made.datagram, 20)), 0);
    EXPECT_FALSE(made.quote_moved);
}

TEST(Unreachable, IsWrittenByteByByteForIp6) {  // RFC 4443 section 3.1
    const Bytes frame = ask6(3).bytes();
    const auto made = prepend(frame, unreachable(parsed(frame), Unreachable::port));
    EXPECT_EQ(part(made.datagram, 0, 8), test::from_hex("60000000 003b 3a 40"));
    EXPECT_EQ(part(made.datagram, 8, 16), test::from_hex("20010db8001800000000000000000002"));
    EXPECT_EQ(part(made.datagram, 24, 16), test::from_hex("20010db8000000000000000000000001"));
    EXPECT_EQ(part(made.datagram, 40, 2), test::from_hex("0104"));
    EXPECT_EQ(part(made.datagram, 44, 4), test::from_hex("00000000"));
    EXPECT_EQ(part(made.datagram, 48), ask6(3).datagram());
    EXPECT_EQ(test::naive_checksum(with_pseudo_header(made.datagram)), 0);
    EXPECT_FALSE(made.quote_moved);
}

TEST(Unreachable, NeverExceeds576Or1280BytesAndSumsEveryLength) {
    for (std::size_t text = 0; text<1473; text += text> 480 && text < 560 ? 1 : 7) {
        const Bytes frame4 = ask4(text).bytes();
        const auto made4 = prepend(frame4, {3, 3, 0});
        ASSERT_EQ(made4.datagram.size(), std::min<std::size_t>(28 + 28 + text, 576));
        ASSERT_EQ(test::naive_checksum(part(made4.datagram, 0, 20)), 0);
        ASSERT_EQ(test::naive_checksum(part(made4.datagram, 20)), 0);
        ASSERT_EQ(load<be16>(made4.datagram.data() + 2).host(), made4.datagram.size());
        const Bytes frame6 = ask6(std::min<std::size_t>(text, 1452)).bytes();
        const auto made6 = prepend(frame6, {1, 4, 0});
        ASSERT_EQ(made6.datagram.size(), std::min<std::size_t>(frame6.size() - 14 + 48, 1280));
        ASSERT_EQ(test::naive_checksum(with_pseudo_header(made6.datagram)), 0);
        ASSERT_EQ(load<be16>(made6.datagram.data() + 4).host(), made6.datagram.size() - 40);
    }
}

TEST(Unreachable, IsSaidByAnotherAddressThanWasAsked) {  // RFC 1812 section 4.3.2.4
    const Address four = address("198.51.100.1"), six = address("2001:db8:99::1");
    const auto made4 = prepend(ask4(3).bytes(), {3, 1, 0}, {&four, 0});
    EXPECT_EQ(part(made4.datagram, 12, 8), test::from_hex("c6336401 c0000201"));
    EXPECT_EQ(test::naive_checksum(part(made4.datagram, 0, 20)), 0);
    const auto made6 = prepend(ask6(3).bytes(), {1, 3, 0}, {&six, 0});
    EXPECT_EQ(part(made6.datagram, 8, 16), test::from_hex("20010db8009900000000000000000001"));
    EXPECT_EQ(test::naive_checksum(with_pseudo_header(made6.datagram)), 0);
}

TEST(Unreachable, LeavesOutLinkPadding) {
    const Bytes frame = ask4(1).pad_to(60).bytes();
    EXPECT_EQ(prepend(frame, {3, 3, 0}).datagram.size(), 28U + 29);
}

TEST(Unreachable, HasACodePerReasonAndFamily) {
    const View v4 = parsed(ask4(1).bytes()), v6 = parsed(ask6(1).bytes());
    using enum Unreachable;
    EXPECT_EQ(unreachable(v4, net), (IcmpError{3, 0, 0}));
    EXPECT_EQ(unreachable(v4, host), (IcmpError{3, 1, 0}));
    EXPECT_EQ(unreachable(v4, protocol), (IcmpError{3, 2, 0}));
    EXPECT_EQ(unreachable(v4, port), (IcmpError{3, 3, 0}));
    EXPECT_EQ(unreachable(v4, admin), (IcmpError{3, 13, 0}));
    EXPECT_EQ(unreachable(v6, net), (IcmpError{1, 0, 0}));
    EXPECT_EQ(unreachable(v6, host), (IcmpError{1, 3, 0}));
    EXPECT_EQ(unreachable(v6, protocol), (IcmpError{4, 1, 6}));
    EXPECT_EQ(unreachable(v6, port), (IcmpError{1, 4, 0}));
    EXPECT_EQ(unreachable(v6, admin), (IcmpError{1, 1, 0}));
    EXPECT_EQ(reassembly_time_exceeded(Family::ip4), (IcmpError{11, 1, 0}));
    EXPECT_EQ(reassembly_time_exceeded(Family::ip6), (IcmpError{3, 1, 0}));
}

TEST(Unreachable, PointsAtTheNextHeaderThatNobodyKnows) {  // RFC 8200 section 4
    const Bytes frame = Packet::ip("2001:db8::1", "2001:db8:18::2", 200)
                            .extension(60, Bytes(6))
                            .vlan(7)
                            .text("x")
                            .bytes();
    const auto error = unreachable(parsed(frame), Unreachable::protocol);
    EXPECT_EQ(error, (IcmpError{4, 1, 40}));
    const auto made = prepend(frame, error);
    EXPECT_EQ(part(made.datagram, 40, 2), test::from_hex("0401"));
    EXPECT_EQ(part(made.datagram, 44, 4), test::from_hex("00000028"));
    EXPECT_EQ(made.datagram[48 + 40], std::byte{200});
}

TEST(Unreachable, TellsAParameterProblemAsTheParserSawIt) {  // RFC 4443 section 3.4
    EXPECT_EQ(parameter_problem({.wanted = true, .code = 2, .pointer = 42}), (IcmpError{4, 2, 42}));
}

/// The reply to a request, as a datagram.
Bytes reply(const Packet& request) {
    Bytes frame = request.bytes();
    const View view = parsed(frame);
    EXPECT_EQ(view.kind, Kind::icmp);
    const std::span<std::byte> message{frame.data() + view.l4,
                                       static_cast<std::size_t>(view.end - view.l4)};
    const auto header = echo_reply(frame.data() + view.l3, message, 0x1234);
    return {frame.begin() + view.l4 - header, frame.begin() + view.end};
}

TEST(EchoReply, AnswersInPlaceForIp4) {  // RFC 1122 section 3.2.2.6
    const auto request =
        Packet::echo_request("192.0.2.1", "198.18.0.2", 7, 9).text("ping!").traffic_class(0x28);
    const Bytes made = reply(request);
    EXPECT_EQ(part(made, 0, 10), test::from_hex("4528 0021 1234 0000 4001"));
    EXPECT_EQ(part(made, 12, 10), test::from_hex("c6120002 c0000201 0000"));
    EXPECT_EQ(part(made, 24), part(request.datagram(), 24));
    EXPECT_EQ(test::naive_checksum(part(made, 0, 20)), 0);
    EXPECT_EQ(test::naive_checksum(part(made, 20)), 0);
}

TEST(EchoReply, DropsOptionsAndExtensionHeaders) {
    const auto with_options = Packet::echo_request("192.0.2.1", "198.18.0.2", 7, 9)
                                  .ip_options(Bytes(8, std::byte{1}))
                                  .text("abc");
    EXPECT_EQ(reply(with_options).size(), 20U + 8 + 3);
    const auto extended = Packet::echo_request("2001:db8::1", "2001:db8:18::2", 7, 9)
                              .extension(60, Bytes(6))
                              .text("abc");
    const Bytes made = reply(extended);
    EXPECT_EQ(part(made, 0, 8), test::from_hex("60000000 000b 3a 40"));
    EXPECT_EQ(part(made, 40, 2), test::from_hex("8100"));
    EXPECT_EQ(test::naive_checksum(with_pseudo_header(made)), 0);
}

TEST(EchoReply, AnswersInPlaceForIp6) {  // RFC 4443 section 4.2
    const auto request =
        Packet::echo_request("2001:db8::1", "2001:db8:18::2", 7, 9).text("ping!").traffic_class(40);
    const Bytes made = reply(request);
    EXPECT_EQ(part(made, 0, 8), test::from_hex("62800000 000d 3a 40"));
    EXPECT_EQ(part(made, 8, 32), test::from_hex("20010db8001800000000000000000002"
                                                "20010db8000000000000000000000001"));
    EXPECT_EQ(part(made, 40, 2), test::from_hex("8100"));
    EXPECT_EQ(part(made, 44), part(request.datagram(), 44));
    EXPECT_EQ(test::naive_checksum(with_pseudo_header(made)), 0);
}

TEST(EchoReply, SumsAMessageThatBecomesAllZeros) {  // RFC 1624 section 3: minus zero
    const auto request = Packet::echo_request("192.0.2.1", "198.18.0.2", 0, 0);
    EXPECT_EQ(test::naive_checksum(part(reply(request), 20)), 0);
}

TEST(EchoReply, KeepsEveryLengthsSumRight) {
    for (std::size_t text = 0; text < 300; ++text) {
        const Bytes body(text, std::byte(text * 7 + 1));
        const auto four = Packet::echo_request("192.0.2.1", "198.18.0.2", 7, 9).text(body);
        ASSERT_EQ(test::naive_checksum(part(reply(four), 20)), 0);
        const auto six = Packet::echo_request("2001:db8::1", "2001:db8:18::2", 7, 9).text(body);
        const Bytes made = reply(six);
        ASSERT_EQ(test::naive_checksum(with_pseudo_header(made)), 0);
    }
}

std::string silence(const Packet& packet, const Circumstances& circumstances = {}) {
    const Bytes frame = packet.bytes();
    return std::string{name(silence_required(parsed(frame), frame, circumstances))};
}

constexpr auto us4 = "198.18.0.2", them4 = "192.0.2.1";
constexpr auto us6 = "2001:db8:18::2", them6 = "2001:db8::1";

TEST(Silence, IsNotRequiredForOrdinaryPackets) {
    EXPECT_EQ(silence(ask4(3)), "none");
    EXPECT_EQ(silence(ask6(3)), "none");
    EXPECT_EQ(silence(Packet::icmp(them4, us4, 13)), "none");  // a query
    EXPECT_EQ(silence(Packet::icmp(them6, us6, 200)), "none");
    EXPECT_EQ(silence(ask4(32).fragment(1, 0, 16, true)), "none");  // the first fragment
}

TEST(Silence,
     IsRequiredForErrorsAndRedirects) {  // RFC 1122 section 3.2.2; RFC 4443 section 2.4 e.1, e.2
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{3, 4, 5, 11, 12})
        EXPECT_EQ(silence(Packet::icmp(them4, us4, type)), "icmp_error");
    for (const std::uint8_t type : std::initializer_list<std::uint8_t>{1, 2, 3, 4, 100, 127, 137})
        EXPECT_EQ(silence(Packet::icmp(them6, us6, type)), "icmp_error");
    const auto hidden = Packet::icmp(them6, us6, 1).extension(60, Bytes(6));
    EXPECT_EQ(silence(hidden, {.even_multicast = true}), "icmp_error");
}

// RFC 1812 section 4.3.2.7; RFC 8200 section 4.5 wants errors about later fragments, too.
TEST(Silence, IsRequiredForLaterFragments) {
    EXPECT_EQ(silence(ask4(32).fragment(1, 16, 16, false)), "fragment");
    EXPECT_EQ(silence(ask6(32).fragment(1, 16, 16, false)), "none");
    auto message = Packet::icmp(them6, us6, 1).text(Bytes(32));  // RFC 4443 section 2.4 e.1
    EXPECT_EQ(silence(message.fragment(1, 16, 16, false)), "fragment");
}

TEST(Silence, IsRequiredForGroups) {  // RFC 4443 section 2.4 e.3 to e.5
    const auto to_group = Packet::udp(them6, 1, "ff02::1", 9);
    EXPECT_EQ(silence(Packet::udp(them4, 1, "224.0.0.1", 9)), "destination_group");
    EXPECT_EQ(silence(Packet::udp(them4, 1, "255.255.255.255", 9)), "destination_group");
    EXPECT_EQ(silence(to_group), "destination_group");
    EXPECT_EQ(silence(ask4(1), {.destination_is_broadcast = true}), "destination_group");
    EXPECT_EQ(silence(ask4(1).ether(test::peer_mac, broadcast_mac)), "link_group");
    EXPECT_EQ(silence(to_group, {.even_multicast = true}), "none");
}

TEST(Silence,
     IsRequiredForSourcesThatAreNotOneHost) {  // RFC 1122 section 3.2.2; RFC 4443 section 2.4 e.6
    for (const auto* source : {"0.0.0.0", "127.0.0.1", "224.0.0.1", "240.0.0.1", "255.255.255.255"})
        EXPECT_EQ(silence(Packet::udp(source, 1, us4, 9)), "source_not_host") << source;
    for (const auto* source : {"::", "::1", "ff02::1"})
        EXPECT_EQ(silence(Packet::udp(source, 1, us6, 9), {.even_multicast = true}),
                  "source_not_host")
            << source;
}

}  // namespace
}  // namespace terminus
