/// An interface: one device or one VLAN on it, with the addresses that Terminus answers for there.
#pragma once

#include "terminus/wire/address.h"
#include "terminus/wire/ethernet.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

namespace terminus {

/// More are refused by the configuration: a flow record keeps the index in eight bits.
inline constexpr std::size_t max_interfaces = 64;

/// An address of our own with the on-link prefix that it belongs to.
struct OwnAddress {
    Address address;
    std::uint8_t prefix_length = 0;

    [[nodiscard]] Prefix on_link() const;
};

struct Interface {
    std::uint8_t lane = 0;   ///< index of the device's lane at every worker
    std::uint16_t vlan = 0;  ///< 802.1Q id, 0: untagged
    Mac mac;
    std::uint16_t mtu_bytes = 1500;
    std::vector<OwnAddress> addresses{};  ///< ARP/ND, ping, the source of ICMP errors
    std::vector<Prefix> prefixes{};       ///< whole ranges that we answer for as well
    std::vector<Address> gateways{};      ///< at most one per family is used: the first
    bool offers_ip_checksum = false;      ///< the device finishes IPv4 header checksums
    bool offers_l4_checksum = false;      ///< the device finishes TCP and UDP checksums
};

/// What an address is to an interface.
enum class Ownership : std::uint8_t {
    none,
    own,        ///< one of `addresses`, or our link-local address
    answered,   ///< inside `prefixes`
    broadcast,  ///< limited or directed broadcast
    group,      ///< multicast
};
/// Tells what an address is to one interface; compiled from it once, asked for every stranger.
class Ownerships {
public:
    explicit Ownerships(const Interface& interface);
    [[nodiscard]] Ownership of(const Address& address) const;
    /// The same of an IPv4 address, in few words: nearly all strangers speak IPv4.
    [[nodiscard]] Ownership of(be32 address) const {
        for (const std::uint32_t own : own4_)
            if (own == address.raw()) return Ownership::own;
        if (address.host() >> 28 == 14) return Ownership::group;
        for (const std::uint32_t broadcast : broadcasts4_)
            if (broadcast == address.raw()) return Ownership::broadcast;
        for (const Range4& range : answered4_)
            if ((address.raw() & range.mask) == range.value) return Ownership::answered;
        return Ownership::none;
    }

    /// Whether an IPv4 address is neither our own nor a broadcast one, as every sender's should be.
    [[nodiscard]] bool is_anothers(be32 address) const {
        if ((ours4_ & bit_of(address)) == 0) [[likely]]
            return true;
        const Ownership owned = of(address);
        return owned != Ownership::own && owned != Ownership::broadcast;
    }

private:
    /// One of 64 bits, for a set that answers "no" at once to nearly all who are not in it.
    static std::uint64_t bit_of(be32 address) {
        return std::uint64_t{1} << (address.raw() * 0x9e3779b1U >> 26);
    }
    struct Range4 {
        std::uint32_t mask, value;  ///< as they lie on the wire
    };
    struct Range6 {
        std::array<std::uint64_t, 2> mask, value;
    };
    void add(const Prefix& prefix);

    std::vector<Address> own_;
    std::vector<Range6> answered_;
    std::vector<std::uint32_t> own4_, broadcasts4_;  ///< as they lie on the wire
    std::uint64_t ours4_ = 0;                        ///< a bit_of() each of those
    std::vector<Range4> answered4_;
};
/// Our link-local IPv6 address there: the configured one, else fe80::/64 with the MAC's EUI-64.
[[nodiscard]] Address link_local_of(const Interface& interface);
/// The first own address of the family, for the source field; nothing when there is none.
[[nodiscard]] const Address* source_address(const Interface& interface, Family family);
/// True when the address is reached without a gateway.
[[nodiscard]] bool is_on_link(const Interface& interface, const Address& address);

}  // namespace terminus
