/// The bench's clock: cycles of the TSC, and turns that the kernel did not interrupt.
#pragma once

#include <array>
#include <cstdint>

namespace terminus::bench {

/// Cycles now, behind all that was to be measured.
[[nodiscard]] std::uint64_t tsc();
/// Cycles of the TSC in a second, measured against the steady clock.
[[nodiscard]] double tsc_hz();

/// What a turn took.
struct TurnTime {
    std::uint64_t cycles = 0;
    bool worked = false;       ///< time alone caused something
    bool interrupted = false;  ///< the kernel ran somebody else meanwhile: the cycles say nothing
};

/// Times turns, and keeps the longest that was not interrupted. On a shared machine most long turns
/// are somebody else's.
class TurnClock {
public:
    /// The system call that asks for interruptions lies outside of what is measured.
    void begin();
    TurnTime end();

    [[nodiscard]] std::uint64_t longest_cycles() const { return longest_; }
    /// All turns but this share took no longer, within an eighth.
    [[nodiscard]] std::uint64_t cycles_of_all_but(double share) const;
    [[nodiscard]] std::uint64_t turns() const { return turns_; }
    [[nodiscard]] std::uint64_t interrupted() const { return interrupted_; }

private:
    std::uint64_t began_ = 0, longest_ = 0, turns_ = 0, interrupted_ = 0;
    std::int64_t switches_ = 0;
    std::array<std::uint64_t, 520> histogram_{};  ///< of cycles, eight buckets to an octave
};

}  // namespace terminus::bench
