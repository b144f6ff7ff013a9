/// The view: one pass over a received frame, from the link header to the transport header, every
/// length and checksum checked. Everything after this trusts the offsets.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/wire/address.h"
#include "terminus/wire/checksum.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// What the frame is, for the next step.
enum class Kind : std::uint8_t {
    arp,
    tcp,
    udp,
    icmp,   ///< ICMP over IPv4, ICMPv6 over IPv6
    other,  ///< IP with a protocol that we do not speak
};

/// A complaint that RFC 8200 section 4 wants sent: an ICMPv6 Parameter Problem. Whether it may be
/// sent (RFC 4443 section 2.4: the destination, the rate) the stack decides; the source has been
/// checked here, but may be `::`.
struct Ip6Problem {
    bool wanted = false;
    std::uint8_t code = 0;        ///< RFC 4443 section 3.4
    std::uint16_t pointer = 0;    ///< offset from the IPv6 header of the offending byte
    bool even_multicast = false;  ///< option action 10: send even when the destination is a group
};

/// Offsets are from the frame's first byte. All lie inside the frame and in this order: l3 < l4 <=
/// payload <= end.
struct View {
    std::uint16_t l3 = 0;    ///< network header (the ARP packet for Kind::arp)
    std::uint16_t l4 = 0;    ///< transport header
    std::uint32_t end = 0;   ///< one past the datagram's last byte; link padding lies beyond. Of a
                             ///< reassembled datagram up to 65,593: wider than the other offsets
    std::uint16_t vlan = 0;  ///< 802.1Q id, 0 when untagged or priority-tagged
    std::uint16_t next_header_at =
        0;  ///< the byte that named `protocol`; of an IPv6 fragment, the byte that named
            ///< the fragment header, where reassembly puts `protocol`
    std::uint16_t payload = 0;  ///< tcp: text; udp: payload; else as l4
    Family family = Family::ip4;
    Kind kind = Kind::other;
    std::uint8_t protocol = 0;   ///< after extension headers
    std::uint8_t hop_limit = 0;  ///< TTL or hop limit as received
    bool link_group = false;     ///< sent to a group MAC address
    bool ip4_options = false;    ///< the IPv4 header is longer than 20 bytes
    bool is_fragment = false;    ///< l4 is where the fragment's bytes begin (at least one); kind is
                                 ///< `other`. Atomic fragments (RFC 6946) are not fragments
    bool is_atomic = false;      ///< it has a fragment header, and is whole all the same
    bool more_fragments = false;
    std::uint16_t fragment_offset = 0;  ///< bytes
    std::uint32_t fragment_id = 0;
    Ip6Problem problem{};  ///< with Drop::ip6_* and fragment_malformed: what to tell the sender
};

/// Parses and checks one frame. `ip` and `l4` are what the device says of the checksums; unknown
/// ones are verified here, in software. Drop::none: the view is whole. Any other: why the frame
/// ends, and as much of the view as was read (for the answer that some drops ask for). Reads inside
/// `frame` only, whatever it holds. A fragment's transport header is not looked at; a reassembled
/// datagram is parsed again. The sender's address is one host's, or `::` (duplicate address
/// detection, MLD); the destination is neither loopback nor `::`, and neither is an IPv4 address in
/// IPv6 clothes. MAC, VLAN and membership are the stack's to check. Deliberate: a device's `good`
/// does not count for ICMP, since devices say it of packets that they cannot check.
[[nodiscard]] Drop parse(std::span<const std::byte> frame, Checked ip, Checked l4, View& view);

/// The same without looking first whether the frame is a plain segment (plain.h).
[[nodiscard]] Drop parse_any(std::span<const std::byte> frame, Checked ip, Checked l4, View& view);

}  // namespace terminus
