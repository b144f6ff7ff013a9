/// Deferred accept: a conversation enters its listener's queue with its first text or its FIN, or
/// when the listener's patience (tcp::Settings::deferred_accept_ms) is over. Meanwhile it is
/// ESTABLISHED, counts as embryonic, and waits for nothing else, as its user cannot have sent yet.
#include "terminus/tcp/timeout.h"

#include "steps.h"

namespace terminus {

bool defer_conversation(Core& core, FlowId id, Tick now) {
    tcp::Flow& flow = core.flows[id];
    const Busy* record = core.busy_of(flow);
    const std::uint32_t patience_ms = core.settings_of(flow).deferred_accept_ms;
    if (patience_ms == 0 || record == nullptr || record->listener == no_slot || record->closes)
        return false;
    flow.wait_for(tcp::Waits::user);
    flow.deadline = now.after_ms(patience_ms).deadline_ms();
    return true;
}

void end_deferral(Core& core, FlowId id) {
    tcp::go_silent(core.flows[id]);
    offer_conversation(core, id);
}

bool goes_on_waiting(Core& core, FlowId id, Tick now) {
    const tcp::Flow& flow = core.flows[id];
    if (flow.waits() != tcp::Waits::user) return false;
    if (is_due(flow.deadline, now.ms())) {
        end_deferral(core, id);
        return false;
    }
    core.flows.refile(id, flow.deadline);
    return true;
}

}  // namespace terminus
