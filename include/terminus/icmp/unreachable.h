/// ICMP and ICMPv6 messages that we send: errors prepended to the packet that caused them, and echo
/// replies in place. Also when an error must not be sent. Pure functions over the caller's bytes;
/// any thread. Sources: RFC 792, RFC 1122 section 3.2.2, RFC 1812 section 4.3, RFC 4443.
#pragma once

#include "terminus/wire/address.h"
#include "terminus/wire/view.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace terminus {

/// Why a destination cannot be reached, for both families.
enum class Unreachable : std::uint8_t {
    net,       ///< 3/0, v6: 1/0, no route
    host,      ///< 3/1, v6: 1/3, address unreachable
    protocol,  ///< 3/2, v6: 4/1, unrecognised next header
    port,      ///< 3/3, v6: 1/4
    admin,     ///< 3/13, v6: 1/1
};
[[nodiscard]] std::string_view name(Unreachable code);

/// The part of an error that tells one from another.
struct IcmpError {
    std::uint8_t type = 0, code = 0;
    std::uint32_t rest =
        0;  ///< header bytes 4 to 7, host order: a parameter problem's pointer, or 0

    friend constexpr bool operator==(const IcmpError&, const IcmpError&) = default;
};

/// The error for a packet that was parsed into `view`.
[[nodiscard]] IcmpError unreachable(const View& view, Unreachable code);
/// Reassembly ran out of time: 11/1 or 3/1, RFC 792 and RFC 4443 section 3.3.
[[nodiscard]] IcmpError reassembly_time_exceeded(Family family);
/// RFC 4443 section 3.4; codes 0 to 3, IPv6 only.
[[nodiscard]] IcmpError parameter_problem(const Ip6Problem& problem);

/// The offending datagram where it lies. What is before `l3` (its link header, then headroom) will
/// be overwritten.
struct Quote {
    std::byte* l3 = nullptr;
    std::uint32_t length = 0;    ///< bytes from l3 to the datagram's end, without link padding
    std::uint32_t headroom = 0;  ///< writable bytes before l3, at least error_header_bytes(family)
};

/// Who says it, to the sender of what is quoted.
struct ErrorSpeaker {
    const Address* address = nullptr;  ///< null: the address that was asked, as the quote has it
    std::uint16_t id = 0;              ///< IPv4 identification
};

/// What prepend_error() prepends: network header and ICMP header, 28 or 48 bytes.
[[nodiscard]] constexpr std::uint16_t error_header_bytes(Family family) {
    return family == Family::ip4 ? 28 : 48;
}

/// Writes network header and ICMP header directly before the quote, which never moves, and both
/// checksums in full. The datagram is cut to 576 bytes (RFC 1812 section 4.3.2.3) or 1280 (RFC 4443
/// section 2.4 c). Returns its length; it begins at quote.l3 - error_header_bytes(family). The
/// family is the quote's.
[[nodiscard]] std::uint16_t prepend_error(const Quote& quote, const IcmpError& error,
                                          const ErrorSpeaker& speaker);

/// Makes an echo reply of a received request whose checksum was verified, from the address that was
/// asked. A network header without options or extension headers is written directly before the ICMP
/// message, which stays where it is; its checksum is updated by RFC 1624. `l3` is the request's
/// network header, the message lies somewhere behind it. Returns the bytes of the new network
/// header.
[[nodiscard]] std::uint16_t echo_reply(const std::byte* l3, std::span<std::byte> message,
                                       std::uint16_t id);

/// Why no ICMP error may be sent.
enum class Silence : std::uint8_t {
    none,               ///< speak
    icmp_error,         ///< it is an ICMP error or redirect itself
    fragment,           ///< a fragment other than the first
    link_group,         ///< it came by link broadcast or multicast
    destination_group,  ///< it went to an IP broadcast or multicast address
    source_not_host,    ///< the source is not a single host
};
[[nodiscard]] std::string_view name(Silence reason);

/// What the packet itself does not show.
struct Circumstances {
    bool destination_is_broadcast = false;  ///< a directed broadcast of one of our links
    /// Packet Too Big, and Parameter Problem code 2 for an option of action 10: RFC 4443
    /// section 2.4 e.3.
    bool even_multicast = false;
};

/// RFC 1122 section 3.2.2, RFC 1812 section 4.3.2.7, RFC 4443 section 2.4 e. The view may be a
/// partial one.
[[nodiscard]] Silence silence_required(const View& view, std::span<const std::byte> frame,
                                       const Circumstances& circumstances);

}  // namespace terminus
