/// The Internet checksum, RFC 1071, and its incremental update, RFC 1624.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "terminus/base/endian.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

namespace terminus {

/// What a device or a check says about a received checksum.
enum class Checked : std::uint8_t { unknown, good, bad };

/// A ones' complement sum in progress, over 16-bit words as they lie in memory; any association of additions
/// gives the same final checksum, so partial sums may be 64 bits wide.
using PartialSum = std::uint64_t;

/// Adds the bytes (an odd last byte counts as the high half of a word). Only the last span added may be odd.
[[nodiscard]] PartialSum checksum_add(PartialSum sum, std::span<const std::byte> bytes);

/// Folds to 16 bits and complements: the value of the checksum field.
[[nodiscard]] inline be16 checksum_finish(PartialSum sum) {
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffU) + (sum >> 16);
    sum = (sum & 0xffffU) + (sum >> 16);
    return std::bit_cast<be16>(static_cast<std::uint16_t>(~sum));
}

/// The sum over the pseudo header: RFC 9293 section 3.1, RFC 8200 section 8.1. `length` counts the transport
/// header and its payload in bytes.
[[nodiscard]] PartialSum pseudo_sum(const Ip4Header& ip, std::uint8_t protocol, std::uint32_t length);
[[nodiscard]] PartialSum pseudo_sum(const Ip6Header& ip, std::uint8_t protocol, std::uint32_t length);

/// The whole checksum of an IPv4 header with its checksum field taken as zero.
[[nodiscard]] be16 ip4_header_checksum(const Ip4Header& ip);

/// RFC 1624 equation 3: the new field after a 16-bit word changed. Only for a checksum that was verified.
[[nodiscard]] inline be16 checksum_update(be16 checksum, be16 before, be16 after) {
    const PartialSum sum = static_cast<std::uint16_t>(~checksum.raw()) +
                           static_cast<PartialSum>(static_cast<std::uint16_t>(~before.raw())) +
                           after.raw();
    return checksum_finish(sum);
}

}  // namespace terminus
