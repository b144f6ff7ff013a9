/// The IPv4 header, RFC 791.
#pragma once

#include "terminus/base/endian.h"

namespace terminus {

namespace ip_protocol {
inline constexpr std::uint8_t hop_by_hop = 0;
inline constexpr std::uint8_t icmp4 = 1;
inline constexpr std::uint8_t tcp = 6;
inline constexpr std::uint8_t udp = 17;
inline constexpr std::uint8_t routing = 43;
inline constexpr std::uint8_t fragment = 44;
inline constexpr std::uint8_t icmp6 = 58;
inline constexpr std::uint8_t no_next = 59;
inline constexpr std::uint8_t destination_options = 60;
}  // namespace ip_protocol

struct Ip4Header {
    std::uint8_t version_ihl;
    std::uint8_t traffic_class;  ///< DSCP and ECN, RFC 2474 and 3168
    be16 total_length;           ///< header and payload, bytes
    be16 id;
    be16 fragment;  ///< reserved, DF, MF, then the offset in units of 8 bytes
    std::uint8_t ttl;
    std::uint8_t protocol;
    be16 checksum;
    be32 source, destination;

    [[nodiscard]] constexpr std::uint8_t version() const { return version_ihl >> 4; }
    [[nodiscard]] constexpr std::uint16_t header_bytes() const { return (version_ihl & 0x0f) * 4; }
};
static_assert(sizeof(Ip4Header) == 20 && alignof(Ip4Header) == 1);

inline constexpr std::uint16_t ip4_dont_fragment = 0x4000;
inline constexpr std::uint16_t ip4_more_fragments = 0x2000;
inline constexpr std::uint16_t ip4_offset_mask = 0x1fff;
inline constexpr std::uint8_t default_hop_limit = 64;

/// Whether a header whose first eight bytes, as they lie in memory, are `first` has no options and
/// is of no fragment.
[[nodiscard]] constexpr bool is_plain_ip4(std::uint64_t first) {
    constexpr be16 fragment_bits{ip4_more_fragments | ip4_offset_mask};
    constexpr std::uint64_t looked_at = 0xff | std::uint64_t{fragment_bits.raw()} << 48;
    return (first & looked_at) == 0x45;
}

}  // namespace terminus
