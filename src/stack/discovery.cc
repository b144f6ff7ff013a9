/// Frames of ARP, Neighbour Discovery and MLDv2, and the checks of received ones.
#include "terminus/stack/discovery.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/wire/arp.h"
#include "terminus/wire/checksum.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/ip6.h"

namespace terminus {
namespace {

constexpr std::uint8_t discovery_hop_limit =
    255;                                // RFC 4861 section 7.1: nobody off the link can send it
constexpr std::size_t option_unit = 8;  // RFC 4861 section 4.6: option lengths count eights

/// A TLV of eight bytes: every option that we send.
struct ShortOption {
    std::uint8_t type = 0, length = 1;
    std::array<std::uint8_t, 6> value{};
};
static_assert(sizeof(ShortOption) == 8 && alignof(ShortOption) == 1);

Address all_reporters() { return {{0xff, 2, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0x16}}; }

struct Ends {
    Address source, destination;
};

Ends ends_of(const View& view, std::span<const std::byte> frame) {
    const auto ip = load<Ip6Header>(frame.data() + view.l3);
    return {Address::ip6(ip.source.data()), Address::ip6(ip.destination.data())};
}

/// What RFC 4861 sections 7.1.1 and 7.1.2 ask of both messages.
bool is_sound(const View& view, std::span<const std::byte> frame) {
    if (view.hop_limit != discovery_hop_limit) return false;
    if (view.end - view.l4 < sizeof(NeighbourMessage)) return false;
    const auto message = load<NeighbourMessage>(frame.data() + view.l4);
    return message.code == 0 && !Address::ip6(message.target.data()).is_multicast();
}

/// The first option of a type; `found` stays empty without one. False when an option's length is
/// zero or leads out of the message (RFC 4861 section 4.6): then all of it is discarded. A MAC or
/// nonce option has one unit.
bool find_option(const View& view, std::span<const std::byte> frame, std::uint8_t type,
                 std::optional<std::array<std::uint8_t, 6>>& found) {
    std::size_t at = view.l4 + sizeof(NeighbourMessage);
    while (at < view.end) {
        if (view.end - at < option_unit) return false;
        const auto option = load<ShortOption>(frame.data() + at);
        const std::size_t bytes = option.length * option_unit;
        if (bytes == 0 || bytes > view.end - at) return false;
        if (option.type == type && option.length == 1 && !found) found = option.value;
        at += bytes;
    }
    return true;
}

std::size_t write_arp(std::span<std::byte> room, const LinkHeader& link, const ArpPacket& arp) {
    const std::size_t at = write_link_header(room, link, ether_type::arp);
    store(room.data() + at, arp);
    return at + sizeof arp;
}

ArpPacket arp_packet(std::uint16_t operation, const ArpMessage& message) {
    return {.hardware = be16{1},
            .protocol = be16{ether_type::ip4},
            .hardware_length = 6,
            .protocol_length = 4,
            .operation = be16{operation},
            .sender_mac = message.sender_mac,
            .sender_address = message.sender.ip4(),
            .target_mac = message.target_mac,
            .target_address = message.target.ip4()};
}

/// What differs between the neighbour messages.
struct NeighbourParts {
    std::uint8_t type = 0;
    std::uint32_t flags = 0;
    Ends ends;
    Address target;
    ShortOption option;
};

std::size_t write_neighbour(std::span<std::byte> room, const LinkHeader& link,
                            const NeighbourParts& parts) {
    TERMINUS_ASSERT(room.size() >= discovery_frame_bytes);
    constexpr std::uint16_t payload = sizeof(NeighbourMessage) + sizeof(ShortOption);
    std::byte* at = room.data() + write_link_header(room, link, ether_type::ip6);
    const Ip6Header ip{.version_class_flow = be32{0x60000000U},
                       .payload_length = be16{payload},
                       .next_header = ip_protocol::icmp6,
                       .hop_limit = discovery_hop_limit,
                       .source = parts.ends.source.bytes,
                       .destination = parts.ends.destination.bytes};
    store(at, ip);
    at += sizeof ip;
    NeighbourMessage message{.type = parts.type,
                             .code = 0,
                             .checksum = be16{0},
                             .flags = be32{parts.flags},
                             .target = parts.target.bytes};
    store(at, message);
    store(at + sizeof message, parts.option);
    const auto pseudo = pseudo_sum(ip, ip_protocol::icmp6, payload);
    message.checksum = checksum_finish(checksum_add(pseudo, {at, payload}));
    store(at, message);
    return static_cast<std::size_t>(at - room.data()) + payload;
}

/// The hop-by-hop header of a report: router alert for MLD (RFC 2711 section 2.1), padded by PadN.
constexpr std::array<std::uint8_t, 8> router_alert{ip_protocol::icmp6, 0, 5, 2, 0, 0, 1, 0};

/// RFC 3810 section 5.2.
struct ReportHeader {
    std::uint8_t type, reserved;
    be16 checksum, reserved_too, records;
};
static_assert(sizeof(ReportHeader) == 8 && alignof(ReportHeader) == 1);

struct ReportRecord {
    std::uint8_t type, auxiliary_words;
    be16 sources;
    std::array<std::uint8_t, 16> group;
};
static_assert(sizeof(ReportRecord) == 20 && alignof(ReportRecord) == 1);

/// The report from its ICMPv6 header on; returns its bytes. The checksum is still zero.
std::uint16_t write_report(std::byte* at, MldRecord record, std::span<const Address> groups) {
    const ReportHeader header{.type = icmp6_type::mld2_report,
                              .reserved = 0,
                              .checksum = be16{0},
                              .reserved_too = be16{0},
                              .records = be16{static_cast<std::uint16_t>(groups.size())}};
    store(at, header);
    std::byte* next = at + sizeof header;
    for (const Address& group : groups) {
        store(next, ReportRecord{static_cast<std::uint8_t>(record), 0, be16{0}, group.bytes});
        next += sizeof(ReportRecord);
    }
    return static_cast<std::uint16_t>(next - at);
}

}  // namespace

std::size_t write_link_header(std::span<std::byte> room, const LinkHeader& link,
                              std::uint16_t type) {
    const bool is_tagged = link.vlan != 0;
    // Field by field: what is put together elsewhere would be copied in pieces that lie across.
    auto& header = overlay<EthernetHeader>(room.data());
    header.destination = link.destination;
    header.source = link.source;
    header.type = be16{is_tagged ? ether_type::vlan : type};
    if (!is_tagged) return sizeof(EthernetHeader);
    store(room.data() + sizeof(EthernetHeader), VlanTag{be16{link.vlan}, be16{type}});
    return sizeof(EthernetHeader) + sizeof(VlanTag);
}

Drop parse_arp(const View& view, std::span<const std::byte> frame, ArpMessage& message) {
    if (frame.size() < view.l3 + sizeof(ArpPacket)) return Drop::arp_malformed;
    const auto arp = load<ArpPacket>(frame.data() + view.l3);
    const auto operation = arp.operation.host();
    message = {.is_request = operation == arp_operation::request,
               .sender_mac = arp.sender_mac,
               .target_mac = arp.target_mac,
               .sender = Address::ip4(arp.sender_address),
               .target = Address::ip4(arp.target_address)};
    const bool is_ours = arp.hardware.host() == 1 && arp.protocol.host() == ether_type::ip4 &&
                         arp.hardware_length == 6 && arp.protocol_length == 4;
    const bool is_known = message.is_request || operation == arp_operation::reply;
    const bool has_sender = message.sender.is_host() || message.is_probe();
    const bool is_sound = is_ours && is_known && has_sender && !message.sender_mac.is_group();
    return is_sound ? Drop::none : Drop::arp_malformed;
}

std::size_t build_arp_request(std::span<std::byte> room, const LinkHeader& link,
                              const Address& sender, const Address& target) {
    const ArpMessage message{.is_request = true,
                             .sender_mac = link.source,
                             .target_mac = {},
                             .sender = sender,
                             .target = target};
    return write_arp(room, link, arp_packet(arp_operation::request, message));
}

std::size_t build_arp_probe(std::span<std::byte> room, const Mac& ours, std::uint16_t vlan,
                            const Address& target) {
    return build_arp_request(room, {broadcast_mac, ours, vlan}, Address::ip4(be32{0}), target);
}

std::size_t build_arp_announcement(std::span<std::byte> room, const Mac& ours, std::uint16_t vlan,
                                   const Address& own) {
    return build_arp_request(room, {broadcast_mac, ours, vlan}, own, own);
}

/// RFC 826: ends swapped, and our MAC. A probe's zero address comes back as the target (RFC 5227
/// section 2.1.1).
std::size_t build_arp_reply(std::span<std::byte> room, const Mac& ours, std::uint16_t vlan,
                            const ArpMessage& request) {
    const ArpMessage message{.is_request = false,
                             .sender_mac = ours,
                             .target_mac = request.sender_mac,
                             .sender = request.target,
                             .target = request.sender};
    const LinkHeader link{request.sender_mac, ours, vlan};
    return write_arp(room, link, arp_packet(arp_operation::reply, message));
}

Drop parse_solicitation(const View& view, std::span<const std::byte> frame, Solicitation& message) {
    if (!is_sound(view, frame)) return Drop::nd_malformed;
    const Ends ends = ends_of(view, frame);
    const auto body = load<NeighbourMessage>(frame.data() + view.l4);
    message = {ends.source, ends.destination, Address::ip6(body.target.data()), {}, {}};
    std::optional<std::array<std::uint8_t, 6>> mac;
    if (!find_option(view, frame, nd_option::source_link_address, mac)) return Drop::nd_malformed;
    if (!find_option(view, frame, nd_option::nonce, message.nonce)) return Drop::nd_malformed;
    if (mac) message.source_mac = Mac{*mac};
    if (!message.is_duplicate_detection()) return Drop::none;
    // RFC 4861 section 7.1.1: from nobody, it goes to the solicited-node group and names no MAC.
    const bool is_proper = message.destination == solicited_node(message.target) && !mac;
    return is_proper ? Drop::none : Drop::nd_malformed;
}

Drop parse_advertisement(const View& view, std::span<const std::byte> frame,
                         Advertisement& message) {
    if (!is_sound(view, frame)) return Drop::nd_malformed;
    const Ends ends = ends_of(view, frame);
    const auto body = load<NeighbourMessage>(frame.data() + view.l4);
    const std::uint32_t flags = body.flags.host();
    message = {.source = ends.source,
               .destination = ends.destination,
               .target = Address::ip6(body.target.data()),
               .target_mac = {},
               .is_router = (flags & nd_flag::router) != 0,
               .is_solicited = (flags & nd_flag::solicited) != 0,
               .overrides = (flags & nd_flag::override_) != 0};
    std::optional<std::array<std::uint8_t, 6>> mac;
    if (!find_option(view, frame, nd_option::target_link_address, mac)) return Drop::nd_malformed;
    if (mac) message.target_mac = Mac{*mac};
    const bool contradicts = message.is_solicited && message.destination.is_multicast();
    return contradicts ? Drop::nd_malformed : Drop::none;
}

std::size_t build_solicitation(std::span<std::byte> room, const LinkHeader& link,
                               const Address& source, const Address& target) {
    LinkHeader to = link;
    const bool to_group = link.destination.is_group();
    const Address destination = to_group ? solicited_node(target) : target;
    if (to_group) to.destination = multicast_mac(destination);
    return write_neighbour(room, to,
                           {.type = icmp6_type::neighbour_solicitation,
                            .flags = 0,
                            .ends = {source, destination},
                            .target = target,
                            .option = {nd_option::source_link_address, 1, link.source.bytes}});
}

std::size_t build_duplicate_detection(std::span<std::byte> room, const Mac& ours,
                                      std::uint16_t vlan, const Address& target,
                                      const Nonce& nonce) {
    const Address group = solicited_node(target);
    return write_neighbour(room, {multicast_mac(group), ours, vlan},
                           {.type = icmp6_type::neighbour_solicitation,
                            .flags = 0,
                            .ends = {Address{}, group},
                            .target = target,
                            .option = {nd_option::nonce, 1, nonce}});
}

/// RFC 4861 section 7.2.4. The override flag is set: nobody else answers for our addresses.
std::size_t build_advertisement(std::span<std::byte> room, const LinkHeader& link,
                                const Solicitation& asked) {
    if (asked.is_duplicate_detection())
        return build_unsolicited_advertisement(room, link.source, link.vlan, asked.target);
    return write_neighbour(room, link,
                           {.type = icmp6_type::neighbour_advertisement,
                            .flags = nd_flag::solicited | nd_flag::override_,
                            .ends = {asked.target, asked.source},
                            .target = asked.target,
                            .option = {nd_option::target_link_address, 1, link.source.bytes}});
}

std::size_t build_unsolicited_advertisement(std::span<std::byte> room, const Mac& ours,
                                            std::uint16_t vlan, const Address& own) {
    return write_neighbour(room, {multicast_mac(all_nodes()), ours, vlan},
                           {.type = icmp6_type::neighbour_advertisement,
                            .flags = nd_flag::override_,
                            .ends = {own, all_nodes()},
                            .target = own,
                            .option = {nd_option::target_link_address, 1, ours.bytes}});
}

std::size_t build_mld_report(std::span<std::byte> room, const LinkHeader& link,
                             const Address& source, MldRecord record,
                             std::span<const Address> groups) {
    TERMINUS_ASSERT(room.size() >= 74 + sizeof(ReportRecord) * groups.size());
    const LinkHeader to{multicast_mac(all_reporters()), link.source, link.vlan};
    std::byte* ip_at = room.data() + write_link_header(room, to, ether_type::ip6);
    std::byte* icmp_at = ip_at + sizeof(Ip6Header) + router_alert.size();
    store(ip_at + sizeof(Ip6Header), router_alert);
    const std::uint16_t bytes = write_report(icmp_at, record, groups);
    const Ip6Header ip{
        .version_class_flow = be32{0x60000000U},
        .payload_length = be16{static_cast<std::uint16_t>(bytes + router_alert.size())},
        .next_header = ip_protocol::hop_by_hop,
        .hop_limit = 1,
        .source = source.bytes,
        .destination = all_reporters().bytes};
    store(ip_at, ip);
    const auto pseudo = pseudo_sum(ip, ip_protocol::icmp6, bytes);
    store(icmp_at + 2, checksum_finish(checksum_add(pseudo, {icmp_at, bytes})));
    return static_cast<std::size_t>(icmp_at - room.data()) + bytes;
}

}  // namespace terminus
