/// The keyed hash: both twins equal, every bit counts. SipHash: the published vectors.
#include "terminus/base/hash.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <vector>

namespace terminus {
namespace {

using Words = std::array<std::uint64_t, 5>;

HashKey random_key(Rng& rng) { return {{rng.next(), rng.next()}}; }
Words random_words(Rng& rng) {
    return {rng.next(), rng.next(), rng.next(), rng.next(), rng.next()};
}

TEST(KeyedHash, TheTwinsAreEqual) {
    Rng rng{1};
    for (int turn = 0; turn < 1000; ++turn) {
        const auto key = random_key(rng);
        const auto words = random_words(rng);
        const KeyedHash<PortableAes> portable{key};
        ASSERT_EQ(keyed_hash(key, words[0], words[1]), portable(words[0], words[1]));
        ASSERT_EQ(keyed_hash(key, words), portable(words));
    }
}

/// A flipped input bit turns each output bit with probability one half: on average over 200 turns,
/// 32 +- 1.5 of 64.
TEST(KeyedHash, EveryInputBitTurnsHalfOfTheOutput) {
    Rng rng{2};
    for (std::size_t bit = 0; bit < 320; ++bit) {
        int turned = 0;
        for (int turn = 0; turn < 200; ++turn) {
            const auto key = random_key(rng);
            auto words = random_words(rng);
            const auto before = keyed_hash(key, words);
            words[bit / 64] ^= std::uint64_t{1} << bit % 64;
            turned += std::popcount(before ^ keyed_hash(key, words));
        }
        ASSERT_NEAR(turned / 200.0, 32, 2.0) << "bit " << bit;
    }
}

TEST(KeyedHash, EveryBitOfAShortInputTurnsHalfOfTheOutput) {
    Rng rng{3};
    for (std::size_t bit = 0; bit < 128; ++bit) {
        int turned = 0;
        for (int turn = 0; turn < 200; ++turn) {
            const auto key = random_key(rng);
            std::array<std::uint64_t, 2> words{rng.next(), rng.next()};
            const auto before = keyed_hash(key, words[0], words[1]);
            words[bit / 64] ^= std::uint64_t{1} << bit % 64;
            turned += std::popcount(before ^ keyed_hash(key, words[0], words[1]));
        }
        ASSERT_NEAR(turned / 200.0, 32, 2.0) << "bit " << bit;
    }
}

TEST(KeyedHash, EveryKeyBitTurnsTheOutput) {
    Rng rng{4};
    const auto words = random_words(rng);
    for (std::size_t bit = 0; bit < 128; ++bit) {
        auto key = random_key(rng);
        const auto before = keyed_hash(key, words[0], words[1]);
        key.words[bit / 64] ^= std::uint64_t{1} << bit % 64;
        ASSERT_GT(std::popcount(before ^ keyed_hash(key, words[0], words[1])), 8);
    }
}

/// Neighbouring tuples, as a scan makes them, fall into 4096 buckets like balls thrown at random.
TEST(KeyedHash, SpreadsCountingInputs) {
    Rng rng{5};
    const auto key = random_key(rng);
    std::array<int, 4096> buckets{};
    for (std::uint64_t i = 0; i < 409'600; ++i)
        ++buckets[keyed_hash(key, i << 16, 7) % 4096];
    const auto [least, most] = std::ranges::minmax(buckets);
    EXPECT_GT(least, 50);  // mean 100, standard deviation 10
    EXPECT_LT(most, 150);
}

/// The vectors of the paper's reference program: key 00 to 0f, input 00 to n - 1, output as
/// little-endian words.
TEST(SipHash, GivesTheReferenceVectors) {
    constexpr std::array<std::uint64_t, 16> expected{
        0x726fdb47dd0e0e31U, 0x74f839c593dc67fdU, 0x0d6c8009d9a94f5aU, 0x85676696d7fb7e2dU,
        0xcf2794e0277187b7U, 0x18765564cd99a68dU, 0xcbc9466e58fee3ceU, 0xab0200f58b01d137U,
        0x93f5f5799a932462U, 0x9e0082df0ba9e4b0U, 0x7a5dbbc594ddb9f3U, 0xf4b32f46226bada7U,
        0x751e8fbc860ee5fbU, 0x14ea5627c0843d90U, 0xf723ca908e7af2eeU, 0xa129ca6149be45e5U};
    const HashKey key{{0x0706050403020100U, 0x0f0e0d0c0b0a0908U}};
    std::vector<std::byte> input;
    for (const auto vector : expected) {
        EXPECT_EQ(siphash(key, input), vector) << input.size() << " bytes";
        input.push_back(static_cast<std::byte>(input.size()));
    }
}

}  // namespace
}  // namespace terminus
