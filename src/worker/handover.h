/// The hand-over: what one worker has for the others, collected by target during a burst and pushed
/// once for each. Its worker's thread uses it.
#pragma once

#include "worker/exchange.h"

#include <array>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

/// Of one errand.
struct HandedCounters {
    std::uint64_t out = 0;   ///< on their way
    std::uint64_t lost = 0;  ///< dropped: the other's ring was full, or there was no buffer to copy
};

class HandOver {
public:
    static constexpr std::size_t most_collected = 32;  ///< for one target, before they are pushed
    using Counters = std::array<HandedCounters, errands>;

    /// The exchange and the counters outlive it.
    HandOver(Exchange& exchange, std::uint16_t worker, Counters& counters);

    void add(std::uint16_t to, const Frame& frame, Errand errand);
    /// Pushes what was collected. Returns the frames that have found a ring full since the last
    /// call: the caller releases them before the next add().
    [[nodiscard]] std::span<const Frame> push();

private:
    struct Parcel {
        std::array<Passed, most_collected> frames;
        std::size_t count = 0;
    };
    void push(std::uint16_t to);

    Exchange& exchange_;
    std::uint16_t worker_;
    Counters& counters_;
    std::vector<Parcel> parcels_;  ///< by target
    std::vector<Frame> dropped_;
    bool is_empty_ = true;
};

}  // namespace terminus
