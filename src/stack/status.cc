/// What STATUS tells of a conversation, a listener or any flow: RFC 9293 section 3.10.6.
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/urgent.h"

#include "calls.h"
#include "path_mtu.h"
#include "steps.h"

#include <algorithm>
#include <array>

namespace terminus {

using tcp::Flow;

std::string_view name(Timer timer) {
    static constexpr std::array<std::string_view, 8> names{
        "none",      "retransmit", "persist",     "keepalive",
        "time-wait", "fin-wait-2", "delayed-ack", "loss-probe"};
    return names[static_cast<std::size_t>(timer)];
}

namespace calls {
namespace {

void tell_ends(const Core& core, FlowId id, Status& status) {
    const Key key = core.flows.key(id);
    const Ends ends = ends_of(key);
    status.local = {local_address(key), ends.local_port.host()};
    status.remote = {remote_address(key), ends.remote_port.host()};
    status.path_mtu_bytes = path_mtu_bytes(core, id, core.latest);
}

void tell_sequences(const Flow& flow, Status& status) {
    status.snd_una = flow.snd_una;
    status.snd_nxt = flow.snd_nxt;
    status.snd_wnd = flow.snd_wnd;
    status.snd_wl1 = flow.snd_wl1;
    status.snd_wl2 = flow.snd_una;  // of every acceptable ACK, see tcp::update_window
    status.rcv_nxt = flow.rcv_nxt;
    status.rcv_adv = flow.rcv_adv;
    status.rcv_wnd = flow.rcv_wnd();
}

void tell_options(const Core& core, const Flow& flow, Status& status) {
    status.mss_bytes = flow.mss_bytes();
    status.window_scaling = flow.window_scaling != 0;
    status.send_scale = flow.send_scale;
    status.receive_scale = flow.window_scaling != 0 ? core.settings_of(flow).window_scale : 0;
    status.timestamps = flow.timestamps != 0;
    if (status.timestamps) status.ts_recent = flow.ts_recent();
    status.sack = flow.sack != 0;
    status.ecn = flow.ecn != 0;
}

void tell_timing(const Core& core, const Flow& flow, Status& status) {
    status.srtt_us = static_cast<std::uint32_t>(flow.srtt.us());
    status.rttvar_us = static_cast<std::uint32_t>(flow.rttvar.us());
    const Busy* record = core.busy_of(flow);
    const tcp::Effort* effort = record == nullptr ? nullptr : &record->effort;
    status.rto_ms = tcp::rto_ms(flow, core.settings_of(flow), tcp::kept_backoff(effort));
    status.backoff = flow.backoff;
    const bool repeats = flow.waits() == tcp::Waits::answer && flow.in_flight() > 0;
    status.retransmissions_in_a_row = repeats ? flow.backoff : 0;
    const bool asks = flow.waits() == tcp::Waits::window || flow.waits() == tcp::Waits::silence;
    status.probes = asks ? flow.backoff : 0;  // of the window, or of a silent peer
}

/// The pipe and what became of it: RFC 6675 section 3.
void tell_recovery(const tcp::Effort& effort, Status& status) {
    const tcp::Tally tally = effort.sent.tally();
    if (!effort.sent.empty()) status.segments_out = tally.segments;
    status.segments_sacked = tally.sacked_segments;
    status.segments_lost = tally.lost_segments;
    status.segments_retransmitted = tally.resent_segments;
    status.recovery = effort.recovery;
    status.recover_point = effort.recover;
    status.minimum_rtt_us = effort.rack.minimum_rtt_us;  // of text; before, the handshake's
    if (status.minimum_rtt_us == 0 && effort.is_first_guess == 0)
        status.minimum_rtt_us = status.srtt_us;
    status.reordering_segments = effort.reordering_segments;
    status.total_retransmissions = effort.total_retransmissions;
    status.delivered_segments = effort.delivered_segments;
    status.duplicate_sacks = effort.duplicate_sacks;
}

void tell_busy(const Core& core, const Busy& record, Status& status) {
    status.conversation = {core.flows[record.flow].held, record.serial};
    if (record.serial == 0) status.conversation = {};
    status.ssthresh_bytes = record.effort.ssthresh_bytes;
    tell_recovery(record.effort, status);
    status.snd_up = tcp::snd_up(core.flows[record.flow], record.effort);
    status.rcv_up = tcp::rcv_up(core.flows[record.flow], record.effort);
    status.send_queue_bytes = record.send.bytes;
    status.receive_queue_bytes = unread_bytes(record);
    status.unaccepted_reassembly_bytes = core.pieces.bytes(record.pieces);
    status.reassembly_pieces = core.pieces.count(record.pieces);
}

std::uint32_t ms_since(const Core& core, Tick then) {
    return static_cast<std::uint32_t>((core.latest.us - then.us) / 1000);
}

void tell_history(const Core& core, const History& history, Status& status) {
    status.last_data_received_ms = ms_since(core, history.data_received);
    status.last_data_sent_ms = ms_since(core, history.data_sent);
    status.last_ack_received_ms = ms_since(core, history.ack_received);
    auto spent_us = history.spent_us;
    spent_us[static_cast<std::size_t>(history.pace)] += core.latest.us - history.paced_since.us;
    const auto spent = [&](Pace pace) { return spent_us[static_cast<std::size_t>(pace)]; };
    status.window_limited_us = spent(Pace::window_limited);
    status.buffer_limited_us = spent(Pace::buffer_limited);
    status.busy_us = spent(Pace::busy) + status.window_limited_us + status.buffer_limited_us;
}

void tell_conversation(const Core& core, const Busy& record, Status& status) {
    status.error = record.error;
    status.end = record.end;
    if (record.details == no_slot) return;
    const Details& details = core.details[record.details];
    status.local = details.local;
    status.remote = details.remote;
    status.active = details.active;
    status.iss = details.iss;
    status.irs = details.irs;
    status.peer_mss_bytes = details.peer_mss_bytes;
    status.advertised_mss_bytes = details.advertised_mss_bytes;
    status.ecn_seen = details.ecn_seen;
    status.soft_error = details.soft_error;
    tell_history(core, details.history, status);
    if (record.listener != no_slot)
        status.listener = {record.listener, core.listeners[record.listener].serial};
    status.challenge_acks_sent = details.challenge_acks;
}

Status status_of_flow(const Core& core, FlowId id) {
    const Flow& flow = core.flows[id];
    Status status;
    status.state = flow.state();
    status.active = flow.active != 0;
    status.ssthresh_bytes = 0x7fffffff;
    tell_ends(core, id, status);
    tell_sequences(flow, status);
    tell_options(core, flow, status);
    tell_timing(core, flow, status);
    const RunningTimer running = timer_of(core, flow, core.latest);
    status.timer = running.timer;
    status.timer_in_ms = running.in_ms;
    const std::uint32_t text = flow.in_flight() - flow.fin_sent;
    status.segments_out = (text + flow.mss_bytes() - 1) / flow.mss_bytes();
    const Busy* record = core.busy_of(flow);
    status.cwnd_bytes = tcp::congestion_window_bytes(
        flow, record == nullptr ? nullptr : &record->effort, core.settings_of(flow));
    status.unsent_bytes = unsent_bytes(core, flow);
    if (record == nullptr) return status;
    tell_busy(core, *record, status);
    tell_conversation(core, *record, status);
    return status;
}

Status status_of_listener(const CallListener& listener, std::uint32_t slot) {
    Status status;
    status.state = tcp::State::listen;
    status.listener = {slot, listener.serial};
    status.local = {listener.listener.address.value_or(Address{}), listener.listener.port};
    status.remote = {listener.listener.remote.value_or(Address{}), listener.listener.remote_port};
    return status;
}

}  // namespace

CallResult<Ready> ready(const Core& core, Conversation which) {
    if (const auto* datagrams = core.datagrams.find(which))
        return {.value = ready(core, *datagrams)};
    const Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    Ready ready;
    ready.readable = !record->detached && unread_bytes(*record) > 0;
    ready.end = record->end;
    ready.closed = record->flow == no_flow;
    ready.error = record->error != CallError::none;
    if (ready.closed || record->detached || record->closes) return {.value = ready};
    const Flow& flow = core.flows[record->flow];
    ready.writable = tcp::may_send_text(flow.state()) && send_room(core, *record) > 0 &&
                     unsent_bytes(core, flow) < core.settings_of(flow).unsent_low_water_bytes;
    return {.value = ready};
}

CallResult<Ready> ready(const Core& core, ListenerId which) {
    const CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return {.error = CallError::no_such_conversation};
    return {.value = {.acceptable = listener->accepted.size > 0}};
}

CallResult<Status> status(const Core& core, Conversation which) {
    if (const auto* datagrams = core.datagrams.find(which))
        return {.value = status(*datagrams, which)};
    const Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    if (record->flow != no_flow) return {.value = status_of_flow(core, record->flow)};
    Status status;
    status.conversation = which;
    status.receive_queue_bytes = unread_bytes(*record);
    tell_conversation(core, *record, status);
    return {.value = status};
}

CallResult<Status> status(const Core& core, ListenerId which) {
    const CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return {.error = CallError::no_such_conversation};
    return {.value = status_of_listener(*listener, which.slot)};
}

std::size_t walk(const Core& core, Walk& walk, std::uint16_t local_port, std::span<Status> into) {
    std::size_t found = 0;
    std::uint32_t looked = 0;
    const auto wanted = [&](std::uint16_t port) { return local_port == 0 || port == local_port; };
    for (; walk.listener < core.listeners.size() && found < into.size(); ++walk.listener) {
        const CallListener& listener = core.listeners[walk.listener];
        if (listener.serial == 0 || !wanted(listener.listener.port)) continue;
        into[found++] = status_of_listener(listener, walk.listener);
    }
    while (walk.flow < core.flows.high_water() && found < into.size()) {
        if (++looked > Stack::most_walked) return found;
        const FlowId id{walk.flow++};
        const Flow& flow = core.flows[id];
        if (flow.state() == tcp::State::closed || !wanted(flow.local_port.host())) continue;
        into[found++] = status_of_flow(core, id);
    }
    walk.done = walk.listener >= core.listeners.size() && walk.flow >= core.flows.high_water();
    return found;
}

}  // namespace calls
}  // namespace terminus
