/// The assertion is always on, and says where.
#include "terminus/base/assert.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

TEST(AssertDeathTest, NamesTheConditionAndThePlace) {
    EXPECT_DEATH(TERMINUS_ASSERT(1 + 1 == 3),
                 "assert_test.cc:[0-9]+: assertion failed: 1 \\+ 1 == 3");
}

TEST(Assert, LetsTheTruePass) { TERMINUS_ASSERT(1 + 1 == 2); }

}  // namespace
}  // namespace terminus
