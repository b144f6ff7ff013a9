/// How far ahead a silent flow is looked at.
#include "terminus/tcp/timeout.h"

#include <gtest/gtest.h>

namespace terminus::tcp {
namespace {

struct Silent {
    Settings settings;
    Flow flow;
    Tick now{100'000'000};

    Silent() {
        enter(flow, State::established);
        flow.wait_for(Waits::silence);
        flow.last_heard = now.ms();
        now = now.after_ms(3000);
    }
    /// How long after now the next look is, given the room for entries that flows outrun.
    std::int32_t ahead_ms(bool far, Effort* effort = nullptr) {
        const Look found = look(flow, effort, settings, now, far);
        EXPECT_EQ(found.due(), Due::nothing);
        return elapsed_ms(now.ms(), found.again());
    }
};

TEST(SilentFlows, AreLookedAtWhenTheirSilenceHasDoubled) {
    EXPECT_EQ(Silent{}.ahead_ms(false), 3000);
}

TEST(SilentFlows, AreLeftAloneForAMinuteWhileTimersHaveRoom) {
    EXPECT_EQ(Silent{}.ahead_ms(true), 60 * 1000);
}

TEST(SilentFlows, AreLookedAtSeldomWhenOld) {
    Silent silent;
    silent.now = silent.now.after_ms(97'000);
    EXPECT_EQ(silent.ahead_ms(true), 100'000);
    silent.now = silent.now.after_ms(2 * 60 * 60 * 1000);
    EXPECT_EQ(silent.ahead_ms(true), 60 * 60 * 1000);
}

TEST(SilentFlows, AreAskedInTimeWhetherTheyLive) {  // RFC 9293 section 3.8.4, MUST-27
    Silent silent;
    silent.settings.keepalive = true;
    silent.settings.keepalive_idle_ms = 10'000;
    EXPECT_EQ(silent.ahead_ms(true), 7000);
}

TEST(SilentFlows, GiveTheirEffortBackSoon) {
    Effort effort;
    EXPECT_EQ(Silent{}.ahead_ms(true, &effort), 3000);
}

}  // namespace
}  // namespace terminus::tcp
