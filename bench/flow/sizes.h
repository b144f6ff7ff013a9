/// How many flows the benches of tables may have: a million unless TERMINUS_BENCH_FLOWS says more,
/// so that an ordinary run is short; and never more than the memory that is free now holds.
#pragma once

#include <benchmark/benchmark.h>

#include <array>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <unistd.h>

namespace terminus::bench {

inline constexpr std::array<std::int64_t, 4> flow_counts{1 << 10, 1 << 20, 1 << 24, 1 << 26};

/// Why a bench with so many flows is not run; empty: it is.
inline std::string why_not(std::int64_t flows, std::int64_t bytes_per_flow) {
    const char* chosen = std::getenv("TERMINUS_BENCH_FLOWS");
    if (flows > (chosen == nullptr ? 1 << 20 : std::atoll(chosen)))
        return "skipped: needs TERMINUS_BENCH_FLOWS=" + std::to_string(flows);
    const std::int64_t available = sysconf(_SC_AVPHYS_PAGES) * sysconf(_SC_PAGESIZE);
    const std::int64_t wanted = flows * bytes_per_flow;
    if (wanted < available) return {};
    return "skipped: needs " + std::to_string(wanted >> 20) + " MB of memory";
}

/// Registers a bench of so many flows; where it may not run, its line says why.
template <typename Run>
benchmark::internal::Benchmark* register_sized(const char* name, std::int64_t flows,
                                               std::int64_t bytes_per_flow, Run run) {
    return benchmark::RegisterBenchmark(name,
                                        [=](benchmark::State& state) {
                                            const std::string reason =
                                                why_not(flows, bytes_per_flow);
                                            if (reason.empty()) return run(state);
                                            state.SkipWithError(reason.c_str());
                                        })
        ->Arg(flows);
}

}  // namespace terminus::bench
