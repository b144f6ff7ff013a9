/// Reading a frame's tuple with as few looks as possible, and the tables of owners.
#include "terminus/stack/steering.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <optional>
#include <utility>

namespace terminus {

namespace {

using Bytes = std::span<const std::byte>;

/// Reads a plain header at `at`; nothing when it does not lie inside.
template <typename Header>
std::optional<Header> read(Bytes bytes, std::size_t at) {
    if (at > bytes.size() || bytes.size() - at < sizeof(Header)) return std::nullopt;
    Header header;
    std::memcpy(&header, bytes.data() + at, sizeof(Header));
    return header;
}

/// As they lie behind each other in a header.
void add(Tuple& tuple, const std::byte* bytes, std::size_t count) {
    std::memcpy(tuple.bytes.data() + tuple.length, bytes, count);
    tuple.length = static_cast<std::uint8_t>(tuple.length + count);
}

/// Where a datagram's transport header lies.
struct Transport {
    std::size_t at = 0;
    std::uint8_t protocol = 0;
    bool is_fragment = false;  ///< and so the ports do not count
    bool is_behind = false;    ///< a later fragment: there are none
};

std::optional<Transport> read_ip4(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto ip = read<Ip4Header>(bytes, at);
    if (!ip || ip->version() != 4 || ip->header_bytes() < sizeof(Ip4Header)) return std::nullopt;
    add(tuple, bytes.data() + at + offsetof(Ip4Header, source), 2 * sizeof(be32));
    const unsigned fragment = ip->fragment.host();
    return Transport{.at = at + ip->header_bytes(),
                     .protocol = ip->protocol,
                     .is_fragment = (fragment & (ip4_more_fragments | ip4_offset_mask)) != 0,
                     .is_behind = (fragment & ip4_offset_mask) != 0};
}

bool is_skippable(std::uint8_t protocol) {
    return protocol == ip_protocol::hop_by_hop || protocol == ip_protocol::routing ||
           protocol == ip_protocol::destination_options;
}

struct ExtensionHeader {
    std::uint8_t next, length_8_bytes;  ///< not counting the first 8 bytes, RFC 8200 section 4
};

/// Walks at most eight extension headers; more are the receiving worker's to refuse.
std::optional<Transport> read_ip6(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto ip = read<Ip6Header>(bytes, at);
    if (!ip || ip->version() != 6) return std::nullopt;
    add(tuple, bytes.data() + at + offsetof(Ip6Header, source), 2 * sizeof(Address));
    Transport transport{.at = at + sizeof(Ip6Header), .protocol = ip->next_header};
    for (int headers = 0; headers < 8 && is_skippable(transport.protocol); ++headers) {
        const auto header = read<ExtensionHeader>(bytes, transport.at);
        if (!header) return std::nullopt;
        transport.at += 8 + std::size_t{header->length_8_bytes} * 8;
        transport.protocol = header->next;
    }
    if (transport.protocol != ip_protocol::fragment) return transport;
    const auto fragment = read<Ip6Fragment>(bytes, transport.at);
    if (!fragment) return std::nullopt;
    constexpr unsigned more = 1, offset_mask = 0xfff8;
    const unsigned place = fragment->offset_more.host();  // none: whole after all, RFC 6946
    return Transport{.at = transport.at + sizeof(Ip6Fragment),
                     .protocol = fragment->next_header,
                     .is_fragment = (place & (more | offset_mask)) != 0,
                     .is_behind = (place & offset_mask) != 0};
}

std::optional<Transport> read_ip(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto first = read<std::uint8_t>(bytes, at);
    if (!first) return std::nullopt;
    return *first >> 4 == 4 ? read_ip4(bytes, at, tuple) : read_ip6(bytes, at, tuple);
}

/// Those of TCP and UDP.
void add_ports(Bytes bytes, const Transport& transport, Tuple& tuple) {
    if (transport.protocol != ip_protocol::tcp && transport.protocol != ip_protocol::udp) return;
    constexpr std::size_t port_bytes = 4;
    if (transport.at > bytes.size() || bytes.size() - transport.at < port_bytes) return;
    add(tuple, bytes.data() + transport.at, port_bytes);
}

/// RFC 792 and RFC 4443 section 2.1: the messages that quote a datagram, 8 bytes in.
bool quotes(std::uint8_t protocol, std::uint8_t type) {
    if (protocol == ip_protocol::icmp6) return type < 128;
    return type == 3 || type == 4 || type == 5 || type == 11 || type == 12;
}

/// RFC 4861 section 4: 133 to 137.
bool is_neighbour_discovery(std::uint8_t type) { return type >= 133 && type <= 137; }

Concern concern_of_icmp(Bytes bytes, const Transport& transport, Tuple& tuple) {
    const auto type = read<std::uint8_t>(bytes, transport.at);
    if (!type) return Concern::the_owner;
    if (transport.protocol == ip_protocol::icmp6 && is_neighbour_discovery(*type))
        return Concern::everyone;
    if (!quotes(transport.protocol, *type)) return Concern::the_owner;
    Tuple quoted;
    const auto inner = read_ip(bytes, transport.at + 8, quoted);
    if (!inner) return Concern::the_owner;
    if (!inner->is_behind) add_ports(bytes, *inner, quoted);
    tuple = quoted.reversed();
    return Concern::the_owner;
}

Concern concern_of_ip(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto transport = read_ip(bytes, at, tuple);
    if (!transport) return Concern::whoever_has_it;
    if (transport->is_fragment) return Concern::the_owner;
    if (transport->protocol == ip_protocol::icmp4 || transport->protocol == ip_protocol::icmp6)
        return concern_of_icmp(bytes, *transport, tuple);
    add_ports(bytes, *transport, tuple);
    return Concern::the_owner;
}

}  // namespace

Concern concern_of(std::span<const std::byte> frame, Tuple& tuple) {
    tuple = {};
    const auto link = read<EthernetHeader>(frame, 0);
    if (!link) return Concern::whoever_has_it;
    std::uint16_t type = link->type.host();
    std::size_t at = sizeof(EthernetHeader);
    if (type == ether_type::vlan) {
        const auto tag = read<VlanTag>(frame, at);
        if (!tag) return Concern::whoever_has_it;
        type = tag->type.host();
        at += sizeof(VlanTag);
    }
    if (type == ether_type::arp) return Concern::everyone;
    if (type != ether_type::ip4 && type != ether_type::ip6) return Concern::whoever_has_it;
    return concern_of_ip(frame, at, tuple);
}

Tuple Tuple::of(const Endpoint& source, const Endpoint& destination) {
    Tuple tuple;
    const std::size_t bytes = source.address.family() == Family::ip4 ? 4 : 16;
    for (const Endpoint* end : {&source, &destination}) {
        const auto address = std::as_bytes(std::span{end->address.bytes}).last(bytes);
        add(tuple, address.data(), bytes);
    }
    for (const Endpoint* end : {&source, &destination}) {
        const be16 port{end->port};
        add(tuple, reinterpret_cast<const std::byte*>(&port), sizeof port);
    }
    return tuple;
}

Tuple Tuple::reversed() const {
    const bool is_ip4 = length <= 2 * (sizeof(be32) + sizeof(be16));
    const std::size_t address = is_ip4 ? sizeof(be32) : sizeof(Address), ports = 2 * address;
    Tuple other{.length = length};
    std::memcpy(other.bytes.data(), &bytes[address], address);
    std::memcpy(&other.bytes[address], bytes.data(), address);
    if (length == ports) return other;
    std::memcpy(&other.bytes[ports], &bytes[ports + sizeof(be16)], sizeof(be16));
    std::memcpy(&other.bytes[ports + sizeof(be16)], &bytes[ports], sizeof(be16));
    return other;
}

Spread::Spread(std::span<const std::byte> key, std::vector<std::uint16_t> worker_of_slot)
    : hash_{key},
      mask_{static_cast<std::uint32_t>(worker_of_slot.size() - 1)},
      worker_of_slot_{std::move(worker_of_slot)} {
    TERMINUS_ASSERT(std::has_single_bit(worker_of_slot_.size()));
}

Spread Spread::even(std::span<const std::byte> key, std::uint16_t workers) {
    constexpr std::size_t slots = 4096;  // no worker of 64 has 2 % more than another
    std::vector<std::uint16_t> worker_of_slot(slots);
    for (std::size_t slot = 0; slot < slots; ++slot)
        worker_of_slot[slot] = static_cast<std::uint16_t>(slot % workers);
    return {key, std::move(worker_of_slot)};
}

const char* name(RssType type) {
    switch (type) {
        case RssType::ip4_tcp: return "ip4_tcp";
        case RssType::ip4_udp: return "ip4_udp";
        case RssType::ip6_tcp: return "ip6_tcp";
        case RssType::ip6_udp: return "ip6_udp";
        case RssType::none: return "none";
    }
    return "";
}

bool is_evidence(const Frame& frame, RssType type) {
    if (type == RssType::none) return false;
    if (frame.ip_checksum == Checked::bad || frame.l4_checksum == Checked::bad) return false;
    const std::byte* ip = frame.data + sizeof(EthernetHeader);
    const bool is_tcp = type == RssType::ip4_tcp || type == RssType::ip6_tcp;
    const bool is_ip4 = type == RssType::ip4_tcp || type == RssType::ip4_udp;
    const std::size_t least = is_tcp ? 20 : 8;
    const std::size_t header = is_ip4 ? sizeof(Ip4Header) : sizeof(Ip6Header);
    const std::size_t bytes = is_ip4
                                  ? load<Ip4Header>(ip).total_length.host()
                                  : load<Ip6Header>(ip).payload_length.host() + sizeof(Ip6Header);
    return bytes >= header + least && bytes + sizeof(EthernetHeader) <= frame.length;
}

}  // namespace terminus
