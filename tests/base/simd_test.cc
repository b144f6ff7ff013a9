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

TEST(Prefetch, MayNameAnyAddress) {
    prefetch(nullptr);
    prefetch_for_write(reinterpret_cast<const void*>(~std::uintptr_t{0}));
}

}  // namespace
}  // namespace terminus
