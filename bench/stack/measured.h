/// What one kind of work cost, and the documents that say so.
#pragma once

#include "clock.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace terminus::bench {

/// Cycles of turns, and what was done in them.
struct Measured {
    std::string work;
    std::uint64_t packets = 0;
    std::uint64_t cycles = 0, timed_packets = 0;  ///< of the turns that nobody interrupted
    std::uint64_t connections = 0;                ///< 0: the work has none
    std::uint64_t text_bytes = 0;                 ///< sent; 0: not what the work is about

    /// A turn, with the packets that count as its own.
    void add(const TurnTime& turn, std::uint64_t its_packets);
    Measured& operator+=(const Measured& more);

    [[nodiscard]] double cycles_per_packet() const {
        return static_cast<double>(cycles) / static_cast<double>(timed_packets);
    }
    /// What all packets would have taken without interruptions.
    [[nodiscard]] double seconds(double tsc_hz) const {
        return cycles_per_packet() * static_cast<double>(packets) / tsc_hz;
    }
};

/// Rounds of the same works: what is told of each is its best round, for a shared machine makes
/// a round slower and never quicker.
class Results {
public:
    explicit Results(double tsc_hz) : tsc_hz_{tsc_hz} {}

    void add(const Measured& round);
    /// The first result is the one that the others are compared with.
    [[nodiscard]] std::string json(std::uint32_t flows) const;
    [[nodiscard]] std::string table() const;

private:
    [[nodiscard]] double ns_per_packet(const Measured& of) const;

    double tsc_hz_;
    std::vector<Measured> best_;
};

}  // namespace terminus::bench
