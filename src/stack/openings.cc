/// How conversations begin: passive OPEN, its accept queue, and active OPEN. RFC 9293
/// section 3.10.1.
#include "terminus/tcp/isn.h"

#include "calls.h"
#include "steps.h"

#include <algorithm>

namespace terminus {

using tcp::Flow;

namespace {

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

/// How closely a listener names what it waits for: its peer counts more than our address.
int exactness(const Listener& listener) {
    return (listener.remote ? 4 : 0) + (listener.remote_port != 0 ? 2 : 0) +
           (listener.address ? 1 : 0);
}

bool is_ours(const Core& core, std::uint8_t index, const Address& address) {
    const Ownership owned = core.ownership(index, address);
    return owned == Ownership::own || owned == Ownership::answered;
}

bool is_ours(const Core& core, const Address& address) {
    for (std::uint8_t i = 0; i < core.settings.interfaces.size(); ++i)
        if (is_ours(core, i, address)) return true;
    return false;
}

/// The interface that reaches `remote`, and has `local` if one is asked for.
const Interface* route(const Core& core, const Address& local, const Address& remote,
                       std::uint8_t& index) {
    const auto& all = core.settings.interfaces;
    for (std::size_t i = 0; i < all.size(); ++i) {
        index = static_cast<std::uint8_t>(i);
        if (next_hop(all[i], remote) == nullptr) continue;
        if (local.is_unspecified() || is_ours(core, index, local)) return &all[i];
    }
    return nullptr;
}

/// RFC 6191 section 2, from the opener's side: the peer takes our SYN for a new one where both
/// connections have timestamps and the clock has moved on. A second is more than any clock's step.
bool may_follow(const Flow& former, const tcp::Settings& with, Tick now) {
    constexpr std::int32_t clock_step_ms = 1000;
    return former.state() == tcp::State::time_wait && former.timestamps != 0 && with.timestamps &&
           elapsed_ms(former.last_heard, now.ms()) >= clock_step_ms;
}

/// RFC 9293 section 3.4.1; beyond what a former connection has used.
tcp::Seq choose_iss(const Core& core, const Key& key, std::optional<tcp::Seq> floor, Tick now) {
    const tcp::Seq iss = tcp::initial_seq(core.settings.isn_key, bytes_of(key), now);
    constexpr std::uint32_t step = 65536;
    return floor && iss < *floor + step ? *floor + step : iss;
}

CallResult<Conversation> start(Core& core, const Key& key, const tcp::Settings& with, Tick now,
                               std::optional<tcp::Seq> floor = {}) {
    const std::uint64_t hash = core.flows.hash(key);
    const FlowId id = core.flows.create(key, hash);
    if (id == no_flow) return {.error = CallError::no_memory};
    Flow& flow = core.flows[id];
    flow.service = Flow::no_service;
    const tcp::Seq iss = choose_iss(core, key, floor, now);
    tcp::open_active(flow, iss, core.link(flow), with, core.loud_from(now));
    Busy* record = core.borrow(id);
    if (!core.flows.begin(id) || record == nullptr || !core.make_conversation(*record, with)) {
        core.end_flow(id, CallError::none);
        return {.error = CallError::no_memory};
    }
    core.counters.count(TcpEvent::active_opens);
    core.flows.make_ready(id);
    return {.value = {flow.held, record->serial}};
}

CallListener& free_listener(Core& core) {
    for (CallListener& listener : core.listeners)
        if (listener.serial == 0) return listener;
    return core.listeners.emplace_back();
}

void reset_all(Core& core, BusyList& list) {
    while (list.first != no_slot) {
        const std::uint32_t slot = list.first;
        core.remove(list, slot);
        Busy& record = core.busy[slot];
        record.listener = no_slot;
        record.queued = record.deferred = false;
        if (record.flow != no_flow) calls::abort_flow(core, record);
        calls::let_go(core, slot);
    }
}

/// Into the accept queue, from whatever list it is in.
void offer(Core& core, std::uint32_t slot) {
    Busy& record = core.busy[slot];
    CallListener& listener = core.listeners[record.listener];
    core.remove(listener.list_of(record), slot);
    core.append(listener.accepted, slot);
    record.deferred = false;
    record.queued = true;
}

}  // namespace

CallListener* find_listener(Core& core, const Packet& packet) {
    const Ends ends = ends_of(packet.key);
    const Endpoint local{local_address(packet.key), ends.local_port.host()};
    const Endpoint remote{remote_address(packet.key), ends.remote_port.host()};
    CallListener* found = nullptr;
    for (CallListener& candidate : core.listeners) {
        if (candidate.serial == 0 || !listens_to(candidate.listener, local, remote)) continue;
        if (found == nullptr || exactness(candidate.listener) > exactness(found->listener))
            found = &candidate;
    }
    return found;
}

void offer_conversation(Core& core, FlowId id) {
    Busy* record = core.busy_of(core.flows[id]);
    if (record == nullptr || record->listener == no_slot || record->queued) return;
    const std::uint32_t wait_ms = core.settings_of(core.flows[id]).deferred_accept_ms;
    if (wait_ms == 0) return offer(core, core.flows[id].held);
    CallListener& listener = core.listeners[record->listener];
    core.remove(listener.embryonic, core.flows[id].held);
    core.append(listener.deferred, core.flows[id].held);
    record->deferred = true;
    core.details[record->details].deferred_until = core.latest.after_ms(wait_ms).deadline_ms();
}

void offer_deferred(Core& core, FlowId id) {
    const Busy* record = core.busy_of(core.flows[id]);
    if (record == nullptr || !record->deferred) return;
    if (record->end || !record->receive.empty()) offer(core, core.flows[id].held);
}

/// The first is due first, as long as the listener's delay does not change.
std::size_t offer_overdue(Core& core, Tick now) {
    std::size_t done = 0;
    for (CallListener& listener : core.listeners) {
        while (listener.deferred.first != no_slot) {
            const std::uint32_t slot = listener.deferred.first;
            const Details& details = core.details[core.busy[slot].details];
            if (!is_due(details.deferred_until, now.ms())) break;
            offer(core, slot);
            ++done;
        }
    }
    return done;
}

namespace calls {

CallError check_source(const Core& core, const Address& local) {
    const bool fits = local.is_unspecified() || is_ours(core, local);
    return fits ? CallError::none : CallError::address_not_ours;
}

Source choose_source(const Core& core, const Address& local, const Address& remote) {
    const bool any = local.is_unspecified();
    Source source{.address = local};
    source.error = check_source(core, local);
    if (!any && local.family() != remote.family()) source.error = CallError::bad_request;
    if (source.error != CallError::none) return source;
    const Interface* interface = route(core, local, remote, source.interface);
    if (interface == nullptr) source.error = CallError::net_unreachable;
    if (interface == nullptr || !any) return source;
    // RFC 9293 section 3.9.1.1, MUST-44: the IP layer chooses where the user does not.
    const Address* own = source_address(*interface, remote.family());
    if (own == nullptr)
        source.error = CallError::address_not_ours;
    else
        source.address = *own;
    return source;
}

CallResult<ListenerId> listen(Core& core, const Listener& listener, const tcp::Settings& with) {
    if (listener.port == 0) return {.error = CallError::bad_request};
    const CallError refused = check_source(core, listener.address.value_or(Address{}));
    if (refused != CallError::none) return {.error = refused};
    for (const CallListener& other : core.listeners)
        if (other.serial != 0 && is_same_place(other.listener, listener))
            return {.error = CallError::address_in_use};
    CallListener& made = free_listener(core);
    made.listener = listener;
    made.settings = with;
    made.serial = core.next_serial++;
    return {.value = {static_cast<std::uint32_t>(&made - core.listeners.data()), made.serial}};
}

CallResult<Conversation> accept(Core& core, ListenerId which) {
    CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return {.error = CallError::no_such_conversation};
    const std::uint32_t slot = listener->accepted.first;
    if (slot == no_slot) return {.error = CallError::would_block};
    core.remove(listener->accepted, slot);
    core.busy[slot].listener = no_slot;
    core.busy[slot].queued = false;
    return {.value = {slot, core.busy[slot].serial}};
}

CallError close(Core& core, ListenerId which) {
    CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return CallError::no_such_conversation;
    // Half-open and unaccepted connections are reset: RFC 9293 section 3.10.4, LISTEN.
    reset_all(core, listener->embryonic);
    reset_all(core, listener->deferred);
    reset_all(core, listener->accepted);
    *listener = {};
    return CallError::none;
}

CallResult<Conversation> open(Core& core, Endpoint local, Endpoint remote,
                              const tcp::Settings& with, Tick now) {
    // RFC 9293 section 3.9.2.3, MUST-46: a broadcast or multicast address is no remote.
    if (remote.port == 0 || !remote.address.is_host()) return {.error = CallError::bad_request};
    const Source source = choose_source(core, local.address, remote.address);
    if (source.error != CallError::none) return {.error = source.error};
    if (core.ownership(source.interface, remote.address) == Ownership::broadcast)
        return {.error = CallError::bad_request};
    const auto key_for = [&](std::uint16_t port) {
        return make_key(source.address, remote.address,
                        {be16{port}, be16{remote.port}, source.interface});
    };
    const auto is_free = [&](std::uint16_t port) {
        const Key key = key_for(port);
        return core.flows.find(key, core.flows.hash(key)) == no_flow;
    };
    if (local.port == 0) local.port = pick_port(core, is_free);
    if (local.port == 0) return {.error = CallError::no_memory};
    const Key key = key_for(local.port);
    const FlowId other = core.flows.find(key, core.flows.hash(key));
    if (other == no_flow) return start(core, key, with, now);
    if (may_follow(core.flows[other], with, now)) {
        const tcp::Seq floor = core.flows[other].snd_nxt;
        core.counters.count(TcpEvent::time_wait_reused);
        core.end_flow(other, CallError::none);
        return start(core, key, with, now, floor);
    }
    // RFC 9293 section 3.10.1: "connection already exists"; in TIME-WAIT not for long any more.
    const bool waits = core.flows[other].state() == tcp::State::time_wait;
    return {.error = waits ? CallError::address_in_use : CallError::already_connected};
}

}  // namespace calls
}  // namespace terminus
