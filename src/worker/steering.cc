/// Reading a frame's tuple with as few looks as possible, and the owner's hash.
#include "worker/steering.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/ip4.h"
#include "terminus/wire/ip6.h"

#include <array>
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

struct Ports {
    be16 source, destination;
};

/// Where a datagram's transport header lies.
struct Transport {
    std::size_t at = 0;
    std::uint8_t protocol = 0;
    bool is_fragment = false;
};

std::optional<Transport> read_ip4(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto ip = read<Ip4Header>(bytes, at);
    if (!ip || ip->version() != 4 || ip->header_bytes() < sizeof(Ip4Header)) return std::nullopt;
    tuple.source = Address::ip4(ip->source);
    tuple.destination = Address::ip4(ip->destination);
    const bool is_fragment = (ip->fragment.host() & (ip4_more_fragments | ip4_offset_mask)) != 0;
    if (is_fragment) tuple.fragment_id = ip->id.host();
    return Transport{at + ip->header_bytes(), ip->protocol, is_fragment};
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
    tuple.source = Address{ip->source};
    tuple.destination = Address{ip->destination};
    Transport transport{at + sizeof(Ip6Header), ip->next_header, false};
    for (int headers = 0; headers < 8 && is_skippable(transport.protocol); ++headers) {
        const auto header = read<ExtensionHeader>(bytes, transport.at);
        if (!header) return std::nullopt;
        transport.at += 8 + std::size_t{header->length_8_bytes} * 8;
        transport.protocol = header->next;
    }
    if (transport.protocol != ip_protocol::fragment) return transport;
    const auto fragment = read<Ip6Fragment>(bytes, transport.at);
    if (!fragment) return std::nullopt;
    tuple.fragment_id = fragment->id.host();
    return Transport{transport.at + sizeof(Ip6Fragment), fragment->next_header, true};
}

std::optional<Transport> read_ip(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto first = read<std::uint8_t>(bytes, at);
    if (!first) return std::nullopt;
    return *first >> 4 == 4 ? read_ip4(bytes, at, tuple) : read_ip6(bytes, at, tuple);
}

void read_ports(Bytes bytes, const Transport& transport, Tuple& tuple) {
    const auto ports = read<Ports>(bytes, transport.at);
    if (!ports) return;
    tuple.source_port = ports->source.host();
    tuple.destination_port = ports->destination.host();
}

bool has_ports(const Transport& transport) {
    return transport.protocol == ip_protocol::tcp || transport.protocol == ip_protocol::udp;
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
    if (!inner || inner->is_fragment) return Concern::the_owner;
    if (has_ports(*inner)) read_ports(bytes, *inner, quoted);
    tuple = quoted;
    return Concern::the_owner;
}

Concern concern_of_ip(Bytes bytes, std::size_t at, Tuple& tuple) {
    const auto transport = read_ip(bytes, at, tuple);
    if (!transport) return Concern::whoever_has_it;
    if (transport->is_fragment) return Concern::the_owner;
    if (transport->protocol == ip_protocol::icmp4 || transport->protocol == ip_protocol::icmp6)
        return concern_of_icmp(bytes, *transport, tuple);
    if (has_ports(*transport)) read_ports(bytes, *transport, tuple);
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

std::uint16_t owner_of(const Tuple& tuple, const HashKey& key, std::uint16_t workers) {
    if (workers == 1) return 0;
    auto low = std::pair{tuple.source, tuple.source_port};
    auto high = std::pair{tuple.destination, tuple.destination_port};
    if (high < low) std::swap(low, high);
    std::array<std::uint64_t, 5> words{};
    std::memcpy(&words[0], low.first.bytes.data(), 16);
    std::memcpy(&words[2], high.first.bytes.data(), 16);
    words[4] =
        std::uint64_t{tuple.fragment_id} << 32 | std::uint64_t{low.second} << 16 | high.second;
    const std::uint64_t hash = keyed_hash(key, words) >> 32;
    return static_cast<std::uint16_t>((hash * workers) >> 32);
}

Exchange::Exchange(std::uint16_t workers) : workers_(workers) {
    TERMINUS_ASSERT(workers >= 1);
    for (std::size_t i = 0; i < std::size_t{workers} * workers; ++i)
        rings_.push_back(std::make_unique<Ring>());
}

bool Exchange::pass(std::uint16_t from, std::uint16_t to, const Passed& passed) {
    return ring(from, to).push(passed);
}

bool Exchange::take(std::uint16_t from, std::uint16_t to, Passed& passed) {
    return ring(from, to).pop(passed);
}

}  // namespace terminus
