/// Tag matching against its portable twin.
#include "terminus/base/simd.h"

#include "terminus/base/rng.h"

#include <gtest/gtest.h>

#include <array>

namespace terminus {
namespace {

TEST(Match16, EqualsItsTwinWhateverTheAlignment) {
    Rng rng{1};
    std::array<std::uint8_t, 64> tags{};
    for (int turn = 0; turn < 10'000; ++turn) {
        for (auto& tag : tags)
            tag = static_cast<std::uint8_t>(rng.below(4) * 85);
        const auto* const at = tags.data() + rng.below(48);
        const auto tag = static_cast<std::uint8_t>(rng.below(4) * 85);
        ASSERT_EQ(match16(at, tag), match16_portable(at, tag));
    }
}

TEST(Match16, SetsTheBitOfEachPlace) {
    for (unsigned place = 0; place < 16; ++place) {
        std::array<std::uint8_t, 16> tags{};
        tags[place] = 0xff;
        EXPECT_EQ(match16(tags.data(), 0xff), 1U << place);
        EXPECT_EQ(match16(tags.data(), 0), 0xffffU & ~(1U << place));
    }
}

TEST(Fits16, EqualsItsTwinWhateverTheAlignment) {
    Rng rng{2};
    std::array<std::uint8_t, 32> bytes{};
    int fitting = 0;
    for (int turn = 0; turn < 10'000; ++turn) {
        Pattern16 pattern;
        for (auto& byte : bytes)
            byte = static_cast<std::uint8_t>(rng.next());
        const auto* const at = bytes.data() + rng.below(16);
        for (unsigned i = 0; i < 16; ++i) {
            pattern.mask[i] = static_cast<std::uint8_t>(rng.next());
            pattern.bytes[i] = at[i];
        }
        pattern.bytes[rng.below(16)] ^= static_cast<std::uint8_t>(1U << rng.below(8));
        ASSERT_EQ(fits16(at, pattern), fits16_portable(at, pattern));
        fitting += fits16(at, pattern);
    }
    EXPECT_NEAR(fitting, 5000, 500);  // the bit that differs counts, or does not
}

TEST(Prefetch, MayNameAnyAddress) {
    prefetch(nullptr);
    prefetch_for_write(reinterpret_cast<const void*>(~std::uintptr_t{0}));
}

}  // namespace
}  // namespace terminus
