/// The Internet checksum, RFC 1071, and its incremental update, RFC 1624.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// What a device or a check says about a received checksum.
enum class Checked : std::uint8_t { unknown, good, bad };

/// A ones' complement sum in progress, over 16-bit words as they lie in memory; any association of
/// additions gives the same final checksum, so partial sums may be 64 bits wide. What the functions
/// here return is below 2^40, so that a caller may add such sums with a plain `+`.
using PartialSum = std::uint64_t;
__extension__ using WideSum = unsigned __int128;

/// From here on the vectorised loop is faster; measured in bench/wire/checksum_bench.cc.
inline constexpr std::size_t long_checksum_bytes = 192;
[[nodiscard]] PartialSum checksum_add_long(PartialSum sum, std::span<const std::byte> bytes);

/// 2^32 and 2^64 are 1 modulo 2^16 - 1: the parts may simply be added.
[[nodiscard]] inline PartialSum checksum_narrow(WideSum sum) {
    const auto low = static_cast<std::uint64_t>(sum);
    return (low & 0xffffffffU) + (low >> 32) + static_cast<std::uint64_t>(sum >> 64);
}

/// Fewer than eight bytes, as the low bytes of a word.
[[nodiscard]] inline std::uint64_t checksum_tail(std::span<const std::byte> bytes) {
    std::uint64_t word = 0;
    for (std::size_t i = bytes.size(); i-- > 0;)
        word = word << 8 | std::to_integer<std::uint64_t>(bytes[i]);
    return word;
}

/// Words of eight bytes; the last load reaches back over what was counted, which is shifted out.
[[nodiscard]] inline PartialSum checksum_add_short(PartialSum sum,
                                                   std::span<const std::byte> bytes) {
    if (bytes.size() < 8) [[unlikely]]
        return checksum_narrow(WideSum{sum} + checksum_tail(bytes));
    WideSum total = sum;
    const std::byte* at = bytes.data();
    const std::byte* const last = at + bytes.size() - 8;
    for (; at <= last; at += 8)
        total += load<std::uint64_t>(at);
    const auto counted_bits = static_cast<unsigned>(at - last) * 8;
    if (counted_bits < 64) total += load<std::uint64_t>(last) >> counted_bits;
    return checksum_narrow(total);
}

/// Adds the bytes (an odd last byte counts as the high half of a word). Only the last span added
/// may be odd.
[[nodiscard]] inline PartialSum checksum_add(PartialSum sum, std::span<const std::byte> bytes) {
    return bytes.size() < long_checksum_bytes ? checksum_add_short(sum, bytes)
                                              : checksum_add_long(sum, bytes);
}

/// Folds to 16 bits and complements: the value of the checksum field.
[[nodiscard]] inline be16 checksum_finish(PartialSum sum) {
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffffffU) + (sum >> 32);
    sum = (sum & 0xffffU) + (sum >> 16);
    sum = (sum & 0xffffU) + (sum >> 16);
    return std::bit_cast<be16>(static_cast<std::uint16_t>(~sum));
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
    WideSum sum = be16{protocol}.raw();
    sum += be32{length}.raw();
    sum += load<std::uint64_t>(ip.source.data());
    sum += load<std::uint64_t>(ip.source.data() + 8);
    sum += load<std::uint64_t>(ip.destination.data());
    sum += load<std::uint64_t>(ip.destination.data() + 8);
    return checksum_narrow(sum);
}

/// The sum of a whole IPv4 header, its options and its checksum field included: the header is good
/// when checksum_finish() of it is zero. All header_bytes(), at least 20, must be there.
[[nodiscard]] inline PartialSum ip4_header_sum(const Ip4Header& ip) {
    const auto* at = reinterpret_cast<const std::byte*>(&ip);
    const WideSum fixed = WideSum{load<std::uint64_t>(at)} + load<std::uint64_t>(at + 8) +
                          load<std::uint32_t>(at + 16);
    if (ip.header_bytes() == sizeof(Ip4Header)) [[likely]]
        return checksum_narrow(fixed);
    const auto options = std::span{at, ip.header_bytes()}.subspan(sizeof(Ip4Header));
    return checksum_add_short(checksum_narrow(fixed), options);
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
