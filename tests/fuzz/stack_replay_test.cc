// The stack fuzz target's runs as an ordinary test: random inputs with printed seeds, and every
// frame of the captures.
#include "terminus/base/rng.h"

#include "stack_run.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(StackRun, HoldsUnderRandomInput) {
    for (std::uint64_t seed = 1; seed <= 1500; ++seed) {
        Rng rng{seed};
        Bytes input(rng.below(1500));
        for (auto& b : input)
            b = static_cast<std::byte>(rng.next());
        StackRun run;
        ASSERT_EQ(run.play(input), "") << "seed " << seed;
    }
}

TEST(StackRun, HoldsUnderNoInput) {
    StackRun run;
    EXPECT_EQ(run.play({}), "");
}

}  // namespace
}  // namespace terminus::test
