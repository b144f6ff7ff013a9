/// The Toeplitz hash, bit by bit: each set bit of the input adds the 32 key bits that begin at its
/// position. The tables hold that sum for each half byte at each place.
#include "terminus/wire/toeplitz.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"

namespace terminus {
namespace {

/// The 40 key bits from a byte on: what its eight bits may need.
std::uint64_t key_window(std::span<const std::byte> key, std::size_t at) {
    return std::uint64_t{load<be32>(key.data() + at).host()} << 8 |
           std::to_integer<std::uint64_t>(key[at + 4]);
}

/// What one input byte adds; its highest bit meets the window's first 32 bits.
std::uint32_t byte_share(std::uint64_t window, unsigned byte) {
    std::uint32_t share = 0;
    for (unsigned bit = 0; bit < 8; ++bit)
        if ((byte >> bit & 1) != 0) share ^= static_cast<std::uint32_t>(window >> (bit + 1));
    return share;
}

}  // namespace

std::uint32_t toeplitz(std::span<const std::byte> key, std::span<const std::byte> input) {
    TERMINUS_ASSERT(key.size() >= input.size() + 4);
    std::uint32_t hash = 0;
    for (std::size_t at = 0; at < input.size(); ++at)
        hash ^= byte_share(key_window(key, at), std::to_integer<unsigned>(input[at]));
    return hash;
}

Toeplitz::Toeplitz(std::span<const std::byte> key) {
    TERMINUS_ASSERT(key.size() >= key_bytes);
    for (std::size_t at = 0; at < key_bytes; at += 8)
        words_[at / 8] = load<be64>(&key[at]).host();
    for (std::size_t at = 0; at < most_input_bytes; ++at)
        for (unsigned half = 0; half < 16; ++half) {
            shares_[2 * at][half] = byte_share(key_window(key, at), half << 4);
            shares_[2 * at + 1][half] = byte_share(key_window(key, at), half);
        }
}

}  // namespace terminus
