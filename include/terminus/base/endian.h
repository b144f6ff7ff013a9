/// Integers in network byte order, as they lie in a packet: any alignment, never mixed with host
/// order.
#pragma once

#include <array>
#include <bit>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <type_traits>

namespace terminus {

/// An unsigned integer stored big-endian in sizeof(T) bytes with alignment 1.
template <std::unsigned_integral T>
class BigEndian {
public:
    constexpr BigEndian() = default;
    constexpr explicit BigEndian(T host) : bytes_{std::bit_cast<Bytes>(swapped(host))} {}

    /// The value in host order.
    [[nodiscard]] constexpr T host() const { return swapped(std::bit_cast<T>(bytes_)); }
    /// The value as its bytes lie in memory: for hashing, comparing and summing without a swap.
    [[nodiscard]] constexpr T raw() const { return std::bit_cast<T>(bytes_); }

    /// By value: the default would call memcmp for two bytes.
    friend constexpr bool operator==(BigEndian a, BigEndian b) { return a.raw() == b.raw(); }

private:
    using Bytes = std::array<std::uint8_t, sizeof(T)>;

    static constexpr T swapped(T value) {
        if constexpr (sizeof(T) == 2) return __builtin_bswap16(value);
        if constexpr (sizeof(T) == 4) return __builtin_bswap32(value);
        if constexpr (sizeof(T) == 8) return __builtin_bswap64(value);
    }

    Bytes bytes_{};
};

static_assert(std::endian::native == std::endian::little,
              "Terminus runs on little-endian machines");

using be16 = BigEndian<std::uint16_t>;
using be32 = BigEndian<std::uint32_t>;
using be64 = BigEndian<std::uint64_t>;
static_assert(sizeof(be16) == 2 && alignof(be16) == 1);
static_assert(sizeof(be32) == 4 && alignof(be32) == 1);
static_assert(sizeof(be64) == 8 && alignof(be64) == 1);

/// A trivially copyable value read from `at`, whatever its alignment.
template <typename T>
[[nodiscard]] inline T load(const void* at) {
    T value;
    std::memcpy(&value, at, sizeof(T));
    return value;
}

/// The header that lies at `at`, in place: for wire structures of bytes, which have alignment 1.
/// The caller has checked that all of it is there.
template <typename T>
requires(alignof(T) == 1 && std::is_trivially_copyable_v<T>)
    [[nodiscard]] inline const T& overlay(const std::byte* at) {
    return *reinterpret_cast<const T*>(at);
}
template <typename T>
requires(alignof(T) == 1 && std::is_trivially_copyable_v<T>)
    [[nodiscard]] inline T& overlay(std::byte* at) {
    return *reinterpret_cast<T*>(at);
}

/// A trivially copyable value written to `at`, whatever its alignment.
template <typename T>
inline void store(void* at, const T& value) {
    std::memcpy(at, &value, sizeof(T));
}

}  // namespace terminus
