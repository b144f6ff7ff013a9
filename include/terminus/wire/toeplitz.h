/// The Toeplitz hash of receive side scaling, as NICs compute it over a packet's tuple as received.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// `key` holds at least input.size() + 4 bytes (40 serve IPv4, 52 serve all). The input is the
/// network-order source address, destination address, source port, destination port. Bitwise: exact
/// and slow, for checks.
[[nodiscard]] std::uint32_t toeplitz(std::span<const std::byte> key,
                                     std::span<const std::byte> input);

}  // namespace terminus
