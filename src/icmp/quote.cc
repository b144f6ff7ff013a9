/// Received ICMP errors: the walk to the quoted transport header, and the meaning of types and
/// codes.
#include "terminus/icmp/quote.h"

#include "terminus/base/endian.h"
#include "terminus/wire/icmp4.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

namespace terminus {
namespace {

constexpr int longest_chain = 8;

std::optional<UpperLayer> upper_layer4(std::span<const std::byte> datagram) {
    if (datagram.size() < sizeof(Ip4Header)) return std::nullopt;
    const auto ip = load<Ip4Header>(datagram.data());
    const std::size_t header_bytes = ip.header_bytes();
    if (header_bytes < sizeof(Ip4Header) || header_bytes > datagram.size()) return std::nullopt;
    return UpperLayer{.source = Address::ip4(ip.source),
                      .destination = Address::ip4(ip.destination),
                      .protocol = ip.protocol,
                      .first_fragment = (ip.fragment.host() & ip4_offset_mask) == 0,
                      .offset = header_bytes};
}

bool is_extension(std::uint8_t protocol) {
    return protocol == ip_protocol::hop_by_hop || protocol == ip_protocol::routing ||
           protocol == ip_protocol::fragment || protocol == ip_protocol::destination_options;
}

/// Steps over the extension header at upper.offset, which lies whole inside; false when it does
/// not.
bool step(std::span<const std::byte> datagram, UpperLayer& upper) {
    if (datagram.size() - upper.offset < sizeof(Ip6Fragment)) return false;
    const std::byte* at = datagram.data() + upper.offset;
    std::size_t bytes = sizeof(Ip6Fragment);
    if (upper.protocol == ip_protocol::fragment)
        upper.first_fragment = (load<Ip6Fragment>(at).offset_more.host() & 0xfff8) == 0;
    else
        bytes = (std::to_integer<std::size_t>(at[1]) + 1) * 8;
    if (datagram.size() - upper.offset < bytes) return false;
    upper.protocol = std::to_integer<std::uint8_t>(at[0]);
    upper.offset += bytes;
    return true;
}

std::optional<UpperLayer> upper_layer6(std::span<const std::byte> datagram) {
    if (datagram.size() < sizeof(Ip6Header)) return std::nullopt;
    const auto ip = load<Ip6Header>(datagram.data());
    UpperLayer upper{.source = Address::ip6(ip.source.data()),
                     .destination = Address::ip6(ip.destination.data()),
                     .protocol = ip.next_header,
                     .first_fragment = true,
                     .offset = sizeof(Ip6Header)};
    for (int headers = 0; headers < longest_chain; ++headers) {
        if (!upper.first_fragment || !is_extension(upper.protocol)) return upper;
        if (!step(datagram, upper)) return std::nullopt;
    }
    return std::nullopt;
}

/// RFC 1122 sections 3.2.2.1 and 4.2.3.9. The prohibitions 9, 10 and 13 stand beside 2 and 3:
/// asking again will not help.
ErrorMeaning classify_unreachable4(std::uint8_t code, std::uint32_t rest) {
    switch (code) {
        case 4: return {ErrorClass::too_big, rest & 0xffffU};  // RFC 1191 section 4
        case 2:
        case 3:
        case 9:
        case 10:
        case 13: return {ErrorClass::hard};
        default: return {ErrorClass::soft};
    }
}

ErrorMeaning classify4(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    switch (type) {
        case icmp4_type::unreachable: return classify_unreachable4(code, rest);
        case icmp4_type::time_exceeded:
        case icmp4_type::parameter_problem: return {ErrorClass::soft};
        default: return {};
    }
}

/// RFC 9293 section 3.9.2.2; RFC 4443 section 3.1: 5 and 6 say more closely why 1, a prohibition.
bool is_hard6(std::uint8_t code) { return code == 1 || code == 4 || code == 5 || code == 6; }

ErrorMeaning classify6(std::uint8_t type, std::uint8_t code, std::uint32_t rest) {
    switch (type) {
        case icmp6_type::unreachable: return {is_hard6(code) ? ErrorClass::hard : ErrorClass::soft};
        case icmp6_type::packet_too_big: return {ErrorClass::too_big, rest};
        case icmp6_type::time_exceeded:
        case icmp6_type::parameter_problem: return {ErrorClass::soft};
        default: return {};
    }
}

/// What the IP header says of the packet's length.
std::uint32_t total_length(Family family, std::span<const std::byte> datagram) {
    if (family == Family::ip4) return load<Ip4Header>(datagram.data()).total_length.host();
    return sizeof(Ip6Header) +
           std::uint32_t{load<Ip6Header>(datagram.data()).payload_length.host()};
}

}  // namespace

std::optional<UpperLayer> upper_layer(std::span<const std::byte> datagram) {
    if (datagram.empty()) return std::nullopt;
    switch (std::to_integer<unsigned>(datagram[0]) >> 4) {
        case 4: return upper_layer4(datagram);
        case 6: return upper_layer6(datagram);
        default: return std::nullopt;
    }
}

std::optional<QuotedPacket> parse_quote(Family family, std::span<const std::byte> quoted) {
    if (quoted.empty() ||
        std::to_integer<unsigned>(quoted[0]) >> 4 != static_cast<unsigned>(family))
        return std::nullopt;
    const auto upper = upper_layer(quoted);
    if (!upper || !upper->first_fragment) return std::nullopt;
    QuotedPacket packet{.local = upper->source, .remote = upper->destination};
    packet.length = total_length(family, quoted);
    packet.header_bytes = static_cast<std::uint16_t>(upper->offset);
    packet.protocol = upper->protocol;
    const auto transport = quoted.subspan(upper->offset);
    const bool is_tcp = upper->protocol == ip_protocol::tcp;
    packet.has_ports = (is_tcp || upper->protocol == ip_protocol::udp) && transport.size() >= 4;
    packet.has_seq = is_tcp && transport.size() >= 8;
    if (packet.has_ports) {
        packet.local_port = load<be16>(transport.data()).host();
        packet.remote_port = load<be16>(transport.data() + 2).host();
    }
    if (packet.has_seq) packet.seq = load<be32>(transport.data() + 4).host();
    return packet;
}

ErrorMeaning classify_error(Family family, std::uint8_t type, std::uint8_t code,
                            std::uint32_t rest) {
    return family == Family::ip4 ? classify4(type, code, rest) : classify6(type, code, rest);
}

}  // namespace terminus
