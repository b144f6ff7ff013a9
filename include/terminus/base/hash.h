/// Keyed hashes: a fast one that spreads flows over the table, and SipHash-2-4 where a peer sees the output.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// 128 secret bits, fresh at each start.
struct HashKey {
    std::array<std::uint64_t, 2> words{};
};

/// Mixes 128 bits of input with the key by AES rounds (a portable twin gives the same result). For table
/// positions: fast, even under chosen input while the key is unknown; never shown to a peer.
[[nodiscard]] std::uint64_t keyed_hash(const HashKey& key, std::uint64_t low, std::uint64_t high);

/// The same over 40 bytes (an IPv6 tuple): words[0..4].
[[nodiscard]] std::uint64_t keyed_hash(const HashKey& key, std::span<const std::uint64_t, 5> words);

/// SipHash-2-4 (Aumasson and Bernstein): for ISNs, cookies and whatever else a peer gets to see.
[[nodiscard]] std::uint64_t siphash(const HashKey& key, std::span<const std::byte> bytes);

}  // namespace terminus
