// Runs the simulator's seeds: first all that ever failed, then new ones.
//
// TERMINUS_SIM_SEEDS: how many seeds are run in all (both worlds count); TERMINUS_SIM_FIRST: the
// first of them; TERMINUS_SIM_SHARD=I/N: only each Nth of them; TERMINUS_SIM_SEED: one seed, to
// repeat it; TERMINUS_SIM_TRACE=1: its frames, on standard error. tests/sim/run does all that on
// every core.
#include "simulation.h"
#include "transitions.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iostream>
#include <sstream>

namespace terminus::test {
namespace {

constexpr std::uint64_t usual_seeds = 300;
constexpr int enough_failures = 5;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* text = std::getenv(variable);
    return text != nullptr ? std::strtoull(text, nullptr, 0) : otherwise;
}

/// Even seeds play two stacks, odd ones a stack against a foreign TCP.
std::string run_seed(std::uint64_t seed) {
    return seed % 2 == 0 ? run_two_stacks(seed) : run_against_foreign(seed);
}

struct Shard {
    std::uint64_t index = 0, count = 1;
};

Shard shard() {
    Shard shard;
    const char* text = std::getenv("TERMINUS_SIM_SHARD");
    if (text == nullptr) return shard;
    char* slash = nullptr;
    shard.index = std::strtoull(text, &slash, 10);
    shard.count = std::strtoull(slash + 1, nullptr, 10);
    return shard;
}

TEST(Simulation, SeedsThatOnceFailed) {
    std::ifstream file{TERMINUS_SOURCE_ROOT "/tests/sim/failed_seeds.txt"};
    ASSERT_TRUE(file.good());
    for (std::string line; std::getline(file, line);) {
        if (line.empty() || line.front() == '#') continue;
        const std::uint64_t seed = std::stoull(line);
        EXPECT_EQ(run_seed(seed), "") << line;
    }
}

TEST(Simulation, LosesNothing) {
    const std::uint64_t one = number_from("TERMINUS_SIM_SEED", 0);
    const std::uint64_t first = one != 0 ? one : number_from("TERMINUS_SIM_FIRST", 1);
    const std::uint64_t seeds = one != 0 ? 1 : number_from("TERMINUS_SIM_SEEDS", usual_seeds);
    const Shard mine = shard();
    int failed = 0;
    for (std::uint64_t seed = first; seed < first + seeds; ++seed) {
        if (seed / 2 % mine.count != mine.index) continue;
        const std::string wrong = run_seed(seed);
        EXPECT_EQ(wrong, "") << "repeat with TERMINUS_SIM_SEED=" << seed;
        if (!wrong.empty() && ++failed == enough_failures) break;
    }
}

TEST(Transitions, KnowWhatIsIllegal) {  // RFC 9293 section 3.3.2, figure 5
    using tcp::State;
    EXPECT_EQ(illegal_step(State::syn_sent, State::established, Between::event), "");
    EXPECT_EQ(illegal_step(State::fin_wait_1, State::time_wait, Between::event), "");
    EXPECT_EQ(illegal_step(State::last_ack, State::closed, Between::event), "");
    EXPECT_NE(illegal_step(State::established, State::syn_sent, Between::turn), "");
    EXPECT_NE(illegal_step(State::fin_wait_2, State::closing, Between::turn), "");
    EXPECT_NE(illegal_step(State::close_wait, State::time_wait, Between::turn), "");
    EXPECT_NE(illegal_step(State::syn_sent, State::time_wait, Between::event), "");
}

}  // namespace
}  // namespace terminus::test
