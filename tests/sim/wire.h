/// A wire between two harnesses, in virtual time: it loses, duplicates, reorders, delays and
/// corrupts frames, as its seed says.
#pragma once

#include "terminus/base/rng.h"

#include "harness.h"

#include <queue>
#include <tuple>
#include <vector>

namespace terminus::test {

/// Probabilities per frame, and delays in microseconds.
struct Weather {
    double loss = 0, duplication = 0, reordering = 0, corruption = 0;
    std::uint32_t delay_us = 1000, jitter_us = 0;
};

/// One direction.
class Wire {
public:
    Wire(std::uint64_t seed, const Weather& weather) : rng_{seed}, weather_{weather} {}

    void send(Bytes frame, Tick now);
    /// The frames that have arrived by `now`, in their order of arrival.
    [[nodiscard]] std::vector<Bytes> arrived(Tick now);
    /// From now on the weather is fair.
    void heal() { weather_ = {.delay_us = weather_.delay_us}; }
    [[nodiscard]] bool empty() const { return flying_.empty(); }

private:
    struct Flying {
        Tick due;
        std::uint64_t order = 0;
        Bytes frame;
        friend bool operator<(const Flying& a, const Flying& b) {  // the earliest on top
            return std::tie(b.due, b.order) < std::tie(a.due, a.order);
        }
    };
    void launch(Bytes frame, Tick now);

    Rng rng_;
    Weather weather_;
    std::uint64_t order_ = 0;
    std::priority_queue<Flying> flying_;
};

}  // namespace terminus::test
