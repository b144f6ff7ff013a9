/// An end to persist under pressure. RFC 9293 section 3.8.6.1 keeps a flow with a closed window
/// open for as long as its peer acknowledges the probes, so that peers could hold all memory for
/// ever. When busy records or blocks have run out, those that persist longest are ended; a flow
/// that was not probed yet is spared.
#include "terminus/tcp/flow.h"

#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

constexpr std::uint32_t most_records = 32;  // seen in one turn
constexpr std::uint32_t least_free_share = 64;

bool is_persisting(const Core& core, const Busy& record) {
    if (record.flow == no_flow) return false;
    const tcp::Flow& flow = core.flows[record.flow];
    return flow.state() != tcp::State::closed && flow.waits() == tcp::Waits::window &&
           flow.backoff > 0 && core.busy_of(flow) == &record;
}

/// Keeps the longest-persisting ones, the longest first.
void consider(Pressure& pressure, const Busy& record) {
    const auto shorter = [&](const Pressure::Candidate& other) {
        return is_before(record.persists_since, other.since);
    };
    auto* const end = pressure.longest.begin() + pressure.found;
    auto* const place = std::find_if(pressure.longest.begin(), end, shorter);
    if (place == pressure.longest.end()) return;
    if (pressure.found < pressure.longest.size()) ++pressure.found;
    auto* const last = pressure.longest.begin() + pressure.found;
    std::move_backward(place, last - 1, last);
    *place = {record.flow, record.persists_since};
}

void end_persisting(Core& core, const Turn& turn) {
    const Pressure& pressure = core.pressure;
    for (std::uint32_t i = 0; i < pressure.found; ++i) {
        const FlowId id = pressure.longest[i].flow;
        const Busy* record = core.busy_of(core.flows[id]);
        if (record == nullptr || !is_persisting(core, *record)) continue;
        send_reset(core, turn, id);
        core.counters.count(TcpEvent::persisting_ended);
        core.end_flow(id, CallError::no_memory);
    }
}

bool lacks_blocks(const Core& core) {
    return core.blocks.free_blocks() < core.blocks.capacity() / least_free_share + 1;
}

}  // namespace

std::size_t relieve(Core& core, const Turn& turn) {
    Pressure& pressure = core.pressure;
    if (!pressure.is_felt && !lacks_blocks(core)) return 0;
    const std::uint32_t end = core.busy.high_water();
    std::uint32_t seen = 0;
    for (; seen < most_records && pressure.cursor < end; ++seen, ++pressure.cursor) {
        const Busy& record = core.busy[pressure.cursor];
        if (is_persisting(core, record)) consider(pressure, record);
    }
    if (pressure.cursor < end) return seen;
    end_persisting(core, turn);
    pressure = {};
    return 0;  // who lacks memory asks again
}

}  // namespace terminus
