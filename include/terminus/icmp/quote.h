/// Received ICMP errors: which packet of ours they quote, and what they mean. Reads inside the
/// given bytes only. Sources: RFC 792, RFC 4443, RFC 1122 section 4.2.3.9, RFC 5461.
#pragma once

#include "terminus/wire/address.h"

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>

namespace terminus {

/// Where the transport header of a raw IP datagram begins.
struct UpperLayer {
    Address source, destination;
    std::uint8_t protocol = 0;
    bool first_fragment = true;  ///< false: `offset` is not a transport header
    std::size_t offset = 0;      ///< from the IP header; at most datagram.size()
};

/// Walks an IP datagram that may be cut short anywhere, through at most eight IPv6 extension
/// headers. Nothing when the headers do not reach the transport. Lengths beyond the walk and
/// checksums are not looked at.
[[nodiscard]] std::optional<UpperLayer> upper_layer(std::span<const std::byte> datagram);

/// The packet of ours that an error quotes.
struct QuotedPacket {
    Address local, remote;  ///< quoted source (us) and destination
    std::uint8_t protocol = 0;
    bool has_ports = false;  ///< TCP and UDP with at least four bytes quoted
    bool has_seq = false;    ///< TCP with at least eight
    std::uint16_t local_port = 0, remote_port = 0;
    std::uint32_t seq = 0;
    std::uint32_t length = 0;        ///< of the whole packet, as its IP header says
    std::uint16_t header_bytes = 0;  ///< of that, before the transport header
};

/// `quoted` begins after the error's eight bytes. Nothing when it is not a packet of `family`, is
/// cut short of its transport header, or is a fragment other than the first.
[[nodiscard]] std::optional<QuotedPacket> parse_quote(Family family,
                                                      std::span<const std::byte> quoted);

enum class ErrorClass : std::uint8_t {
    ignored,  ///< not an error, or one that no longer counts (source quench, RFC 6633)
    soft,     ///< note it and go on: RFC 1122 section 4.2.3.9
    hard,     ///< a connection that is not yet synchronised should be aborted: RFC 5461 section 4.1
    too_big,  ///< the path MTU
};
struct ErrorMeaning {
    ErrorClass kind = ErrorClass::ignored;
    std::uint32_t mtu = 0;  ///< with too_big; 0 from a router older than RFC 1191
};

/// What an error of this type and code means; `rest` is its bytes 4 to 7 in host order.
[[nodiscard]] ErrorMeaning classify_error(Family family, std::uint8_t type, std::uint8_t code,
                                          std::uint32_t rest);

}  // namespace terminus
