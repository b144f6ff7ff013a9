/// The steps of a packet's life, one source file each. A step either settles the packet (sent, held
/// or with a drop reason) or leaves it to be released as consumed.
#pragma once

#include "core.h"
#include "write.h"

namespace terminus {

// receive.cc
void receive_burst(Core& core, const Turn& turn, std::span<Frame> burst);
/// Computes what a parsed segment's ports name: its key and hash.
void identify(const Core& core, Packet& packet);
/// An IP packet or ARP whose view is whole: to the step that its kind asks for.
void act(Core& core, const Turn& turn, Packet& packet);
/// The flow that this packet changed speaks, in its frame.
void speak(Core& core, const Turn& turn, Packet& packet);

// strangers.cc: TCP segments without a flow.
void judge_stranger(Core& core, const Turn& turn, Packet& packet);
/// Whether a SYN would begin a flow: a listener or a rule serves there, and has room.
[[nodiscard]] bool may_begin(Core& core, const Packet& packet);
/// Asks the policy and counts the hit; null: no rule matches.
[[nodiscard]] const Rule* judge(Core& core, const Packet& packet, RuleProtocol protocol,
                                std::uint16_t destination_port);

// segments.cc: TCP segments of a flow.
void receive_segment(Core& core, const Turn& turn, Packet& packet, FlowId id);
[[nodiscard]] tcp::Segment read_segment(const Packet& packet);
/// The same without its options.
[[nodiscard]] inline tcp::Segment read_bare_segment(const Packet& packet) {
    const auto& header = packet.header_at<TcpHeader>(packet.view.l4);
    return {.seq = tcp::Seq{header.seq.host()},
            .ack = tcp::Seq{header.ack.host()},
            .text_length = packet.view.end - packet.view.payload,
            .window = header.window.host(),
            .urgent = header.urgent.host(),
            .flags = header.flags};
}
/// Writes a reply without text into the frame that asked, and sends it. What its IP header says
/// stands in the settings.
inline void answer_segment(Core& core, const Turn& turn, Packet& packet, const tcp::Reply& reply,
                           const tcp::Settings& settings) {
    write_answer(core, packet, reply, ip_choice(settings));
    send(core, turn, packet.interface, packet.frame);
    packet.sent = true;
    if ((reply.flags & tcp_flag::rst) != 0) ++core.counters.resets_sent;
}

// text.cc: what happens to received text.
/// Finds a place for the in-window text and the FIN of a segment. Returns false when the flow
/// ended.
[[nodiscard]] bool take_text(Core& core, const Turn& turn, Packet& packet, FlowId id,
                             const tcp::Arrival& arrival);
/// Offers waiting text again, after all that was promised is acknowledged, or more came; closes our
/// half behind the peer's when the service has nothing more to say.
void offer_text(Core& core, const Turn& turn, FlowId id);
/// All text of the segment that a service's flow expected next.
void take_next_text(Core& core, const Turn& turn, Packet& packet, FlowId id);

// holes.cc: text that waits.
/// Copies text into the receive queue, or beside it when it lies beyond a hole; what thereby became
/// in order is acknowledged.
void hold_text(Core& core, Packet& packet, FlowId id, tcp::Seq seq,
               std::span<const std::byte> text);
/// Remembers a FIN beyond a hole.
void hold_fin(Core& core, Packet& packet, FlowId id, tcp::Seq fin_seq);
/// RFC 2018: the stretches beyond a hole, and before them what `packet` brought a second time
/// (RFC 2883). `packet` may be null.
void report_holes(const Core& core, const tcp::Flow& flow, const Packet* packet,
                  TcpOptions& options);
/// Bytes of receive buffer that may be offered to the peer.
[[nodiscard]] std::uint32_t receive_room(const Core& core, const tcp::Flow& flow);
/// Writes a service's state back to where the flow keeps it.
void keep_service_state(Core& core, tcp::Flow& flow, const ServiceState& state);

// manners.cc: what services do with connections besides their text.
/// Keeps the first text of a peer for the operator.
void capture(Core& core, const Captured& about, std::span<const std::byte> text);
void capture_text(Core& core, FlowId id, std::span<const std::byte> text, Tick now);
/// The service hears of a new connection. Returns false when the flow ended.
[[nodiscard]] bool begin_service(Core& core, const Turn& turn, FlowId id);
/// True when a connection that its service ends by time has come to its end.
[[nodiscard]] bool is_ending_due(const Core& core, FlowId id, Tick now);
/// `look`, or the end by the service if that comes sooner.
[[nodiscard]] Millis before_ending(const Core& core, FlowId id, Millis look);
/// The service ends the connection; false: the flow ended.
[[nodiscard]] bool end_by_service(Core& core, const Turn& turn, FlowId id);

// output.cc: what a flow sends.
/// Sends what the flow owes: text, FIN, an ACK; at most ten segments. `packet` lends its frame and
/// the way back; null: fresh frames, by route and neighbour.
void output(Core& core, const Turn& turn, FlowId id, Packet* packet);
/// The flow's SYN or SYN-ACK.
void send_syn(Core& core, const Turn& turn, FlowId id, Packet* packet);
/// Sends the oldest segment in flight again.
void retransmit(Core& core, const Turn& turn, FlowId id, Packet* packet);
/// One byte beyond the closed window.
void probe_window(Core& core, const Turn& turn, FlowId id);
/// A segment before SND.NXT, without text, which the peer must acknowledge: RFC 9293 section 3.8.4.
void send_keepalive(Core& core, const Turn& turn, FlowId id);
/// An RST of our own, into a fresh frame.
void send_reset(Core& core, const Turn& turn, FlowId id);
/// Acknowledged text is forgotten.
void forget_acknowledged(Core& core, FlowId id);
/// Text that is echoed, or a user's, from snd_nxt on, bytes.
[[nodiscard]] inline std::uint32_t unsent_of_chain(const Core& core, const tcp::Flow& flow) {
    if (const Busy* record = core.busy_of(flow))
        return record->send.empty() ? 0 : core.blocks.end(record->send) - flow.snd_nxt;
    if (flow.holds() != tcp::Held::text) return 0;
    return core.blocks.end(core.blocks.whole(flow.held)) - flow.snd_nxt;
}
/// Text of the flow from snd_nxt on, bytes.
[[nodiscard]] inline std::uint32_t unsent_bytes(const Core& core, const tcp::Flow& flow) {
    constexpr std::uint32_t endless_bytes = 1U << 28;
    if (flow.fin_sent != 0 || !tcp::is_synchronised(flow.state())) return 0;
    const Service* service = core.service_of(flow);
    if (service == nullptr || service->text() == Text::echoed) return unsent_of_chain(core, flow);
    if (service->text() == Text::none) return 0;
    if (service->text() == Text::endless)
        return tcp::may_send_text(flow.state()) ? endless_bytes : 0;
    const tcp::Seq mark = core.mark_of(flow);
    return mark > flow.snd_nxt ? mark - flow.snd_nxt : 0;
}

// answers.cc: ICMP and UDP.
void receive_icmp(Core& core, const Turn& turn, Packet& packet);
void receive_datagram(Core& core, const Turn& turn, Packet& packet);
void receive_other(Core& core, const Turn& turn, Packet& packet);
/// Answers with an ICMP destination unreachable, where one may be sent.
void answer_unreachable(Core& core, const Turn& turn, Packet& packet, Unreachable code);
/// Tells the sender that the rest of its datagram did not come. `packet` is the first fragment.
void answer_time_exceeded(Core& core, const Turn& turn, Packet& packet);
/// Answers with the Parameter Problem that parse() asked for.
void answer_problem(Core& core, const Turn& turn, Packet& packet);

// errors.cc: ICMP errors that quote a packet of ours.
void receive_error(Core& core, const Turn& turn, Packet& packet);
/// Why a flow that waited in vain ends: the soft error that it learnt of last, else `otherwise`.
[[nodiscard]] CallError soft_error_or(const Core& core, const tcp::Flow& flow, CallError otherwise);
/// The peer acknowledged something: soft errors are over.
void forget_soft_error(Core& core, const Busy& record);

// fragments.cc
void receive_fragment(Core& core, const Turn& turn, Packet& packet);
void expire_fragments(Core& core, const Turn& turn);

// upkeep.cc: ARP, ND, MLD, both ways.
void receive_arp(Core& core, const Turn& turn, Packet& packet);
void receive_discovery(Core& core, const Turn& turn, Packet& packet);
/// Announcements that are due, neighbours' timers.
void keep_up(Core& core, const Turn& turn);

/// RFC 9293 section 3.8.6.3, MUST-40: an ACK waits less than half a second.
[[nodiscard]] inline std::uint32_t ack_delay_ms(const tcp::Settings& settings) {
    constexpr std::uint32_t most_ms = 499;
    return std::min(settings.delayed_ack_ms, most_ms);
}

// timers.cc: everything that time alone causes.
[[nodiscard]] bool run_timers(Core& core, const Turn& turn);
/// Which timer of a flow runs, and when it ends: STATUS.
struct RunningTimer {
    Timer timer = Timer::none;
    std::uint32_t in_ms = 0;
};
[[nodiscard]] RunningTimer timer_of(const Core& core, const tcp::Flow& flow, Tick now);
/// The flow's settings have changed: its timers follow them.
void heed_settings(Core& core, FlowId id, Tick now);

// pressure.cc
/// An end to persist where memory has run out: RFC 9293 section 3.8.6.1. Returns how much it did.
[[nodiscard]] std::size_t relieve(Core& core, const Turn& turn);

// datagram_calls.cc: UDP conversations.
/// A datagram for a conversation? False: nobody waits for it.
[[nodiscard]] bool take_datagram(Core& core, Packet& packet);
/// An ICMP error quotes a datagram that left from `local`. False: no conversation sent it.
bool report_datagram_error(Core& core, const IcmpCause& cause, const Endpoint& local,
                           CallError error);
/// Sends what UDP conversations have queued; returns how many datagrams.
[[nodiscard]] std::size_t send_datagrams(Core& core, const Turn& turn);

// linger.cc: CLOSE with a limit, tcp::Settings::linger_ms.
void begin_to_linger(Core& core, FlowId id, Tick now);
/// True when text or our FIN is still under way at the end of the user's patience.
[[nodiscard]] bool is_lingering_over(Core& core, const tcp::Flow& flow, Tick now);
/// The next look at a flow, no later than that end.
[[nodiscard]] Millis look_while_lingering(Core& core, const tcp::Flow& flow, Millis again);

// history.cc: what STATUS tells of a conversation's past. For conversations only.
/// A segment came, and `arrival` is what it meant.
void note_received(Core& core, const tcp::Flow& flow, const tcp::Arrival& arrival, Tick now);
/// A segment with text leaves.
void note_text_sent(Core& core, const tcp::Flow& flow, Tick now);
/// The flow has said what it could: what holds it back from now on?
void note_pace(Core& core, FlowId id, Tick now);

// openings.cc
/// A SYN for a call's listener? Null: none listens there.
[[nodiscard]] CallListener* find_listener(Core& core, const Packet& packet);
/// A conversation became established: into its listener's accept queue, at once or, where accept is
/// deferred, when text or a FIN has come.
void offer_conversation(Core& core, FlowId id);
void offer_deferred(Core& core, FlowId id);
/// Those that have waited for text long enough. Returns how many.
[[nodiscard]] std::size_t offer_overdue(Core& core, Tick now);

}  // namespace terminus
