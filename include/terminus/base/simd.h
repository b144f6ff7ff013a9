/// The few processor-specific operations: prefetch, pause and tag matching. What computes has a
/// portable twin, tested equal.
#pragma once

#include <cstdint>

#if defined(__SSE2__)
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

}  // namespace terminus
