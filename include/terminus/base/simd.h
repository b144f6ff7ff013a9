/// The few processor-specific operations: prefetch, pause and tag matching. What computes has a
/// portable twin, tested equal.
#pragma once

#include <array>
#include <cstdint>
#include <cstring>

#if defined(__SSE4_1__)
#include <smmintrin.h>
#elif defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace terminus {

inline void prefetch(const void* at) { __builtin_prefetch(at, 0, 3); }
inline void prefetch_for_write(const void* at) { __builtin_prefetch(at, 1, 3); }
/// Tells the processor that this is a waiting loop.
inline void spin_pause() {
#if defined(__SSE2__)
    _mm_pause();
#endif
}

/// Bit i is set when tags[i] == tag, i in [0, 16): the portable twin.
[[nodiscard]] inline std::uint32_t match16_portable(const std::uint8_t* tags, std::uint8_t tag) {
    std::uint32_t mask = 0;
    for (unsigned i = 0; i < 16; ++i)
        mask |= static_cast<std::uint32_t>(tags[i] == tag) << i;
    return mask;
}

/// Bit i is set when tags[i] == tag, i in [0, 16). `tags` need not be aligned.
[[nodiscard]] inline std::uint32_t match16(const std::uint8_t* tags, std::uint8_t tag) {
#if defined(__SSE2__)
    const __m128i line = _mm_loadu_si128(reinterpret_cast<const __m128i*>(tags));
    const __m128i same = _mm_cmpeq_epi8(line, _mm_set1_epi8(static_cast<char>(tag)));
    return static_cast<std::uint32_t>(_mm_movemask_epi8(same));
#else
    return match16_portable(tags, tag);
#endif
}

/// 16 bytes, of which those bits count that are set in `mask`.
struct alignas(16) Pattern16 {
    std::array<std::uint8_t, 16> bytes{}, mask{};
};

/// Whether the 16 bytes at `at` are the pattern's: the portable twin.
[[nodiscard]] inline bool fits16_portable(const void* at, const Pattern16& pattern) {
    bool fits = true;
    std::array<std::uint8_t, 16> bytes;
    std::memcpy(bytes.data(), at, bytes.size());
    for (unsigned i = 0; i < 16; ++i)
        fits &= ((bytes[i] ^ pattern.bytes[i]) & pattern.mask[i]) == 0;
    return fits;
}

/// Whether the 16 bytes at `at`, of any alignment, are the pattern's.
[[nodiscard]] inline bool fits16(const void* at, const Pattern16& pattern) {
#if defined(__SSE4_1__)
    const auto* words = reinterpret_cast<const __m128i*>(&pattern);
    const __m128i bytes = _mm_loadu_si128(static_cast<const __m128i*>(at));
    return _mm_testz_si128(_mm_xor_si128(bytes, words[0]), words[1]) != 0;
#else
    return fits16_portable(at, pattern);
#endif
}

}  // namespace terminus
