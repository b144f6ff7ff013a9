/// Never more calls with a worker than answers have room for.
#include "control/admin_courier.h"

#include "terminus/base/assert.h"

#include <utility>

namespace terminus::control {

Courier::Courier(std::vector<CallRings*> rings) {
    for (CallRings* one : rings)
        desks_.push_back({.rings = one});
}

std::uint64_t Courier::ask(std::uint16_t worker, Asked asked,
                           std::optional<std::uint64_t> patience_us, Done done) {
    auto call = std::make_shared<Call>();
    call->id = next_id_++;
    call->patience_us = patience_us;
    call->asked = std::move(asked);
    sent_.emplace(call->id, Sent{worker, std::move(done)});
    const std::uint64_t id = call->id;
    desks_[worker].backlog.push_back(std::move(call));
    push(desks_[worker]);
    return id;
}

void Courier::push(Desk& desk) {
    bool pushed = false;
    while (!desk.backlog.empty() && desk.outstanding < call_ring_entries) {
        if (!desk.rings->to_worker.push(desk.backlog.front())) break;
        desk.backlog.pop_front();
        ++desk.outstanding;
        pushed = true;
    }
    if (pushed) desk.rings->calls.ring();
}

void Courier::cancel(std::uint64_t id) {
    const auto found = sent_.find(id);
    if (found == sent_.end()) return;
    (void)ask(found->second.worker, CancelCall{id}, 0, [](Call&) {});
}

void Courier::deliver() {
    for (Desk& desk : desks_)
        take(desk);
}

void Courier::take(Desk& desk) {
    CallPointer call;
    while (desk.rings->to_control.pop(call)) {
        --desk.outstanding;
        auto sent = sent_.extract(call->id);
        TERMINUS_ASSERT(!sent.empty());
        sent.mapped().done(*call);
    }
    push(desk);
}

}  // namespace terminus::control
