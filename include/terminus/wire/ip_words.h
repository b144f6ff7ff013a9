/// IP headers without options, written as the words that they consist of and summed on the way: a
/// wide load behind narrow stores would have to wait for them. Pure functions over the caller's
/// bytes.
#pragma once

#include "terminus/wire/checksum.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace terminus {

constexpr std::uint64_t word_of(std::uint32_t low, std::uint32_t high) {
    return low | std::uint64_t{high} << 32;
}
constexpr std::uint32_t half_of(std::uint32_t low, std::uint32_t high) { return low | high << 16; }
constexpr std::uint32_t pair_of(std::uint8_t low, std::uint8_t high) {
    return low | std::uint32_t{high} << 8;
}

struct Ip4Fields {
    std::uint64_t ends;  ///< source, then destination, as they lie on the wire
    std::uint16_t payload_length;
    std::uint8_t protocol;
    std::uint16_t id = 0, fragment = 0;
    std::uint8_t traffic_class = 0, hop_limit = default_hop_limit;
};

/// The 20 bytes at `at`; the checksum stays zero where a device finishes it.
[[gnu::always_inline]] inline void write_ip4(std::byte* at, const Ip4Fields& fields,
                                             bool finish_by_device = false) {
    const be16 length{static_cast<std::uint16_t>(sizeof(Ip4Header) + fields.payload_length)};
    const std::uint64_t first =
        word_of(half_of(pair_of(0x45, fields.traffic_class), length.raw()),
                half_of(be16{fields.id}.raw(), be16{fields.fragment}.raw()));
    const std::uint64_t second = word_of(pair_of(fields.hop_limit, fields.protocol),
                                         static_cast<std::uint32_t>(fields.ends));
    const auto third = static_cast<std::uint32_t>(fields.ends >> 32);
    const PartialSum sum = checksum_carry(checksum_carry(first, second), third);
    const std::uint64_t checksum = finish_by_device ? 0 : checksum_finish(sum).raw();
    store(at, first);
    store(at + 8, second | checksum << 16);
    store(at + 16, third);
}

/// An IPv6 address as it lies on the wire.
using Ip6Words = std::array<std::uint64_t, 2>;

struct Ip6Fields {
    Ip6Words source, destination;
    std::uint16_t payload_length;
    std::uint8_t protocol;
    std::uint8_t traffic_class = 0, hop_limit = default_hop_limit;
};

/// The 40 bytes at `at`.
[[gnu::always_inline]] inline void write_ip6(std::byte* at, const Ip6Fields& fields) {
    const be32 begin{6U << 28U | std::uint32_t{fields.traffic_class} << 20U};
    store(at, word_of(begin.raw(), half_of(be16{fields.payload_length}.raw(),
                                           pair_of(fields.protocol, fields.hop_limit))));
    store(at + 8, fields.source);
    store(at + 24, fields.destination);
}

/// The sum over the pseudo header of IPv6, RFC 8200 section 8.1.
[[gnu::always_inline]] inline PartialSum pseudo_sum(const Ip6Fields& fields) {
    std::uint64_t sum =
        std::uint64_t{be16{fields.protocol}.raw()} + be32{fields.payload_length}.raw();
    for (const std::uint64_t word :
         {fields.source[0], fields.source[1], fields.destination[0], fields.destination[1]})
        sum = checksum_carry(sum, word);
    return checksum_narrow(sum);
}

}  // namespace terminus
