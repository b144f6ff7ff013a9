#include "terminus/base/rng.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

TEST(Rng, RepeatsItselfForEqualSeedsOnly) {
    Rng one{7}, same{7}, other{8};
    const auto first = one.next();
    EXPECT_EQ(first, same.next());
    EXPECT_NE(first, other.next());
}

TEST(Rng, StaysBelowItsBoundAndReachesAllOfIt) {
    Rng rng{1};
    unsigned seen = 0;
    for (int i = 0; i < 1000; ++i) {
        const auto value = rng.below(10);
        ASSERT_LT(value, 10U);
        seen |= 1U << value;
    }
    EXPECT_EQ(seen, 0x3ffU);
}

}  // namespace
}  // namespace terminus
