/// Making one user call on a stack, once.
#pragma once

#include "worker/call.h"
#include "worker/port_choice.h"

namespace terminus {

class Maker {
public:
    /// `salt` makes the search for a free port begin elsewhere each time.
    Maker(Stack& stack, const Shard& shard, std::uint64_t salt, Tick now)
        : stack_{stack}, shard_{shard}, salt_{salt}, now_{now} {}

    /// Makes the call and fills in its answer. `would_block`: not yet; whoever waits tries again.
    [[nodiscard]] CallError make(Call& call);

private:
    CallError operator()(ListenCall& call);
    CallError operator()(AcceptCall& call);
    CallError operator()(OpenCall& call);
    CallError operator()(SendCall& call);
    CallError operator()(ReceiveCall& call);
    CallError operator()(ReleaseCall& call);
    CallError operator()(ShutdownCall& call);
    CallError operator()(EndCall& call);
    CallError operator()(WaitCall& call);
    CallError operator()(StatusCall& call);
    CallError operator()(WalkCall& call);
    CallError operator()(SettingsCall& call);
    CallError operator()(TakeErrorCall& call);
    CallError operator()(ResetCall& call);
    CallError operator()(CancelCall& call);

    CallError open(OpenCall& call);
    CallError open_here(OpenCall& call, const Endpoint& local);
    CallError open_on_own_port(OpenCall& call, const Address& local);
    CallError await_established(OpenCall& call);
    CallError settings_of(const Target& which, tcp::Settings& settings);
    CallError set_settings(const Target& which, const tcp::Settings& settings);
    [[nodiscard]] std::optional<IcmpCause> cause_of(const Call& call) const;

    Stack& stack_;
    const Shard& shard_;
    std::uint64_t salt_;
    Tick now_;
    bool waited_ = false;  ///< the call was tried before
};

}  // namespace terminus
