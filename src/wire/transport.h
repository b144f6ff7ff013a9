/// The transport headers' part of parse(): lengths, ports and checksums of TCP, UDP and ICMP.
/// Inline, since every packet passes here; instantiated for either IP header.
#pragma once

#include "terminus/wire/icmp4.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/udp.h"
#include "terminus/wire/view.h"

namespace terminus {

/// What has been read so far, and the bytes it was read from. view.l4 and view.end bound the
/// transport.
struct Datagram {
    const std::byte* frame;
    Checked l4_checksum;  ///< the device's verdict
    View& view;

    [[nodiscard]] std::size_t l4_length() const {
        return static_cast<std::size_t>(view.end - view.l4);
    }
    template <typename Header>
    [[nodiscard]] const Header& l4() const {
        return overlay<Header>(frame + view.l4);
    }
    /// Whether `start` and the transport's bytes add up, as a right checksum makes them (MUST-3).
    [[nodiscard]] bool adds_up(PartialSum start) const {
        return checksum_is_good(checksum_add(start, {frame + view.l4, l4_length()}));
    }
};

template <typename IpHeader>
[[nodiscard]] inline bool is_checksum_good(const Datagram& datagram, const IpHeader& ip) {
    if (datagram.l4_checksum != Checked::unknown) return datagram.l4_checksum == Checked::good;
    const auto length = static_cast<std::uint32_t>(datagram.l4_length());
    return datagram.adds_up(pseudo_sum(ip, datagram.view.protocol, length));
}

template <typename IpHeader>
[[nodiscard]] inline Drop parse_tcp(const Datagram& datagram, const IpHeader& ip) {
    View& view = datagram.view;
    view.kind = Kind::tcp;
    if (datagram.l4_length() < sizeof(TcpHeader)) return Drop::l4_truncated;
    const auto& tcp = datagram.l4<TcpHeader>();
    const std::size_t header = tcp.header_bytes();
    if (header < sizeof(TcpHeader) || header > datagram.l4_length()) return Drop::tcp_malformed;
    if (tcp.source_port == be16{0} || tcp.destination_port == be16{0}) return Drop::tcp_malformed;
    view.payload = static_cast<std::uint16_t>(view.l4 + header);
    return is_checksum_good(datagram, ip) ? Drop::none : Drop::tcp_checksum;
}

/// RFC 768: zero means that the sender made no checksum. RFC 8200 section 8.1 forbids that over
/// IPv6.
template <typename IpHeader>
[[nodiscard]] inline bool is_udp_checksum_good(const Datagram& datagram, const IpHeader& ip) {
    if (datagram.l4<UdpHeader>().checksum == be16{0}) return std::is_same_v<IpHeader, Ip4Header>;
    return is_checksum_good(datagram, ip);
}

/// The UDP length may leave a part of the IP payload unused; `end` becomes the datagram's own.
template <typename IpHeader>
[[nodiscard]] inline Drop parse_udp(const Datagram& datagram, const IpHeader& ip) {
    View& view = datagram.view;
    view.kind = Kind::udp;
    if (datagram.l4_length() < sizeof(UdpHeader)) return Drop::l4_truncated;
    const auto& udp = datagram.l4<UdpHeader>();
    const std::size_t length = udp.length.host();
    if (length < sizeof(UdpHeader) || length > datagram.l4_length()) return Drop::udp_malformed;
    if (udp.destination_port == be16{0}) return Drop::udp_malformed;
    view.payload = static_cast<std::uint16_t>(view.l4 + sizeof(UdpHeader));
    view.end = static_cast<std::uint32_t>(view.l4 + length);
    return is_udp_checksum_good(datagram, ip) ? Drop::none : Drop::udp_checksum;
}

/// RFC 792: no pseudo header. RFC 4443 section 2.3: with one.
[[nodiscard]] inline PartialSum icmp_start(const Ip4Header&, std::size_t) { return 0; }
[[nodiscard]] inline PartialSum icmp_start(const Ip6Header& ip, std::size_t length) {
    return pseudo_sum(ip, ip_protocol::icmp6, static_cast<std::uint32_t>(length));
}

/// Devices do not check ICMP, yet some say `good` of whatever they did not find bad: only `bad`
/// counts.
template <typename IpHeader>
[[nodiscard]] inline Drop parse_icmp(const Datagram& datagram, const IpHeader& ip) {
    datagram.view.kind = Kind::icmp;
    static_assert(sizeof(Icmp4Header) == sizeof(Icmp6Header));
    if (datagram.l4_length() < sizeof(Icmp4Header)) return Drop::l4_truncated;
    if (datagram.l4_checksum == Checked::bad) return Drop::icmp_checksum;
    const PartialSum start = icmp_start(ip, datagram.l4_length());
    return datagram.adds_up(start) ? Drop::none : Drop::icmp_checksum;
}

/// Each family has its own ICMP; the other's is a protocol that we do not speak.
template <typename IpHeader>
[[nodiscard]] inline Drop parse_transport(const Datagram& datagram, const IpHeader& ip) {
    constexpr bool is_ip4 = std::is_same_v<IpHeader, Ip4Header>;
    switch (datagram.view.protocol) {
        case ip_protocol::tcp: return parse_tcp(datagram, ip);
        case ip_protocol::udp: return parse_udp(datagram, ip);
        case is_ip4 ? ip_protocol::icmp4: ip_protocol::icmp6 : return parse_icmp(datagram, ip);
        default: return Drop::none;
    }
}

}  // namespace terminus
