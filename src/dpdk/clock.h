/// CLOCK_MONOTONIC at the price of reading the time stamp counter. The counter is measured against
/// the kernel's clock at the start and re-anchored about once a second, so that it follows the
/// kernel's corrections.
#pragma once

#include "worker/clock.h"

namespace terminus {

/// One thread uses one clock; two clocks agree within microseconds, in other processes too.
class TscClock final : public Clock {
public:
    /// Measures the counter's rate for `calibration_us` microseconds.
    explicit TscClock(std::uint64_t calibration_us = 20'000);

    Reading read() override;
    [[nodiscard]] double cycles_per_us() const override { return cycles_per_us_; }

private:
    void anchor(std::uint64_t cycles);

    double cycles_per_us_;
    double us_per_cycle_;
    std::uint64_t anchor_cycles_ = 0;
    std::uint64_t anchor_us_ = 0;
    std::uint64_t anchor_again_cycles_ = 0;  ///< this long after the anchor
    std::uint64_t last_us_ = 0;              ///< what was told last: time never goes back
};

}  // namespace terminus
