/// Calls that can be settled at once are; the others are tried again in each turn.
#include "worker/call_desk.h"

#include "terminus/base/assert.h"

#include "worker/make_call.h"

#include <algorithm>
#include <utility>

namespace terminus {

CallDesk::CallDesk(CallRings& rings, Stack& stack, Shard shard)
    : rings_{rings}, stack_{stack}, shard_{std::move(shard)} {}

bool CallDesk::serve(Tick now) {
    std::erase_if(waiting_, [&](const CallPointer& call) { return retry(call, now); });
    CallPointer call;
    while (rings_.to_worker.pop(call))
        begin(call, now);
    return !settled_.empty();
}

void CallDesk::begin(const CallPointer& call, Tick now) {
    if (const auto* cancelled = std::get_if<CancelCall>(&call->asked)) cancel(cancelled->id);
    if (call->patience_us) call->deadline = now.after_us(*call->patience_us);
    if (!retry(call, now)) waiting_.push_back(call);
}

/// True when it is settled.
bool CallDesk::retry(const CallPointer& call, Tick now) {
    const CallError error = Maker{stack_, shard_, call->id, now}.make(*call);
    const bool may_wait = !call->patience_us || now < call->deadline;
    if (error == CallError::would_block && may_wait) return false;
    settle(call, error);
    return true;
}

void CallDesk::settle(const CallPointer& call, CallError error) {
    call->error = error;
    settled_.push_back(call);
}

void CallDesk::cancel(std::uint64_t id) {
    const auto found =
        std::ranges::find(waiting_, id, [](const CallPointer& it) { return it->id; });
    if (found == waiting_.end()) return;  // settled meanwhile: its answer is on its way
    settle(*found, CallError::would_block);
    waiting_.erase(found);
}

/// Control has room for all answers: CallRings says why.
void CallDesk::answer() {
    if (settled_.empty()) return;
    for (CallPointer& call : settled_)
        TERMINUS_ASSERT(rings_.to_control.push(std::exchange(call, nullptr)));
    settled_.clear();
    rings_.answers.ring();
}

}  // namespace terminus
