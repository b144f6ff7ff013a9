/// Sequence numbers, RFC 9293 section 3.4: compared modulo 2^32.
#pragma once

#include <cstdint>

namespace terminus::tcp {

struct Seq {
    std::uint32_t value = 0;

    friend constexpr bool operator==(Seq, Seq) = default;
    friend constexpr Seq operator+(Seq a, std::uint32_t n) { return {a.value + n}; }
    friend constexpr Seq operator-(Seq a, std::uint32_t n) { return {a.value - n}; }
    /// The distance from b to a, for b not after a.
    friend constexpr std::uint32_t operator-(Seq a, Seq b) { return a.value - b.value; }
    constexpr Seq& operator+=(std::uint32_t n) {
        value += n;
        return *this;
    }
    friend constexpr bool operator<(Seq a, Seq b) {
        return static_cast<std::int32_t>(a.value - b.value) < 0;
    }
    friend constexpr bool operator>(Seq a, Seq b) { return b < a; }
    friend constexpr bool operator<=(Seq a, Seq b) { return !(b < a); }
    friend constexpr bool operator>=(Seq a, Seq b) { return !(a < b); }
};

[[nodiscard]] constexpr Seq later(Seq a, Seq b) { return a < b ? b : a; }
[[nodiscard]] constexpr Seq earlier(Seq a, Seq b) { return a < b ? a : b; }

}  // namespace terminus::tcp
