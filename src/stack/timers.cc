/// Everything that time alone causes: due deadlines, delayed ACKs, the ends of TIME-WAIT, ready
/// senders.
#include "terminus/tcp/output.h"
#include "terminus/tcp/timeout.h"

#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Due;
using tcp::Flow;
using tcp::State;

constexpr std::size_t most_looks = 512;     // due deadlines of one turn
constexpr std::size_t most_queued = 256;    // entries of each queue in one turn
constexpr std::size_t most_aborts = 64;     // resets of one turn of abort_all
constexpr std::size_t outbox_reserve = 80;  // room that a look may need

void end_by_time(Core& core, const Turn& turn, FlowId id, Due due) {
    const State state = core.flows[id].state();
    if (due == Due::give_up) {
        core.counters.count(TcpEvent::timed_out);
        if (!tcp::is_synchronised(state)) core.counters.count(TcpEvent::handshakes_failed);
        if (tcp::is_synchronised(state)) send_reset(core, turn, id);
        core.end_flow(id, CallError::timed_out);
        return;
    }
    core.counters.count(TcpEvent::closed);
    core.end_flow(id, CallError::none);
}

/// A half-closed conversation may wait for its peer for ever: only who has closed wholly is
/// limited.
void forgive_half_close(Core& core, Flow& flow) {
    const Busy* record = core.busy_of(flow);
    if (record != nullptr && record->serial != 0 && !record->detached &&
        flow.waits() == tcp::Waits::fin_wait_2)
        flow.wait_for(tcp::Waits::silence);
}

void look_at(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    forgive_half_close(core, flow);
    const tcp::Look look = tcp::look(flow, core.effort_of(flow), core.settings.tcp, turn.now);
    if (look.due == Due::give_up || look.due == Due::vanish)
        return end_by_time(core, turn, id, look.due);
    core.flows.refile(id, look.again);
    const Flows::Before before = core.flows.before(id);
    if (look.due == Due::retransmit) {
        core.counters.count(TcpEvent::retransmission_timeouts);
        retransmit(core, turn, id, nullptr);
    } else if (look.due == Due::probe) {
        probe_window(core, turn, id);
    }
    core.flows.settle(id, before);
}

std::size_t look_at_due(Core& core, const Turn& turn) {
    const std::size_t room = turn.out.room();
    const std::size_t budget =
        room > outbox_reserve ? std::min(most_looks, room - outbox_reserve) : 0;
    return core.flows.wheel().advance(
        turn.now.ms(), budget,
        [&](FlowId id, std::uint8_t generation) {
            const State state = core.flows[id].state();
            if (!core.flows.is_current({id, generation})) return;
            if (state == State::closed || state == State::time_wait) return;
            look_at(core, turn, id);
        },
        [&](FlowId id) { prefetch(&core.flows[id]); });
}

std::size_t send_delayed_acks(Core& core, const Turn& turn) {
    Fifo& queue = core.flows.delayed_acks();
    std::size_t done = 0;
    for (; done < most_queued && !queue.empty() && turn.out.room() > outbox_reserve; ++done) {
        const FlowId id = queue.front().flow();
        Flow& flow = core.flows[id];
        const bool pending = flow.state() != State::closed && flow.ack_pending != 0;
        if (pending) {
            const Millis due = flow.last_heard + core.settings.tcp.delayed_ack_ms;
            if (!is_due(due, turn.now.ms())) break;
            const Flows::Before before = core.flows.before(id);
            flow.ack_now = 1;
            core.counters.count(TcpEvent::delayed_acks);
            output(core, turn, id, nullptr);
            core.flows.settle(id, before);
        }
        queue.pop();
    }
    return done;
}

bool is_over(const Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    return flow.state() != State::time_wait ||
           is_due(flow.last_heard + core.settings.tcp.time_wait_ms, now.ms());
}

/// The oldest TIME-WAIT whose 2 MSL a repeated FIN began anew goes behind the others; false: it is
/// not so.
bool requeue_restarted(Core& core, Tick now) {
    Fifo& queue = core.flows.time_wait();
    if (queue.size() < 2 || !is_over(core, queue.ahead(1).flow(), now)) return false;
    const Entry entry = queue.front();
    queue.pop();
    return queue.push(entry.flow(), entry.generation());
}

std::size_t end_time_waits(Core& core, const Turn& turn) {
    std::size_t done = 0;
    for (; done < most_queued; ++done) {
        const FlowId id = core.flows.oldest_time_wait();
        if (id == no_flow) break;
        if (!is_over(core, id, turn.now)) {
            if (requeue_restarted(core, turn.now)) continue;
            break;
        }
        core.flows.time_wait().pop();
        core.counters.count(TcpEvent::closed);
        core.end_flow(id, CallError::none);
    }
    return done;
}

void abort_now(Core& core, const Turn& turn, FlowId id) {
    if (tcp::abort_sends_reset(core.flows[id])) send_reset(core, turn, id);
    core.counters.count(TcpEvent::aborted);
    core.end_flow(id, CallError::connection_reset);
}

std::size_t let_ready_speak(Core& core, const Turn& turn) {
    Fifo& queue = core.flows.ready();
    std::size_t waiting = std::min<std::size_t>(queue.size(), most_queued);
    const std::size_t done = waiting;
    for (; waiting > 0 && turn.out.room() > outbox_reserve; --waiting) {
        const FlowId id = queue.front().flow();
        queue.pop();
        Flow& flow = core.flows[id];
        if (flow.state() == State::closed || flow.ready == 0) continue;
        flow.ready = 0;
        if (const Busy* record = core.busy_of(flow); record != nullptr && record->aborts) {
            abort_now(core, turn, id);
            continue;
        }
        const Flows::Before before = core.flows.before(id);
        if (!tcp::is_synchronised(flow.state())) send_syn(core, turn, id, nullptr);
        output(core, turn, id, nullptr);
        core.give_back_if_quiet(id);
        core.flows.settle(id, before);
    }
    return done - waiting;
}

/// The handles of conversations whose flows are gone end with abort_all too.
void forget_conversations(Core& core) {
    for (CallListener& listener : core.listeners)
        listener.accepted.clear();
    for (std::uint32_t slot = 0; slot < core.busy.high_water(); ++slot)
        if (core.busy[slot].serial != 0 && core.busy[slot].flow == no_flow) core.forget(slot);
}

/// abort_all, a turn's worth: every record ever used is visited once.
std::size_t abort_some(Core& core, const Turn& turn) {
    std::size_t done = 0;
    while (core.aborting && done < most_aborts && turn.out.room() > outbox_reserve) {
        if (core.abort_cursor == core.flows.high_water()) {
            core.aborting = false;
            forget_conversations(core);
            break;
        }
        const FlowId id{core.abort_cursor++};
        if (core.flows[id].state() == State::closed) continue;
        abort_now(core, turn, id);
        ++done;
    }
    return done;
}

}  // namespace

bool run_timers(Core& core, const Turn& turn) {
    std::size_t work = look_at_due(core, turn);
    work += send_delayed_acks(core, turn);
    work += end_time_waits(core, turn);
    work += let_ready_speak(core, turn);
    work += abort_some(core, turn);
    return work > 0;
}

}  // namespace terminus
