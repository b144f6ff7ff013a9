/// TCP segments that belong to no flow: the policy judges them, a SYN may begin a flow.
#include "terminus/tcp/isn.h"
#include "terminus/tcp/stranger.h"

#include "cookies.h"
#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Opening;
using tcp::Segment;

/// Inlined where most refusals come from, so that only what it looks at of the segment is read.
[[gnu::always_inline]] inline void refuse_inlined(Core& core, const Turn& turn, Packet& packet,
                                                  const Segment& segment) {
    const auto reply = tcp::refuse(segment);
    if (!reply) {
        packet.drop = Drop::reset_without_flow;
        return;
    }
    answer_segment(core, turn, packet, *reply, core.settings.tcp);
}
void refuse_segment(Core& core, const Turn& turn, Packet& packet, const Segment& segment) {
    refuse_inlined(core, turn, packet, segment);
}

/// RFC 9293 section 3.9.2.3, MUST-63: the source must be a single host's address, and not our own
/// (LAND).
bool is_source_valid(const Core& core, const Packet& packet) {
    if (packet.view.family == Family::ip4) {
        const auto& ip = packet.header_at<Ip4Header>(packet.view.l3);
        return core.interfaces[packet.interface].ownerships.is_anothers(ip.source) &&
               ip.source != ip.destination;
    }
    const Address source = remote_address(packet.key);
    const Ownership owned = core.ownership(packet.interface, source);
    return owned != Ownership::own && owned != Ownership::broadcast && !source.is_unspecified() &&
           source != local_address(packet.key);
}

bool is_full(const CallListener& listener) {
    return listener.embryonic.size + listener.deferred.size + listener.accepted.size >=
           listener.listener.backlog;
}

bool is_half_open_full(const Core& core) {
    return core.counters.flows[static_cast<std::size_t>(tcp::State::syn_received)] >=
           core.settings.half_open_flows;
}

bool may_evict(const Core& core) { return core.settings.table_full == TableFull::evict_time_wait; }

void evict(Core& core, FlowId in_time_wait) {
    core.end_flow(in_time_wait, CallError::none);
    core.counters.count(TcpEvent::time_wait_evicted);
}

/// A record for the new flow: TIME-WAIT makes room where the configuration says so.
FlowId make_flow(Core& core, const Packet& packet) {
    const FlowId id = core.flows.create(packet.key, packet.hash);
    if (id != no_flow || !may_evict(core)) return id;
    // Where records are left it was a key of IPv6 that lacked: IPv4 has none to give.
    const bool lacks_key = core.flows.size() < core.flows.capacity();
    const FlowId oldest = lacks_key ? core.flows.oldest_time_wait(packet.view.family == Family::ip6)
                                    : core.flows.oldest_time_wait();
    if (oldest == no_flow) return no_flow;
    evict(core, oldest);
    return core.flows.create(packet.key, packet.hash);
}

/// Its first timer. When a SYN takes TIME-WAIT over, an entry stays behind in its queue, until
/// those before it are over: where such entries have used up all places, the oldest TIME-WAIT goes.
bool begin_timer(Core& core, FlowId id) {
    if (core.flows.begin(id)) return true;
    const FlowId oldest = core.flows.oldest_time_wait();
    if (oldest != no_flow && may_evict(core)) evict(core, oldest);
    (void)core.flows.oldest_time_wait();  // forgets the entries that are nobody's now
    return core.flows.file(id);
}

void no_room(Core& core, const Turn& turn, Packet& packet, const Segment& segment) {
    if (core.settings.table_full == TableFull::silent) {
        packet.drop = Drop::table_full;
        return;
    }
    core.counters.count(Drop::table_full);
    refuse_segment(core, turn, packet, segment);
}

/// A conversation's flow has a busy record from its SYN on, which names the listener.
bool attach_listener(Core& core, FlowId id, std::uint32_t slot) {
    Busy* record = core.borrow(id);
    if (record == nullptr || !core.make_conversation(*record, core.listeners[slot].settings))
        return false;
    record->listener = slot;
    core.append(core.listeners[slot].embryonic, core.flows[id].held);
    return true;
}

/// RFC 9293 section 3.4.1; after TIME-WAIT beyond what the former incarnation used (RFC 9293
/// section 3.10.7.4).
tcp::Seq choose_iss(const Core& core, const Turn& turn, const Packet& packet) {
    const tcp::Seq iss = tcp::initial_seq(core.settings.isn_key, bytes_of(packet.key), turn.now);
    constexpr std::uint32_t step = 65536;
    return packet.reopens && iss < packet.isn_floor + step ? packet.isn_floor + step : iss;
}

/// A flow in SYN-RECEIVED, begun by `came`; no_flow: there is no room, and the packet is settled.
FlowId begin_flow(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
                  const Segment& came, const Beginning& beginning) {
    const FlowId id = make_flow(core, packet);
    if (id == no_flow) {
        no_room(core, turn, packet, came);
        return no_flow;
    }
    tcp::Flow& flow = core.flows[id];
    flow.service = standing.service;
    tcp::open_passive(flow, beginning.syn, beginning.iss, core.link(flow),
                      settings_for(core, standing), turn.now);
    if (core.service_of(flow) != nullptr)  // no more than it will be offered from then on
        flow.rcv_adv = flow.rcv_nxt + std::min(flow.rcv_wnd(), receive_room(core, flow));
    const bool attached =
        standing.listener == no_slot || attach_listener(core, id, standing.listener);
    if (begin_timer(core, id) && attached) {
        core.note_syn(flow, beginning.syn);
        core.counters.count(TcpEvent::passive_opens);
        return id;
    }
    core.end_flow(id, CallError::no_memory);
    packet.drop = Drop::memory_full;
    return no_flow;
}

/// Established conversations wait for accept(), as many as may.
bool is_accept_queue_full(const Core& core, const Standing& standing) {
    if (standing.listener == no_slot) return false;
    const CallListener& listener = core.listeners[standing.listener];
    return listener.accepted.size >= listener.listener.backlog;
}

/// RFC 4987 section 3: what is full of flows in SYN-RECEIVED.
Drop half_open_limit(const Core& core, const Standing& standing) {
    if (is_half_open_full(core)) return Drop::half_open_full;
    if (standing.listener == no_slot) return Drop::none;
    return is_full(core.listeners[standing.listener]) ? Drop::listener_full : Drop::none;
}

void accept_syn(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
                const Segment& syn) {
    packet.drop = half_open_limit(core, standing);
    const bool is_full = packet.drop != Drop::none;
    if (is_accept_queue_full(core, standing)) {
        packet.drop = Drop::listener_full;
        return;
    }
    if (wants_cookie(settings_for(core, standing), is_full))
        return send_cookie(core, turn, packet, standing, syn);
    if (is_full) return;
    const tcp::Seq iss = choose_iss(core, turn, packet);
    packet.flow = begin_flow(core, turn, packet, standing, syn, {syn, iss});
    packet.repeat_syn = packet.flow != no_flow;
}

/// The ACK of a cookie begins the flow that its SYN did not: RFC 4987 section 3.6. It is a flow in
/// SYN-RECEIVED for a moment, which the ACK ends as it would have.
void accept_cookie(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
                   const Segment& ack, const Beginning& beginning) {
    if (is_accept_queue_full(core, standing)) {  // the peer sends its text again
        packet.drop = Drop::listener_full;
        return;
    }
    const FlowId id = begin_flow(core, turn, packet, standing, ack, beginning);
    if (id == no_flow) return;
    core.counters.count(TcpEvent::syn_cookies_accepted);
    tcp::Flow& flow = core.flows[id];
    flow.stop_timing();  // nobody knows when the SYN-ACK left
    receive_segment(core, turn, packet, id);
    if (!core.flows.is_named(id, packet.key)) return;  // it ended at once
    flow.srtt = flow.rttvar = tcp::ShortMicros{};      // nor did its timestamp tell exactly
}

/// An ACK without a flow: RFC 9293 section 3.10.7.2, second, unless a cookie of ours comes back.
void judge_ack(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
               const Segment& segment) {
    if (core.cookie_sent_at && !core.draining) {
        if (keeps_nothing(core, standing) && hold_stateless(core, turn, packet, segment)) return;
        const auto beginning = read_cookie(core, turn, packet, standing, segment);
        if (beginning) return accept_cookie(core, turn, packet, standing, segment, *beginning);
        if (packet.drop != Drop::none) return;
    }
    refuse_segment(core, turn, packet, segment);
}

void open(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
          const Segment& segment) {
    switch (tcp::on_stranger(segment)) {
        case Opening::ignore:
            packet.drop =
                segment.has(tcp_flag::rst) ? Drop::reset_without_flow : Drop::tcp_unacceptable;
            return;
        case Opening::refuse: return judge_ack(core, turn, packet, standing, segment);
        case Opening::accept:
            if (core.draining) return refuse_segment(core, turn, packet, segment);
            return accept_syn(core, turn, packet, standing, segment);
    }
}

void judge_by_policy(Core& core, const Turn& turn, Packet& packet) {
    const auto port = packet.header_at<TcpHeader>(packet.view.l4).destination_port.host();
    const Rule* rule = judge(core, packet, RuleProtocol::tcp, port);
    if (rule == nullptr) {
        packet.drop = Drop::no_rule;
        return;
    }
    switch (rule->action) {
        case Action::serve:
            return open(core, turn, packet, {.service = static_cast<std::uint8_t>(rule->service)},
                        read_segment(packet));
        case Action::reset: return refuse_inlined(core, turn, packet, read_bare_segment(packet));
        case Action::unreachable:
            if (read_bare_segment(packet).has(tcp_flag::rst)) {
                packet.drop = Drop::reset_without_flow;
                return;
            }
            return answer_unreachable(core, turn, packet, rule->code);
        case Action::drop: packet.drop = Drop::policy;
    }
}

const Rule* find_rule(const Core& core, const Packet& packet, RuleProtocol protocol,
                      std::uint16_t destination_port) {
    const bool is_ip6 = packet.view.family == Family::ip6;
    const std::byte* l3 = packet.frame.data + packet.view.l3;
    return core.policy->judge(
        {.family = packet.view.family,
         .ends = l3 + (is_ip6 ? offsetof(Ip6Header, source) : offsetof(Ip4Header, source)),
         .protocol = protocol,
         .destination_port = destination_port});
}

}  // namespace

const Rule* judge(Core& core, const Packet& packet, RuleProtocol protocol,
                  std::uint16_t destination_port) {
    const Rule* rule = find_rule(core, packet, protocol, destination_port);
    if (rule != nullptr) ++core.rule_hits[core.policy->index_of(*rule)];
    return rule;
}

bool may_begin(Core& core, const Packet& packet) {
    if (core.draining || is_half_open_full(core) || !is_source_valid(core, packet)) return false;
    const CallListener* listener = core.listeners.empty() ? nullptr : find_listener(core, packet);
    if (listener != nullptr) return !is_full(*listener);
    const auto port = packet.header_at<TcpHeader>(packet.view.l4).destination_port.host();
    const Rule* rule = find_rule(core, packet, RuleProtocol::tcp, port);
    return rule != nullptr && rule->action == Action::serve;
}

void judge_stranger(Core& core, const Turn& turn, Packet& packet) {
    if (core.is_quiet(turn.now)) {  // RFC 9293 section 3.4.3: no segment at all, RST included
        packet.drop = Drop::quiet_time;
        return;
    }
    if (!is_source_valid(core, packet)) {
        packet.drop = Drop::ip_source_invalid;
        return;
    }
    CallListener* listener = core.listeners.empty() ? nullptr : find_listener(core, packet);
    if (listener == nullptr) return judge_by_policy(core, turn, packet);
    const auto slot = static_cast<std::uint32_t>(listener - core.listeners.data());
    const Listener& stands = listener->listener;
    open(core, turn, packet,
         stands.serves ? Standing{.service = stands.service} : Standing{.listener = slot},
         read_segment(packet));
}

}  // namespace terminus
