/// The clock that a worker reads once per turn. The worker's own interface, so that tests bring a
/// clock of their own; src/dpdk/clock.h implements it over the processor's time stamp counter.
#pragma once

#include "terminus/base/time.h"

#include <cstdint>

namespace terminus {

/// One look at the clock.
struct Reading {
    Tick now;  ///< microseconds of CLOCK_MONOTONIC, never less than the reading before
    std::uint64_t cycles = 0;  ///< a counter of constant rate, for durations
};

/// One thread uses one clock.
class Clock {
public:
    Clock() = default;
    Clock(const Clock&) = delete;
    Clock& operator=(const Clock&) = delete;
    virtual ~Clock() = default;

    virtual Reading read() = 0;
    /// The rate of `Reading::cycles`.
    [[nodiscard]] virtual double cycles_per_us() const = 0;
};

}  // namespace terminus
