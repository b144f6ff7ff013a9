/// A worker's desk for user calls: takes them from control's ring, makes them on the stack, keeps
/// those that wait, and gives them back when the frames that they caused have left. The worker's
/// thread uses it, between two bursts.
#pragma once

#include "terminus/stack/stack.h"

#include "worker/commands.h"
#include "worker/port_choice.h"

#include <vector>

namespace terminus {

class CallDesk {
public:
    /// Everything given outlives the desk.
    CallDesk(CallRings& rings, Stack& stack, Shard shard);

    /// Makes the calls that came, and tries those that wait again. True when one was settled.
    bool serve(Tick now);
    /// True while settled calls have not been given back.
    [[nodiscard]] bool has_answers() const { return !settled_.empty(); }
    /// Gives the settled calls back and rings. After the frames that they caused were sent.
    void answer();
    /// Readable when control has left calls: an idle worker wakes up by it.
    [[nodiscard]] const Bell& bell() const { return rings_.calls; }

private:
    void begin(const CallPointer& call, Tick now);
    void settle(const CallPointer& call, CallError error);
    bool retry(const CallPointer& call, Tick now);
    void cancel(std::uint64_t id);

    CallRings& rings_;
    Stack& stack_;
    Shard shard_;
    std::vector<CallPointer> waiting_;  ///< in the order in which they came
    std::vector<CallPointer> settled_;
};

}  // namespace terminus
