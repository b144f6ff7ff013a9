/// How far virtual time moves in one step: little while frames fly or somebody works, further and
/// further while nothing happens. It makes a simulated minute of silence cheap.
#pragma once

#include "terminus/base/time.h"

#include <algorithm>
#include <cstdint>
#include <initializer_list>
#include <optional>

namespace terminus::test {

class Pace {
public:
    static constexpr std::uint64_t shortest_us = 2000, longest_us = 50'000;

    /// The next step from `now`; `flying`: when frames arrive on each wire.
    [[nodiscard]] std::uint64_t step_us(Tick now,
                                        std::initializer_list<std::optional<Tick>> flying) const {
        std::uint64_t step = step_us_;
        for (const std::optional<Tick>& due : flying)
            if (due) step = std::min(step, *due > now ? due->us - now.us : 0);
        return std::max(step, shortest_us);
    }
    void saw_work() { step_us_ = shortest_us; }
    void saw_nothing() { step_us_ = std::min(step_us_ * 2, longest_us); }

private:
    std::uint64_t step_us_ = shortest_us;
};

}  // namespace terminus::test
