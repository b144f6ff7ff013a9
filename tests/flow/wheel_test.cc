/// The timer wheel against a model: never early, at most a tick late, bounded, and never short of a
/// place for who is being looked at.
#include "terminus/flow/wheel.h"

#include "terminus/base/rng.h"
#include "terminus/flow/fifo.h"

#include "support.h"

#include <map>
#include <vector>

namespace terminus {
namespace {

using test::Memory;
constexpr std::size_t no_bound = ~std::size_t{0};

/// Flows as the stack keeps them: a deadline and a generation each; the wheel names who is to be
/// looked at.
class Timers {
public:
    Timers(std::uint32_t flows, Millis now)
        : flows_{flows},
          pool_memory_{ChunkPool::bytes_needed(flows)},
          memory_{Wheel::bytes_needed()},
          pool{pool_memory_.span(), flows},
          wheel{memory_.span(), pool, now},
          records(flows) {}

    struct Record {
        Millis deadline;
        std::uint8_t generation = 0;
        bool armed = false;
    };

    /// A refusal leaves the record and its live entry as they were.
    [[nodiscard]] bool arm(std::uint32_t flow, Millis deadline) {
        Record& record = records[flow];
        const unsigned next = record.generation + 1U;
        const auto generation = static_cast<std::uint8_t>(next % Entry::generations);
        if (!wheel.file(FlowId{flow}, generation, deadline)) return false;
        record = {deadline, generation, true};
        return true;
    }

    /// What the stack does: forgets the stale, files again what is still to come, acts on what is
    /// due.
    template <typename Due>
    std::size_t advance(Millis now, std::size_t budget, Due&& due) {
        return wheel.advance(now, budget, [&](FlowId id, std::uint8_t generation) {
            Record& record = records[id.value];
            if (!record.armed || record.generation != generation) return;
            if (!is_due(record.deadline, now)) return wheel.refile(id, generation, record.deadline);
            record.armed = false;
            due(id.value);
        });
    }

private:
    std::uint32_t flows_;
    Memory pool_memory_, memory_;

public:
    ChunkPool pool;
    Wheel wheel;
    std::vector<Record> records;
};

std::vector<std::uint32_t> due_at(Timers& timers, Millis now) {
    std::vector<std::uint32_t> due;
    timers.advance(now, no_bound, [&](std::uint32_t flow) { due.push_back(flow); });
    return due;
}
using Due = std::vector<std::uint32_t>;

TEST(Wheel, TakesEightAndAHalfBytesForEachFlow) {
    EXPECT_LE(
        ChunkPool::bytes_needed(100'000'000) + Wheel::bytes_needed() + 2 * Fifo::bytes_needed(),
        850'000'000U);
    EXPECT_LE(
        ChunkPool::bytes_needed(32'000'000) + Wheel::bytes_needed() + 2 * Fifo::bytes_needed(),
        272'000'000U);
}

TEST(Wheel, LooksAtTheTickOfTheDeadline) {
    const Millis start{0xffff'fff0U};  // wraps soon
    for (const std::uint32_t ms :
         {1U, 2U, 63U, 1023U, 1024U, 1025U, 2047U, 2048U, 5000U, 4'000'000U}) {
        Timers timers{4, start};
        ASSERT_TRUE(timers.arm(1, start + ms));
        EXPECT_EQ(due_at(timers, start + (ms - 1)), Due{}) << ms;
        EXPECT_EQ(due_at(timers, start + ms), Due{1}) << ms;
        EXPECT_EQ(timers.pool.entries(), 0U);
        EXPECT_EQ(timers.pool.chunks_used(), 0U);
    }
}

TEST(Wheel, HandlesThePastAtTheNextTick) {
    Timers timers{4, Millis{5000}};
    ASSERT_TRUE(timers.arm(1, Millis{5000}));
    ASSERT_TRUE(timers.arm(2, Millis{17}));
    EXPECT_EQ(due_at(timers, Millis{5000}), Due{});
    EXPECT_EQ(due_at(timers, Millis{5001}).size(), 2U);
}

TEST(Wheel, LooksAgainAtWhatLiesBeyondItsReach) {
    constexpr std::uint32_t hours_ms = 5 * 3600 * 1000;
    Timers timers{4, Millis{77}};
    ASSERT_TRUE(timers.arm(1, Millis{77} + hours_ms));
    for (std::uint32_t ms = 1000; ms < hours_ms; ms += 1000)
        ASSERT_EQ(due_at(timers, Millis{77} + ms), Due{}) << ms;
    EXPECT_EQ(due_at(timers, Millis{77} + hours_ms), Due{1});
}

TEST(Wheel, CatchesUpAfterAPauseOfHours) {
    Timers timers{8, Millis{1}};
    for (std::uint32_t flow = 0; flow < 4; ++flow)
        ASSERT_TRUE(timers.arm(flow, Millis{100 + flow * 90'000}));
    ASSERT_TRUE(timers.arm(5, Millis{90'000'000}));
    EXPECT_EQ(due_at(timers, Millis{36'000'000}), (Due{0, 1, 2, 3}));
    EXPECT_EQ(timers.wheel.lag_ms(Millis{36'000'000}), 0U);
    EXPECT_EQ(due_at(timers, Millis{89'999'999}), Due{});
    EXPECT_EQ(due_at(timers, Millis{90'000'000}), Due{5});
}

TEST(Wheel, DoesNoMoreThanItsBudgetAndTellsTheLag) {
    Timers timers{1000, Millis{0}};
    for (std::uint32_t flow = 0; flow < 1000; ++flow)
        ASSERT_TRUE(timers.arm(flow, Millis{10 + flow / 500}));
    Due due;
    const auto note = [&](std::uint32_t flow) { due.push_back(flow); };
    EXPECT_EQ(timers.advance(Millis{9}, 64, note), 0U);
    EXPECT_EQ(timers.advance(Millis{30}, 64, note), 64U);
    EXPECT_EQ(due.size(), 64U);
    EXPECT_TRUE(timers.wheel.is_behind());
    EXPECT_EQ(timers.wheel.lag_ms(Millis{30}), 20U);
    for (int call = 0; call < 8; ++call)
        EXPECT_EQ(timers.advance(Millis{30}, 64, note), 64U);
    EXPECT_EQ(timers.wheel.lag_ms(Millis{30}), 19U);
    for (int call = 0; call < 7; ++call)
        timers.advance(Millis{30}, 64, note);
    EXPECT_EQ(due.size(), 1000U);
    EXPECT_FALSE(timers.wheel.is_behind());
    EXPECT_EQ(timers.wheel.lag_ms(Millis{30}), 0U);
    EXPECT_EQ(timers.advance(Millis{31}, 0, note), 0U);
}

TEST(Wheel, ForgetsTheStaleAndFollowsWhatMovedLater) {
    Timers timers{4, Millis{0}};
    ASSERT_TRUE(timers.arm(1, Millis{500}));
    ASSERT_TRUE(timers.arm(1, Millis{50}));  // earlier: a second entry, the first is stale
    ASSERT_TRUE(timers.arm(2, Millis{60}));
    timers.records[2].deadline = Millis{3000};  // later: a store
    EXPECT_EQ(timers.pool.entries(), 3U);
    EXPECT_EQ(due_at(timers, Millis{50}), Due{1});
    EXPECT_EQ(due_at(timers, Millis{2999}), Due{});
    EXPECT_EQ(timers.pool.entries(), 1U);
    EXPECT_EQ(due_at(timers, Millis{3000}), Due{2});
}

/// Filing anew at once, into the past even, is met at the next tick and not in an endless loop.
TEST(Wheel, MeetsWhatIsFiledDuringALookAtTheNextTick) {
    Timers timers{4, Millis{0}};
    ASSERT_TRUE(timers.arm(1, Millis{10}));
    int looks = 0;
    const auto again = [&](FlowId id, std::uint8_t generation) {
        ++looks;
        timers.wheel.refile(id, generation, Millis{3});
    };
    EXPECT_EQ(timers.wheel.advance(Millis{900}, no_bound, again), 1U);
    EXPECT_EQ(timers.wheel.advance(Millis{900}, no_bound, again), 0U);
    EXPECT_EQ(timers.wheel.advance(Millis{901}, no_bound, again), 1U);
    EXPECT_EQ(looks, 2);
    EXPECT_EQ(timers.wheel.advance(Millis{3'000'000}, no_bound, again), 2U)
        << "after a pause level 1 may name it once more on the way";
}

TEST(Wheel, RefilesAtFullCapacityWhateverTheSpread) {
    for (const std::uint64_t seed : test::seeds(3)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        constexpr std::uint32_t flows = 40'000;
        Timers timers{flows, Millis{0}};
        std::uint32_t filed = 0;
        while (timers.wheel.file(FlowId{filed % flows}, 0, Millis{1 + rng.below(3000)}))
            ++filed;
        ASSERT_EQ(filed, timers.wheel.capacity());
        ASSERT_GE(filed, flows * 2 - flows / 50);
        std::uint32_t now = 0;
        for (int round = 0; round < 3000; ++round) {
            now += 1 + rng.below(100);
            const std::uint32_t spread = round % 2 == 0 ? 5'000'000 : 2000;
            timers.wheel.advance(
                Millis{now}, 1 + rng.below(500), [&](FlowId id, std::uint8_t generation) {
                    ASSERT_FALSE(timers.wheel.file(FlowId{id.value ^ 1}, 0, Millis{now}))
                        << "no place for others";
                    timers.wheel.refile(id, generation, Millis{now + 1 + rng.below(spread)});
                });
            ASSERT_EQ(timers.wheel.entries(), filed);
        }
    }
}

/// Millisecond by millisecond, arming, moving earlier and later, cancelling: due in the very tick.
TEST(Wheel, IsNeverEarlyAndNeverLate) {
    for (const std::uint64_t seed : test::seeds(4)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        constexpr std::uint32_t flows = 300;
        const Millis start{static_cast<std::uint32_t>(rng.next())};
        Timers timers{flows, start};
        std::uint64_t fired = 0;
        for (std::uint32_t ms = 1; ms < 60'000; ++ms) {
            const Millis now = start + ms;
            timers.advance(now, no_bound, [&](std::uint32_t flow) {
                ASSERT_EQ(timers.records[flow].deadline, now);
                ++fired;
            });
            const std::uint32_t flow = rng.below(flows);
            const std::uint32_t more = 1 + (rng.chance(0.5) ? rng.below(50) : rng.below(9000));
            auto& record = timers.records[flow];
            if (record.armed && is_before(record.deadline, now + more)) {
                record.deadline = now + more;
            } else if (!timers.arm(flow, now + more)) {
                ASSERT_EQ(timers.wheel.entries(), timers.wheel.capacity());
            }
            if (rng.chance(0.05)) timers.records[rng.below(flows)].armed = false;
        }
        for (const auto& record : timers.records)
            ASSERT_TRUE(!record.armed || is_before(start + 59'999, record.deadline))
                << "never looked at";
        EXPECT_GT(fired, 5'000U);
    }
}

/// With pauses and small budgets: never early, and once it has caught up, nothing due is left.
TEST(Wheel, CatchesUpInAnyRhythm) {
    for (const std::uint64_t seed : test::seeds(4)) {
        SCOPED_TRACE(test::seed_text(seed));
        Rng rng{seed};
        constexpr std::uint32_t flows = 2000;
        Timers timers{flows, Millis{0}};
        Millis now{0};
        for (int round = 0; round < 20'000; ++round) {
            now = now + (rng.chance(0.01) ? rng.below(8'000'000) : rng.below(40));
            const auto due = [&](std::uint32_t flow) {
                ASSERT_TRUE(is_due(timers.records[flow].deadline, now)) << "early";
            };
            timers.advance(now, rng.chance(0.9) ? rng.below(30) : no_bound, due);
            for (int i = 0; i < 5; ++i) {
                const std::uint32_t flow = rng.below(flows);
                if (!timers.records[flow].armed) (void)timers.arm(flow, now + rng.below(6'000'000));
            }
        }
        timers.advance(now + 1, no_bound, [](std::uint32_t) {});
        for (const auto& record : timers.records)
            ASSERT_TRUE(!record.armed || is_before(now + 1, record.deadline));
    }
}

TEST(Wheel, NamesEveryFlowToThePrefetchBeforeItIsLookedAt) {
    Timers timers{200, Millis{0}};
    for (std::uint32_t flow = 0; flow < 100; ++flow)
        ASSERT_TRUE(timers.wheel.file(FlowId{flow}, 0, Millis{5}));
    std::vector<std::uint32_t> named, looked;
    timers.wheel.advance(
        Millis{5}, no_bound,
        [&](FlowId id, std::uint8_t) {
            looked.push_back(id.value);
            ASSERT_NE(std::find(named.begin(), named.end(), id.value), named.end());
        },
        [&](FlowId id) { named.push_back(id.value); });
    EXPECT_EQ(looked.size(), 100U);
    EXPECT_EQ(named, looked) << "each once, in the order of the looks";
}

TEST(Wheel, GoesOnWhenItsMemoryIsElsewhere) {
    Memory pool_memory{ChunkPool::bytes_needed(100)}, memory{Wheel::bytes_needed()};
    {
        ChunkPool pool{pool_memory.span(), 100};
        Wheel wheel{memory.span(), pool, Millis{0}};
        for (std::uint32_t flow = 0; flow < 100; ++flow)
            ASSERT_TRUE(wheel.file(FlowId{flow}, 3, Millis{5 + flow}));
        EXPECT_EQ(wheel.advance(Millis{50}, 40, [](FlowId, std::uint8_t) {}), 40U);
    }
    Memory pool_elsewhere = pool_memory.moved(), elsewhere = memory.moved();
    ChunkPool pool{pool_elsewhere.span(), existing};
    Wheel wheel{elsewhere.span(), pool, existing};
    std::map<std::uint32_t, int> looks;
    wheel.advance(Millis{500}, no_bound, [&](FlowId id, std::uint8_t generation) {
        EXPECT_EQ(generation, 3);
        ++looks[id.value];
    });
    EXPECT_EQ(looks.size(), 60U);
    EXPECT_EQ(pool.entries(), 0U);
    EXPECT_EQ(pool.chunks_used(), 0U);
}

}  // namespace
}  // namespace terminus
