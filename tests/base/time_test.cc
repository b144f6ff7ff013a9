/// Ticks and milliseconds: deadlines round up, comparisons survive the wrap.
#include "terminus/base/time.h"

#include <gtest/gtest.h>

namespace terminus {
namespace {

TEST(Tick, RoundsTheMomentDownAndTheDeadlineUp) {
    for (const std::uint64_t ms : {0U, 1U, 1000U, 0xffffffffU}) {
        const Tick exact{ms * 1000}, just_after{ms * 1000 + 1}, just_before_next{ms * 1000 + 999};
        EXPECT_EQ(exact.ms().ms, ms);
        EXPECT_EQ(exact.deadline_ms().ms, ms);
        EXPECT_EQ(just_after.ms().ms, ms);
        EXPECT_EQ(just_after.deadline_ms().ms, static_cast<std::uint32_t>(ms + 1));
        EXPECT_EQ(just_before_next.ms().ms, ms);
        EXPECT_EQ(just_before_next.deadline_ms().ms, static_cast<std::uint32_t>(ms + 1));
    }
}

TEST(Tick, ADeadlineIsNeverDueBeforeItsMoment) {
    for (std::uint64_t us = 0; us < 5000; us += 7) {
        const Tick moment{us};
        for (std::uint64_t now = 0; now < us; now += 13)
            ASSERT_FALSE(is_due(moment.deadline_ms(), Tick{now}.ms())) << us << " at " << now;
        ASSERT_TRUE(is_due(moment.deadline_ms(), moment.after_ms(1).ms()));
    }
}

TEST(Tick, MovesByItsUnits) {
    EXPECT_EQ(Tick{5}.after_us(7).us, 12U);
    EXPECT_EQ(Tick{5}.after_ms(7).us, 7005U);
    EXPECT_LT(Tick{5}, Tick{6});
    EXPECT_EQ(Tick{0x1'0000'0007U}.us32(), 7U);
}

TEST(Millis, AreOrderedAcrossTheWrap) {
    const Millis before{0xfffffff0U}, after = before + 0x20;
    EXPECT_EQ(after.ms, 0x10U);
    EXPECT_EQ(elapsed_ms(before, after), 0x20);
    EXPECT_EQ(elapsed_ms(after, before), -0x20);
    EXPECT_TRUE(is_before(before, after));
    EXPECT_FALSE(is_before(after, before));
    EXPECT_FALSE(is_before(after, after));
    EXPECT_TRUE(is_due(before, after));
    EXPECT_TRUE(is_due(after, after));
    EXPECT_FALSE(is_due(after, before));
    EXPECT_EQ(after - 0x20, before);
}

}  // namespace
}  // namespace terminus
