/// The Toeplitz hash of receive side scaling, as NICs compute it over a packet's tuple as received.
/// The input is the network-order source address, destination address, source port, destination
/// port.
#pragma once

#include "terminus/base/endian.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

#if defined(__AES__)
#include <immintrin.h>
#endif

namespace terminus {

/// `key` holds at least input.size() + 4 bytes. Bitwise: exact and slow, for checks.
[[nodiscard]] std::uint32_t toeplitz(std::span<const std::byte> key,
                                     std::span<const std::byte> input);

/// The same for packets. Immutable.
class Toeplitz {
public:
    static constexpr std::size_t most_input_bytes = 36;  ///< an IPv6 tuple with ports
    static constexpr std::size_t key_bytes = most_input_bytes + 4;

    /// `key` holds at least `key_bytes`; what is beyond is not used.
    explicit Toeplitz(std::span<const std::byte> key);

    /// At most `most_input_bytes`.
    template <std::size_t Bytes>
    [[nodiscard]] std::uint32_t operator()(std::span<const std::byte, Bytes> input) const {
#if defined(__AES__)
        return by_products(input);
#else
        return by_tables(input);
#endif
    }
    /// By tables, what each half byte of the input adds: the portable twin.
    [[nodiscard]] std::uint32_t by_tables(std::span<const std::byte> input) const {
        std::uint32_t hash = 0;
        for (std::size_t at = 0; at < input.size(); ++at) {
            const auto byte = std::to_integer<std::size_t>(input[at]);
            hash ^= shares_[2 * at][byte >> 4] ^ shares_[2 * at + 1][byte & 15];
        }
        return hash;
    }

private:
#if defined(__AES__)
    /// Of eight bytes with the key bits from their place on, and with those 64 bits further.
    struct Products {
        __m128i near = _mm_setzero_si128(), far = _mm_setzero_si128();

        [[gnu::target("pclmul")]] void add(std::uint64_t eight_bytes, const std::uint64_t* key) {
            const __m128i bits = reversed(_mm_cvtsi64_si128(static_cast<long long>(eight_bytes)));
            const __m128i words = _mm_loadu_si128(reinterpret_cast<const __m128i*>(key));
            near = _mm_xor_si128(near, _mm_clmulepi64_si128(bits, words, 0x00));
            far = _mm_xor_si128(far, _mm_clmulepi64_si128(bits, words, 0x10));
        }
    };
    /// Each bit of the input adds the 32 key bits from its place on: that is a product without
    /// carries, once the first bit of the input is the lowest and that of the key the highest. What
    /// has instructions for AES has them for this, too.
    template <std::size_t Bytes>
    [[nodiscard, gnu::target("pclmul")]] std::uint32_t by_products(
        std::span<const std::byte, Bytes> input) const {
        Products sum;
        std::size_t at = 0;
        for (; at + 8 <= input.size(); at += 8)
            sum.add(load<std::uint64_t>(&input[at]), &words_[at / 8]);
        if (at < input.size()) sum.add(rest_of(input.subspan(at)), &words_[at / 8]);
        return static_cast<std::uint32_t>(_mm_extract_epi32(sum.near, 1) ^
                                          _mm_extract_epi32(sum.far, 3));
    }
    /// Ports, mostly. What is missing of eight bytes adds nothing.
    static std::uint64_t rest_of(std::span<const std::byte> input) {
        if (input.size() == 4) return load<std::uint32_t>(input.data());
        std::uint64_t rest = 0;
        std::memcpy(&rest, input.data(), input.size());
        return rest;
    }
    /// The bits of each byte, turned around.
    static __m128i reversed(__m128i bytes) {
        const __m128i low = _mm_set1_epi8(15);
        const __m128i turned = _mm_setr_epi8(0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15);
        const __m128i upper = _mm_and_si128(_mm_srli_epi64(bytes, 4), low);
        const __m128i lower = _mm_shuffle_epi8(turned, _mm_and_si128(bytes, low));
        return _mm_or_si128(_mm_slli_epi64(lower, 4), _mm_shuffle_epi8(turned, upper));
    }
#endif

    std::array<std::uint64_t, key_bytes / 8 + 1> words_{};  ///< the key, its first bit highest
    std::array<std::array<std::uint32_t, 16>, 2 * most_input_bytes> shares_;
};

}  // namespace terminus
