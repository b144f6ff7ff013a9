/// ARP for Ethernet and IPv4, RFC 826.
#pragma once

#include "terminus/base/endian.h"
#include "terminus/wire/ethernet.h"

namespace terminus {

struct ArpPacket {
    be16 hardware;                                  ///< 1: Ethernet
    be16 protocol;                                  ///< 0x0800
    std::uint8_t hardware_length, protocol_length;  ///< 6 and 4
    be16 operation;
    Mac sender_mac;
    be32 sender_address;
    Mac target_mac;
    be32 target_address;
};
static_assert(sizeof(ArpPacket) == 28 && alignof(ArpPacket) == 1);

namespace arp_operation {
inline constexpr std::uint16_t request = 1;
inline constexpr std::uint16_t reply = 2;
}  // namespace arp_operation

}  // namespace terminus
