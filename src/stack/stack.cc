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
    receive_burst(*parts_, {now, out}, burst);
}

bool Stack::advance(Tick now, Outbox& out) {
    const Turn turn{now, out};
    const bool worked = run_timers(*parts_, turn);
    keep_up(*parts_, turn);
    expire_fragments(*parts_, turn);
    return worked;
}

void Stack::drain() { parts_->draining = true; }

void Stack::abort_all(Tick) {
    parts_->aborting = true;
    parts_->abort_cursor = 0;
}

const Counters& Stack::counters() const {
    Core& core = *parts_;
    Counters& counters = core.counters;
    counters.half_open = counters.flows[static_cast<std::size_t>(tcp::State::syn_received)];
    counters.busy_used = core.busy.used();
    counters.blocks_used = core.blocks.used();
    counters.timers_used = core.flows.timers_used();
    counters.keys_used = core.flows.keys_used();
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

CallResult<ListenerId> Stack::listen(const Listener& listener) {
    return calls::listen(*parts_, listener);
}
CallResult<Conversation> Stack::accept(ListenerId listener) {
    return calls::accept(*parts_, listener);
}
CallError Stack::close(ListenerId listener, Tick) { return calls::close(*parts_, listener); }
CallResult<Conversation> Stack::open(Endpoint local, Endpoint remote, Tick now) {
    return calls::open(*parts_, local, remote, now);
}
CallResult<std::size_t> Stack::send(Conversation which, std::span<const std::byte> text, Tick) {
    return calls::send(*parts_, which, text);
}
CallResult<std::size_t> Stack::receive(Conversation which, std::span<std::byte> into, Tick) {
    return calls::receive(*parts_, which, into);
}
CallError Stack::shutdown(Conversation which, Tick) { return calls::shutdown(*parts_, which); }
CallError Stack::close(Conversation which, Tick) { return calls::close(*parts_, which); }
CallError Stack::abort(Conversation which, Tick) { return calls::abort(*parts_, which); }
CallResult<Status> Stack::status(Conversation which) const { return calls::status(*parts_, which); }

}  // namespace terminus
