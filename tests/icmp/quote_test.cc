/// Quotes of received ICMP errors, whole, cut short and hostile; the meaning of types and codes.
#include "terminus/icmp/quote.h"

#include "packet.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

constexpr auto us4 = "198.18.0.2", them4 = "192.0.2.1";
constexpr auto us6 = "2001:db8:18::2", them6 = "2001:db8::1";

Bytes cut(Bytes bytes, std::size_t to) {
    bytes.resize(to);
    return bytes;
}

TEST(Quote, NamesTheFlowFromOurSide) {
    const auto packet = Packet::tcp(us4, 80, them4, 5000).flags(".").seq(77).datagram();
    const auto quote = parse_quote(Family::ip4, packet);
    ASSERT_TRUE(quote);
    EXPECT_EQ(to_string(quote->local), us4);
    EXPECT_EQ(to_string(quote->remote), them4);
    EXPECT_EQ(quote->protocol, 6);
    EXPECT_TRUE(quote->has_ports && quote->has_seq);
    EXPECT_EQ(quote->local_port, 80);
    EXPECT_EQ(quote->remote_port, 5000);
    EXPECT_EQ(quote->seq, 77U);
}

TEST(Quote, StandsBehindOptionsAndExtensionHeaders) {
    const auto four = Packet::udp(us4, 7, them4, 9).ip_options(Bytes(8, std::byte{1})).datagram();
    ASSERT_TRUE(parse_quote(Family::ip4, four));
    EXPECT_EQ(parse_quote(Family::ip4, four)->remote_port, 9);
    auto six = Packet::tcp(us6, 80, them6, 5000).flags(".").seq(5);
    six.extension(0, Bytes(6)).extension(60, Bytes(14));
    const auto quote = parse_quote(Family::ip6, six.datagram());
    ASSERT_TRUE(quote);
    EXPECT_EQ(quote->local_port, 80);
    EXPECT_EQ(quote->seq, 5U);
    EXPECT_EQ(to_string(quote->local), us6);
}

TEST(Quote, TakesWhatACutPacketStillTells) {  // RFC 792 promises eight bytes
    const auto whole = Packet::tcp(us4, 80, them4, 5000).flags(".").seq(77).datagram();
    const auto quote = [&](std::size_t bytes) {
        return parse_quote(Family::ip4, cut(whole, bytes));
    };
    EXPECT_TRUE(quote(28)->has_seq);
    EXPECT_FALSE(quote(27)->has_seq);
    EXPECT_TRUE(quote(24)->has_ports);
    EXPECT_FALSE(quote(23)->has_ports);
    EXPECT_FALSE(quote(19));
    EXPECT_FALSE(quote(0));
}

TEST(Quote, ReadsInsideItsBytesWhereverTheyEnd) {  // under ASan, this is the bounds check
    auto six = Packet::tcp(us6, 80, them6, 5000).flags(".");
    const auto whole = six.extension(0, Bytes(22)).extension(43, Bytes(6)).datagram();
    for (std::size_t bytes = 0; bytes <= whole.size(); ++bytes) {
        const Bytes part = cut(whole, bytes);
        const Bytes exact(part.begin(), part.end());
        const auto quote = parse_quote(Family::ip6, exact);
        EXPECT_EQ(quote.has_value(), bytes >= 40 + 24 + 8) << bytes;
    }
}

TEST(Quote, RefusesTheOtherFamilyAndLaterFragments) {
    const auto packet = Packet::udp(us4, 7, them4, 9).text("0123456789abcdef");
    EXPECT_FALSE(parse_quote(Family::ip6, packet.datagram()));
    auto fragment = packet;
    EXPECT_TRUE(parse_quote(Family::ip4, fragment.fragment(1, 0, 16, true).datagram()));
    EXPECT_FALSE(parse_quote(Family::ip4, fragment.fragment(1, 8, 8, true).datagram()));
    auto six = Packet::udp(us6, 7, them6, 9).text("0123456789abcdef");
    EXPECT_TRUE(parse_quote(Family::ip6, six.fragment(1, 0, 16, true).datagram()));
    EXPECT_FALSE(parse_quote(Family::ip6, six.fragment(1, 8, 8, true).datagram()));
}

TEST(Quote, RefusesTooManyExtensionHeaders) {
    auto packet = Packet::udp(us6, 7, them6, 9);
    for (int i = 0; i < 8; ++i)
        packet.extension(60, Bytes(6));
    EXPECT_FALSE(parse_quote(Family::ip6, packet.datagram()));
}

TEST(Quote, NamesAPingWithoutPorts) {
    const auto quote = parse_quote(Family::ip4, Packet::echo_request(us4, them4, 1, 2).datagram());
    ASSERT_TRUE(quote);
    EXPECT_EQ(quote->protocol, 1);
    EXPECT_FALSE(quote->has_ports || quote->has_seq);
}

ErrorClass kind4(std::uint8_t type, std::uint8_t code) {
    return classify_error(Family::ip4, type, code, 0).kind;
}
ErrorClass kind6(std::uint8_t type, std::uint8_t code) {
    return classify_error(Family::ip6, type, code, 0).kind;
}

// RFC 9293 section 3.9.2.2, MUST-55, MUST-56; RFC 1122 section 4.2.3.9; RFC 5461 section 2
TEST(ErrorMeaning, TellsSoftFromHard) {
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{0, 1, 5, 6, 7, 11, 12})
        EXPECT_EQ(kind4(3, code), ErrorClass::soft);
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{2, 3, 9, 10, 13})
        EXPECT_EQ(kind4(3, code), ErrorClass::hard);
    EXPECT_EQ(kind4(11, 0), ErrorClass::soft);
    EXPECT_EQ(kind4(12, 0), ErrorClass::soft);
    EXPECT_EQ(kind4(4, 0), ErrorClass::ignored);  // RFC 6633 section 3
    EXPECT_EQ(kind4(5, 0), ErrorClass::ignored);
    EXPECT_EQ(kind4(8, 0), ErrorClass::ignored);
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{0, 2, 3})
        EXPECT_EQ(kind6(1, code), ErrorClass::soft);
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{1, 4, 5, 6})
        EXPECT_EQ(kind6(1, code), ErrorClass::hard);
    for (const std::uint8_t code : std::initializer_list<std::uint8_t>{0, 1, 2})
        EXPECT_EQ(kind6(4, code), ErrorClass::soft);
    EXPECT_EQ(kind6(3, 0), ErrorClass::soft);
    EXPECT_EQ(kind6(128, 0), ErrorClass::ignored);
}

TEST(ErrorMeaning, ReadsThePathMtu) {  // RFC 1191 section 4; RFC 4443 section 3.2
    const auto four = classify_error(Family::ip4, 3, 4, 0xdead05dcU);
    EXPECT_EQ(four.kind, ErrorClass::too_big);
    EXPECT_EQ(four.mtu, 1500U);
    const auto six = classify_error(Family::ip6, 2, 0, 1280);
    EXPECT_EQ(six.kind, ErrorClass::too_big);
    EXPECT_EQ(six.mtu, 1280U);
}

}  // namespace
}  // namespace terminus
