/// What STATUS tells of a conversation's past: kept in its details, so that no service's flow pays.
#include "terminus/tcp/congestion.h"

#include "calls.h"
#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Flow;

Pace pace_of(const Core& core, const Flow& flow) {
    const std::uint32_t unsent = unsent_bytes(core, flow);
    if (flow.in_flight() == 0 && unsent == 0) return Pace::idle;
    const Busy& record = *core.busy_of(flow);
    if (unsent == 0) return calls::send_room(core, record) == 0 ? Pace::buffer_limited : Pace::busy;
    const std::uint32_t cwnd =
        tcp::congestion_window_bytes(flow, &record.effort, core.settings_of(flow));
    const std::uint32_t wanted = flow.in_flight() + std::min(unsent, flow.mss_bytes());
    const bool window_holds = flow.snd_wnd < wanted && flow.snd_wnd < cwnd;
    return window_holds ? Pace::window_limited : Pace::busy;
}

}  // namespace

void note_received(Core& core, const Flow& flow, const tcp::Arrival& arrival, Tick now) {
    Details* details = core.details_of(flow);
    if (details == nullptr || arrival.drop != Drop::none) return;
    details->history.ack_received = now;
    if (arrival.text_length > 0) details->history.data_received = now;
}

void note_text_sent(Core& core, const Flow& flow, Tick now) {
    if (Details* details = core.details_of(flow)) details->history.data_sent = now;
}

void note_pace(Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    Details* details = core.details_of(flow);
    if (details == nullptr || !tcp::is_synchronised(flow.state())) return;
    History& history = details->history;
    const Pace pace = pace_of(core, flow);
    if (pace == history.pace) return;
    history.spent_us[static_cast<std::size_t>(history.pace)] += now.us - history.paced_since.us;
    history.pace = pace;
    history.paced_since = now;
}

}  // namespace terminus
