/// The Internet checksum, RFC 1071, and its incremental update, RFC 1624.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// What a device or a check says about a received checksum.
enum class Checked : std::uint8_t { unknown, good, bad };

/// A ones' complement sum in progress, over 16-bit words as they lie in memory; any association of
/// additions gives the same final checksum, so partial sums are 64 bits wide. What the functions
/// here return is below 2^40, so that a caller may add such sums with a plain `+`.
using PartialSum = std::uint64_t;

/// From here on the vectorised loop is faster; measured in bench/wire/checksum_bench.cc.
inline constexpr std::size_t long_checksum_bytes = 96;
[[nodiscard]] PartialSum checksum_add_long(PartialSum sum, std::span<const std::byte> bytes);

/// Adds eight bytes; the carry out of the top is worth one, since 2^64 is 1 modulo 2^16 - 1.
[[nodiscard]] inline std::uint64_t checksum_carry(std::uint64_t sum, std::uint64_t word) {
    sum += word;
    return sum + (sum < word ? 1 : 0);
}
/// Brings a sum below 2^33: 2^32 is 1 modulo 2^16 - 1, too.
[[nodiscard]] inline PartialSum checksum_narrow(std::uint64_t sum) {
    return (sum & 0xffffffffU) + (sum >> 32);
}

/// Adds fewer than eight bytes; rare, since every header is longer.
[[nodiscard]] PartialSum checksum_add_tail(PartialSum sum, std::span<const std::byte> bytes);

/// Words of eight bytes; the last load reaches back over what was counted, which is shifted out.
[[nodiscard]] inline PartialSum checksum_add_short(PartialSum sum,
                                                   std::span<const std::byte> bytes) {
    if (bytes.size() < 8) [[unlikely]]
        return checksum_add_tail(sum, bytes);
    const std::byte* at = bytes.data();
    const std::byte* const last = at + bytes.size() - 8;
    for (; at <= last; at += 8)
        sum = checksum_carry(sum, load<std::uint64_t>(at));
    const auto counted_bits = static_cast<unsigned>(at - last) * 8;
    if (counted_bits < 64) sum = checksum_carry(sum, load<std::uint64_t>(last) >> counted_bits);
    return checksum_narrow(sum);
}

/// Adds the bytes (an odd last byte counts as the high half of a word). Only the last span added
/// may be odd.
[[nodiscard]] inline PartialSum checksum_add(PartialSum sum, std::span<const std::byte> bytes) {
    return bytes.size() < long_checksum_bytes ? checksum_add_short(sum, bytes)
                                              : checksum_add_long(sum, bytes);
}

/// Folds to 16 bits and complements: the value of the checksum field. The two halves of a number,
/// added with the carry coming round, are the upper half of its sum with itself turned.
[[nodiscard]] inline be16 checksum_finish(PartialSum sum) {
    sum += std::rotl(sum, 32);
    auto half = static_cast<std::uint32_t>(sum >> 32);
    half += std::rotl(half, 16);
    return std::bit_cast<be16>(static_cast<std::uint16_t>(~half >> 16));
}

/// Whether a sum over all, its checksum field included, is what a right checksum makes it: all ones
/// (RFC 1071), which is a zero of ones' complement: a multiple of 2^16 - 1, but not the other zero.
[[nodiscard]] inline bool checksum_is_good(PartialSum sum) {
    return checksum_finish(sum).raw() == 0;
}

/// The sum over the pseudo header: RFC 9293 section 3.1, RFC 8200 section 8.1. `length` counts the
/// transport header and its payload in bytes.
[[nodiscard]] inline PartialSum pseudo_sum(const Ip4Header& ip, std::uint8_t protocol,
                                           std::uint32_t length) {
    return PartialSum{ip.source.raw()} + ip.destination.raw() + be16{protocol}.raw() +
           be32{length}.raw();
}
[[nodiscard]] inline PartialSum pseudo_sum(const Ip6Header& ip, std::uint8_t protocol,
                                           std::uint32_t length) {
    const std::uint64_t words[] = {
        load<std::uint64_t>(ip.source.data()), load<std::uint64_t>(ip.source.data() + 8),
        load<std::uint64_t>(ip.destination.data()), load<std::uint64_t>(ip.destination.data() + 8)};
    std::uint64_t sum = std::uint64_t{be16{protocol}.raw()} + be32{length}.raw();
    for (const auto word : words)
        sum = checksum_carry(sum, word);
    return checksum_narrow(sum);
}

/// The sum of a whole IPv4 header, its options and its checksum field included: the header is good
/// when checksum_is_good() says so. All header_bytes(), at least 20, must be there.
[[nodiscard]] inline PartialSum ip4_header_sum(const Ip4Header& ip) {
    const auto* at = reinterpret_cast<const std::byte*>(&ip);
    std::uint64_t sum = load<std::uint32_t>(at + 16);
    sum = checksum_carry(sum, load<std::uint64_t>(at));
    sum = checksum_narrow(checksum_carry(sum, load<std::uint64_t>(at + 8)));
    if (ip.header_bytes() == sizeof(Ip4Header)) [[likely]]
        return sum;
    const auto options = std::span{at, ip.header_bytes()}.subspan(sizeof(Ip4Header));
    return checksum_add_short(sum, options);
}

/// The whole checksum of an IPv4 header, options included, with its checksum field taken as zero.
[[nodiscard]] inline be16 ip4_header_checksum(const Ip4Header& ip) {
    return checksum_finish(ip4_header_sum(ip) + static_cast<std::uint16_t>(~ip.checksum.raw()));
}

/// RFC 1624 equation 3: the new field after a 16-bit word changed. Only for a checksum that was
/// verified.
[[nodiscard]] inline be16 checksum_update(be16 checksum, be16 before, be16 after) {
    const PartialSum sum = static_cast<std::uint16_t>(~checksum.raw()) +
                           static_cast<PartialSum>(static_cast<std::uint16_t>(~before.raw())) +
                           after.raw();
    return checksum_finish(sum);
}

}  // namespace terminus
