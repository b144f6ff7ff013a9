/// Ethernet II and 802.1Q: MAC addresses, the link header and its tag.
#pragma once

#include "terminus/base/endian.h"

#include <array>
#include <compare>
#include <cstdint>

namespace terminus {

struct Mac {
    std::array<std::uint8_t, 6> bytes{};

    /// Group bit: multicast, broadcast included.
    [[nodiscard]] constexpr bool is_group() const { return (bytes[0] & 1) != 0; }
    friend constexpr auto operator<=>(const Mac&, const Mac&) = default;
    /// In words: the default would call memcmp.
    friend constexpr bool operator==(const Mac& a, const Mac& b) {
        using Words = std::array<std::uint16_t, 3>;
        const auto x = std::bit_cast<Words>(a.bytes), y = std::bit_cast<Words>(b.bytes);
        return ((x[0] ^ y[0]) | (x[1] ^ y[1]) | (x[2] ^ y[2])) == 0;
    }
};
inline constexpr Mac broadcast_mac{{0xff, 0xff, 0xff, 0xff, 0xff, 0xff}};

namespace ether_type {
inline constexpr std::uint16_t ip4 = 0x0800;
inline constexpr std::uint16_t arp = 0x0806;
inline constexpr std::uint16_t vlan = 0x8100;
inline constexpr std::uint16_t ip6 = 0x86dd;
}  // namespace ether_type

struct EthernetHeader {
    Mac destination, source;
    be16 type;
};
static_assert(sizeof(EthernetHeader) == 14 && alignof(EthernetHeader) == 1);

/// IEEE 802.1Q: what follows an EthernetHeader whose type is `ether_type::vlan`.
struct VlanTag {
    be16 control;  ///< priority (3 bits), drop eligible (1), VLAN id (12)
    be16 type;

    [[nodiscard]] constexpr std::uint16_t id() const { return control.host() & 0x0fff; }
};
static_assert(sizeof(VlanTag) == 4 && alignof(VlanTag) == 1);

}  // namespace terminus
