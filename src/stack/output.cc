/// What a flow sends: segments with text, acknowledgements, SYNs, probes and resets, written into
/// the frame that asked or into fresh ones.
#include "terminus/tcp/output.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/ecn.h"
#include "terminus/tcp/timeout.h"
#include "terminus/tcp/urgent.h"

#include "path_mtu.h"
#include "steps.h"
#include "write.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Flow;
using tcp::Held;
using tcp::Plan;
using tcp::Reply;
using tcp::Seq;

constexpr int most_segments = 10;  // of one flow in one turn: others wait too
constexpr std::uint32_t endless_bytes = 1U << 28;

/// Where the next segment of a flow is written: first the frame that asked, then fresh ones.
class Writer {
public:
    Writer(Core& core, const Turn& turn, FlowId id, Packet* packet)
        : core_{core}, turn_{turn}, id_{id}, packet_{packet}, key_{core.flows.key(id)} {
        if (packet != nullptr) to_ = packet->header_at<EthernetHeader>(0).source;
    }

    /// A frame to write into; a null handle when there is none.
    Frame take() {
        if (packet_ != nullptr && !packet_->sent && packet_->frame.handle != nullptr) {
            packet_->sent = true;
            return packet_->frame;
        }
        return turn_.out.room() > reserve ? turn_.out.fresh() : Frame{};
    }
    /// The clock of TSval: RFC 7323 section 3.2.
    [[nodiscard]] std::uint32_t ts_now() const {
        const std::uint64_t hash = packet_ != nullptr ? packet_->hash : core_.flows.hash(key_);
        return core_.ts_now(hash, turn_.now);
    }
    /// Every segment but a SYN has the timestamps that were agreed on: RFC 7323 section 3.2.
    void stamp(Reply& fields) const {
        const Flow& flow = core_.flows[id_];
        if (tcp::is_stamped(flow)) tcp::stamp(flow, ts_now(), fields.options);
    }
    /// Text beyond a hole, and once what came a second time.
    void report(Reply& fields) const {
        report_holes(core_, core_.flows[id_], packet_, fields.options);
        if (packet_ != nullptr) packet_->duplicate = {};
    }
    void send_segment(Frame& frame, const Reply& fields, std::uint16_t text_length) {
        const Flow& flow = core_.flows[id_];
        IpChoice ip = ip_choice(core_.settings_of(flow));
        ip.dont_fragment = forbids_fragments(core_, id_, turn_.now);
        write_segment(core_, frame, {key_, to_, fields, text_length, ip});
        const std::uint8_t index = flow.interface;
        if (packet_ != nullptr)
            send(core_, turn_, index, frame);
        else
            (void)dispatch(core_, turn_, index, frame, remote_address(key_));
    }

private:
    /// Room in the outbox that the answers of a burst may still need.
    static constexpr std::size_t reserve = 64;

    Core& core_;
    const Turn& turn_;
    FlowId id_;
    Packet* packet_;
    Key key_;
    Mac to_;
};

/// Copies `length` bytes of the flow's outgoing text from `seq` on.
void fill(Core& core, Flow& flow, Seq seq, std::span<std::byte> into) {
    Busy* record = core.busy_of(flow);
    const Service* service = core.service_of(flow);
    if (service != nullptr && service->text() != Text::echoed) {
        const ServiceState state{.mark = Seq{record != nullptr ? record->mark : flow.held},
                                 .phase = static_cast<std::uint8_t>(flow.phase)};
        service->fill(state, seq, into);
        return;
    }
    const std::size_t read = record != nullptr
                                 ? core.blocks.read(record->send, record->cursor, seq, into)
                                 : core.blocks.read(core.blocks.whole(flow.held), seq, into);
    TERMINUS_ASSERT(read == into.size());
}

/// A segment with ACK, all but its text.
Reply fields_of(Core& core, const Writer& writer, Flow& flow, const Plan& plan) {
    Reply fields{
        .seq = plan.seq,
        .ack = flow.rcv_nxt,
        .window = tcp::offer_window(flow, receive_room(core, flow), core.settings_of(flow)),
        .flags = static_cast<std::uint8_t>(plan.flags | tcp::echo_flag(flow))};
    writer.stamp(fields);
    if (flow.sack != 0) writer.report(fields);
    tcp::mark_urgent(flow, core.effort_of(flow), fields);
    return fields;
}

/// Blocks of SACK take their room from the text, so that the segment keeps to the MTU. At least
/// half of a full segment stays text.
void make_room(const Flow& flow, Plan& plan, Reply& fields) {
    constexpr std::uint32_t head = 4, block = 8;
    const std::uint32_t most = flow.mss_bytes();
    const std::uint32_t fitting = most / 2 > head ? (most / 2 - head) / block : 0;
    const std::uint32_t beside = flow.timestamps != 0 ? 3 : 4;  // RFC 2018 section 3
    const std::uint32_t count =
        std::min({fitting, beside, std::uint32_t{fields.options.sack_count}});
    fields.options.sack_count = static_cast<std::uint8_t>(count);
    const std::uint32_t room = count == 0 ? most : most - head - block * count;
    if (plan.length <= room) return;
    plan.length = room;
    plan.flags &= static_cast<std::uint8_t>(~(tcp_flag::psh | tcp_flag::fin));
    fields.flags &= static_cast<std::uint8_t>(~(tcp_flag::psh | tcp_flag::fin));
}

/// RFC 9293 section 3.8.6.2.1: the window is open, but was not worth using.
bool is_override(const Flow& flow) {
    return flow.waits() == tcp::Waits::window && flow.snd_wnd > 0 && flow.in_flight() == 0;
}

/// Text leaves after all: the flow waits neither for a better window nor for silence to end, whose
/// probes it counted.
void end_waiting(Flow& flow) {
    if (is_override(flow)) tcp::go_silent(flow);
    if (flow.waits() == tcp::Waits::silence) flow.backoff = 0;
}

/// Writes one planned segment. False: no frame is free.
bool send_plan(Core& core, const Turn& turn, FlowId id, Writer& writer, Plan plan) {
    Frame frame = writer.take();
    if (frame.handle == nullptr) return false;
    Flow& flow = core.flows[id];
    Reply fields = fields_of(core, writer, flow, plan);
    if (fields.options.sack_count != 0) [[unlikely]]
        make_room(flow, plan, fields);
    fields.ecn = tcp::ecn_mark(flow, plan);
    const std::uint16_t offset = text_offset(core.interface(flow.interface), flow.ip6 != 0,
                                             tcp_options_bytes(fields.options));
    TERMINUS_ASSERT(offset + plan.length <= frame.capacity);
    if (plan.length > 0) fill(core, flow, plan.seq, {frame.data + offset, plan.length});
    writer.send_segment(frame, fields, static_cast<std::uint16_t>(plan.length));
    if (flow.service == Flow::no_service && plan.length > 0) note_text_sent(core, flow, turn.now);
    if (plan.seq < flow.snd_nxt && flow.waits() != tcp::Waits::window)
        core.counters.count(TcpEvent::segments_retransmitted);
    const bool is_new = plan.seq + plan.length > flow.snd_nxt;
    if (is_new && flow.service != Flow::no_service)
        core.counters.services[flow.service].bytes_sent += plan.length;
    end_waiting(flow);
    tcp::sent(flow, core.effort_of(flow), plan, core.settings_of(flow), turn.now);
    return true;
}

/// SND.NXT, but for a peer whose window has closed or shrunk: it takes nothing from beyond, not
/// even an ACK (RFC 9293 section 3.10.7.4), and a probe has advanced SND.NXT. Deliberate: else two
/// peers whose windows are closed never hear of each other's again.
Seq acceptable_seq(const Flow& flow) {
    return tcp::is_synchronised(flow.state())
               ? tcp::earlier(flow.snd_nxt, flow.snd_una + flow.snd_wnd)
               : flow.snd_nxt;
}

void send_ack(Core& core, FlowId id, Writer& writer) {
    Frame frame = writer.take();
    Flow& flow = core.flows[id];
    if (frame.handle == nullptr) return core.flows.make_ready(id);
    tcp::acknowledged(flow, core.effort_of(flow));
    const Reply fields =
        fields_of(core, writer, flow, {.seq = acceptable_seq(flow), .flags = tcp_flag::ack});
    writer.send_segment(frame, fields, 0);
}

/// The user has said that more will follow: RFC 9293 section 3.9.1.2.
bool corks(const Core& core, const Flow& flow) {
    const Busy* record = core.busy_of(flow);
    return record != nullptr && record->more && !tcp::has_closed(flow.state());
}

/// A window that is closed while text waits and nothing is in flight will be probed.
void wait_for_window(Core& core, FlowId id, std::uint32_t unsent, Tick now) {
    Flow& flow = core.flows[id];
    const bool fin_due = tcp::has_closed(flow.state()) && flow.fin_sent == 0;
    if ((unsent == 0 && !fin_due) || flow.in_flight() > 0 || flow.waits() == tcp::Waits::window)
        return;
    if (!tcp::is_synchronised(flow.state())) return;
    tcp::await_window(flow, core.settings_of(flow), now);
    // What holds text is found by relieve(), when memory runs out.
    Busy* record = flow.holds() == Held::text ? core.borrow(id) : core.busy_of(flow);
    if (record != nullptr) record->persists_since = now.ms();
}

/// More than an initial window wants to fly: congestion control needs an effort.
void borrow_for_flight(Core& core, FlowId id, std::uint32_t unsent) {
    const Flow& flow = core.flows[id];
    if (core.busy_of(flow) != nullptr || unsent == 0) return;
    const auto window = tcp::initial_window_bytes(flow.mss_bytes(), core.settings_of(flow));
    if (flow.in_flight() + unsent > window) (void)core.borrow(id);
}

/// A window that was as good as closed can open: the peer need not ask with a probe (RFC 9293
/// section 3.8.6.2.2).
bool opens_window(const Core& core, const Flow& flow) {
    if (flow.rcv_wnd() >= 2 * flow.mss_bytes()) return false;
    return tcp::is_window_news(flow, receive_room(core, flow), core.settings_of(flow));
}

bool wants_nagle(const Core& core, const Flow& flow) {
    // Services write whole answers at once: Nagle would only hold back their last segment.
    if (flow.service != Flow::no_service || !core.settings_of(flow).nagle) return false;
    const Busy* record = core.busy_of(flow);
    return record == nullptr || record->effort.urgent_out == 0;  // urgent text does not wait
}

/// The usual end of what a quiet flow receives: an ACK at most is left to say.
bool has_nothing_to_send(const Core& core, const Flow& flow, std::uint32_t unsent) {
    const bool owes_fin = tcp::has_closed(flow.state()) && flow.fin_sent == 0;
    return unsent == 0 && !owes_fin && core.busy_of(flow) == nullptr;
}

/// Text, FIN and what was lost, as far as windows and buffers let them; false: the rest waits for
/// another turn.
bool send_text(Core& core, const Turn& turn, FlowId id, Writer& writer, std::uint32_t unsent) {
    Flow& flow = core.flows[id];
    borrow_for_flight(core, id, unsent);
    if (unsent > 0) follow_path(core, id, turn.now);
    std::uint32_t probe = unsent > 0 ? path_probe_bytes(core, id, turn.now) : 0;
    if (tcp::Effort* effort = core.effort_of(flow); effort != nullptr && flow.in_flight() == 0)
        tcp::restart_after_idle(*effort, flow, core.settings_of(flow), turn.now);
    for (int i = 0; !has_nothing_to_send(core, flow, unsent); ++i) {
        const auto plan = tcp::next_segment(flow, core.effort_of(flow),
                                            {.unsent_bytes = unsent,
                                             .nagle = wants_nagle(core, flow),
                                             .more = corks(core, flow),
                                             .path_probe_bytes = probe},
                                            core.settings_of(flow));
        if (!plan) break;
        if (i == most_segments || !send_plan(core, turn, id, writer, *plan)) {
            if (flow.ack_pending != 0) flow.ack_now = 1;
            core.flows.make_ready(id);
            return false;
        }
        unsent = unsent_bytes(core, flow);
        if (probe != 0 && plan->length > flow.mss_bytes()) {
            begin_path_probe(core, id, turn.now);
            probe = 0;
        }
    }
    wait_for_window(core, id, unsent, turn.now);
    if (flow.service == Flow::no_service) note_pace(core, id, turn.now);
    return true;
}

}  // namespace

std::uint32_t unsent_bytes(const Core& core, const Flow& flow) {
    if (flow.fin_sent != 0 || !tcp::is_synchronised(flow.state())) return 0;
    const Busy* record = core.busy_of(flow);
    const Service* service = core.service_of(flow);
    const Text text = service != nullptr ? service->text() : Text::echoed;
    switch (text) {
        case Text::none: return 0;
        case Text::endless: return tcp::may_send_text(flow.state()) ? endless_bytes : 0;
        case Text::generated: {
            const Seq mark{record != nullptr ? record->mark : flow.held};
            return mark > flow.snd_nxt ? mark - flow.snd_nxt : 0;
        }
        case Text::echoed: break;
    }
    if (record != nullptr)
        return record->send.empty() ? 0 : core.blocks.end(record->send) - flow.snd_nxt;
    if (flow.holds() != Held::text) return 0;
    return core.blocks.end(core.blocks.whole(flow.held)) - flow.snd_nxt;
}

void output(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    Flow& flow = core.flows[id];
    Writer writer{core, turn, id, packet};
    const std::uint32_t unsent = unsent_bytes(core, flow);
    if (!has_nothing_to_send(core, flow, unsent) && !send_text(core, turn, id, writer, unsent))
        return;
    if (flow.ack_now != 0 || opens_window(core, flow)) return send_ack(core, id, writer);
    // An ACK that was delayed before is queued already.
    if (flow.ack_pending == 0 || packet == nullptr || !packet->owes_ack) return;
    if (!core.flows.delay_ack(id, ack_delay_ms(core.settings_of(flow)), turn.now))
        send_ack(core, id, writer);
}

void send_syn(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    Flow& flow = core.flows[id];
    if (flow.state() == tcp::State::syn_sent && core.is_quiet(turn.now)) return;
    Writer writer{core, turn, id, packet};
    Frame frame = writer.take();
    if (frame.handle == nullptr) return;  // the timer sends it again
    const std::uint32_t ts_now = flow.timestamps != 0 ? writer.ts_now() : 0;
    writer.send_segment(frame, tcp::syn_of(flow, core.link(flow), core.settings_of(flow), ts_now),
                        0);
}

void retransmit(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    Flow& flow = core.flows[id];
    if (!tcp::is_synchronised(flow.state())) {
        core.counters.count(TcpEvent::segments_retransmitted);
        return send_syn(core, turn, id, packet);
    }
    if (flow.in_flight() == 0) return;
    Writer writer{core, turn, id, packet};
    flow.retransmitted = 1;
    flow.stop_timing();
    (void)send_plan(core, turn, id, writer, tcp::oldest_segment(flow, core.effort_of(flow)));
}

void probe_window(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    const auto plan = tcp::window_probe(flow, {.unsent_bytes = unsent_bytes(core, flow)});
    if (!plan) return tcp::go_silent(flow);
    const bool overrides = is_override(flow);
    Writer writer{core, turn, id, nullptr};
    if (send_plan(core, turn, id, writer, *plan) && !overrides)
        core.counters.count(TcpEvent::window_probes);
}

/// RFC 9293 section 3.8.4, SHLD-12: without text, one number before what is next.
void send_keepalive(Core& core, const Turn& turn, FlowId id) {
    Writer writer{core, turn, id, nullptr};
    Frame frame = writer.take();
    if (frame.handle == nullptr) return;  // as if it had been lost
    Flow& flow = core.flows[id];
    const Reply fields =
        fields_of(core, writer, flow, {.seq = flow.snd_nxt - 1, .flags = tcp_flag::ack});
    writer.send_segment(frame, fields, 0);
    core.counters.count(TcpEvent::keepalive_probes);
}

void send_reset(Core& core, const Turn& turn, FlowId id) {
    const Flow& flow = core.flows[id];
    Writer writer{core, turn, id, nullptr};
    Frame frame = writer.take();
    if (frame.handle == nullptr) {
        core.counters.count(Drop::no_buffer);
        return;
    }
    // RFC 9293 section 3.10.5: <SEQ=SND.NXT><CTL=RST>; with an ACK, as kernels send it.
    Reply fields{.seq = flow.snd_nxt,
                 .ack = flow.rcv_nxt,
                 .flags = static_cast<std::uint8_t>(tcp_flag::rst | tcp_flag::ack)};
    writer.stamp(fields);
    writer.send_segment(frame, fields, 0);
    ++core.counters.resets_sent;
}

void forget_acknowledged(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    if (Busy* record = core.busy_of(flow)) {
        core.blocks.drop_before(record->send, flow.snd_una);
    } else if (flow.holds() == Held::text) {
        Chain chain = core.blocks.whole(flow.held);
        core.blocks.drop_before(chain, flow.snd_una);
        flow.hold(chain.empty() ? Held::mark : Held::text, chain.empty() ? 0 : chain.head);
    }
}

}  // namespace terminus
