/// A duration in microseconds in 16 bits: 11 bits of mantissa, 5 of exponent. Exact below 2048 us,
/// then within 0.05 %, up to 2^41 us. Small enough for the flow record, fine enough for RFC 6298.
#pragma once

#include <bit>
#include <cstdint>

namespace terminus::tcp {

class ShortMicros {
public:
    constexpr ShortMicros() = default;
    /// Rounds to nearest.
    constexpr explicit ShortMicros(std::uint64_t us) {
        int shift = static_cast<int>(std::bit_width(us)) - 11;
        if (shift <= 0) {
            bits_ = static_cast<std::uint16_t>(us);
            return;
        }
        us = (us + (1ULL << (shift - 1))) >> shift;
        if (us == 2048) {  // rounding carried into a twelfth bit
            us = 1024;
            ++shift;
        }
        bits_ = static_cast<std::uint16_t>(static_cast<std::uint32_t>(shift) << 11U | us);
    }
    [[nodiscard]] constexpr std::uint64_t us() const {
        return static_cast<std::uint64_t>(bits_ & 0x7ffU) << (bits_ >> 11U);
    }
    /// Nothing measured yet.
    [[nodiscard]] constexpr bool is_zero() const { return bits_ == 0; }

private:
    std::uint16_t bits_ = 0;
};

}  // namespace terminus::tcp
