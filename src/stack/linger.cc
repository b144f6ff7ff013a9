/// SO_LINGER's way to close: what is still under way when the user's patience ends is aborted.
#include "steps.h"

namespace terminus {
namespace {

/// Null for a flow that does not linger.
Details* lingering(Core& core, const tcp::Flow& flow) {
    Details* details = core.details_of(flow);
    return details != nullptr && details->lingers ? details : nullptr;
}

}  // namespace

void begin_to_linger(Core& core, FlowId id, Tick now) {
    tcp::Flow& flow = core.flows[id];
    const std::uint32_t patience_ms = core.settings_of(flow).linger_ms;
    const Busy* record = core.busy_of(flow);
    if (patience_ms == tcp::Settings::none || flow.state() == tcp::State::time_wait) return;
    Details& details = core.details[record->details];
    details.lingers = true;
    details.linger_end = now.after_ms(patience_ms).deadline_ms();
    const Flows::Before before = core.flows.before(id);
    flow.deadline = look_while_lingering(core, flow, flow.deadline);
    core.flows.settle(id, before);
}

bool is_lingering_over(Core& core, const tcp::Flow& flow, Tick now) {
    const Details* details = lingering(core, flow);
    if (details == nullptr || !is_due(details->linger_end, now.ms())) return false;
    return flow.in_flight() > 0 || unsent_bytes(core, flow) > 0;
}

Millis look_while_lingering(Core& core, const tcp::Flow& flow, Millis again) {
    const Details* details = lingering(core, flow);
    if (details == nullptr || is_due(details->linger_end, core.latest.ms())) return again;
    return is_before(details->linger_end, again) ? details->linger_end : again;
}

}  // namespace terminus
