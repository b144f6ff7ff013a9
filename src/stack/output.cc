/// What a flow sends: segments with text, acknowledgements, SYNs, probes and resets, written into
/// the frame that asked or into fresh ones.
#include "terminus/tcp/output.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/ecn.h"
#include "terminus/tcp/timeout.h"
#include "terminus/tcp/urgent.h"

#include "path_mtu.h"
#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Flow;
using tcp::Held;
using tcp::Plan;
using tcp::Reply;
using tcp::Seq;

constexpr int most_segments = 10;  // of one flow in one turn: others wait too

/// A flow that speaks: what belongs to it, looked up once, and where its segments are written,
/// which is first the frame that asked, then fresh ones.
struct Speaker {
    Speaker(Core& its_core, const Turn& its_turn, FlowId its_id, Packet* asked)
        : core{its_core},
          turn{its_turn},
          id{its_id},
          packet{asked},
          flow{core.flows[id]},
          settings{core.settings_of(flow)},
          service{core.service_of(flow)},
          key{core.flows.key(flow)} {
        if (packet != nullptr) to = packet->header_at<EthernetHeader>(0).source;
    }

    Core& core;
    const Turn& turn;
    FlowId id;
    Packet* packet;  ///< that asked; null: none did
    Flow& flow;
    const tcp::Settings& settings;
    const Service* service;  ///< null: the flow is a conversation's
    Key key;
    Mac to;

    [[nodiscard]] tcp::Effort* effort() const { return core.effort_of(flow); }
    /// A frame to write into; a null handle when there is none.
    Frame take() {
        if (packet != nullptr && !packet->sent && packet->frame.handle != nullptr) {
            packet->sent = true;
            return packet->frame;
        }
        return turn.out.room() > reserve ? turn.out.fresh() : Frame{};
    }
    /// The clock of TSval: RFC 7323 section 3.2.
    [[nodiscard]] std::uint32_t ts_now() const {
        const std::uint64_t hash = packet != nullptr ? packet->hash : core.flows.hash(key);
        return core.ts_now(hash, turn.now);
    }
    /// Every segment but a SYN has the timestamps that were agreed on: RFC 7323 section 3.2.
    void stamp(Reply& fields) const {
        if (tcp::is_stamped(flow)) tcp::stamp(flow, ts_now(), fields.options);
    }
    /// Text beyond a hole, and once what came a second time.
    void report(Reply& fields) const {
        report_holes(core, flow, packet, fields.options);
        if (packet != nullptr) packet->duplicate = {};
    }
    void send_segment(Frame& frame, const Reply& fields, std::uint16_t text_length) {
        IpChoice ip = ip_choice(settings);
        if (!core.paths.empty()) ip = ip.with_dont_fragment(forbids_fragments(core, id, turn.now));
        write_segment(core, frame, {key, to, fields, text_length, ip});
        if (packet != nullptr)
            send(core, turn, flow.interface, frame);
        else
            (void)dispatch(core, turn, flow.interface, frame, remote_address(key));
    }

private:
    /// Room in the outbox that the answers of a burst may still need.
    static constexpr std::size_t reserve = 64;
};

/// Copies the flow's outgoing text from `seq` on.
void fill(Speaker& speaker, Seq seq, std::span<std::byte> into) {
    const Flow& flow = speaker.flow;
    const Blocks& blocks = speaker.core.blocks;
    Busy* record = speaker.core.busy_of(flow);
    if (speaker.service != nullptr && speaker.service->text() != Text::echoed) {
        const ServiceState state{.mark = speaker.core.mark_of(flow),
                                 .phase = static_cast<std::uint8_t>(flow.phase)};
        speaker.service->fill(state, seq, into);
        return;
    }
    const std::size_t read = record != nullptr
                                 ? blocks.read(record->send, record->cursor, seq, into)
                                 : blocks.read(flow.held, seq, into);
    TERMINUS_ASSERT(read == into.size());
}

/// A segment with ACK, all but its text.
Reply fields_of(Speaker& speaker, const Plan& plan) {
    Flow& flow = speaker.flow;
    const bool may_widen = tcp::may_widen(flow, speaker.settings);
    const std::uint32_t room = may_widen ? receive_room(speaker.core, flow) : 0;
    Reply fields{.seq = plan.seq,
                 .ack = flow.rcv_nxt,
                 .window = tcp::offer_window(flow, room, speaker.settings),
                 .flags = static_cast<std::uint8_t>(plan.flags | tcp::echo_flag(flow))};
    speaker.stamp(fields);
    if (flow.sack != 0) speaker.report(fields);
    if (tcp::Effort* effort = speaker.effort()) tcp::mark_urgent(flow, effort, fields);
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

std::size_t option_bytes(const TcpOptions& options) {
    return has_none(options) ? 0 : tcp_options_bytes(options);
}

void count_sent(Speaker& speaker, const Plan& plan) {
    const Flow& flow = speaker.flow;
    if (plan.seq < flow.snd_nxt && flow.waits() != tcp::Waits::window)
        speaker.core.counters.count(TcpEvent::segments_retransmitted);
    const bool is_new = plan.seq + plan.length > flow.snd_nxt;
    if (speaker.service == nullptr && plan.length > 0)
        note_text_sent(speaker.core, flow, speaker.turn.now);
    if (speaker.service != nullptr && is_new)
        speaker.core.counters.services[flow.service].bytes_sent += plan.length;
}

/// Writes one planned segment, and leaves in the plan what left. False: no frame is free.
bool send_plan(Speaker& speaker, Plan& plan) {
    Frame frame = speaker.take();
    if (frame.handle == nullptr) return false;
    Flow& flow = speaker.flow;
    Reply fields = fields_of(speaker, plan);
    if (fields.options.sack_count != 0) [[unlikely]]
        make_room(flow, plan, fields);
    fields.ecn = tcp::ecn_mark(flow, plan);
    const std::uint16_t offset = text_offset(speaker.core.interface(flow.interface), flow.ip6 != 0,
                                             option_bytes(fields.options));
    TERMINUS_ASSERT(offset + plan.length <= frame.capacity);
    if (plan.length > 0) fill(speaker, plan.seq, {frame.data + offset, plan.length});
    speaker.send_segment(frame, fields, static_cast<std::uint16_t>(plan.length));
    count_sent(speaker, plan);
    end_waiting(flow);
    tcp::sent(flow, speaker.effort(), plan, speaker.settings, speaker.turn.now);
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

void send_ack(Speaker& speaker) {
    Frame frame = speaker.take();
    Flow& flow = speaker.flow;
    if (frame.handle == nullptr) return speaker.core.flows.make_ready(speaker.id);
    tcp::acknowledged(flow, speaker.effort());
    const Reply fields = fields_of(speaker, {.seq = acceptable_seq(flow), .flags = tcp_flag::ack});
    speaker.send_segment(frame, fields, 0);
}

/// The user has said that more will follow: RFC 9293 section 3.9.1.2.
bool corks(const Speaker& speaker) {
    const Busy* record = speaker.core.busy_of(speaker.flow);
    return record != nullptr && record->more && !tcp::has_closed(speaker.flow.state());
}

bool owes_fin(const Flow& flow) { return tcp::has_closed(flow.state()) && flow.fin_sent == 0; }

/// A window that is closed while text waits and nothing is in flight will be probed.
void wait_for_window(Speaker& speaker, std::uint32_t unsent) {
    Flow& flow = speaker.flow;
    if ((unsent == 0 && !owes_fin(flow)) || flow.in_flight() > 0) return;
    if (flow.waits() == tcp::Waits::window || !tcp::is_synchronised(flow.state())) return;
    tcp::await_window(flow, speaker.settings, speaker.turn.now);
    // What holds text is found by relieve(), when memory runs out.
    Core& core = speaker.core;
    Busy* record = flow.holds() == Held::text ? core.borrow(speaker.id) : core.busy_of(flow);
    if (record != nullptr) record->persists_since = speaker.turn.now.ms();
}

/// More than an initial window wants to fly: congestion control needs an effort.
void borrow_for_flight(Speaker& speaker, std::uint32_t unsent) {
    const Flow& flow = speaker.flow;
    if (speaker.core.busy_of(flow) != nullptr || unsent == 0) return;
    const auto window = tcp::initial_window_bytes(flow.mss_bytes(), speaker.settings);
    if (flow.in_flight() + unsent > window) (void)speaker.core.borrow(speaker.id);
}

/// A window that was as good as closed can open: the peer need not ask with a probe (RFC 9293
/// section 3.8.6.2.2).
bool opens_window(const Core& core, const Flow& flow) {
    if (flow.rcv_wnd() >= 2 * flow.mss_bytes()) return false;
    return tcp::is_window_news(flow, receive_room(core, flow), core.settings_of(flow));
}

bool wants_nagle(const Speaker& speaker) {
    // Services write whole answers at once: Nagle would only hold back their last segment.
    if (speaker.service != nullptr || !speaker.settings.nagle) return false;
    const tcp::Effort* effort = speaker.effort();
    return effort == nullptr || effort->urgent_out == 0;  // urgent text does not wait
}

/// The usual end of what a quiet flow receives: an ACK at most is left to say.
bool has_nothing_to_send(const Core& core, const Flow& flow, std::uint32_t unsent) {
    return unsent == 0 && !owes_fin(flow) && core.busy_of(flow) == nullptr;
}

/// Whether an ACK must leave now; one that need not is queued, once.
bool owes_ack(Core& core, const Turn& turn, FlowId id, const Packet* packet) {
    const Flow& flow = core.flows[id];
    if (flow.ack_now != 0 || opens_window(core, flow)) return true;
    if (flow.ack_pending == 0 || packet == nullptr || !packet->owes_ack) return false;
    return !core.flows.delay_ack(id, ack_delay_ms(core.settings_of(flow)), turn.now);
}

/// What a service mostly says: one segment, and all is said. Its text waits for nobody, and nothing
/// is known of its path. False: send_text() looks closer.
bool send_whole_rest(Speaker& speaker, std::uint32_t unsent) {
    if (speaker.service == nullptr || speaker.flow.holds() == Held::busy) return false;
    if (!speaker.core.paths.empty()) return false;
    auto plan = tcp::whole_rest(speaker.flow, unsent, speaker.settings);
    return plan && send_plan(speaker, *plan);
}

std::optional<Plan> plan_segment(const Speaker& speaker, std::uint32_t unsent,
                                 std::uint32_t path_probe_bytes) {
    const tcp::Outgoing outgoing{.unsent_bytes = unsent,
                                 .nagle = wants_nagle(speaker),
                                 .more = corks(speaker),
                                 .path_probe_bytes = path_probe_bytes};
    return tcp::next_segment(speaker.flow, speaker.effort(), outgoing, speaker.settings);
}

/// Text, FIN and what was lost, as far as windows and buffers let them; false: the rest waits for
/// another turn.
bool send_text(Speaker& speaker, std::uint32_t unsent) {
    Core& core = speaker.core;
    Flow& flow = speaker.flow;
    const Tick now = speaker.turn.now;
    borrow_for_flight(speaker, unsent);
    const bool may_follow = unsent > 0 && !core.paths.empty();
    if (may_follow) follow_path(core, speaker.id, now);
    std::uint32_t probe = may_follow ? path_probe_bytes(core, speaker.id, now) : 0;
    if (tcp::Effort* effort = speaker.effort(); effort != nullptr && flow.in_flight() == 0)
        tcp::restart_after_idle(*effort, flow, speaker.settings, now);
    tcp::Plan former;
    for (int i = 0; !has_nothing_to_send(core, flow, unsent); ++i) {
        auto plan = tcp::one_more(flow, former, unsent);
        if (!plan) plan = plan_segment(speaker, unsent, probe);
        if (!plan) break;
        const Seq before = flow.snd_nxt;
        const bool tries_path = probe != 0 && plan->length > flow.mss_bytes();
        if (i == most_segments || !send_plan(speaker, *plan)) {
            if (flow.ack_pending != 0) flow.ack_now = 1;
            core.flows.make_ready(speaker.id);
            return false;
        }
        unsent = flow.fin_sent != 0 ? 0 : unsent - (flow.snd_nxt - before);
        former = *plan;
        if (tries_path) {
            begin_path_probe(core, speaker.id, now);
            probe = 0;
        }
    }
    wait_for_window(speaker, unsent);
    if (speaker.service == nullptr) note_pace(core, speaker.id, now);
    return true;
}

}  // namespace

void output(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    const Flow& flow = core.flows[id];
    const std::uint32_t unsent = unsent_bytes(core, flow);
    const bool has_nothing = has_nothing_to_send(core, flow, unsent);
    if (has_nothing && !owes_ack(core, turn, id, packet)) return;
    Speaker speaker{core, turn, id, packet};
    if (has_nothing) return send_ack(speaker);
    if (send_whole_rest(speaker, unsent)) {  // and with it the ACK
        if (opens_window(core, flow)) send_ack(speaker);
        return;
    }
    if (send_text(speaker, unsent) && owes_ack(core, turn, id, packet)) send_ack(speaker);
}

void send_syn(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    const Flow& flow = core.flows[id];
    if (flow.state() == tcp::State::syn_sent && core.is_quiet(turn.now)) return;
    Speaker speaker{core, turn, id, packet};
    Frame frame = speaker.take();
    if (frame.handle == nullptr) return;  // the timer sends it again
    const std::uint32_t ts_now = flow.timestamps != 0 ? speaker.ts_now() : 0;
    speaker.send_segment(frame, tcp::syn_of(flow, core.link(flow), speaker.settings, ts_now), 0);
}

void retransmit(Core& core, const Turn& turn, FlowId id, Packet* packet) {
    Flow& flow = core.flows[id];
    if (!tcp::is_synchronised(flow.state())) {
        core.counters.count(TcpEvent::segments_retransmitted);
        return send_syn(core, turn, id, packet);
    }
    if (flow.in_flight() == 0) return;
    Speaker speaker{core, turn, id, packet};
    flow.retransmitted = 1;
    flow.stop_timing();
    Plan oldest = tcp::oldest_segment(flow, speaker.effort());
    (void)send_plan(speaker, oldest);
}

void probe_window(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    auto plan = tcp::window_probe(flow, {.unsent_bytes = unsent_bytes(core, flow)});
    if (!plan) return tcp::go_silent(flow);
    const bool overrides = is_override(flow);
    Speaker speaker{core, turn, id, nullptr};
    if (send_plan(speaker, *plan) && !overrides) core.counters.count(TcpEvent::window_probes);
}

/// RFC 9293 section 3.8.4, SHLD-12: without text, one number before what is next.
void send_keepalive(Core& core, const Turn& turn, FlowId id) {
    Speaker speaker{core, turn, id, nullptr};
    Frame frame = speaker.take();
    if (frame.handle == nullptr) return;  // as if it had been lost
    const Reply fields =
        fields_of(speaker, {.seq = speaker.flow.snd_nxt - 1, .flags = tcp_flag::ack});
    speaker.send_segment(frame, fields, 0);
    core.counters.count(TcpEvent::keepalive_probes);
}

void send_reset(Core& core, const Turn& turn, FlowId id) {
    Speaker speaker{core, turn, id, nullptr};
    Frame frame = speaker.take();
    if (frame.handle == nullptr) {
        core.counters.count(Drop::no_buffer);
        return;
    }
    // RFC 9293 section 3.10.5: <SEQ=SND.NXT><CTL=RST>; with an ACK, as kernels send it.
    Reply fields{.seq = speaker.flow.snd_nxt,
                 .ack = speaker.flow.rcv_nxt,
                 .flags = static_cast<std::uint8_t>(tcp_flag::rst | tcp_flag::ack)};
    speaker.stamp(fields);
    speaker.send_segment(frame, fields, 0);
    ++core.counters.resets_sent;
}

void forget_acknowledged(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    if (flow.holds() == Held::text) {
        const std::uint32_t head = core.blocks.drop_before(flow.held, flow.snd_una);
        flow.hold(head == no_slot ? Held::mark : Held::text, head == no_slot ? 0 : head);
    } else if (Busy* record = core.busy_of(flow)) {
        core.blocks.drop_before(record->send, flow.snd_una);
    }
}

}  // namespace terminus
