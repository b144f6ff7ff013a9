/// The settings that users may change, and reset().
#include "calls.h"
#include "steps.h"

namespace terminus::calls {
namespace {

/// What a change sets free leaves with the next advance().
void act_on_change(Core& core, FlowId id) {
    const tcp::Flow& flow = core.flows[id];
    if (!tcp::is_synchronised(flow.state())) return;
    reopen_window(core, id);
    if (unsent_bytes(core, flow) > 0) core.flows.make_ready(id);
}

}  // namespace

CallResult<tcp::Settings> settings(const Core& core, Conversation which) {
    if (const auto* datagrams = core.datagrams.find(which)) return {.value = datagrams->settings};
    const Busy* record = record_of(core, which);
    if (record == nullptr) return {.error = CallError::no_such_conversation};
    return {.value = core.details[record->details].settings};
}

CallResult<tcp::Settings> settings(const Core& core, ListenerId which) {
    const CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return {.error = CallError::no_such_conversation};
    return {.value = listener->settings};
}

CallError set_settings(Core& core, Conversation which, const tcp::Settings& with) {
    if (auto* datagrams = core.datagrams.find(which)) {
        datagrams->settings = with;
        return CallError::none;
    }
    const Busy* record = record_of(core, which);
    if (record == nullptr) return CallError::no_such_conversation;
    if (record->detached) return CallError::closing;
    tcp::Settings& own = core.details[record->details].settings;
    const std::uint8_t scale = own.window_scale;  // of its SYN: RFC 7323 section 2.3
    own = with;
    own.window_scale = scale;
    if (record->flow == no_flow) return CallError::none;
    heed_settings(core, record->flow, core.latest);
    act_on_change(core, record->flow);
    return CallError::none;
}

CallError set_settings(Core& core, ListenerId which, const tcp::Settings& with) {
    CallListener* listener = listener_of(core, which);
    if (listener == nullptr) return CallError::no_such_conversation;
    listener->settings = with;
    return CallError::none;
}

void reset(Core& core, bool with_segments) {
    for (std::uint32_t slot = 0; slot < core.listeners.size(); ++slot)
        (void)close(core, ListenerId{slot, core.listeners[slot].serial});
    core.settings.tcp = core.configured;
    core.limiter.refill();
    core.challenges.forget();
    core.started = core.latest;
    core.paths.forget_all();
    core.datagram_paths.forget_all();
    core.cookie_sent_at.reset();  // what comes back of cookies is a stranger's
    core.aborting = true;
    core.silent_abort = !with_segments;
    core.abort_cursor = 0;
}

}  // namespace terminus::calls
