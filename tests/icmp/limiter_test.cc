/// Token buckets: exact without jitter, right on average with it, one destination at a time.
#include "terminus/icmp/limiter.h"

#include <gtest/gtest.h>

#include <set>

namespace terminus {
namespace {

constexpr Tick start{5'000'000};

Address host(std::uint32_t number) { return Address::ip4(be32{0x0a000000U + number}); }

int taken(TokenBucket& bucket, const TokenRate& rate, Tick now, int asked) {
    int yes = 0;
    for (int i = 0; i < asked; ++i)
        yes += bucket.take(rate, now) ? 1 : 0;
    return yes;
}

TEST(TokenBucket, HoldsABurstAndFillsAtItsRate) {
    TokenBucket bucket;
    const TokenRate rate{.per_second = 100, .burst = 5};
    EXPECT_EQ(taken(bucket, rate, start, 20), 5);
    EXPECT_EQ(taken(bucket, rate, start.after_us(9'999), 20), 0);
    EXPECT_EQ(taken(bucket, rate, start.after_us(10'000), 20), 1);
    EXPECT_EQ(taken(bucket, rate, start.after_ms(40), 20), 3);
    EXPECT_EQ(taken(bucket, rate, start.after_ms(10'000), 20), 5);  // never more than the burst
}

TEST(TokenBucket, LimitsNothingAtRateZero) {
    TokenBucket bucket;
    EXPECT_EQ(taken(bucket, {.per_second = 0, .burst = 1}, start, 1000), 1000);
}

TEST(TokenBucket, SpendsNoMoreThanItHas) {
    TokenBucket bucket;
    const TokenRate rate{.per_second = 10, .burst = 1};
    EXPECT_TRUE(bucket.take(rate, start, 2));
    EXPECT_FALSE(bucket.take(rate, start.after_ms(99)));
    EXPECT_TRUE(bucket.take(rate, start.after_ms(100)));
}

TEST(Limiter, AsksTheDestinationFirstThenAll) {
    Limiter limiter{{.errors_per_second = 1000, .burst = 20, .per_destination_per_second = 3}, {}};
    Rng rng{1};
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(limiter.allow(host(1), start, rng), Allowed::yes);
    EXPECT_EQ(limiter.allow(host(1), start, rng), Allowed::per_destination);
    EXPECT_EQ(limiter.allow(host(2), start, rng), Allowed::yes);
    Allowed last = Allowed::yes;
    for (std::uint32_t i = 3; i < 60; ++i)
        last = limiter.allow(host(i), start, rng);
    EXPECT_EQ(last, Allowed::global);
    EXPECT_EQ(limiter.allow(host(1), start, rng), Allowed::per_destination);  // still its own fault
}

TEST(Limiter, GreedyDestinationsDoNotEmptyTheCommonBucket) {
    Limiter limiter{{.errors_per_second = 100, .burst = 10, .per_destination_per_second = 1}, {}};
    Rng rng{1};
    for (int i = 0; i < 1000; ++i)
        (void)limiter.allow(host(1), start, rng);
    EXPECT_EQ(limiter.allow(host(2), start, rng), Allowed::yes);
}

TEST(Limiter, HidesTheExactBurstButKeepsItOnAverage) {  // CVE-2020-25705
    Rng rng{7};
    std::set<int> counts;
    int sum = 0;
    for (int round = 0; round < 200; ++round) {
        JitteredBucket bucket{{.per_second = 1000, .burst = 50}};
        int yes = 0;
        for (int i = 0; i < 500; ++i)
            yes += bucket.take(start, rng) ? 1 : 0;
        counts.insert(yes);
        sum += yes;
    }
    EXPECT_GT(counts.size(), 10U);
    EXPECT_NEAR(sum / 200, 50, 3);
}

TEST(Limiter, IsUnlimitedWithZeros) {
    Limiter limiter{{.errors_per_second = 0, .burst = 0, .per_destination_per_second = 0}, {}};
    Rng rng{1};
    for (int i = 0; i < 10'000; ++i)
        ASSERT_EQ(limiter.allow(host(1), start, rng), Allowed::yes);
}

TEST(Limiter, ForgetsTheOldestOfManyDestinations) {
    Limiter limiter{{.errors_per_second = 0, .burst = 1, .per_destination_per_second = 1},
                    {{3, 4}}};
    Rng rng{1};
    // Far more destinations than entries: each is allowed, and none is refused for another's sake.
    for (std::uint32_t i = 0; i < 100'000; ++i)
        ASSERT_EQ(limiter.allow(host(i), start.after_us(i), rng), Allowed::yes);
    EXPECT_EQ(limiter.allow(host(99'999), start.after_us(100'000), rng), Allowed::per_destination);
}

}  // namespace
}  // namespace terminus
