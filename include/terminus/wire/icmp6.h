/// ICMPv6 (RFC 4443), Neighbour Discovery (RFC 4861) and MLDv2 (RFC 3810) messages.
#pragma once

#include "terminus/base/endian.h"

#include <array>

namespace terminus {

/// The first eight bytes; `rest` is the pointer of a parameter problem, the MTU of packet too big,
/// identifier and sequence of an echo, or unused.
struct Icmp6Header {
    std::uint8_t type, code;
    be16 checksum;
    be32 rest;
};
static_assert(sizeof(Icmp6Header) == 8 && alignof(Icmp6Header) == 1);

namespace icmp6_type {
inline constexpr std::uint8_t unreachable = 1;
inline constexpr std::uint8_t packet_too_big = 2;
inline constexpr std::uint8_t time_exceeded = 3;
inline constexpr std::uint8_t parameter_problem = 4;
inline constexpr std::uint8_t echo_request = 128;
inline constexpr std::uint8_t echo_reply = 129;
inline constexpr std::uint8_t mld_query = 130;
inline constexpr std::uint8_t router_solicitation = 133;
inline constexpr std::uint8_t router_advertisement = 134;
inline constexpr std::uint8_t neighbour_solicitation = 135;
inline constexpr std::uint8_t neighbour_advertisement = 136;
inline constexpr std::uint8_t redirect = 137;
inline constexpr std::uint8_t mld2_report = 143;
}  // namespace icmp6_type

/// RFC 4443 section 2.1: types below 128 are errors.
[[nodiscard]] constexpr bool is_icmp6_error(std::uint8_t type) { return type < 128; }

/// RFC 4861 sections 4.3 and 4.4: a solicitation or an advertisement, up to its options.
struct NeighbourMessage {
    std::uint8_t type, code;
    be16 checksum;
    be32 flags;  ///< advertisement: R, S, O in the three high bits
    std::array<std::uint8_t, 16> target;
};
static_assert(sizeof(NeighbourMessage) == 24 && alignof(NeighbourMessage) == 1);

namespace nd_flag {
inline constexpr std::uint32_t router = 0x80000000U;
inline constexpr std::uint32_t solicited = 0x40000000U;
inline constexpr std::uint32_t override_ = 0x20000000U;
}  // namespace nd_flag

namespace nd_option {
inline constexpr std::uint8_t source_link_address = 1;
inline constexpr std::uint8_t target_link_address = 2;
inline constexpr std::uint8_t nonce = 14;  ///< RFC 7527
}  // namespace nd_option

}  // namespace terminus
