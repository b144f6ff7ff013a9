/// Published values are read whole, however busy the writer is.
#include "worker/published.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>
#include <thread>

namespace terminus {
namespace {

struct Sample {
    std::array<std::uint64_t, 64> words{};
    std::uint32_t odd_one = 0;
};

TEST(Published, IsADefaultBeforeTheFirstWrite) {
    const Published<Sample> published;
    EXPECT_EQ(published.read().words[63], 0U);
}

TEST(Published, GivesWhatWasWrittenLast) {
    Published<Sample> published;
    Sample sample;
    sample.words.fill(7);
    sample.odd_one = 9;
    published.write(sample);
    EXPECT_EQ(published.read().words, sample.words);
    EXPECT_EQ(published.read().odd_one, 9U);
}

TEST(Published, IsNeverSeenHalfWritten) {
    Published<Sample> published;
    std::atomic<bool> reading = true;
    std::jthread writer([&] {
        Sample sample;
        for (std::uint64_t i = 1; reading; ++i) {
            sample.words.fill(i);
            sample.odd_one = static_cast<std::uint32_t>(i);
            published.write(sample);
        }
    });
    std::uint64_t last = 0;
    for (int i = 0; i < 20'000; ++i) {
        const Sample sample = published.read();
        ASSERT_GE(sample.words[0], last);
        last = sample.words[0];
        for (const std::uint64_t word : sample.words)
            ASSERT_EQ(word, last);
        ASSERT_EQ(sample.odd_one, static_cast<std::uint32_t>(last));
    }
    reading = false;
}

TEST(PublishedWords, MayGrowAndShrink) {
    PublishedWords published(4);
    EXPECT_TRUE(published.read().empty());
    published.write(std::array<std::uint64_t, 4>{1, 2, 3, 4});
    EXPECT_EQ(published.read(), (std::vector<std::uint64_t>{1, 2, 3, 4}));
    published.write(std::array<std::uint64_t, 1>{9});
    EXPECT_EQ(published.read(), (std::vector<std::uint64_t>{9}));
}

}  // namespace
}  // namespace terminus
