/// The user calls on a conversation: SEND, RECEIVE, CLOSE and ABORT, event by event as in RFC 9293
/// section 3.10.
#include "calls.h"

#include "terminus/tcp/output.h"
#include "terminus/tcp/urgent.h"

#include "steps.h"

#include <algorithm>
#include <array>
#include <utility>

namespace terminus {

using tcp::Flow;
using tcp::State;

std::string_view name(CallError error) {
    static constexpr std::array<std::string_view, 18> names{"none",
                                                            "connection-reset",
                                                            "refused",
                                                            "timed-out",
                                                            "host-unreachable",
                                                            "net-unreachable",
                                                            "protocol-unreachable",
                                                            "prohibited",
                                                            "too-big",
                                                            "would-block",
                                                            "closing",
                                                            "not-connected",
                                                            "already-connected",
                                                            "address-in-use",
                                                            "address-not-ours",
                                                            "no-memory",
                                                            "no-such-conversation",
                                                            "bad-request"};
    return names[static_cast<std::size_t>(error)];
}

namespace calls {
namespace {

/// The error of a record is told once.
CallError take_error_of(Busy& record) { return std::exchange(record.error, CallError::none); }

/// Why a conversation's sending half takes nothing: CLOSED, or closed by us.
CallError refuses_to_send(const Core& core, Busy& record) {
    if (record.detached) return CallError::closing;
    if (record.flow == no_flow) {
        const CallError error = take_error_of(record);
        return error == CallError::none ? CallError::closing : error;
    }
    const State state = core.flows[record.flow].state();
    const bool closed = tcp::has_closed(state) || record.closes;
    return closed ? CallError::closing : CallError::none;
}

/// Who has closed wholly does not wait for ever: FIN-WAIT-2 is limited from the last segment on.
void limit_fin_wait_2(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    if (flow.state() != State::fin_wait_2) return;
    const Flows::Before before = core.flows.before(id);
    const Millis end = flow.last_heard + core.settings_of(flow).fin_wait_2_ms;
    flow.wait_for(tcp::Waits::fin_wait_2);
    if (is_before(end, flow.deadline)) flow.deadline = end;
    core.flows.settle(id, before);
}

/// CLOSE of our half: RFC 9293 section 3.10.4. `record` has a flow, and the half is open.
void close_half(Core& core, Busy& record) {
    const FlowId id = record.flow;
    Flow& flow = core.flows[id];
    if (flow.state() == State::syn_sent) return core.end_flow(id, CallError::closing);
    // Queued until ESTABLISHED. Deliberate: RFC 9293 lets a FIN without text before it follow our
    // SYN at once; here one thing at a time is under way, as long as nothing is acknowledged.
    if (flow.state() == State::syn_received) {
        record.closes = true;
        return;
    }
    const Flows::Before before = core.flows.before(id);
    tcp::close(flow);
    core.flows.settle(id, before);
    core.flows.make_ready(id);
}

/// Gives text to the user; `peek` leaves it where it is.
std::size_t give_text(Core& core, Busy& record, std::span<std::byte> into, ReceiveHow how) {
    const std::size_t read = core.blocks.read(record.receive, record.unread, into);
    if (how.peek) return read;
    record.unread += static_cast<std::uint32_t>(read);
    core.blocks.drop_before(record.receive, record.unread);
    if (!how.release) record.unreleased += static_cast<std::uint32_t>(read);
    if (how.release && record.flow != no_flow) reopen_window(core, record.flow);
    return read;
}

}  // namespace

CallError no_record(const Core& core, Conversation which) {
    const bool is_datagrams = core.datagrams.find(which) != nullptr;
    return is_datagrams ? CallError::bad_request : CallError::no_such_conversation;
}

std::uint32_t unread_bytes(const Busy& record) { return record.receive.bytes; }

std::uint32_t send_room(const Core& core, const Busy& record) {
    const std::uint32_t most = core.settings_of(core.flows[record.flow]).send_buffer_bytes;
    return most > record.send.bytes ? most - record.send.bytes : 0;
}

void reopen_window(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    if (!tcp::is_window_news(flow, receive_room(core, flow), core.settings_of(flow))) return;
    flow.ack_now = 1;
    core.flows.make_ready(id);
}

void abort_flow(Core& core, Busy& record) {
    if (!tcp::abort_sends_reset(core.flows[record.flow]))
        return core.end_flow(record.flow, CallError::connection_reset);
    record.aborts = true;
    core.flows.make_ready(record.flow);
}

/// What is unread, or still comes, is answered with RST: RFC 9293 section 3.6.1, SHLD-3.
void let_go(Core& core, std::uint32_t slot) {
    Busy& record = core.busy[slot];
    record.detached = true;
    if (record.flow == no_flow) core.forget(slot);
}

CallResult<std::size_t> send(Core& core, Conversation which, std::span<const std::byte> text,
                             SendHow how) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = no_record(core, which)};
    const CallError refused = refuses_to_send(core, *record);
    if (refused != CallError::none) return {.error = refused};
    Flow& flow = core.flows[record->flow];
    const tcp::Seq end = record->send.empty() ? flow.snd_nxt : core.blocks.end(record->send);
    const std::size_t fits = std::min<std::size_t>(send_room(core, *record), text.size());
    const std::size_t queued = core.blocks.append(record->send, end, text.first(fits));
    if (queued == 0 && !text.empty()) return {.error = CallError::would_block};
    record->more = how.more;
    // RFC 9293 section 3.10.2: an urgent SEND sets SND.UP; here the end of what was queued.
    if (how.urgent && queued > 0)
        tcp::set_urgent(flow, record->effort, core.blocks.end(record->send));
    // Before the handshake is over text is queued: RFC 9293 section 3.10.2.
    if (tcp::is_synchronised(flow.state())) core.flows.make_ready(record->flow);
    return {.value = queued};
}

CallResult<std::size_t> receive(Core& core, Conversation which, std::span<std::byte> into,
                                ReceiveHow how) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = no_record(core, which)};
    if (record->detached) return {.error = CallError::closing};
    const std::size_t length = std::min<std::size_t>(unread_bytes(*record), into.size());
    if (length > 0) return {.value = give_text(core, *record, into.first(length), how)};
    if (const CallError error = take_error_of(*record); error != CallError::none)
        return {.error = error};
    if (record->discards) return {.error = CallError::closing};
    if (record->end || record->flow == no_flow) return {.value = 0};
    return {.error = CallError::would_block};
}

CallError release(Core& core, Conversation which, std::uint32_t bytes) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return no_record(core, which);
    if (record->detached) return CallError::closing;
    if (bytes > record->unreleased) return CallError::bad_request;
    record->unreleased -= bytes;
    if (record->flow != no_flow) reopen_window(core, record->flow);
    return CallError::none;
}

CallError shutdown(Core& core, Conversation which, Half half) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return no_record(core, which);
    const CallError refused = refuses_to_send(core, *record);
    const bool gone = record->detached || record->flow == no_flow;
    if (gone) return refused;
    const bool sends = half != Half::receive && refused == CallError::none;
    const bool receives = half != Half::send && !record->discards;
    if (!sends && !receives) return CallError::closing;
    if (receives) record->discards = true;
    if (sends) close_half(core, *record);
    return CallError::none;
}

CallError close(Core& core, Conversation which, Tick now) {
    if (auto* datagrams = core.datagrams.find(which)) return close(core, *datagrams);
    Busy* record = record_of(core, which);
    if (record == nullptr) return no_record(core, which);
    if (record->detached) return CallError::closing;
    if (record->flow != no_flow) {
        const bool lingers = core.settings_of(core.flows[record->flow]).linger_ms != 0;
        if (unread_bytes(*record) > 0 || !lingers)  // RFC 2525 section 2.17
            abort_flow(core, *record);
        else if (refuses_to_send(core, *record) == CallError::none)
            close_half(core, *record);
    }
    if (record->flow != no_flow && !record->aborts) {
        limit_fin_wait_2(core, record->flow);
        begin_to_linger(core, record->flow, now);
    }
    let_go(core, which.slot);
    return CallError::none;
}

CallError abort(Core& core, Conversation which) {
    if (auto* datagrams = core.datagrams.find(which)) {
        core.datagrams.end(*datagrams, core.blocks);
        return CallError::none;
    }
    Busy* record = record_of(core, which);
    if (record == nullptr) return no_record(core, which);
    record->detached = true;
    if (record->flow != no_flow)
        abort_flow(core, *record);
    else
        core.forget(which.slot);
    return CallError::none;
}

CallResult<CallError> take_error(Core& core, Conversation which) {
    if (auto* datagrams = core.datagrams.find(which))
        return {.value = std::exchange(datagrams->error, CallError::none)};
    Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = no_record(core, which)};
    return {.value = take_error_of(*record)};
}

}  // namespace calls
}  // namespace terminus
