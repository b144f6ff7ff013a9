/// The time stamp counter as CLOCK_MONOTONIC.
#include "dpdk/clock.h"

#include <rte_cycles.h>

#include <algorithm>
#include <cmath>
#include <ctime>

namespace terminus {

namespace {

constexpr double anchor_every_us = 1e6;

double monotonic_us() {
    timespec now{};
    clock_gettime(CLOCK_MONOTONIC, &now);
    return static_cast<double>(now.tv_sec) * 1e6 + static_cast<double>(now.tv_nsec) / 1e3;
}

/// Counter ticks per microsecond, over a busy wait: sleeping would measure the scheduler.
double measure_rate(std::uint64_t calibration_us) {
    const double start_us = monotonic_us();
    const std::uint64_t start_cycles = rte_rdtsc_precise();
    double end_us = start_us;
    while (end_us - start_us < static_cast<double>(calibration_us))
        end_us = monotonic_us();
    return static_cast<double>(rte_rdtsc_precise() - start_cycles) / (end_us - start_us);
}

}  // namespace

TscClock::TscClock(std::uint64_t calibration_us)
    : cycles_per_us_(measure_rate(calibration_us)), us_per_cycle_(1 / cycles_per_us_) {
    anchor_again_cycles_ = static_cast<std::uint64_t>(anchor_every_us * cycles_per_us_);
    anchor(rte_rdtsc());
}

Reading TscClock::read() {
    const std::uint64_t cycles = rte_rdtsc();
    if (cycles - anchor_cycles_ >= anchor_again_cycles_) anchor(cycles);
    const auto since = static_cast<double>(cycles - anchor_cycles_);
    const std::uint64_t us = anchor_us_ + static_cast<std::uint64_t>(since * us_per_cycle_);
    last_us_ = std::max(last_us_, us);
    return {Tick{last_us_}, cycles};
}

/// The rate over the time since the last anchor replaces the first, short measurement, unless a
/// pause between the two looks (a preempted thread) made it useless.
void TscClock::anchor(std::uint64_t cycles) {
    const double us = monotonic_us();
    if (anchor_us_ != 0) {
        const double rate =
            static_cast<double>(cycles - anchor_cycles_) / (us - static_cast<double>(anchor_us_));
        if (std::abs(rate / cycles_per_us_ - 1) < 1e-3) us_per_cycle_ = 1 / rate;
    }
    anchor_cycles_ = cycles;
    anchor_us_ = static_cast<std::uint64_t>(us);
}

}  // namespace terminus
