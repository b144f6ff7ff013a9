/// Runs a fuzz target without libFuzzer: over the seeds, and over mutations of them that repeat at
/// every run. Built once per target. TERMINUS_FUZZ_MUTATIONS changes their number,
/// TERMINUS_FUZZ_SEED the random seed.
#include "terminus/base/rng.h"

#include "fuzz.h"
#include "seeds.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <memory>
#include <string>

namespace terminus {
namespace {

using test::Bytes;

std::uint64_t number_from(const char* variable, std::uint64_t otherwise) {
    const char* const text = std::getenv(variable);
    return text == nullptr ? otherwise : std::stoull(text);
}

/// From a buffer of exactly the input's size, so that a sanitizer sees a read beyond it.
void try_input(const Bytes& input) {
    const auto exact = std::make_unique<std::byte[]>(input.size());
    std::ranges::copy(input, exact.get());
    fuzz({exact.get(), input.size()});
}

std::byte interesting(Rng& rng) {
    constexpr unsigned values[] = {0, 1, 4, 5, 6, 7, 8, 16, 17, 0x40, 0x7f, 0x80, 0xfe, 0xff};
    if (rng.chance(0.5)) return static_cast<std::byte>(rng.next());
    return static_cast<std::byte>(values[rng.below(std::size(values))]);
}

std::size_t place_in(const Bytes& input, Rng& rng) {
    return rng.below(static_cast<std::uint32_t>(input.size()));
}

/// One change: a bit, a byte, an end cut off, a byte put in, or a stretch of another seed.
void mutate(Bytes& input, const Bytes& other, Rng& rng) {
    if (input.empty() || other.empty()) return input.push_back(interesting(rng));
    const std::size_t at = place_in(input, rng);
    const auto here = input.begin() + static_cast<std::ptrdiff_t>(at);
    switch (rng.below(8)) {
        case 0: input.resize(at); break;
        case 1: input.insert(here, interesting(rng)); break;
        case 2: input.erase(here); break;
        case 3:
            input.insert(here, other.begin(),
                         other.begin() + static_cast<std::ptrdiff_t>(place_in(other, rng)));
            break;
        case 4: input[at] ^= static_cast<std::byte>(1U << rng.below(8)); break;
        default: input[at] = interesting(rng); break;
    }
}

TEST(Replay, TheSeeds) {
    for (const auto& seed : test::fuzz_seeds())
        try_input(seed);
}

TEST(Replay, MutationsOfTheSeeds) {
    const auto seeds = test::fuzz_seeds();
    const auto random_seed = number_from("TERMINUS_FUZZ_SEED", 1);
    RecordProperty("seed", std::to_string(random_seed));
    Rng rng{random_seed};
    const auto pick = [&] { return seeds[rng.below(static_cast<std::uint32_t>(seeds.size()))]; };
    for (auto left = number_from("TERMINUS_FUZZ_MUTATIONS", 100'000); left > 0; --left) {
        Bytes input = pick();
        for (auto changes = 1 + rng.below(4); changes > 0; --changes)
            mutate(input, pick(), rng);
        try_input(input);
    }
}

}  // namespace
}  // namespace terminus
