// Captures: what is kept of what peers say first, and its bounds.
#include "terminus/stack/captures.h"

#include <gtest/gtest.h>

#include <string_view>

namespace terminus {
namespace {

constexpr HashKey key{{1, 2}};

Captured from_peer(std::uint32_t number) {
    Captured about;
    about.remote = {Address::ip4(be32{0x0a000000U + number}), 4000};
    return about;
}

std::span<const std::byte> bytes(std::string_view text) { return std::as_bytes(std::span{text}); }

TEST(Captures, KeepsTheFirstTextOfAPeer) {
    Captures captures{{}, key};
    EXPECT_EQ(captures.offer(from_peer(1), bytes("one"), 1), Kept::kept);
    EXPECT_EQ(captures.offer(from_peer(1), bytes("two"), 1), Kept::known);
    EXPECT_EQ(captures.offer(from_peer(2), bytes("three"), 1), Kept::kept);
    ASSERT_NE(captures.front(), nullptr);
    EXPECT_TRUE(std::ranges::equal(captures.front()->text(), bytes("one")));
    captures.pop();
    EXPECT_TRUE(std::ranges::equal(captures.front()->text(), bytes("three")));
    captures.pop();
    EXPECT_EQ(captures.front(), nullptr);
}

TEST(Captures, KeepsNoMoreThanItsBytes) {
    Captures captures{{}, key};
    const std::string text(Captured::most_bytes + 100, 'x');
    EXPECT_EQ(captures.offer(from_peer(1), bytes(text), 1), Kept::kept);
    EXPECT_EQ(captures.front()->length, text.size());
    EXPECT_EQ(captures.front()->text().size(), Captured::most_bytes);
}

TEST(Captures, RefusesWhenFullAndAsksAPeerAgainLater) {
    Captures captures{{.ring = 2}, key};
    EXPECT_EQ(captures.offer(from_peer(1), bytes("a"), 1), Kept::kept);
    EXPECT_EQ(captures.offer(from_peer(2), bytes("b"), 1), Kept::kept);
    EXPECT_EQ(captures.offer(from_peer(3), bytes("c"), 1), Kept::full);
    captures.pop();
    EXPECT_EQ(captures.offer(from_peer(3), bytes("c"), 1), Kept::kept);
}

TEST(Captures, SamplesPeersNotTexts) {
    Captures captures{{.ring = 2000, .remembered = 1U << 16}, key};
    std::uint32_t kept = 0;
    for (std::uint32_t peer = 0; peer < 1000; ++peer)
        kept += captures.offer(from_peer(peer), bytes("a"), 10) == Kept::kept ? 1 : 0;
    EXPECT_GT(kept, 60U);
    EXPECT_LT(kept, 150U);
    for (std::uint32_t peer = 0; peer < 1000; ++peer)
        EXPECT_NE(captures.offer(from_peer(peer), bytes("b"), 10), Kept::kept);
}

}  // namespace
}  // namespace terminus
