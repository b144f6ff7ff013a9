/// What is inside a SYN cookie (tcp/cookie.h): RFC 4987 section 3.6, RFC 6528 section 3.
#include "terminus/base/rng.h"
#include "terminus/tcp/cookie.h"
#include "terminus/tcp/isn.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

using tcp::CookieTuple;
using tcp::make_cookie;
using tcp::open_cookie;
using tcp::Seq;

constexpr std::uint64_t second_us = 1'000'000;
constexpr Tick some_day{1'234'567'890'123};

struct Connection {
    HashKey key{{11, 22}};
    std::array<std::uint64_t, 6> tuple{1, 2, 3, 4, 5, 6};
    Seq peer_isn{0xfffffff0};

    [[nodiscard]] CookieTuple of() const { return {key, tuple, peer_isn}; }
};

/// The class of the MSS in a cookie; 0: it is refused.
std::uint16_t opened(const Connection& it, Seq cookie, Tick now) {
    return open_cookie(it.of(), cookie, now).mss_bytes;
}

TEST(Cookie, BringsBackTheClassOfTheMss) {  // RFC 4987 section 3.6
    const Connection it;
    const auto comes_back = [&](std::uint32_t mss) {
        return opened(it, make_cookie(it.of(), mss, some_day), some_day);
    };
    for (const std::uint16_t mss :
         std::initializer_list<std::uint16_t>{64, 536, 1220, 1360, 1400, 1440, 1460, 8940})
        EXPECT_EQ(comes_back(mss), mss);
    EXPECT_EQ(comes_back(535), 64);
    EXPECT_EQ(comes_back(1459), 1440);
    EXPECT_EQ(comes_back(16'000), 8940);
    EXPECT_EQ(comes_back(40), 64);  // no peer is asked for less: the floor of the MSS
}

TEST(Cookie, IsRefusedWithAnyBitChanged) {
    const Connection it;
    const Seq cookie = make_cookie(it.of(), 1460, some_day);
    for (int bit = 0; bit < 32; ++bit)
        EXPECT_EQ(opened(it, Seq{cookie.value ^ 1U << bit}, some_day), 0) << bit;
}

TEST(Cookie, IsGoodForItsConnectionOnly) {
    const Connection it;
    const Seq cookie = make_cookie(it.of(), 1460, some_day);
    for (std::size_t word = 0; word < it.tuple.size(); ++word) {
        Connection other = it;
        other.tuple[word] ^= 1;
        EXPECT_EQ(opened(other, cookie, some_day), 0) << word;
    }
    Connection isn = it, key = it;
    isn.peer_isn += 1;
    key.key.words[1] ^= 1;
    EXPECT_EQ(opened(isn, cookie, some_day), 0);
    EXPECT_EQ(opened(key, cookie, some_day), 0);
}

TEST(Cookie, IsKnownAlsoInTheSegmentsBehind) {  // the first of them were lost, and come again
    const Connection it;
    const Seq cookie = make_cookie(it.of(), 1460, some_day);
    Connection behind = it, other = it;
    behind.peer_isn += 1000;
    other.tuple[5] += 1;
    EXPECT_TRUE(open_cookie(behind.of(), cookie, some_day).is_ours);
    EXPECT_EQ(opened(behind, cookie, some_day), 0);
    EXPECT_FALSE(open_cookie(other.of(), cookie, some_day).is_ours);
    EXPECT_FALSE(open_cookie(behind.of(), cookie, some_day.after_us(200 * second_us)).is_ours);
}

// A later segment of a peer whose first one was lost must never begin the connection: its text
// would be taken for the beginning of the stream.
TEST(Cookie, NeverTakesALaterSegmentForTheFirst) {
    Connection it;
    const Seq cookie = make_cookie(it.of(), 1460, some_day);
    for (std::uint32_t behind = 1; behind <= 65535; ++behind) {
        it.peer_isn += 1;
        const auto opened = open_cookie(it.of(), cookie, some_day);
        ASSERT_EQ(opened.mss_bytes, 0) << behind;
        ASSERT_TRUE(opened.is_ours) << behind;
    }
}

TEST(Cookie, IsGoodForAMinuteAndNotForFour) {  // whatever the moment in its bucket
    const Connection it;
    for (std::uint64_t later = 0; later < 70; later += 7) {
        const Tick made = some_day.after_us(later * second_us);
        const Seq cookie = make_cookie(it.of(), 1460, made);
        for (const std::uint64_t seconds : {1, 30, 60, 67})
            EXPECT_EQ(opened(it, cookie, made.after_us(seconds * second_us)), 1460);
        for (const std::uint64_t seconds : {135, 240, 3600, 17'179})
            EXPECT_EQ(opened(it, cookie, made.after_us(seconds * second_us)), 0);
    }
}

TEST(Cookie, OfTheFutureIsForged) {
    const Connection it;
    const Seq cookie = make_cookie(it.of(), 1460, some_day.after_us(100 * second_us));
    EXPECT_EQ(opened(it, cookie, some_day), 0);
}

TEST(Cookie, StandsAmongTheOtherIsns) {  // RFC 6528 section 3: the clock of 4 microseconds
    const Connection it;
    const auto tuple = std::as_bytes(std::span<const std::uint64_t>{it.tuple});
    constexpr std::uint64_t bucket_us = std::uint64_t{1} << 26;
    Tick begin{some_day.us & ~(bucket_us - 1)};
    for (int i = 0; i < 300; ++i, begin = begin.after_us(bucket_us)) {
        const Seq cookie = make_cookie(it.of(), 1460, begin.after_us(bucket_us / 3));
        EXPECT_GE(cookie, tcp::initial_seq(it.key, tuple, begin));
        EXPECT_LE(cookie, tcp::initial_seq(it.key, tuple, begin.after_us(bucket_us - 1)));
    }
}

TEST(Cookie, IsNotGuessed) {
    const Connection it;
    Rng rng{7};
    for (int i = 0; i < 200'000; ++i)
        EXPECT_EQ(opened(it, Seq{static_cast<std::uint32_t>(rng.next())}, some_day), 0);
}

tcp::Flow negotiated(std::uint8_t scale, bool sack, bool ecn) {
    tcp::Flow flow;
    flow.window_scaling = scale != 0xff ? 1 : 0;
    flow.send_scale = scale & 15;
    flow.sack = sack ? 1 : 0;
    flow.ecn = ecn ? 1 : 0;
    return flow;
}

tcp::Segment echo_of(std::uint32_t stamp) {
    tcp::Segment ack{.seq = Seq{78}, .ack = Seq{1}, .flags = tcp_flag::ack};
    ack.options.timestamps = true;
    ack.options.ts_value = 5;
    ack.options.ts_echo = stamp;
    return ack;
}

TEST(CookieStamp, BringsBackTheOptions) {  // RFC 4987 section 3.6, by way of RFC 7323's echo
    for (const std::uint8_t scale : std::initializer_list<std::uint8_t>{0, 1, 7, 14, 0xff}) {
        for (const bool sack : {false, true}) {
            for (const bool ecn : {false, true}) {
                const auto stamp = tcp::stamp_options(1'000'000, negotiated(scale, sack, ecn));
                const tcp::Segment syn = tcp::syn_behind(echo_of(stamp), 1400);
                EXPECT_EQ(syn.options.window_scale, scale);
                EXPECT_EQ(syn.options.sack_permitted, sack);
                EXPECT_EQ(syn.has(tcp_flag::ece), ecn);
                EXPECT_EQ(syn.has(tcp_flag::cwr), ecn);
                EXPECT_TRUE(syn.options.timestamps);
                EXPECT_EQ(syn.options.ts_value, 5U);
                EXPECT_EQ(syn.options.mss, 1400);
                EXPECT_EQ(syn.seq, Seq{77});
            }
        }
    }
}

TEST(CookieStamp, IsNeverLaterThanTheClock) {  // RFC 7323 section 5.4: TSvals never go back
    for (std::uint32_t value = 0xffffffc0; value != 200; ++value) {
        for (const std::uint8_t scale : std::initializer_list<std::uint8_t>{0, 9, 0xff}) {
            const std::uint32_t stamp = tcp::stamp_options(value, negotiated(scale, true, false));
            EXPECT_LT(value - stamp, 64U);
        }
    }
}

TEST(CookieStamp, IsReadOnlyFromTimestamps) {  // without them nothing was negotiated
    tcp::Segment ack = echo_of(0);
    ack.options.timestamps = false;
    const tcp::Segment syn = tcp::syn_behind(ack, 536);
    EXPECT_EQ(syn.options.window_scale, 0xff);
    EXPECT_FALSE(syn.options.sack_permitted || syn.options.timestamps);
    EXPECT_EQ(syn.flags, tcp_flag::syn);
}

}  // namespace
}  // namespace terminus::test
