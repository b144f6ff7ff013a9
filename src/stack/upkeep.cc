/// Upkeep of the link: ARP, Neighbour Discovery and MLD, heard and spoken.
#include "terminus/stack/discovery.h"
#include "terminus/wire/icmp6.h"

#include "neighbour_link.h"
#include "steps.h"

#include <algorithm>
#include <array>

namespace terminus {
namespace {

constexpr std::uint8_t announcements_at_start = 2;    // RFC 5227 section 2.3: ANNOUNCE_NUM
constexpr std::uint64_t announce_interval_ms = 2000;  // ANNOUNCE_INTERVAL
constexpr std::uint64_t detection_ms = 1000;          // RFC 4862 section 5.4: RetransTimer

/// Sends what `build(room)` writes, as a fresh frame; false: there is none.
template <typename Build>
bool send_built(Core& core, const Turn& turn, std::uint8_t index, Build&& build) {
    Frame frame = turn.out.room() > 0 ? turn.out.fresh() : Frame{};
    if (frame.handle == nullptr) return false;
    frame.length = static_cast<std::uint32_t>(build(std::span{frame.data, frame.capacity}));
    send(core, turn, index, frame);
    return true;
}

void count_icmp6(Core& core, std::uint8_t type) {
    ++core.counters.icmp_sent[icmp_kind(Family::ip6, type, 0)];
}

bool is_answered(const Core& core, const Packet& packet, const Address& address) {
    const Ownership owned = core.ownership(packet.interface, address);
    return owned == Ownership::own || owned == Ownership::answered;
}

void report_groups(Core& core, const Turn& turn, std::uint8_t index, MldRecord record) {
    const Interface& interface = core.interface(index);
    // RFC 3810 section 5.2.13: unspecified until duplicate detection has left us the address.
    const bool is_tentative = core.interfaces[index].announcements == 0;
    const Address source = is_tentative ? Address{} : link_local_of(interface);
    std::span<const Address> rest{core.interfaces[index].groups};
    while (!rest.empty()) {
        const auto now = rest.first(std::min(rest.size(), groups_per_report(interface.mtu_bytes)));
        rest = rest.subspan(now.size());
        const bool left = send_built(core, turn, index, [&](std::span<std::byte> room) {
            return build_mld_report(room, {{}, interface.mac, interface.vlan}, source, record, now);
        });
        if (left) count_icmp6(core, icmp6_type::mld2_report);
    }
}

void detect_duplicate(Core& core, const Turn& turn, std::uint8_t index, const Address& address) {
    const Interface& interface = core.interface(index);
    const Nonce& nonce = core.interfaces[index].nonce;
    const bool left = send_built(core, turn, index, [&](std::span<std::byte> room) {
        return build_duplicate_detection(room, interface.mac, interface.vlan, address, nonce);
    });
    if (left) count_icmp6(core, icmp6_type::neighbour_solicitation);
}

void announce(Core& core, const Turn& turn, std::uint8_t index, const Address& address) {
    const Interface& interface = core.interface(index);
    const bool left = send_built(core, turn, index, [&](std::span<std::byte> room) {
        if (address.family() == Family::ip4)
            return build_arp_announcement(room, interface.mac, interface.vlan, address);
        return build_unsolicited_advertisement(room, interface.mac, interface.vlan, address);
    });
    if (left && address.family() == Family::ip6)
        count_icmp6(core, icmp6_type::neighbour_advertisement);
}

/// Step 0: reports and duplicate detection. Then announcements, once the detection is over, and
/// the reports again: from the address that is ours now (RFC 3590 section 4), which also is the
/// repetition of RFC 3810 section 6.1.
void speak_of_interface(Core& core, const Turn& turn, std::uint8_t index) {
    const InterfaceState& state = core.interfaces[index];
    const bool first = state.announcements == 0;
    if (state.announcements < 2) report_groups(core, turn, index, MldRecord::change_to_exclude);
    for (const Address& address : state.announced) {
        if (first && address.family() == Family::ip6)
            detect_duplicate(core, turn, index, address);
        else
            announce(core, turn, index, address);
    }
}

/// All workers are one host: the first speaks, the others keep step.
void announce_interface(Core& core, const Turn& turn, std::uint8_t index) {
    if (core.settings.worker == 0) speak_of_interface(core, turn, index);
    InterfaceState& state = core.interfaces[index];
    const bool first = state.announcements++ == 0;
    state.announce_at = turn.now.after_ms(first ? detection_ms : announce_interval_ms);
}

void answer_arp(Core& core, const Turn& turn, Packet& packet, const ArpMessage& request) {
    const Interface& interface = core.interface(packet.interface);
    const std::size_t length = build_arp_reply({packet.frame.data, packet.frame.capacity},
                                               interface.mac, interface.vlan, request);
    packet.frame.length = static_cast<std::uint32_t>(length);
    send(core, turn, packet.interface, packet.frame);
    packet.sent = true;
}

void receive_solicitation(Core& core, const Turn& turn, Packet& packet) {
    Solicitation asked;
    packet.drop = parse_solicitation(packet.view, packet.frame.bytes(), asked);
    if (packet.drop != Drop::none || !is_answered(core, packet, asked.target)) return;
    const InterfaceState& state = core.interfaces[packet.interface];
    // Our own duplicate detection come back (RFC 7527): the nonce tells, for a tap's two ends share
    // one MAC.
    if (asked.nonce && *asked.nonce == state.nonce) return;
    // RFC 4862 section 5.4.3: another host detects duplicates of an address while we do.
    // Deliberate: noticed and counted, not given up, for it is the operator's word that the address
    // is ours.
    const bool is_tentative = state.announcements < 2;
    if (is_tentative && asked.is_duplicate_detection() &&
        core.ownership(packet.interface, asked.target) == Ownership::own)
        core.counters.count(Drop::address_conflict);
    const Interface& interface = core.interface(packet.interface);
    const Mac from = packet.header_at<EthernetHeader>(0).source;
    if (asked.source_mac && !asked.is_duplicate_detection()) {
        NeighbourLink sink{core, turn};
        core.neighbours.learn({asked.source, packet.interface},
                              {.mac = *asked.source_mac, .overrides = true, .creates = true},
                              turn.now, sink);
    }
    if (packet.frame.is_copy) return;  // the worker that received it answers
    packet.frame.length = static_cast<std::uint32_t>(build_advertisement(
        {packet.frame.data, packet.frame.capacity},
        {asked.source_mac.value_or(from), interface.mac, interface.vlan}, asked));
    send(core, turn, packet.interface, packet.frame);
    packet.sent = true;
    count_icmp6(core, icmp6_type::neighbour_advertisement);
}

void receive_advertisement(Core& core, const Turn& turn, Packet& packet) {
    Advertisement heard;
    packet.drop = parse_advertisement(packet.view, packet.frame.bytes(), heard);
    if (packet.drop != Drop::none) return;
    if (core.ownership(packet.interface, heard.target) == Ownership::own) {
        // RFC 4862 section 5.4.4. Our own, come back over a bridge, is none.
        const bool is_ours = heard.target_mac == core.interface(packet.interface).mac;
        if (!is_ours) packet.drop = Drop::address_conflict;
        return;
    }
    NeighbourLink sink{core, turn};
    core.neighbours.learn({heard.target, packet.interface},
                          {.mac = heard.target_mac.value_or(Mac{}),
                           .has_mac = heard.target_mac.has_value(),
                           .solicited = heard.is_solicited,
                           .overrides = heard.overrides},
                          turn.now, sink);
}

/// Whether a query asks about us: all groups, or one of ours.
bool asks_for_us(const InterfaceState& state, const Address& group) {
    return group.is_unspecified() || std::ranges::binary_search(state.groups, group);
}

/// RFC 3810 sections 5.1.14 and 6.2: from a link-local address, hop limit 1. Deliberate: answered
/// at once, with all of our groups in one report, for there are few; a delay spares large links.
void receive_query(Core& core, const Turn& turn, Packet& packet) {
    constexpr std::size_t query_bytes = 24;  // MLDv1's, RFC 2710 section 3; MLDv2's are longer
    const auto& ip = packet.header_at<Ip6Header>(packet.view.l3);
    const auto message = packet.message();
    if (packet.view.hop_limit != 1 || message.size() < query_bytes ||
        !Address::ip6(ip.source.data()).is_link_local()) {
        packet.drop = Drop::nd_malformed;
        return;
    }
    const Address group = Address::ip6(message.data() + sizeof(Icmp6Header));
    if (!asks_for_us(core.interfaces[packet.interface], group) || packet.frame.is_copy) return;
    report_groups(core, turn, packet.interface, MldRecord::is_exclude);
}

}  // namespace

void NeighbourLink::solicit(const NeighbourKey& key, const Mac* to) {
    const Interface& interface = core_.interface(key.interface);
    const Family family = key.address.family();
    const Address* source = source_address(interface, family);
    const Address own_link = family == Family::ip6 ? link_local_of(interface) : Address{};
    if (source == nullptr && family == Family::ip6) source = &own_link;
    if (source == nullptr) return;
    const LinkHeader link{to == nullptr ? broadcast_mac : *to, interface.mac, interface.vlan};
    const bool left = send_built(core_, turn_, key.interface, [&](std::span<std::byte> room) {
        return family == Family::ip4 ? build_arp_request(room, link, *source, key.address)
                                     : build_solicitation(room, link, *source, key.address);
    });
    if (left && family == Family::ip6) count_icmp6(core_, icmp6_type::neighbour_solicitation);
}

void NeighbourLink::resolved(const Frame& frame, const Mac& mac) {
    reinterpret_cast<EthernetHeader*>(frame.data)->destination = mac;
    if (turn_.out.room() == 0) return abandoned(frame, Drop::outbox_full);
    send(core_, turn_, frame.lane, frame);
}

void NeighbourLink::abandoned(const Frame& frame, Drop reason) {
    core_.counters.count(reason);
    turn_.out.release(frame);
}

void receive_arp(Core& core, const Turn& turn, Packet& packet) {
    ArpMessage message;
    packet.drop = parse_arp(packet.view, packet.frame.bytes(), message);
    if (packet.drop != Drop::none) return;
    const Interface& interface = core.interface(packet.interface);
    if (core.ownership(packet.interface, message.sender) == Ownership::own &&
        message.sender_mac != interface.mac) {
        packet.drop =
            Drop::address_conflict;  // RFC 5227 section 2.4: noticed, counted, not fought over
        return;
    }
    if (core.ownership(packet.interface, message.sender) == Ownership::own) return;  // come back
    const bool for_us = is_answered(core, packet, message.target);
    if (!message.is_probe()) {
        NeighbourLink sink{core, turn};
        core.neighbours.learn({message.sender, packet.interface},
                              {.mac = message.sender_mac,
                               .solicited = !message.is_request,
                               .overrides = true,
                               .creates = for_us && message.is_request},
                              turn.now, sink);
    }
    if (message.is_request && for_us && !packet.frame.is_copy)
        answer_arp(core, turn, packet, message);
}

void receive_discovery(Core& core, const Turn& turn, Packet& packet) {
    if (packet.frame.handle == nullptr || packet.view.is_atomic) {  // RFC 6980 section 5
        packet.drop = Drop::nd_malformed;
        return;
    }
    switch (packet.header_at<Icmp6Header>(packet.view.l4).type) {
        case icmp6_type::neighbour_solicitation: return receive_solicitation(core, turn, packet);
        case icmp6_type::neighbour_advertisement: return receive_advertisement(core, turn, packet);
        case icmp6_type::mld_query: return receive_query(core, turn, packet);
        default:  // router advertisements and redirects: a host with a configured route ignores
                  // them
            packet.drop = Drop::icmp_type_ignored;
    }
}

void keep_up(Core& core, const Turn& turn) {
    NeighbourLink sink{core, turn};
    core.neighbours.advance(turn.now, sink);
    for (std::uint8_t index = 0; index < core.interfaces.size(); ++index) {
        const InterfaceState& state = core.interfaces[index];
        if (state.announcements <= announcements_at_start && state.announce_at <= turn.now)
            announce_interface(core, turn, index);
    }
}

}  // namespace terminus
