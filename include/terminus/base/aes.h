/// One round of AES (FIPS 197 section 5.1) on a 128-bit block: by the processor's instruction where
/// there is one, and a portable twin with the same result. A mixing step for hashes, not a cipher.
#pragma once

#include <array>
#include <cstdint>

#if defined(__AES__)
#include <wmmintrin.h>
#endif

namespace terminus {

/// The twin in plain C++: about fifty times slower, for other processors and to test against.
struct PortableAes {
    using Block = std::array<std::uint64_t, 2>;

    [[nodiscard]] static Block block(std::uint64_t low, std::uint64_t high) { return {low, high}; }
    [[nodiscard]] static Block mix(Block a, Block b) { return {a[0] ^ b[0], a[1] ^ b[1]}; }
    [[nodiscard]] static std::uint64_t low(Block a) { return a[0]; }
    /// MixColumns(ShiftRows(SubBytes(a))) xor key.
    [[nodiscard]] static Block round(Block a, Block key);
};

#if defined(__AES__)
/// The AESENC instruction: four cycles a round, two or more in flight.
struct HardwareAes {
    using Block = __m128i;

    [[nodiscard]] static Block block(std::uint64_t low, std::uint64_t high) {
        return _mm_set_epi64x(static_cast<std::int64_t>(high), static_cast<std::int64_t>(low));
    }
    [[nodiscard]] static Block mix(Block a, Block b) { return _mm_xor_si128(a, b); }
    [[nodiscard]] static std::uint64_t low(Block a) {
        return static_cast<std::uint64_t>(_mm_cvtsi128_si64(a));
    }
    [[nodiscard]] static Block round(Block a, Block key) { return _mm_aesenc_si128(a, key); }
};
using Aes = HardwareAes;
#else
using Aes = PortableAes;
#endif

}  // namespace terminus
