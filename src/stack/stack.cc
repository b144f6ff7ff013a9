#include "terminus/stack/stack.h"

#include "calls.h"
#include "neighbour_link.h"
#include "steps.h"

namespace terminus {

struct Stack::Parts : Core {
    using Core::Core;
};

std::size_t Stack::bytes_needed(const StackSettings& settings) {
    return Core::bytes_needed(settings);
}

Stack::Stack(StackSettings settings, std::span<std::byte> memory, Tick now)
    : parts_{std::make_unique<Parts>(std::move(settings), memory, now)} {}
Stack::~Stack() = default;

void Stack::adopt(std::shared_ptr<const Policy> policy, std::shared_ptr<const Services> services) {
    parts_->rule_hits.assign(policy->rules().size(), 0);
    parts_->policy = std::move(policy);
    parts_->services = std::move(services);
}

void Stack::receive(std::span<Frame> burst, Tick now, Outbox& out) {
    parts_->latest = now;
    receive_burst(*parts_, {now, out}, burst);
}

void Stack::favour_flows(bool overloaded) { parts_->favours_flows = overloaded; }

bool Stack::advance(Tick now, Outbox& out) {
    parts_->latest = now;
    const Turn turn{now, out};
    const bool worked = run_timers(*parts_, turn);
    keep_up(*parts_, turn);
    expire_fragments(*parts_, turn);
    return worked;
}

void Stack::drain() { parts_->draining = true; }

void Stack::abort_all(Tick) {
    parts_->aborting = true;
    parts_->silent_abort = false;
    parts_->abort_cursor = 0;
}

const Counters& Stack::counters() const {
    Core& core = *parts_;
    Counters& counters = core.counters;
    counters.half_open = counters.flows[static_cast<std::size_t>(tcp::State::syn_received)];
    counters.busy_used = core.busy.used();
    counters.blocks_used = core.blocks.used();
    counters.holes_used = core.pieces.used();
    counters.timers_used = core.flows.timers_used();
    counters.keys_used = core.flows.keys_used();
    counters.details_used = core.details.used();
    counters.paths_used = core.paths.size() + core.datagram_paths.size();
    counters.neighbours = core.neighbours.size();
    counters.reassembling = core.reassembly.size();
    return counters;
}

std::span<const std::uint64_t> Stack::rule_hits() const { return parts_->rule_hits; }
std::size_t Stack::flows() const { return parts_->flows.size(); }
std::size_t Stack::flow_capacity() const { return parts_->flows.capacity(); }
std::size_t Stack::frames_held() const { return parts_->neighbours.frames_held(); }

void Stack::release_held(Outbox& out) {
    const Turn turn{{}, out};
    NeighbourLink sink{*parts_, turn};
    parts_->neighbours.release_all(sink);
}

const Captured* Stack::captured() const { return parts_->captures.front(); }
void Stack::drop_captured() { parts_->captures.pop(); }

namespace {

const tcp::Settings& chosen(const Core& core, const tcp::Settings* options) {
    return options == nullptr ? core.settings.tcp : *options;
}

}  // namespace

CallResult<ListenerId> Stack::listen(const Listener& listener, const tcp::Settings* options) {
    return calls::listen(*parts_, listener, chosen(*parts_, options));
}
CallResult<Conversation> Stack::accept(ListenerId listener) {
    return calls::accept(*parts_, listener);
}
CallError Stack::close(ListenerId listener, Tick now) {
    parts_->latest = now;
    return calls::close(*parts_, listener);
}
CallResult<Conversation> Stack::open(Endpoint local, Endpoint remote, Tick now,
                                     const tcp::Settings* options) {
    parts_->latest = now;
    return calls::open(*parts_, local, remote, chosen(*parts_, options), now);
}
CallResult<std::size_t> Stack::send(Conversation which, std::span<const std::byte> text,
                                    SendHow how, Tick now) {
    parts_->latest = now;
    return calls::send(*parts_, which, text, how);
}
CallResult<std::size_t> Stack::receive(Conversation which, std::span<std::byte> into,
                                       ReceiveHow how, Tick now) {
    parts_->latest = now;
    return calls::receive(*parts_, which, into, how);
}
CallError Stack::release(Conversation which, std::uint32_t bytes) {
    return calls::release(*parts_, which, bytes);
}
CallError Stack::shutdown(Conversation which, Half half, Tick now) {
    parts_->latest = now;
    return calls::shutdown(*parts_, which, half);
}
CallError Stack::close(Conversation which, Tick now) {
    parts_->latest = now;
    return calls::close(*parts_, which, now);
}
CallError Stack::abort(Conversation which, Tick now) {
    parts_->latest = now;
    return calls::abort(*parts_, which);
}
CallResult<Ready> Stack::ready(Conversation which) const { return calls::ready(*parts_, which); }
CallResult<Ready> Stack::ready(ListenerId which) const { return calls::ready(*parts_, which); }
CallResult<CallError> Stack::take_error(Conversation which) {
    return calls::take_error(*parts_, which);
}
CallResult<Status> Stack::status(Conversation which) const { return calls::status(*parts_, which); }
CallResult<Status> Stack::status(ListenerId which) const { return calls::status(*parts_, which); }
std::size_t Stack::walk(Walk& walk, std::uint16_t local_port, std::span<Status> into) const {
    return calls::walk(*parts_, walk, local_port, into);
}

CallResult<tcp::Settings> Stack::settings(Conversation which) const {
    return calls::settings(*parts_, which);
}
CallResult<tcp::Settings> Stack::settings(ListenerId which) const {
    return calls::settings(*parts_, which);
}
CallError Stack::set_settings(Conversation which, const tcp::Settings& settings, Tick now) {
    parts_->latest = now;
    return calls::set_settings(*parts_, which, settings);
}
CallError Stack::set_settings(ListenerId which, const tcp::Settings& settings) {
    return calls::set_settings(*parts_, which, settings);
}
const tcp::Settings& Stack::defaults() const { return parts_->settings.tcp; }
void Stack::set_defaults(const tcp::Settings& settings) {
    tcp::Settings& defaults = parts_->settings.tcp;
    const std::uint8_t scale = defaults.window_scale;  // services' flows have told it in their SYNs
    defaults = settings;
    defaults.window_scale = scale;
}
void Stack::reset(bool with_segments, Tick now) {
    parts_->latest = now;
    calls::reset(*parts_, with_segments);
}
bool Stack::is_resetting() const { return parts_->aborting; }

CallResult<Conversation> Stack::open_datagrams(Endpoint local, std::optional<Endpoint> remote,
                                               const tcp::Settings* options) {
    return calls::open_datagrams(*parts_, local, remote, chosen(*parts_, options));
}
CallError Stack::send_datagram(Conversation which, std::span<const std::byte> payload,
                               std::optional<Endpoint> remote) {
    return calls::send_datagram(*parts_, which, payload, remote);
}
CallResult<DatagramTaken> Stack::receive_datagram(Conversation which, std::span<std::byte> into,
                                                  bool peek) {
    return calls::receive_datagram(*parts_, which, into, peek);
}
std::optional<IcmpCause> Stack::icmp_cause(Conversation which) const {
    return calls::icmp_cause(*parts_, which);
}

}  // namespace terminus
