/// Keyed hashes: a fast one that spreads flows over the table, and SipHash-2-4 where a peer sees
/// the output. Pure functions, usable from any thread.
#pragma once

#include "terminus/base/aes.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// 128 secret bits, fresh at each start.
struct HashKey {
    std::array<std::uint64_t, 2> words{};
};

/// The keyed hash over either AES; keyed_hash() below is what to call. The key is mixed in before
/// the first round and by every round; the second of two alternating round keys differs from it by
/// digits of pi, so that the rounds are not alike.
template <typename Cipher>
class KeyedHash {
public:
    using Block = typename Cipher::Block;

    explicit KeyedHash(const HashKey& key)
        : even_{Cipher::block(key.words[0], key.words[1])},
          odd_{Cipher::mix(even_, Cipher::block(0x243f6a8885a308d3U, 0x13198a2e03707344U))} {}

    [[nodiscard]] std::uint64_t operator()(std::uint64_t low, std::uint64_t high) const {
        return finished(Cipher::mix(Cipher::block(low, high), even_));
    }
    /// Two rounds between the blocks, of which the second mixes in the next block.
    [[nodiscard]] std::uint64_t operator()(std::span<const std::uint64_t, 5> words) const {
        Block state = Cipher::mix(Cipher::block(words[0], words[1]), even_);
        state = Cipher::round(Cipher::round(state, odd_), Cipher::block(words[2], words[3]));
        state = Cipher::round(Cipher::round(state, odd_), Cipher::block(words[4], 40));
        return finished(state);
    }

private:
    /// Two rounds spread every bit over the block; the third makes the result far from linear.
    [[nodiscard]] std::uint64_t finished(Block state) const {
        state = Cipher::round(Cipher::round(state, odd_), even_);
        return Cipher::low(Cipher::round(state, odd_));
    }

    Block even_, odd_;
};

/// Mixes 128 bits of input with the key by AES rounds (a portable twin gives the same result). For
/// table positions: fast, even under chosen input while the key is unknown; never shown to a peer.
[[nodiscard]] inline std::uint64_t keyed_hash(const HashKey& key, std::uint64_t low,
                                              std::uint64_t high) {
    return KeyedHash<Aes>{key}(low, high);
}

/// The same over 40 bytes (an IPv6 tuple): words[0..4].
[[nodiscard]] inline std::uint64_t keyed_hash(const HashKey& key,
                                              std::span<const std::uint64_t, 5> words) {
    return KeyedHash<Aes>{key}(words);
}

/// SipHash-2-4 (Aumasson and Bernstein): for ISNs, cookies and whatever else a peer gets to see.
[[nodiscard]] std::uint64_t siphash(const HashKey& key, std::span<const std::byte> bytes);

}  // namespace terminus
