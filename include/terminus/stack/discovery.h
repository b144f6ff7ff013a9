/// ARP (RFC 826, RFC 5227), Neighbour Discovery (RFC 4861, RFC 4862) and MLDv2 reports (RFC 3810):
/// the checks of what is received, and whole frames to send, written into the caller's bytes. Pure
/// functions; any thread.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/view.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace terminus {

/// The link header of a frame that is built.
struct LinkHeader {
    Mac destination, source;
    std::uint16_t vlan = 0;  ///< 802.1Q id, 0: untagged
};
/// Writes it, tag and all, and returns its length, 14 or 18.
std::size_t write_link_header(std::span<std::byte> room, const LinkHeader& link,
                              std::uint16_t type);

/// All builders write a whole frame and return its length; `room` holds at least this much
/// (reports: see there).
inline constexpr std::size_t discovery_frame_bytes = 128;

// ARP.

struct ArpMessage {
    bool is_request = false;
    Mac sender_mac, target_mac;
    Address sender, target;  ///< an unspecified sender: a probe, RFC 5227 section 2.1.1

    /// Sender and target are one: an announcement, RFC 5227 section 2.3.
    [[nodiscard]] bool is_gratuitous() const { return sender == target; }
    [[nodiscard]] bool is_probe() const { return sender.is_unspecified(); }
};
/// Checks a view of Kind::arp. Drop::arp_malformed: not Ethernet and IPv4, neither request nor
/// reply, a group MAC as the sender's, or a sender that is neither unspecified nor a host.
[[nodiscard]] Drop parse_arp(const View& view, std::span<const std::byte> frame,
                             ArpMessage& message);

/// `link.destination` is broadcast, or the neighbour's MAC for a unicast poll (RFC 1122
/// section 2.3.2.1 b).
[[nodiscard]] std::size_t build_arp_request(std::span<std::byte> room, const LinkHeader& link,
                                            const Address& sender, const Address& target);
/// RFC 5227 section 1.1: a request whose sender address is zero. Broadcast.
[[nodiscard]] std::size_t build_arp_probe(std::span<std::byte> room, const Mac& ours,
                                          std::uint16_t vlan, const Address& target);
/// Gratuitous: a broadcast request for our own address (RFC 5227 section 2.3).
[[nodiscard]] std::size_t build_arp_announcement(std::span<std::byte> room, const Mac& ours,
                                                 std::uint16_t vlan, const Address& own);
/// The answer to a request or probe for an address that we answer for. The request may lie in
/// `room` itself.
[[nodiscard]] std::size_t build_arp_reply(std::span<std::byte> room, const Mac& ours,
                                          std::uint16_t vlan, const ArpMessage& request);

// Neighbour Discovery.

using Nonce = std::array<std::uint8_t, 6>;  ///< RFC 7527 section 4

struct Solicitation {
    Address source, destination, target;
    std::optional<Mac> source_mac;  ///< its source link-layer address option
    std::optional<Nonce> nonce;     ///< to know our own DAD solicitation when it comes back

    /// Somebody checks that the address is free: RFC 4862 section 5.4.3.
    [[nodiscard]] bool is_duplicate_detection() const { return source.is_unspecified(); }
};
/// Checks an ICMPv6 view of type 135 as RFC 4861 section 7.1.1 does; else Drop::nd_malformed.
[[nodiscard]] Drop parse_solicitation(const View& view, std::span<const std::byte> frame,
                                      Solicitation& message);

struct Advertisement {
    Address source, destination, target;
    std::optional<Mac> target_mac;  ///< its target link-layer address option
    bool is_router = false, is_solicited = false, overrides = false;
};
/// Checks an ICMPv6 view of type 136 as RFC 4861 section 7.1.2 does; else Drop::nd_malformed.
[[nodiscard]] Drop parse_advertisement(const View& view, std::span<const std::byte> frame,
                                       Advertisement& message);

/// To the target's solicited-node group when `link.destination` is a group (it is set from the
/// target then), else to the target itself (a probe of a known neighbour).
[[nodiscard]] std::size_t build_solicitation(std::span<std::byte> room, const LinkHeader& link,
                                             const Address& source, const Address& target);
/// Duplicate address detection: from the unspecified address, with a nonce (RFC 4862 section 5.4.2,
/// RFC 7527).
[[nodiscard]] std::size_t build_duplicate_detection(std::span<std::byte> room, const Mac& ours,
                                                    std::uint16_t vlan, const Address& target,
                                                    const Nonce& nonce);
/// The answer to a solicitation for an address that we answer for: RFC 4861 section 7.2.4.
/// `link.destination` is the MAC that asked; an answer to duplicate detection goes to all nodes
/// instead. The solicitation may lie in `room`.
[[nodiscard]] std::size_t build_advertisement(std::span<std::byte> room, const LinkHeader& link,
                                              const Solicitation& asked);
/// Unsolicited, to all nodes: the address is ours now (RFC 4861 section 7.2.6).
[[nodiscard]] std::size_t build_unsolicited_advertisement(std::span<std::byte> room,
                                                          const Mac& ours, std::uint16_t vlan,
                                                          const Address& own);

// Multicast listener reports.

/// RFC 3810 section 5.2.12.
enum class MldRecord : std::uint8_t {
    is_exclude = 2,         ///< the answer to a query: we listen
    change_to_exclude = 4,  ///< unasked, at start: we listen from now on
};
/// Groups that one report to a link of this MTU can name.
[[nodiscard]] constexpr std::size_t groups_per_report(std::size_t mtu_bytes) {
    return (mtu_bytes - 40 - 8 - 8) / 20;
}
/// RFC 3810 section 5.2: to ff02::16, hop limit 1, router alert; `source` is our link-local
/// address, or the unspecified one before it is ours (section 5.2.13). `room` holds 74 + 20 *
/// groups.size() bytes.
[[nodiscard]] std::size_t build_mld_report(std::span<std::byte> room, const LinkHeader& link,
                                           const Address& source, MldRecord record,
                                           std::span<const Address> groups);

}  // namespace terminus
