// Echo, discard, ping and chargen: RFC 862, 863, 864.
#include "terminus/base/rng.h"
#include "terminus/service/services.h"

#include "exchange.h"

#include <gtest/gtest.h>

#include <array>
#include <set>

namespace terminus {
namespace {

std::size_t reply_length(const Service& service, std::size_t room, std::size_t length) {
    std::string payload(room, 'x');
    return service.datagram(std::as_writable_bytes(std::span{payload}), length, 77);
}

TEST(Echo, TakesEverythingAndEchoesIt) {  // RFC 862
    const auto echo = make_echo();
    Exchange flow{*echo};
    EXPECT_EQ(echo->text(), Text::echoed);
    const Taken taken = flow.offer("hello");
    EXPECT_EQ(taken.bytes, 5U);
    EXPECT_FALSE(taken.close);
}

TEST(Echo, ReturnsTheDatagram) {  // RFC 862, UDP
    const auto echo = make_echo();
    EXPECT_EQ(reply_length(*echo, 100, 40), 40U);
    EXPECT_EQ(reply_length(*echo, 100, 0), 0U);
}

TEST(Discard, TakesEverythingAndIsSilent) {  // RFC 863
    const auto discard = make_discard();
    Exchange flow{*discard};
    EXPECT_EQ(discard->text(), Text::none);
    EXPECT_EQ(flow.offer("hello").bytes, 5U);
    EXPECT_EQ(flow.promised(), 0U);
    EXPECT_EQ(reply_length(*discard, 100, 40), Service::no_reply);
}

TEST(Ping, ReturnsTheData) {  // RFC 792; RFC 4443 section 4.2
    const auto ping = make_ping();
    Exchange flow{*ping};
    EXPECT_EQ(reply_length(*ping, 100, 56), 56U);
    EXPECT_EQ(flow.offer("hello").bytes, 5U);
}

TEST(Chargen, RotatesTheRingLineByLine) {  // RFC 864
    const auto chargen = make_chargen();
    Exchange flow{*chargen};
    std::string ring;
    for (char c = ' '; c <= '~'; ++c)
        ring += c;
    ring += ring;
    for (std::size_t line = 0; line < 200; ++line) {
        EXPECT_EQ(flow.read(74), ring.substr(line % 95, 72) + "\r\n") << "line " << line;
    }
}

TEST(Chargen, TakesAndForgetsWhatItGets) {  // RFC 864: any data received is thrown away
    const auto chargen = make_chargen();
    Exchange flow{*chargen};
    EXPECT_EQ(chargen->text(), Text::endless);
    EXPECT_EQ(flow.offer("hello").bytes, 5U);
    EXPECT_EQ(flow.promised(), 0U);
}

TEST(Chargen, GivesEqualBytesForEqualPositions) {
    const auto chargen = make_chargen();
    const Exchange flow{*chargen, 0xffffff00};
    const std::string whole = flow.peek(tcp::Seq{0xffffff00}, 40'000);
    Rng rng{5};
    for (int i = 0; i < 500; ++i) {
        const std::uint32_t at = rng.below(40'000);
        const std::uint32_t count = rng.below(40'000 - at);
        ASSERT_EQ(flow.peek(tcp::Seq{0xffffff00} + at, count), whole.substr(at, count));
    }
}

TEST(Chargen, SendsDatagramsOfUpTo512Characters) {  // RFC 864, UDP
    const auto chargen = make_chargen();
    std::set<std::size_t> lengths;
    Rng rng{3};
    for (int i = 0; i < 20'000; ++i) {
        std::string room(600, '?');
        const std::size_t length =
            chargen->datagram(std::as_writable_bytes(std::span{room}), 0, rng.next());
        ASSERT_LE(length, 512U);
        ASSERT_EQ(room.find('?', length), length);
        lengths.insert(length);
    }
    EXPECT_EQ(lengths.size(), 513U);
}

TEST(Chargen, StaysInsideTheRoomOfADatagram) {
    const auto chargen = make_chargen();
    std::string room(10, '?');
    EXPECT_EQ(chargen->datagram(std::as_writable_bytes(std::span{room}), 10, 400), 10U);
}

TEST(Service, DefaultsToSilence) {
    const auto discard = make_discard();
    std::array<std::byte, 3> text{std::byte{1}, std::byte{2}, std::byte{3}};
    discard->fill({}, tcp::Seq{7}, text);
    EXPECT_EQ(text[2], std::byte{0});
}

}  // namespace
}  // namespace terminus
