/// What services do with connections besides their text: they speak first, end them by time, keep
/// what strangers say.
#include "terminus/tcp/output.h"

#include "steps.h"

namespace terminus {
namespace {

using tcp::Flow;

/// When the service ends the flow: such services send no text, so their mark is free for it.
Millis ending_of(const Core& core, const Flow& flow) { return {core.mark_of(flow).value}; }

bool awaits_ending(const Core& core, const Flow& flow) {
    const Service* service = core.service_of(flow);
    return service != nullptr && service->manner().ending != Ending::never &&
           tcp::may_send_text(flow.state());
}

}  // namespace

void capture(Core& core, const Captured& about, std::span<const std::byte> text) {
    const std::uint32_t one_of = (*core.services)[about.service]->manner().captures_one_of;
    ServiceCounters& counters = core.counters.services[about.service];
    switch (core.captures.offer(about, text, one_of)) {
        case Kept::kept: ++counters.captured; break;
        case Kept::full: ++counters.captures_lost; break;
        case Kept::known:
        case Kept::not_sampled: break;
    }
}

void capture_text(Core& core, FlowId id, std::span<const std::byte> text, Tick now) {
    const Key key = core.flows.key(id);
    const Ends ends = ends_of(key);
    Captured about;
    about.at = now;
    about.local = {local_address(key), ends.local_port.host()};
    about.remote = {remote_address(key), ends.remote_port.host()};
    about.service = core.flows[id].service;
    capture(core, about, text);
}

bool is_ending_due(const Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    return awaits_ending(core, flow) && is_due(ending_of(core, flow), now.ms());
}

Millis before_ending(const Core& core, FlowId id, Millis look) {
    const Flow& flow = core.flows[id];
    if (!awaits_ending(core, flow)) return look;
    const Millis ending = ending_of(core, flow);
    return is_before(ending, look) ? ending : look;
}

bool end_by_service(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    if (core.service_of(flow)->manner().ending == Ending::close) {
        tcp::close(flow);
        core.flows.make_ready(id);
        return true;
    }
    send_reset(core, turn, id);
    core.counters.count(TcpEvent::aborted);
    core.end_flow(id, CallError::none);
    return false;
}

bool begin_service(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    const Service& service = *core.service_of(flow);
    ServiceState state{.mark = flow.snd_nxt, .phase = 0};
    Taken taken;
    if (service.manner().speaks_first) taken = service.begin(state);
    const bool ends = service.manner().ending != Ending::never;
    if (ends) state.mark = tcp::Seq{turn.now.after_ms(service.manner().after_ms).deadline_ms().ms};
    keep_service_state(core, flow, state);
    if (taken.close) tcp::close(flow);
    if (!ends) return true;
    if (is_ending_due(core, id, turn.now)) return end_by_service(core, turn, id);
    flow.deadline = before_ending(core, id, flow.deadline);
    return true;
}

}  // namespace terminus
