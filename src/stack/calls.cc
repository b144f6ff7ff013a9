/// The user calls of RFC 9293 section 3.9.1, event by event as in its section 3.10.
#include "calls.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/isn.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/urgent.h"

#include "steps.h"
#include "write.h"

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

namespace {

constexpr std::uint16_t first_ephemeral = 49152;  // RFC 6335 section 6
constexpr std::uint32_t ephemeral_count = 65536 - first_ephemeral;

/// The record behind a handle; null: the handle names nothing (any more).
template <typename AnyCore>
auto record_of(AnyCore& core, Conversation which) -> decltype(&core.busy[0]) {
    if (which.serial == 0 || which.slot >= core.busy.high_water()) return nullptr;
    auto& record = core.busy[which.slot];
    return record.serial == which.serial && !record.detached ? &record : nullptr;
}

CallListener* listener_of(Core& core, ListenerId which) {
    if (which.serial == 0 || which.slot >= core.listeners.size()) return nullptr;
    CallListener& listener = core.listeners[which.slot];
    return listener.serial == which.serial ? &listener : nullptr;
}

bool listens_to(const Listener& listener, const Endpoint& local, const Endpoint& remote) {
    return listener.port == local.port &&
           (!listener.address || *listener.address == local.address) &&
           (!listener.remote || *listener.remote == remote.address) &&
           (listener.remote_port == 0 || listener.remote_port == remote.port);
}

bool is_same_place(const Listener& a, const Listener& b) {
    return a.port == b.port && a.address == b.address && a.remote == b.remote &&
           a.remote_port == b.remote_port;
}

/// The interface that reaches `remote`, and has `local` if one is asked for.
const Interface* route(const Core& core, const Endpoint& local, const Address& remote,
                       std::uint8_t& index) {
    const auto& all = core.settings.interfaces;
    for (std::size_t i = 0; i < all.size(); ++i) {
        if (next_hop(all[i], remote) == nullptr) continue;
        const Ownership owned = core.ownership(static_cast<std::uint8_t>(i), local.address);
        const bool ours = owned == Ownership::own || owned == Ownership::answered;
        if (!local.address.is_unspecified() && !ours) continue;
        index = static_cast<std::uint8_t>(i);
        return &all[i];
    }
    return nullptr;
}

/// The error of a record is told once.
CallError take_error(Busy& record) { return std::exchange(record.error, CallError::none); }

/// Picks a free local port; 0: none is.
std::uint16_t pick_port(Core& core, Key key) {
    const std::uint32_t start = core.rng.below(ephemeral_count);
    for (std::uint32_t i = 0; i < ephemeral_count; ++i) {
        const auto port =
            static_cast<std::uint16_t>(first_ephemeral + (start + i) % ephemeral_count);
        key.words[1] = (key.words[1] & ~std::uint64_t{0xffff}) | be16{port}.raw();
        if (core.flows.find(key, core.flows.hash(key)) == no_flow) return port;
    }
    return 0;
}

CallResult<Conversation> start(Core& core, const Key& key, const tcp::Settings& with, Tick now) {
    const std::uint64_t hash = core.flows.hash(key);
    const FlowId id = core.flows.create(key, hash);
    if (id == no_flow) return {.error = CallError::no_memory};
    Flow& flow = core.flows[id];
    flow.service = Flow::no_service;
    const tcp::Seq iss =
        tcp::initial_seq(core.settings.isn_key, std::as_bytes(std::span{key.words}), now);
    tcp::open_active(flow, iss, core.link(flow), with, now);
    Busy* record = core.borrow(id);
    if (!core.flows.begin(id) || record == nullptr || !core.make_conversation(*record, with)) {
        core.end_flow(id, CallError::none);
        return {.error = CallError::no_memory};
    }
    core.counters.count(TcpEvent::active_opens);
    core.flows.make_ready(id);
    return {.value = {flow.held, record->serial}};
}

/// Nobody will read any more. What is unread, or still comes, is answered with RST (RFC 2525
/// section 2.17).
void let_go(Core& core, std::uint32_t slot) {
    Busy& record = core.busy[slot];
    record.detached = true;
    if (record.flow == no_flow) core.forget(slot);
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

/// ABORT: RFC 9293 section 3.10.5. The RST leaves with the next advance(), and the flow with it.
void abort_flow(Core& core, Busy& record) {
    if (!tcp::abort_sends_reset(core.flows[record.flow]))
        return core.end_flow(record.flow, CallError::connection_reset);
    record.aborts = true;
    core.flows.make_ready(record.flow);
}

}  // namespace

CallListener* find_listener(Core& core, const Packet& packet) {
    const Ends ends = ends_of(packet.key);
    const Endpoint local{local_address(packet.key), ends.local_port.host()};
    const Endpoint remote{remote_address(packet.key), ends.remote_port.host()};
    CallListener* found = nullptr;
    for (CallListener& candidate : core.listeners) {
        if (candidate.serial == 0 || !listens_to(candidate.listener, local, remote)) continue;
        const bool more_exact = found == nullptr || candidate.listener.remote.has_value();
        if (more_exact) found = &candidate;
    }
    return found;
}

void offer_conversation(Core& core, FlowId id) {
    Busy* record = core.busy_of(core.flows[id]);
    if (record == nullptr || record->listener == no_slot) return;
    CallListener& listener = core.listeners[record->listener];
    --listener.embryonic;
    listener.accepted.push_back(core.flows[id].held);  // room was reserved with the backlog
    record->queued = true;
}

namespace calls {

CallResult<ListenerId> listen(Core& core, const Listener& listener) {
    if (listener.port == 0) return {.error = CallError::bad_request};
    std::uint32_t slot = no_slot;
    for (std::uint32_t i = 0; i < core.listeners.size(); ++i) {
        const CallListener& other = core.listeners[i];
        if (other.serial != 0 && is_same_place(other.listener, listener))
            return {.error = CallError::address_in_use};
        if (other.serial == 0 && slot == no_slot) slot = i;
    }
    if (slot == no_slot) {
        slot = static_cast<std::uint32_t>(core.listeners.size());
        core.listeners.emplace_back();
    }
    CallListener& made = core.listeners[slot];
    made.listener = listener;
    made.settings = core.settings.tcp;
    made.serial = core.next_serial++;
    made.accepted.reserve(listener.backlog);
    return {.value = {slot, made.serial}};
}

CallResult<Conversation> accept(Core& core, ListenerId which) {
    CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return {.error = CallError::no_such_conversation};
    if (listener->accepted.empty()) return {.error = CallError::would_block};
    const std::uint32_t slot = listener->accepted.front();
    listener->accepted.erase(listener->accepted.begin());
    core.busy[slot].listener = no_slot;
    core.busy[slot].queued = false;
    return {.value = {slot, core.busy[slot].serial}};
}

CallError close(Core& core, ListenerId which) {
    CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return CallError::no_such_conversation;
    const auto index = static_cast<std::uint32_t>(listener - core.listeners.data());
    // Half-open and unaccepted connections are reset: RFC 9293 section 3.10.4, LISTEN.
    for (std::uint32_t slot = 0; slot < core.busy.high_water(); ++slot) {
        Busy& record = core.busy[slot];
        if (record.serial == 0 || record.listener != index) continue;
        record.listener = no_slot;
        if (record.flow != no_flow) abort_flow(core, record);
        let_go(core, slot);
    }
    core.listeners[index] = {};
    return CallError::none;
}

CallResult<Conversation> open(Core& core, Endpoint local, Endpoint remote, Tick now) {
    if (remote.port == 0 || !remote.address.is_host()) return {.error = CallError::bad_request};
    std::uint8_t index = 0;
    const Interface* interface = route(core, local, remote.address, index);
    if (interface == nullptr)
        return {.error = local.address.is_unspecified() ? CallError::net_unreachable
                                                        : CallError::address_not_ours};
    if (local.address.is_unspecified()) {
        const Address* source = source_address(*interface, remote.address.family());
        if (source == nullptr) return {.error = CallError::address_not_ours};
        local.address = *source;
    }
    const auto key_for = [&](std::uint16_t port) {
        return make_key(local.address, remote.address, {be16{port}, be16{remote.port}, index});
    };
    if (local.port == 0) local.port = pick_port(core, key_for(0));
    if (local.port == 0) return {.error = CallError::no_memory};
    const Key key = key_for(local.port);
    if (core.flows.find(key, core.flows.hash(key)) != no_flow)
        return {.error = CallError::address_in_use};
    return start(core, key, core.settings.tcp, now);
}

CallResult<std::size_t> send(Core& core, Conversation which, std::span<const std::byte> text) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    if (record->flow == no_flow) {
        const CallError error = take_error(*record);
        return {.error = error == CallError::none ? CallError::closing : error};
    }
    Flow& flow = core.flows[record->flow];
    const bool opening = !tcp::is_synchronised(flow.state());  // queued: RFC 9293 section 3.10.2
    if (!opening && !tcp::may_send_text(flow.state())) return {.error = CallError::closing};
    const std::uint32_t most = core.settings_of(flow).send_buffer_bytes;
    const std::size_t room = most > record->send.bytes ? most - record->send.bytes : 0;
    const tcp::Seq end = record->send.empty() ? flow.snd_nxt : core.blocks.end(record->send);
    const std::size_t queued =
        core.blocks.insert(record->send, end, text.first(std::min(room, text.size())));
    if (queued == 0 && !text.empty()) return {.error = CallError::would_block};
    if (!opening) core.flows.make_ready(record->flow);
    return {.value = queued};
}

namespace {

std::uint32_t unread_bytes(const Core& core, const Busy& record) {
    return record.receive.empty() ? 0 : core.blocks.contiguous_from(record.receive, record.unread);
}

/// Text was taken: the window may open again.
void reopen_window(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    const std::uint32_t room = receive_room(core, flow);
    const std::uint32_t step =
        std::min(2 * flow.mss_bytes(), core.settings_of(flow).receive_buffer_bytes / 2);
    if (!tcp::may_receive_text(flow.state()) || room < flow.rcv_wnd() + step) return;
    flow.ack_now = 1;
    core.flows.make_ready(id);
}

}  // namespace

CallResult<std::size_t> receive(Core& core, Conversation which, std::span<std::byte> into) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    const std::size_t length = std::min<std::size_t>(unread_bytes(core, *record), into.size());
    if (length > 0) {
        const std::size_t read =
            core.blocks.read(record->receive, record->unread, into.first(length));
        record->unread += static_cast<std::uint32_t>(read);
        core.blocks.drop_before(record->receive, record->unread);
        if (record->flow != no_flow) reopen_window(core, record->flow);
        return {.value = read};
    }
    if (const CallError error = take_error(*record); error != CallError::none)
        return {.error = error};
    if (record->end || record->flow == no_flow) return {.value = 0};
    return {.error = CallError::would_block};
}

CallError shutdown(Core& core, Conversation which) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return CallError::no_such_conversation;
    if (record->flow == no_flow) return CallError::closing;
    const FlowId id = record->flow;
    Flow& flow = core.flows[id];
    if (flow.state() == State::syn_sent) {  // RFC 9293 section 3.10.4: delete the TCB
        core.end_flow(id, CallError::closing);
        return CallError::none;
    }
    if (tcp::has_closed(flow.state()) || record->closes) return CallError::closing;
    if (flow.state() == State::syn_received) {  // queued until ESTABLISHED: RFC 9293 section 3.10.4
        record->closes = true;
        return CallError::none;
    }
    const Flows::Before before = core.flows.before(id);
    tcp::close(flow);
    core.flows.settle(id, before);
    core.flows.make_ready(id);
    return CallError::none;
}

CallError close(Core& core, Conversation which) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return CallError::no_such_conversation;
    if (record->flow != no_flow) {
        if (unread_bytes(core, *record) > 0)
            abort_flow(core, *record);
        else
            (void)shutdown(core, which);
    }
    if (record->flow != no_flow) limit_fin_wait_2(core, record->flow);
    let_go(core, which.slot);
    return CallError::none;
}

CallError abort(Core& core, Conversation which) {
    Busy* record = record_of(core, which);
    if (record == nullptr) return CallError::no_such_conversation;
    if (record->flow != no_flow) abort_flow(core, *record);
    let_go(core, which.slot);
    return CallError::none;
}

CallResult<Status> status(const Core& core, Conversation which) {
    const Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    Status status;
    status.end = record->end;
    status.soft_error = core.details[record->details].soft_error;
    status.receive_queue_bytes = unread_bytes(core, *record);
    if (record->flow == no_flow) return {.value = status};
    const Flow& flow = core.flows[record->flow];
    const Key key = core.flows.key(record->flow);
    const Ends ends = ends_of(key);
    status.state = flow.state();
    status.local = {local_address(key), ends.local_port.host()};
    status.remote = {remote_address(key), ends.remote_port.host()};
    status.snd_una = flow.snd_una;
    status.snd_nxt = flow.snd_nxt;
    status.rcv_nxt = flow.rcv_nxt;
    status.rcv_adv = flow.rcv_adv;
    status.snd_up = tcp::snd_up(flow, record->effort);
    status.rcv_up = tcp::rcv_up(flow, record->effort);
    status.snd_wnd = flow.snd_wnd;
    status.mss_bytes = static_cast<std::uint16_t>(flow.mss_bytes());
    status.srtt_us = static_cast<std::uint32_t>(flow.srtt.us());
    status.rttvar_us = static_cast<std::uint32_t>(flow.rttvar.us());
    status.rto_ms = tcp::rto_ms(flow, core.settings_of(flow));
    status.cwnd_bytes = record->effort.cwnd_bytes;
    status.unsent_bytes = unsent_bytes(core, flow);
    return {.value = status};
}

}  // namespace calls
}  // namespace terminus
