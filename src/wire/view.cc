/// parse(): link header, network header, then transport.h; IPv4 options and IPv6 extension headers
/// are walked in files of their own.
#include "terminus/wire/view.h"

#include "terminus/wire/arp.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/plain.h"

#include "ip4_options.h"
#include "ip6_headers.h"
#include "transport.h"

#include <algorithm>

namespace terminus {
namespace {

/// A frame with the device's verdicts about it.
struct Received {
    const std::byte* bytes;
    std::size_t size;
    Checked ip, l4;

    /// How much lies behind an offset inside the frame.
    [[nodiscard]] std::size_t behind(std::size_t at) const { return size - at; }
};

/// What a View begins as. A constant, since a temporary would be written in small pieces and read
/// back in large ones, which the processor cannot forward.
constexpr View blank;

constexpr std::uint16_t narrow(std::size_t offset) { return static_cast<std::uint16_t>(offset); }

Drop parse_arp(const Received& frame, View& view) {
    view.kind = Kind::arp;
    if (frame.behind(view.l3) < sizeof(ArpPacket)) return Drop::arp_malformed;
    view.l4 = view.payload = narrow(view.l3 + sizeof(ArpPacket));
    view.end = view.l4;
    return Drop::none;
}

Drop check_ip4_addresses(const Ip4Header& ip) {
    if (!is_ip4_sender(ip.source)) return Drop::ip_source_invalid;
    const bool is_loopback = ip.destination.host() >> 24 == 127;
    return is_loopback ? Drop::ip_destination_not_ours : Drop::none;
}

/// RFC 1122 section 3.2.1.2: discard silently what does not add up.
bool is_ip4_checksum_good(const Ip4Header& ip, Checked device) {
    if (device != Checked::unknown) return device == Checked::good;
    return checksum_is_good(ip4_header_sum(ip));
}

/// The header's lengths and checksum, so that everything up to the total length may be read after
/// it.
Drop check_ip4_header(const Received& frame, std::size_t l3) {
    if (frame.behind(l3) < sizeof(Ip4Header)) return Drop::ip_cut_short;
    const auto& ip = overlay<Ip4Header>(frame.bytes + l3);
    const std::size_t header = ip.header_bytes();
    if (ip.version() != 4 || header < sizeof(Ip4Header)) return Drop::ip_malformed;
    if (frame.behind(l3) < header) return Drop::ip_cut_short;
    if (!is_ip4_checksum_good(ip, frame.ip)) return Drop::ip_checksum;
    const std::size_t total = ip.total_length.host();
    if (total < header) return Drop::ip_malformed;
    return frame.behind(l3) < total ? Drop::ip_cut_short : Drop::none;
}

void take_ip4_header(const Ip4Header& ip, View& view) {
    view.l4 = view.payload = narrow(view.l3 + ip.header_bytes());
    view.end = view.l3 + std::uint32_t{ip.total_length.host()};
    view.next_header_at = narrow(view.l3 + offsetof(Ip4Header, protocol));
    view.protocol = ip.protocol;
    view.hop_limit = ip.ttl;
    view.ip4_options = ip.header_bytes() != sizeof(Ip4Header);
}

/// RFC 791 section 3.2: all fragments but the last are of whole units of eight bytes, and the
/// datagram that they make has a total length of 16 bits. One without a byte brings nothing.
Drop take_ip4_fragment(const Ip4Header& ip, View& view) {
    const unsigned field = ip.fragment.host();
    const std::size_t length = static_cast<std::size_t>(view.end - view.l4);
    view.is_fragment = true;
    view.more_fragments = (field & ip4_more_fragments) != 0;
    view.fragment_offset = narrow((field & ip4_offset_mask) * 8);
    view.fragment_id = ip.id.host();
    const bool is_unit = !view.more_fragments || length % 8 == 0;
    const bool fits = ip.header_bytes() + view.fragment_offset + length <= 0xffff;
    return is_unit && fits && length != 0 ? Drop::none : Drop::fragment_malformed;
}

/// What few IPv4 packets have: options, or a fragment's offset.
Drop take_ip4_rarities(const Received& frame, const Ip4Header& ip, View& view) {
    const std::size_t options_at = view.l3 + sizeof(Ip4Header);
    const std::span options{frame.bytes + options_at, view.l4 - options_at};
    const Drop verdict = check_ip4_options(options);
    const bool is_fragment = (ip.fragment.host() & (ip4_more_fragments | ip4_offset_mask)) != 0;
    return verdict == Drop::none && is_fragment ? take_ip4_fragment(ip, view) : verdict;
}

bool is_plain(const Ip4Header& ip) { return is_plain_ip4(load<std::uint64_t>(&ip)); }

Drop parse_ip4(const Received& frame, View& view) {
    view.family = Family::ip4;
    Drop verdict = check_ip4_header(frame, view.l3);
    if (verdict != Drop::none) return verdict;
    const auto& ip = overlay<Ip4Header>(frame.bytes + view.l3);
    take_ip4_header(ip, view);
    verdict = check_ip4_addresses(ip);
    if (verdict == Drop::none && !is_plain(ip)) verdict = take_ip4_rarities(frame, ip, view);
    if (verdict != Drop::none || view.is_fragment) return verdict;
    return parse_transport({frame.bytes, frame.l4, view}, ip);
}

using Ip6Bytes = std::array<std::uint8_t, 16>;

/// The low half of an address whose high half is zero, as all special addresses but groups are; of
/// the others a value that is none of theirs.
std::uint64_t low_half(const Ip6Bytes& address) {
    constexpr std::uint64_t ordinary = ~std::uint64_t{0};
    if (load<std::uint64_t>(address.data()) != 0) [[likely]]
        return ordinary;
    return load<be64>(address.data() + 8).host();
}

/// `::1`, and the IPv4 addresses ::ffff:0:0/96, by which Address tells the families apart: neither
/// may be on a wire.
bool is_local_only(std::uint64_t low_half) { return low_half == 1 || low_half >> 32 == 0xffff; }

/// RFC 4291 sections 2.5.2, 2.5.3 and 2.7.
Drop check_ip6_addresses(const Ip6Header& ip) {
    const bool from_group = ip.source[0] == 0xff;
    if (from_group || is_local_only(low_half(ip.source))) return Drop::ip_source_invalid;
    const std::uint64_t to = low_half(ip.destination);
    return to == 0 || is_local_only(to) ? Drop::ip_destination_not_ours : Drop::none;
}

Drop check_ip6_header(const Received& frame, std::size_t l3) {
    if (frame.behind(l3) < sizeof(Ip6Header)) return Drop::ip_cut_short;
    const auto& ip = overlay<Ip6Header>(frame.bytes + l3);
    if (ip.version() != 6) return Drop::ip_malformed;
    const std::size_t total = sizeof(Ip6Header) + ip.payload_length.host();
    return frame.behind(l3) < total ? Drop::ip_cut_short : Drop::none;
}

void take_ip6_header(const Ip6Header& ip, View& view) {
    view.l4 = narrow(view.l3 + sizeof(Ip6Header));
    view.end = view.l4 + std::uint32_t{ip.payload_length.host()};
    view.next_header_at = narrow(view.l3 + offsetof(Ip6Header, next_header));
    view.protocol = ip.next_header;
    view.hop_limit = ip.hop_limit;
}

Drop parse_ip6(const Received& frame, View& view) {
    view.family = Family::ip6;
    Drop verdict = check_ip6_header(frame, view.l3);
    if (verdict != Drop::none) return verdict;
    const auto& ip = overlay<Ip6Header>(frame.bytes + view.l3);
    take_ip6_header(ip, view);
    verdict = check_ip6_addresses(ip);
    if (verdict == Drop::none) verdict = walk_ip6_headers(frame.bytes, view);
    view.payload = view.l4;
    if (verdict != Drop::none || view.is_fragment) return verdict;
    return parse_transport({frame.bytes, frame.l4, view}, ip);
}

/// IEEE 802.1Q: one tag; a second is an EtherType that we do not know.
Drop parse_tagged(const Received& frame, View& view) {
    if (frame.behind(view.l3) < sizeof(VlanTag)) return Drop::frame_truncated;
    view.vlan = overlay<VlanTag>(frame.bytes + view.l3).id();
    view.l3 += sizeof(VlanTag);
    return Drop::none;
}

/// Where the transport header of an untagged IPv4 packet without options begins.
constexpr std::uint16_t plain_l4 = PlainSegment::l4;
constexpr std::uint16_t plain6_l4 = sizeof(EthernetHeader) + sizeof(Ip6Header);

/// Whether a datagram of UDP that fills its packet is sound. `header` is its first eight bytes.
bool is_plain_udp(const Received& frame, const PlainIp4& ip, std::uint32_t length,
                  std::uint64_t header) {
    const auto udp = std::bit_cast<UdpHeader>(header);
    if (udp.length.host() != length || udp.destination_port == be16{0}) return false;
    if (udp.checksum == be16{0}) return true;  // RFC 768: the sender made none
    if (frame.l4 != Checked::unknown) return frame.l4 == Checked::good;
    return checksum_is_good(
        checksum_add(ip.pseudo(ip_protocol::udp, length), {frame.bytes + plain_l4, length}));
}

/// RFC 792: no pseudo header. For the device's word see parse_icmp().
bool is_plain_icmp(const Received& frame, std::uint32_t length) {
    if (frame.l4 == Checked::bad) return false;
    return checksum_is_good(checksum_add(0, {frame.bytes + plain_l4, length}));
}

/// Whether the frame is a sound datagram of UDP or ICMP over IPv4, untagged, without IP options or
/// fragments; its view is written then, over a blank one.
bool parse_plain_datagram(const Received& frame, View& view) {
    static_assert(sizeof(UdpHeader) == sizeof(Icmp4Header));
    if (frame.size < plain_l4 + sizeof(UdpHeader)) return false;
    const auto& ether = overlay<EthernetHeader>(frame.bytes);
    const PlainIp4 ip{frame.bytes + PlainSegment::l3};
    if (ether.type != be16{ether_type::ip4} || !is_plain_ip4(ip.first)) return false;
    const std::uint32_t length = ip.total_length() - std::uint32_t{sizeof(Ip4Header)};
    if (length - sizeof(UdpHeader) > frame.size - plain_l4 - sizeof(UdpHeader)) return false;
    if (!ip.is_between_hosts() || !ip.adds_up(frame.ip)) return false;
    const bool is_udp = ip.is_of(ip_protocol::udp);
    const auto header = load<std::uint64_t>(frame.bytes + plain_l4);
    if (is_udp ? !is_plain_udp(frame, ip, length, header)
               : !ip.is_of(ip_protocol::icmp4) || !is_plain_icmp(frame, length))
        return false;
    view.l3 = PlainSegment::l3;
    view.l4 = plain_l4;
    view.payload = is_udp ? plain_l4 + sizeof(UdpHeader) : plain_l4;
    view.end = plain_l4 + length;
    view.next_header_at = PlainSegment::view.next_header_at;
    view.kind = is_udp ? Kind::udp : Kind::icmp;
    view.protocol = is_udp ? ip_protocol::udp : ip_protocol::icmp4;
    view.hop_limit = static_cast<std::uint8_t>(ip.second);
    view.link_group = ether.destination.is_group();
    return true;
}

Drop parse_network(const Received& frame, std::uint16_t type, View& view) {
    switch (type) {
        case ether_type::ip4: return parse_ip4(frame, view);
        case ether_type::ip6: return parse_ip6(frame, view);
        case ether_type::arp: return parse_arp(frame, view);
        default: return Drop::ethertype_unknown;
    }
}

/// Whether a segment over IPv6 is sound; tells where its text begins.
bool is_plain_tcp6(const std::byte* l4, std::uint32_t length, std::uint16_t& payload) {
    const auto& tcp = overlay<TcpHeader>(l4);
    const std::uint32_t header = tcp.header_bytes();
    payload = narrow(plain6_l4 + header);
    return header >= sizeof(TcpHeader) && header <= length && tcp.source_port != be16{0} &&
           tcp.destination_port != be16{0};
}

/// RFC 8200 section 8.1: a datagram without a checksum is none.
bool is_plain_udp6(const std::byte* l4, std::uint32_t length) {
    const auto& udp = overlay<UdpHeader>(l4);
    return length >= sizeof(UdpHeader) && udp.length.host() == length &&
           udp.destination_port != be16{0} && udp.checksum != be16{0};
}

/// The same for TCP and UDP over IPv6, without extension headers.
bool parse_plain6(const Received& frame, View& view) {
    if (frame.size < plain6_l4 + sizeof(TcpHeader)) return false;
    const auto& ether = overlay<EthernetHeader>(frame.bytes);
    const auto& ip = overlay<Ip6Header>(frame.bytes + sizeof(EthernetHeader));
    const bool is_tcp = ip.next_header == ip_protocol::tcp;
    if (ether.type != be16{ether_type::ip6} || ip.version() != 6) return false;
    if (!is_tcp && ip.next_header != ip_protocol::udp) return false;
    const std::uint32_t length = ip.payload_length.host();
    if (length > frame.size - plain6_l4 || check_ip6_addresses(ip) != Drop::none) return false;
    const std::byte* const l4 = frame.bytes + plain6_l4;
    std::uint16_t payload = plain6_l4 + sizeof(UdpHeader);
    if (is_tcp ? !is_plain_tcp6(l4, length, payload) : !is_plain_udp6(l4, length)) return false;
    if (frame.l4 == Checked::bad) return false;
    if (frame.l4 == Checked::unknown &&
        !checksum_is_good(checksum_add(pseudo_sum(ip, ip.next_header, length), {l4, length})))
        return false;
    view.l3 = sizeof(EthernetHeader);
    view.l4 = plain6_l4;
    view.payload = payload;
    view.end = plain6_l4 + length;
    view.next_header_at = sizeof(EthernetHeader) + offsetof(Ip6Header, next_header);
    view.family = Family::ip6;
    view.kind = is_tcp ? Kind::tcp : Kind::udp;
    view.protocol = ip.next_header;
    view.hop_limit = ip.hop_limit;
    view.link_group = ether.destination.is_group();
    return true;
}

/// Apart, so that what it needs of the stack costs datagrams nothing.
[[gnu::noinline]] Drop parse_long(const Received& frame, View& view) {
    const auto& ether = overlay<EthernetHeader>(frame.bytes);
    view.link_group = ether.destination.is_group();
    view.l3 = sizeof(EthernetHeader);
    std::uint16_t type = ether.type.host();
    if (type == ether_type::vlan) [[unlikely]] {
        const Drop verdict = parse_tagged(frame, view);
        if (verdict != Drop::none) return verdict;
        type = overlay<VlanTag>(frame.bytes + sizeof(EthernetHeader)).type.host();
    }
    return parse_network(frame, type, view);
}

}  // namespace

Drop parse(std::span<const std::byte> bytes, Checked ip, Checked l4, View& view) {
    return parse_plain(bytes, view) ? verify_plain(bytes, ip, l4, view)
                                    : parse_any(bytes, ip, l4, view);
}

Drop parse_any(std::span<const std::byte> bytes, Checked ip, Checked l4, View& view) {
    view = blank;
    if (bytes.size() < sizeof(EthernetHeader)) return Drop::frame_truncated;
    const Received frame{bytes.data(), bytes.size(), ip, l4};
    if (parse_plain_datagram(frame, view) || parse_plain6(frame, view)) return Drop::none;
    return parse_long(frame, view);
}

}  // namespace terminus
