/// The burst: parse all, hash all, find all, act in arrival order, then let the flows speak.
#include "terminus/base/assert.h"
#include "terminus/wire/icmp6.h"
#include "terminus/wire/plain.h"
#include "terminus/wire/udp.h"

#include "steps.h"

#include <array>

namespace terminus {
namespace {

/// The interface of a frame, by lane and VLAN; nothing: unknown.
bool find_interface(const Core& core, Packet& packet) {
    const auto& all = core.settings.interfaces;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (all[i].lane != packet.frame.lane || all[i].vlan != packet.view.vlan) continue;
        packet.interface = static_cast<std::uint8_t>(i);
        return true;
    }
    return false;
}

Drop check_link(const Core& core, Packet& packet) {
    if (!find_interface(core, packet)) return Drop::vlan_unknown;
    const auto& link = packet.header_at<EthernetHeader>(0);
    if (!packet.view.link_group && link.destination != core.interface(packet.interface).mac)
        return Drop::not_for_us_link;
    return link.source.is_group() ? Drop::link_source_invalid : Drop::none;
}

/// All but the plain: see parse_plain().
void parse_rest(const Core& core, Packet& packet) {
    packet.drop = parse_any(packet.frame.bytes(), packet.frame.ip_checksum,
                            packet.frame.l4_checksum, packet.view);
    if (packet.drop == Drop::frame_truncated) return;
    const Drop link = check_link(core, packet);
    if (link != Drop::none) {  // not ours: whatever is wrong inside is nobody's to tell
        packet.drop = link;
        packet.view.problem = {};
    }
    if (packet.drop != Drop::none || packet.view.is_fragment) return;
    identify(core, packet);
}

/// First step of a burst. The checksums of plain segments are left for later.
void parse_packet(const Core& core, Packet& packet) {
    const std::span<const std::byte> frame = packet.frame.bytes();
    const PlainLink& link = core.plain_links[packet.frame.lane];
    if (!parse_plain(frame, packet.view) || !link.is_to_us(load<std::uint64_t>(frame.data())))
        return parse_rest(core, packet);
    packet.interface = link.interface;
    packet.is_verified = false;
    packet.key = ip4_key(frame.data() + PlainSegment::addresses, frame.data() + PlainSegment::l4,
                         link.interface);
    packet.hash = core.flows.hash(packet.key);
}

void verify(Packet& packet) {
    if (packet.is_verified) return;
    packet.is_verified = true;
    packet.drop = verify_plain(packet.frame.bytes(), packet.frame.ip_checksum,
                               packet.frame.l4_checksum, packet.view);
}

bool is_segment(const Packet& packet) {
    return packet.drop == Drop::none && packet.view.kind == Kind::tcp && !packet.view.is_fragment;
}

bool is_addressed_to_us(const Core& core, const Packet& packet, Ownership& owned) {
    owned = core.destination_ownership(packet);
    return owned != Ownership::none;
}

void act_on_flow(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    core.flows_heard = 2;
    receive_segment(core, turn, packet, id);
}

/// What is rarer than a live flow's segment is not inlined: act() would save registers for it.
[[gnu::noinline]] void act_on_stranger(Core& core, const Turn& turn, Packet& packet) {
    if (core.favours_flows && core.flows_heard > 0) {  // where none is heard, all serve strangers
        packet.drop = Drop::overload;
        return;
    }
    Ownership owned{};
    if (!is_addressed_to_us(core, packet, owned)) {
        packet.drop = Drop::ip_destination_not_ours;
    } else if (owned == Ownership::broadcast || owned == Ownership::group) {
        packet.drop = Drop::multicast_destination;  // RFC 9293 section 3.9.2.3, MUST-57
    } else {
        judge_stranger(core, turn, packet);
    }
}

[[gnu::noinline]] void act_on_unsure(Core& core, const Turn& turn, Packet& packet) {
    const FlowId id = core.flows.find(packet.key, packet.hash);
    if (id != no_flow) return act_on_flow(core, turn, packet, id);
    act_on_stranger(core, turn, packet);
}

void act_on_segment(Core& core, const Turn& turn, Packet& packet) {
    if (packet.view.link_group) {  // RFC 1122 section 3.3.6: a host's packet came to a group's MAC
        packet.drop = Drop::multicast_destination;
        return;
    }
    if (core.flows.is_right(packet.likely, packet.key)) [[likely]]
        return act_on_flow(core, turn, packet, packet.likely);
    if (core.flows.is_nobody(packet.likely)) return act_on_stranger(core, turn, packet);
    act_on_unsure(core, turn, packet);
}

/// MLD and Neighbour Discovery, which alone may come to a group.
bool is_discovery(const Packet& packet) {
    if (packet.view.kind != Kind::icmp || packet.view.family != Family::ip6) return false;
    const std::uint8_t type = packet.header_at<Icmp6Header>(packet.view.l4).type;
    return type >= icmp6_type::mld_query && type <= icmp6_type::redirect;
}

/// RFC 1122 section 3.2.1.3: a broadcast address or our own is no sender.
bool is_source_impossible(const Core& core, const Packet& packet) {
    const Ownership owned = core.source_ownership(packet);
    return owned == Ownership::own || owned == Ownership::broadcast;
}

[[gnu::noinline]] void act_on_datagram(Core& core, const Turn& turn, Packet& packet) {
    Ownership owned{};
    const bool ours = is_addressed_to_us(core, packet, owned);
    const bool group = owned == Ownership::broadcast || owned == Ownership::group;
    if (!ours) {
        packet.drop = Drop::ip_destination_not_ours;
    } else if (is_discovery(packet)) {
        receive_discovery(core, turn, packet);
    } else if (group || packet.view.link_group) {
        packet.drop = Drop::multicast_destination;  // RFC 1122 section 3.2.2: silence
    } else if (is_source_impossible(core, packet)) {
        packet.drop = Drop::ip_source_invalid;
    } else if (packet.view.is_fragment) {
        receive_fragment(core, turn, packet);
    } else if (packet.view.kind == Kind::icmp) {
        receive_icmp(core, turn, packet);
    } else if (packet.view.kind == Kind::udp) {
        receive_datagram(core, turn, packet);
    } else {
        receive_other(core, turn, packet);
    }
}

/// Brings near what the burst's segments will be looked up in: all buckets of the index, then all
/// records that they name. In loops of their own, which are so short that the processor has many
/// prefetches under way at once: one among longer steps would wait alone for its TLB miss. The
/// buckets come while checksums are verified. The few whose primary bucket is not sure ask their
/// secondary one last, which has been under way since.
void bring_near(Core& core, std::span<Packet> packets) {
    std::array<std::uint64_t, most_packets> hashes;  // of what is no segment 0, which is nobody's
    std::array<FlowId, most_packets> likely;
    for (std::size_t i = 0; i < packets.size(); ++i)
        hashes[i] = packets[i].hash;
    for (std::size_t i = 0; i < packets.size(); ++i)
        core.flows.prefetch(hashes[i]);
    for (Packet& packet : packets)
        verify(packet);
    for (std::size_t i = 0; i < packets.size(); ++i)
        packets[i].likely = likely[i] = core.flows.likely(hashes[i]);
    for (std::size_t i = 0; i < packets.size(); ++i)
        core.flows.prefetch_record(likely[i]);
    for (std::size_t i = 0; i < packets.size(); ++i) {
        if (likely[i] != unsure_flow) continue;
        packets[i].likely = core.flows.likely_elsewhere(hashes[i]);
        core.flows.prefetch_record(packets[i].likely);
    }
}

/// How a received frame ends, once.
void finish(Core& core, const Turn& turn, const Packet& packet) {
    if (packet.sent) return core.counters.count(End::answered);
    turn.out.release(packet.frame);
    if (packet.drop != Drop::none) {
        core.counters.count(packet.drop);
        core.counters.count(End::dropped);
    } else {
        core.counters.count(packet.held ? End::held : End::consumed);
    }
}

/// What an interface brought, whichever worker's lane it came by.
void count_one(Core& core, const Packet& packet) {
    if (packet.frame.is_copy || packet.frame.is_rebuilt) return;  // counted where the original is
    InterfaceCounters& counters = core.counters.interfaces[packet.interface];
    ++counters.frames_received;
    counters.bytes_received += packet.frame.length;
}

/// A burst mostly comes in by one interface, straight from its lane: it is summed up.
void count_received(Core& core, std::span<const Packet> packets) {
    std::uint64_t bytes = 0, handed = 0;
    unsigned differs = 0;
    for (const Packet& packet : packets) {
        bytes += packet.frame.length;
        handed += packet.frame.is_handed ? 1 : 0;
        differs |= packet.interface ^ packets[0].interface;
    }
    core.counters.handed_in += handed;
    core.counters.frames_received += packets.size() - handed;
    if (handed != 0 || differs != 0) {
        for (const Packet& packet : packets)
            count_one(core, packet);
    } else if (!packets.empty()) {
        InterfaceCounters& counters = core.counters.interfaces[packets[0].interface];
        counters.frames_received += packets.size();
        counters.bytes_received += bytes;
    }
}

}  // namespace

void identify(const Core& core, Packet& packet) {
    if (packet.view.kind != Kind::tcp) return;
    packet.key = key_of(packet);
    packet.hash = core.flows.hash(packet.key);
}

void act(Core& core, const Turn& turn, Packet& packet) {
    if (packet.view.kind == Kind::arp) return receive_arp(core, turn, packet);
    if (is_segment(packet)) return act_on_segment(core, turn, packet);
    act_on_datagram(core, turn, packet);
}

void speak(Core& core, const Turn& turn, Packet& packet) {
    const FlowId id = packet.flow;
    // Ended meanwhile, and the record may be another flow's by now.
    if (core.flows[id].state() == tcp::State::closed || !core.flows.is_named(id, packet.key))
        return;
    const Flows::Before before = core.flows.before(id);
    if (packet.repeat_syn)
        send_syn(core, turn, id, &packet);
    else if (packet.retransmit)
        retransmit(core, turn, id, &packet);
    output(core, turn, id, &packet);
    if (core.flows[id].holds() == tcp::Held::busy) core.give_back_if_quiet(id);
    core.flows.settle(id, before);
}

/// All of a burst is processed before anything is acknowledged, each flow once: RFC 9293
/// section 3.10.7.4, MUST-58, 59.
void receive_burst(Core& core, const Turn& turn, std::span<Frame> burst) {
    TERMINUS_ASSERT(burst.size() <= most_packets);
    const std::span packets{core.packets.data(), burst.size()};
    for (std::size_t i = 0; i < burst.size(); ++i) {
        packets[i].begin(burst[i]);
        parse_packet(core, packets[i]);
    }
    bring_near(core, packets);
    count_received(core, packets);
    if (core.flows_heard > 0) --core.flows_heard;
    for (Packet& packet : packets) {
        if (packet.drop == Drop::none)
            act(core, turn, packet);
        else if (packet.view.problem.wanted)
            answer_problem(core, turn, packet);
    }
    for (Packet& packet : packets) {
        if (packet.flow != no_flow && !packet.sent) speak(core, turn, packet);
        finish(core, turn, packet);
    }
}

}  // namespace terminus
