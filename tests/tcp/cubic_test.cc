// RFC 9438 against its closed formula, in floating point.
#include "terminus/tcp/cubic.h"

#include <gtest/gtest.h>

#include <cmath>

namespace terminus::test {
namespace {

using tcp::Cubic;

constexpr std::uint32_t mss = 1000;

TEST(Cubic, TakesCubeRoots) {
    for (const std::uint64_t root : {0ULL, 1ULL, 2ULL, 999ULL, 65'537ULL, 2'642'245ULL}) {
        EXPECT_EQ(tcp::cube_root(root * root * root), root);
        if (root > 1) {
            EXPECT_EQ(tcp::cube_root(root * root * root - 1), root - 1);
        }
    }
    EXPECT_EQ(tcp::cube_root(~0ULL), 2'642'245U);
}

// RFC 9438 section 4.1.2: what is remembered of a flow.
TEST(Cubic, FindsKAndTheCurve) {  // RFC 9438 section 4.2
    for (const double below : {3.0, 30.0, 3000.0, 300'000.0}) {
        const double k = std::cbrt(below / 0.4);
        EXPECT_NEAR(tcp::cubic_k_ms(static_cast<std::uint32_t>(below * mss), mss), k * 1000, 2);
    }
    for (const double t : {-60.0, -5.0, -0.5, 0.0, 0.5, 5.0, 60.0}) {
        const double bytes = 0.4 * t * t * t * mss;
        const auto ours = tcp::cubic_offset_bytes(static_cast<std::int64_t>(t * 1000), mss);
        EXPECT_NEAR(static_cast<double>(ours), bytes, std::abs(bytes) / 1000 + 1);
    }
}

/// Acknowledges whole windows of `rtt_ms` for `seconds`.
std::uint32_t grown(Cubic& cubic, std::uint32_t cwnd, std::uint32_t rtt_ms, std::uint32_t seconds) {
    std::uint32_t carry = 0;
    for (std::uint32_t ms = 0; ms <= seconds * 1000; ms += rtt_ms) {
        const std::uint32_t segments = cwnd / mss;
        for (std::uint32_t i = 0; i < segments; ++i)
            cwnd = grow(cubic, cwnd, carry, {mss, mss, rtt_ms, Millis{ms}});
    }
    return cwnd;
}

TEST(Cubic, FollowsItsCurve) {  // RFC 9438 sections 4.2, 4.4 and 4.5
    constexpr double w_max = 1000;
    for (const std::uint32_t seconds : {2U, 5U, 9U, 12U}) {
        Cubic cubic;
        on_reduction(cubic, static_cast<std::uint32_t>(w_max) * mss);
        const std::uint32_t cwnd = grown(cubic, 700 * mss, 100, seconds);
        const double k = std::cbrt(w_max * 0.3 / 0.4);
        const double want = w_max + 0.4 * std::pow(seconds - k, 3);
        EXPECT_NEAR(cwnd / double{mss}, want, want * 0.03) << seconds;
    }
}

TEST(Cubic, IsAtLeastAsFastAsReno) {  // RFC 9438 section 4.3: 9/17 segments for each window
    Cubic cubic;
    on_reduction(cubic, 20 * mss);
    const std::uint32_t cwnd = grown(cubic, 14 * mss, 10, 1);  // a hundred round trips of 10 ms
    // At first 9/17, then, above the old window, one segment for each window.
    EXPECT_GT(cwnd, 60 * mss);
    EXPECT_LT(cwnd, 115 * mss);
}

TEST(Cubic, ConvergesFast) {  // RFC 9438 section 4.7
    Cubic cubic;
    on_reduction(cubic, 100 * mss);
    EXPECT_EQ(cubic.w_max_bytes, 100 * mss);
    on_reduction(cubic, 80 * mss);  // before it came back: somebody else needs room
    EXPECT_EQ(cubic.w_max_bytes, 68 * mss);
    EXPECT_EQ(cubic.prior_cwnd_bytes, 80 * mss);
}

TEST(Cubic, ShrinksToSeventyPercent) {  // RFC 9438 section 4.6
    EXPECT_EQ(tcp::cubic_reduced(100'000), 70'000U);
}

TEST(Cubic, DoesNotCountIdleTime) {  // RFC 9438 section 4.2: t leaves it out
    Cubic cubic;
    std::uint32_t carry = 0;
    on_reduction(cubic, 100 * mss);
    std::uint32_t cwnd = grow(cubic, 70 * mss, carry, {mss, mss, 100, Millis{1000}});
    pause(cubic, Millis{61'000});
    cwnd = grow(cubic, cwnd, carry, {mss, mss, 100, Millis{61'000}});
    EXPECT_EQ(elapsed_ms(cubic.epoch, Millis{61'000}), 0);
    EXPECT_LE(cwnd, 71 * mss);
}

}  // namespace
}  // namespace terminus::test
