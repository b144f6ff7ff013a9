/// TCP segments of a flow: the engine judges them (tcp/input.h), this carries out what it says.
#include "terminus/tcp/ecn.h"
#include "terminus/tcp/output.h"
#include "terminus/wire/tcp_options.h"

#include "path_mtu.h"
#include "steps.h"

namespace terminus {
namespace {

using tcp::Arrival;
using tcp::Flow;

void count_arrival(Core& core, const Arrival& arrival) {
    if (arrival.ended && arrival.reset) core.counters.count(TcpEvent::resets_received);
    if (arrival.refused) core.counters.count(TcpEvent::handshakes_failed);
    if (arrival.ended && !arrival.reset && !arrival.refused) core.counters.count(TcpEvent::closed);
    if (arrival.established) core.counters.count(TcpEvent::established);
}

/// Returns false when the flow ended.
bool establish(Core& core, const Turn& turn, FlowId id) {
    const Flow& flow = core.flows[id];
    if (const Service* service = core.service_of(flow); service != nullptr) {
        ++core.counters.services[flow.service].connections;
        return begin_service(core, turn, id);
    }
    offer_conversation(core, id);
    if (const Busy* record = core.busy_of(core.flows[id]); record != nullptr && record->closes)
        tcp::close(core.flows[id]);
    return true;
}

/// The flow is CLOSED by this segment.
void end(Core& core, FlowId id, const Arrival& arrival) {
    CallError why = CallError::none;
    if (arrival.reset) why = arrival.refused ? CallError::refused : CallError::connection_reset;
    core.end_flow(id, why);
}

/// A SYN takes TIME-WAIT over where somebody accepts it: RFC 6191, RFC 9293 section 3.6.1, MAY-2.
/// False: nobody does, and TIME-WAIT goes on.
bool begin_anew(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    if (!may_begin(core, packet)) {
        packet.drop = Drop::tcp_unacceptable;
        return false;
    }
    packet.reopens = true;
    packet.isn_floor = core.flows[id].snd_nxt;
    core.counters.count(TcpEvent::time_wait_reused);
    core.end_flow(id, CallError::none);
    judge_stranger(core, turn, packet);
    return true;
}

/// An ACK for an unacceptable segment, within the flow's limit. What carries text is not limited
/// but by challenges: its sender repeats it by a timer and not because we answer, so that no two
/// ends can excite each other (RFC 5961 section 7); and a probe of the window needs its answer.
void answer_unacceptable(Core& core, const Turn& turn, const Packet& packet, FlowId id,
                         bool challenged) {
    Flow& flow = core.flows[id];
    const bool limited = challenged || packet.payload().empty();
    if (limited && !core.challenges.allow(packet.hash, core.settings_of(flow), turn.now.ms()))
        return core.counters.count(TcpEvent::challenge_acks_limited);
    flow.ack_now = 1;
    if (!challenged) return;
    core.counters.count(TcpEvent::challenge_acks);
    if (Details* details = core.details_of(flow)) ++details->challenge_acks;
}

/// RFC 5681 section 3.2: duplicate ACKs are the first sign of loss, SACK and ECE are others, and
/// recovery needs an effort.
void borrow_for_recovery(Core& core, const Turn& turn, FlowId id, const tcp::Segment& segment,
                         const Arrival& arrival) {
    Flow& flow = core.flows[id];
    const bool marked = flow.ecn != 0 && segment.has(tcp_flag::ece) && arrival.acked_bytes > 0;
    const bool sacked = segment.options.sack_count > 0 && flow.in_flight() > 0;
    if (!arrival.duplicate_ack && !sacked && !marked) return;
    if (arrival.drop != Drop::none || core.busy_of(flow) != nullptr) return;
    if (!tcp::is_synchronised(flow.state())) return;
    Busy* record = core.borrow(id);
    if (record == nullptr) return;
    if (tcp::take_late(flow, record->effort, segment, core.context(flow, turn.now), arrival))
        core.counters.count(TcpEvent::fast_retransmits);
}

/// Whether a flow has something to say after a segment without text. What could be said before was
/// said, or waits for its turn.
bool has_news(const Core& core, const Flow& flow, bool progress) {
    const bool owes = (flow.ack_now | flow.ready) != 0 || flow.rcv_wnd() < 2 * flow.mss_bytes();
    return owes || (progress && unsent_bytes(core, flow) != 0);
}

/// The handshake is over, and the service waits for the peer to begin.
bool falls_silent(const Core& core, const Flow& flow) {
    return flow.state() == tcp::State::established && core.busy_of(flow) == nullptr &&
           flow.service != Flow::no_service && !has_news(core, flow, true);
}

void act_on_arrival(Core& core, const Turn& turn, Packet& packet, FlowId id,
                    const Arrival& arrival) {
    packet.flow = id;
    packet.retransmit = arrival.retransmit;
    packet.repeat_syn = arrival.repeat_syn;
    packet.duplicate = {arrival.duplicate.left, arrival.duplicate.right};
    packet.wants_ack = packet.duplicate != Stretch{};
    if (arrival.acked_bytes > 0) {
        forget_acknowledged(core, id);
        note_progress(core, id, arrival.acked_bytes, turn.now);
    }
    if (arrival.text_length > 0 || arrival.fin) {
        if (!take_text(core, turn, packet, id, arrival)) return;
        if (core.flows[id].service == Flow::no_service) offer_deferred(core, id);
    } else if (arrival.acked_bytes > 0) {
        offer_text(core, turn, id);
        if (arrival.established && falls_silent(core, core.flows[id])) packet.flow = no_flow;
    }
}

/// RFC 3168 section 5: the lower two bits of the traffic class, which over IPv6 begins half a byte
/// earlier.
std::uint8_t ecn_of(const Packet& packet) {
    const unsigned second = packet.header_at<std::uint8_t>(packet.view.l3 + 1);
    return (packet.view.family == Family::ip4 ? second : second >> 4) & 3;
}

/// An RST of the engine's, with the timestamps that were agreed on: RFC 7323 section 3.2.
void reset_from_flow(Core& core, const Turn& turn, Packet& packet, const Flow& flow, tcp::Seq seq) {
    tcp::Reply reply{.seq = seq, .flags = tcp_flag::rst};
    if (tcp::is_stamped(flow)) tcp::stamp(flow, core.ts_now(packet.hash, turn.now), reply.options);
    answer_segment(core, turn, packet, reply, core.settings_of(flow));
}

/// Whether the options of a segment that is_expected() and its mark need no second look: none, or
/// just the timestamps that were agreed on (RFC 7323 appendix A), which are taken.
bool takes_options(const Core& core, const Packet& packet, Flow& flow, const TcpHeader& header,
                   Tick now) {
    if (flow.ecn != 0 && ecn_of(packet) == tcp::ecn_codepoint::ce) return false;
    if (flow.timestamps == 0) return header.header_bytes() == sizeof header;
    return tcp::take_expected_timestamp(flow, header, core.ts_now(packet.hash, now));
}

/// Most of what a service's flow receives: its next text, or an ACK of its last. True: it has been
/// dealt with, as the whole way of receive_segment() would have.
bool take_expected(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    Flow& flow = core.flows[id];
    const auto& header = packet.header_at<TcpHeader>(packet.view.l4);
    const std::span text = packet.payload();
    if (!tcp::is_expected(flow, header, static_cast<std::uint32_t>(text.size()))) return false;
    if (flow.service == Flow::no_service) return false;
    if (!takes_options(core, packet, flow, header, turn.now)) return false;
    const Flows::Before before = core.flows.before(id);
    const bool progress = tcp::take_expected(flow, header, core.settings.tcp, turn.now);
    if (progress) forget_acknowledged(core, id);
    if (!text.empty()) take_next_text(core, turn, packet, id);
    if (!text.empty() || has_news(core, flow, progress)) packet.flow = id;
    if (progress || flow.state() != before.state) core.flows.settle(id, before);
    return true;
}

/// How long the peer took to answer our SYN or SYN-ACK, if that was sent once.
void count_handshake(Core& core, const Flow& flow) {
    if (flow.retransmitted == 0 && !flow.srtt.is_zero())
        core.counters.handshake.add(static_cast<std::uint32_t>(flow.srtt.us()));
}

/// What a segment means besides text and ACKs: the flow's beginning or its end, answers that are
/// owed at once. The state is settled, and `before` begins anew. False: the packet is settled.
bool carry_out(Core& core, const Turn& turn, Packet& packet, FlowId id, const tcp::Segment& segment,
               const Arrival& arrival, Flows::Before& before) {
    Flow& flow = core.flows[id];
    packet.drop = arrival.drop;
    count_arrival(core, arrival);
    if (arrival.ended) {
        end(core, id, arrival);
        return false;
    }
    if (arrival.reopens && begin_anew(core, turn, packet, id)) return false;
    if (arrival.answered) answer_unacceptable(core, turn, packet, id, arrival.challenged);
    core.flows.settle(id, before);  // its state is counted before its text may end it
    before = core.flows.before(id);
    if (arrival.resets) reset_from_flow(core, turn, packet, flow, segment.ack);
    if (arrival.established || arrival.repeat_syn) core.note_syn(flow, segment);
    if (!arrival.established) return true;
    count_handshake(core, flow);
    follow_path(core, id, turn.now);
    return establish(core, turn, id);
}

}  // namespace

tcp::Segment read_segment(const Packet& packet) {
    const auto& header = packet.header_at<TcpHeader>(packet.view.l4);
    tcp::Segment segment = read_bare_segment(packet);
    segment.ecn = ecn_of(packet);
    if (header.header_bytes() > sizeof header)
        segment.options = parse_tcp_options(packet.frame.bytes().subspan(
            packet.view.l4 + sizeof header, header.header_bytes() - sizeof header));
    return segment;
}

namespace {

/// SEGMENT ARRIVES, whatever it may be.
[[gnu::noinline]] void receive_any(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    Flow& flow = core.flows[id];
    const tcp::Segment segment = read_segment(packet);
    Flows::Before before = core.flows.before(id);
    const Arrival arrival = tcp::on_segment(flow, core.effort_of(flow), segment,
                                            core.context(flow, packet.hash, turn.now));
    if (!arrival.is_next && !carry_out(core, turn, packet, id, segment, arrival, before)) return;
    if (flow.service == Flow::no_service) note_received(core, flow, arrival, turn.now);
    if (segment.ecn != 0 && flow.ecn != 0) core.note_ecn(flow);
    if (arrival.recovers) core.counters.count(TcpEvent::fast_retransmits);
    borrow_for_recovery(core, turn, id, segment, arrival);
    act_on_arrival(core, turn, packet, id, arrival);
    if (core.flows[id].state() != tcp::State::closed) core.flows.settle(id, before);
    // RFC 5681 section 4.2: each segment out of order has an ACK of its own, which tells of it.
    if (packet.wants_ack && packet.flow != no_flow) speak(core, turn, packet);
}

}  // namespace

void receive_segment(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    if (!take_expected(core, turn, packet, id)) receive_any(core, turn, packet, id);
}

}  // namespace terminus
