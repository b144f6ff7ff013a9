/// ICMP messages, RFC 792.
#pragma once

#include "terminus/base/endian.h"

namespace terminus {

/// The first eight bytes of every ICMP message; `rest` depends on the type: identifier and sequence
/// of an echo; unused (16 bits) and next-hop MTU (RFC 1191 section 4) of an unreachable.
struct Icmp4Header {
    std::uint8_t type, code;
    be16 checksum;
    be16 rest_high, rest_low;
};
static_assert(sizeof(Icmp4Header) == 8 && alignof(Icmp4Header) == 1);

namespace icmp4_type {
inline constexpr std::uint8_t echo_reply = 0;
inline constexpr std::uint8_t unreachable = 3;
inline constexpr std::uint8_t source_quench = 4;
inline constexpr std::uint8_t redirect = 5;
inline constexpr std::uint8_t echo_request = 8;
inline constexpr std::uint8_t time_exceeded = 11;
inline constexpr std::uint8_t parameter_problem = 12;
}  // namespace icmp4_type

/// True for a message that reports an error: never answered with an error (RFC 1122 section 3.2.2).
[[nodiscard]] constexpr bool is_icmp4_error(std::uint8_t type) {
    return type == icmp4_type::unreachable || type == icmp4_type::source_quench ||
           type == icmp4_type::redirect || type == icmp4_type::time_exceeded ||
           type == icmp4_type::parameter_problem;
}

}  // namespace terminus
