/// The IPv6 header and the fragment header, RFC 8200.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ip4.h"

namespace terminus {

struct Ip6Header {
    be32 version_class_flow;  ///< version (4 bits), traffic class (8), flow label (20)
    be16 payload_length;      ///< everything after this header, bytes
    std::uint8_t next_header;
    std::uint8_t hop_limit;
    std::array<std::uint8_t, 16> source, destination;

    [[nodiscard]] constexpr std::uint8_t version() const {
        return static_cast<std::uint8_t>(version_class_flow.host() >> 28);
    }
    [[nodiscard]] constexpr std::uint8_t traffic_class() const {
        return static_cast<std::uint8_t>(version_class_flow.host() >> 20);
    }
};
static_assert(sizeof(Ip6Header) == 40 && alignof(Ip6Header) == 1);

/// RFC 8200 section 4.5.
struct Ip6Fragment {
    std::uint8_t next_header, reserved;
    be16 offset_more;  ///< offset in units of 8 bytes (13 bits), reserved (2), M
    be32 id;
};
static_assert(sizeof(Ip6Fragment) == 8 && alignof(Ip6Fragment) == 1);

inline constexpr std::uint16_t ip6_minimum_mtu = 1280;

}  // namespace terminus
