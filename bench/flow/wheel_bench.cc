/// The timer wheel with 1 k to 64 M armed timers, and the flows' records beside it.
///
/// Prediction, on the EPYC 7003 guest of 2.45 GHz with transparent huge pages: file 6 ns (the
/// slots' first chunks, 0.3 MB, stay in L2; a new chunk is a miss each 15 entries), at 64 M 10 ns.
/// Moving later is a store into the record: in a burst one overlapped miss, 12 ns at 64 M.
/// advance(): the record's miss is prefetched, the chunk's too: 15 ns a look at 1 M, 30 ns at 64 M
/// with the refile. A tick without entries: 3 ns. To cancel is a store into the record, too: what
/// moving later costs.
#include "terminus/base/rng.h"
#include "terminus/flow/wheel.h"

#include "huge_memory.h"
#include "sizes.h"

#include <benchmark/benchmark.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <memory>

namespace terminus {
namespace {

constexpr std::uint32_t period_ms = 60'000;
struct alignas(64) Record {
    Millis deadline;
    std::uint32_t rest[15];
};

/// N flows with one timer each, spread over a minute.
class Timers {
public:
    explicit Timers(std::uint32_t count)
        : flows{count},
          pool_memory_{ChunkPool::bytes_needed(count)},
          wheel_memory_{Wheel::bytes_needed()},
          record_memory_{std::size_t{count} * sizeof(Record)},
          pool{pool_memory_.span(), count},
          wheel{wheel_memory_.span(), pool, Millis{0}},
          records{reinterpret_cast<Record*>(record_memory_.span().data())} {}

    void arm(std::uint32_t flow, Millis deadline) {
        records[flow].deadline = deadline;
        if (!wheel.file(FlowId{flow}, 0, deadline)) std::abort();
    }
    std::uint32_t next() { return (visited_++ * 0x9e3779b1U) & (flows - 1); }

    std::uint32_t flows;

private:
    std::uint32_t visited_ = 0;
    bench::HugeMemory pool_memory_, wheel_memory_, record_memory_;

public:
    ChunkPool pool;
    Wheel wheel;
    Record* records;
    Millis now{0};
};

/// Filing alone, in the order of a permutation; the record is not touched.
void wheel_file(benchmark::State& state) {
    const auto flows = static_cast<std::uint32_t>(state.range(0));
    Rng rng{1};
    auto timers = std::make_unique<Timers>(flows);
    std::uint32_t filed = 0;
    for (auto step : state) {
        if (!timers->wheel.file(FlowId{filed}, 0, Millis{1 + rng.below(period_ms)})) std::abort();
        ++filed;
    }
}

/// The stack's rearming: a store into a record that the burst has brought near.
void wheel_move_later(benchmark::State& state) {
    Timers timers{static_cast<std::uint32_t>(state.range(0))};
    for (auto step : state) {
        std::uint32_t burst[32];
        for (std::uint32_t& flow : burst)
            prefetch_for_write(&timers.records[flow = timers.next()]);
        for (const std::uint32_t flow : burst)
            timers.records[flow].deadline = timers.records[flow].deadline + 10;
    }
    state.counters["each"] = benchmark::Counter(
        32, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

/// One tick: who is due is armed for a minute from now, who is looked at early is filed exactly.
std::size_t tick(Timers& timers, std::size_t budget) {
    return timers.wheel.advance(
        timers.now, budget,
        [&](FlowId id, std::uint8_t generation) {
            Record& record = timers.records[id.value];
            if (is_due(record.deadline, timers.now)) record.deadline = timers.now + period_ms;
            timers.wheel.refile(id, generation, record.deadline);
        },
        [&](FlowId id) { prefetch_for_write(&timers.records[id.value]); });
}

/// All timers armed and rearmed for ever, millisecond by millisecond: the cost of a look with its
/// refile.
void wheel_advance(benchmark::State& state) {
    Timers timers{static_cast<std::uint32_t>(state.range(0))};
    Rng rng{1};
    for (std::uint32_t i = 0; i < timers.flows; ++i)
        timers.arm(timers.next(), Millis{1 + rng.below(period_ms)});
    std::size_t looks = 0;
    for (auto step : state) {
        timers.now = timers.now + 1;
        looks += tick(timers, ~std::size_t{0});
    }
    state.counters["look"] = benchmark::Counter(
        static_cast<double>(looks), benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

/// Ten million timers due at the same moment, 256 a turn: the longest turn is what delays a packet.
void wheel_storm(benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    constexpr std::uint32_t due = 10'000'000;
    double longest = 0;
    for (auto step : state) {
        state.PauseTiming();
        auto timers = std::make_unique<Timers>(1U << 24);
        for (std::uint32_t i = 0; i < due; ++i)
            timers->arm(timers->next(), Millis{5000});
        timers->now = Millis{5000};
        state.ResumeTiming();
        for (std::size_t looked = 1; looked > 0;) {
            const auto begin = Clock::now();
            looked = tick(*timers, 256);
            const std::chrono::duration<double, std::micro> spent = Clock::now() - begin;
            longest = std::max(longest, spent.count());
        }
        state.PauseTiming();
        timers.reset();
        state.ResumeTiming();
    }
    state.counters["longest_turn_us"] = longest;
}

/// A tick in which nothing is due, of a wheel that has a timer somewhere.
void wheel_empty_tick(benchmark::State& state) {
    Timers timers{1024};
    timers.arm(1, Millis{0} + 0x7000'0000U);
    for (auto step : state) {
        timers.now = timers.now + 1;
        benchmark::DoNotOptimize(tick(timers, 256));
    }
}

[[maybe_unused]] const int registered = [] {
    constexpr std::int64_t bytes_per_flow = 8 + sizeof(Record);
    for (const std::int64_t flows : bench::flow_counts) {
        const auto add = [&](const char* name, auto run) {
            return bench::register_sized(name, flows, bytes_per_flow, run);
        };
        add("wheel_file", wheel_file)->Iterations(flows);
        add("wheel_move_later", wheel_move_later);
        add("wheel_advance", wheel_advance)->Iterations(20'000);
    }
    // Sixteen million places for ten million timers.
    bench::register_sized("wheel_storm", std::int64_t{1} << 24, bytes_per_flow, wheel_storm)
        ->Iterations(1)
        ->Unit(benchmark::kMillisecond);
    return 0;
}();
BENCHMARK(wheel_empty_tick);

}  // namespace
}  // namespace terminus
