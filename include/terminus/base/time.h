/// Time as a parameter. A Tick is 64-bit microseconds of CLOCK_MONOTONIC, read once per worker
/// turn; records keep 32-bit milliseconds (deadlines, last-heard) or 32-bit microseconds (RTT),
/// compared modulo 2^32.
#pragma once

#include <compare>
#include <cstdint>

namespace terminus {

/// A moment or span in 32-bit milliseconds, ordered modulo 2^32: meaningful within 24.8 days.
struct Millis {
    std::uint32_t ms = 0;

    friend constexpr bool operator==(Millis, Millis) = default;
    friend constexpr Millis operator+(Millis a, std::uint32_t more) { return {a.ms + more}; }
    friend constexpr Millis operator-(Millis a, std::uint32_t less) { return {a.ms - less}; }
};

/// Milliseconds from `earlier` to `later`; negative when the order is the other way.
[[nodiscard]] constexpr std::int32_t elapsed_ms(Millis earlier, Millis later) {
    return static_cast<std::int32_t>(later.ms - earlier.ms);
}
/// True when `moment` has come by `now`.
[[nodiscard]] constexpr bool is_due(Millis moment, Millis now) {
    return elapsed_ms(moment, now) >= 0;
}
/// True when `a` lies before `b`.
[[nodiscard]] constexpr bool is_before(Millis a, Millis b) { return elapsed_ms(a, b) > 0; }

/// A moment in microseconds of CLOCK_MONOTONIC.
struct Tick {
    std::uint64_t us = 0;

    /// Of something that has happened: rounded down.
    [[nodiscard]] constexpr Millis ms() const { return {static_cast<std::uint32_t>(us / 1000)}; }
    /// Of something that shall happen: rounded up, so that a deadline is never early.
    [[nodiscard]] constexpr Millis deadline_ms() const {
        return {static_cast<std::uint32_t>((us + 999) / 1000)};
    }
    /// The low 32 bits of microseconds, as RTT records keep them; wraps in 71 minutes.
    [[nodiscard]] constexpr std::uint32_t us32() const { return static_cast<std::uint32_t>(us); }
    [[nodiscard]] constexpr Tick after_us(std::uint64_t more) const { return {us + more}; }
    [[nodiscard]] constexpr Tick after_ms(std::uint64_t more) const { return {us + more * 1000}; }

    friend constexpr auto operator<=>(Tick, Tick) = default;
};

}  // namespace terminus
