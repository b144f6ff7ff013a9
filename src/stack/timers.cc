/// Everything that time alone causes: due deadlines, delayed ACKs, the ends of TIME-WAIT, ready
/// senders.
#include "terminus/base/assert.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/timeout.h"

#include "path_mtu.h"
#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Due;
using tcp::Flow;
using tcp::State;

constexpr std::size_t most_looks = 128;     // due deadlines of one turn
constexpr std::size_t most_queued = 256;    // entries of each queue in one turn
constexpr std::size_t most_aborts = 64;     // resets of one turn of abort_all
constexpr std::size_t outbox_reserve = 80;  // room that a look may need

void end_by_time(Core& core, const Turn& turn, FlowId id, Due due) {
    const State state = core.flows[id].state();
    if (due == Due::give_up) {
        core.counters.count(TcpEvent::timed_out);
        if (!tcp::is_synchronised(state)) core.counters.count(TcpEvent::handshakes_failed);
        // A peer that keepalive found dead may be back: it learns that the connection is gone.
        // Deliberate: after R2 (RFC 9293 sections 3.8.3 and 3.10.8) nothing is said, as nothing
        // that was said before has arrived.
        if (core.flows[id].waits() == tcp::Waits::silence) send_reset(core, turn, id);
        core.end_flow(id, soft_error_or(core, core.flows[id], CallError::timed_out));
        return;
    }
    core.counters.count(TcpEvent::closed);
    core.end_flow(id, CallError::none);
}

/// A half-closed conversation may wait for its peer for ever: only who has closed wholly is
/// limited.
void forgive_half_close(Core& core, Flow& flow) {
    if (flow.state() != State::fin_wait_2) return;
    const Busy* record = core.busy_of(flow);
    const bool half = record != nullptr && record->serial != 0 && !record->detached;
    flow.wait_for(half ? tcp::Waits::silence : tcp::Waits::fin_wait_2);
}

/// RFC 5681 section 3.1: slow start over what a timeout leaves lost needs an effort, and so does a
/// probe of the tail (RFC 8985 section 7.3).
void borrow_for_loss(Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    if (!is_due(flow.deadline, now.ms())) return;
    const bool lost = flow.waits() == tcp::Waits::answer && flow.in_flight() > flow.mss_bytes();
    if (lost || flow.waits() == tcp::Waits::tail_probe) (void)core.borrow(id);
}

void abort_now(Core& core, const Turn& turn, FlowId id) {
    const bool says_so = !core.silent_abort && tcp::abort_sends_reset(core.flows[id]);
    if (says_so) send_reset(core, turn, id);
    core.counters.count(TcpEvent::aborted);
    core.end_flow(id, CallError::connection_reset);
}

void look_at(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    if (is_lingering_over(core, flow, turn.now)) return abort_now(core, turn, id);
    if (is_ending_due(core, id, turn.now)) {
        const Flows::Before earlier = core.flows.before(id);
        if (!end_by_service(core, turn, id)) return;
        core.flows.settle(id, earlier);
    }
    forgive_half_close(core, flow);
    borrow_for_loss(core, id, turn.now);
    const tcp::Look look = tcp::look(flow, core.effort_of(flow), core.settings_of(flow), turn.now,
                                     core.flows.has_room_for_stale_timers());
    if (look.due() == Due::give_up || look.due() == Due::vanish)
        return end_by_time(core, turn, id, look.due());
    core.flows.refile(id, look_while_lingering(core, flow, before_ending(core, id, look.again())));
    const Flows::Before before = core.flows.before(id);
    if (look.due() == Due::retransmit) {
        core.counters.count(TcpEvent::retransmission_timeouts);
        doubt_path(core, id, turn.now);
        retransmit(core, turn, id, nullptr);
    } else if (look.due() == Due::send) {
        if (look.recovers()) core.counters.count(TcpEvent::fast_retransmits);
        output(core, turn, id, nullptr);
    } else if (look.due() == Due::probe) {
        probe_window(core, turn, id);
    } else if (look.due() == Due::nothing && flow.waits() == tcp::Waits::silence) {
        constexpr std::int32_t silence_ms = 1000;
        core.give_back_if_quiet(id, elapsed_ms(flow.last_heard, turn.now.ms()) >= silence_ms);
    } else if (look.due() == Due::keepalive) {
        send_keepalive(core, turn, id);
    }
    core.flows.settle(id, before);
}

bool is_over(const Core& core, const Flow& flow, Tick now) {
    return is_due(flow.last_heard + core.settings_of(flow).time_wait_ms, now.ms());
}

void end_time_wait(Core& core, FlowId id) {
    core.counters.count(TcpEvent::closed);
    core.end_flow(id, CallError::none);
}

/// TIME-WAIT is in the wheel only when its own queue had no place.
void look_at_time_wait(Core& core, const Turn& turn, FlowId id) {
    const Flow& flow = core.flows[id];
    if (is_over(core, flow, turn.now)) return end_time_wait(core, id);
    core.flows.refile(id, flow.last_heard + core.settings_of(flow).time_wait_ms);
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
            if (state == State::closed) return;
            if (state == State::time_wait) return look_at_time_wait(core, turn, id);
            look_at(core, turn, id);
        },
        [&](FlowId id) { prefetch(&core.flows[id]); });
}

/// An entry whose ACK went with text is stale. What the flow owes since then has its own entry
/// behind, and is not hastened by this one: while an ACK is owed, last_heard stays where its text
/// came.
std::size_t send_delayed_acks(Core& core, const Turn& turn) {
    std::size_t done = 0;
    for (; done < most_queued && turn.out.room() > outbox_reserve; ++done) {
        const auto [id, since] = core.flows.delayed_acks().pop_due(turn.now.ms());
        if (id == no_flow) break;
        Flow& flow = core.flows[id];
        if (flow.state() == State::closed || flow.ack_pending == 0) continue;
        if (is_before(since, flow.last_heard)) continue;
        const Flows::Before before = core.flows.before(id);
        flow.ack_now = 1;
        core.counters.count(TcpEvent::delayed_acks);
        output(core, turn, id, nullptr);
        core.flows.settle(id, before);
    }
    return done;
}

/// The queue is in order of the deadlines. A repeated FIN begins the 2 MSL anew (RFC 9293 section
/// 3.10.7.4, eighth): such a flow goes into the wheel when its first deadline comes.
std::size_t end_time_waits(Core& core, const Turn& turn, bool ip6) {
    Fifo& queue = core.flows.time_wait(ip6);
    std::size_t done = 0;
    for (; done < most_queued; ++done) {
        const FlowId id = core.flows.oldest_time_wait(ip6);
        if (id == no_flow || !is_due(core.flows[id].deadline, turn.now.ms())) break;
        queue.pop();
        if (is_over(core, core.flows[id], turn.now)) {
            end_time_wait(core, id);
            continue;
        }
        Flow& flow = core.flows[id];
        flow.deadline = flow.last_heard + core.settings_of(flow).time_wait_ms;
        if (core.flows.file(id)) continue;
        const bool queued = queue.push(id, core.flows.time_wait_mark(flow));
        TERMINUS_ASSERT(queued);  // into the place that it had
    }
    return done;
}

/// What a flow in the ready queue has to say.
void let_speak(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    if (const Busy* record = core.busy_of(flow); record != nullptr && record->aborts)
        return abort_now(core, turn, id);
    if (flow.state() == State::syn_sent && core.is_quiet(turn.now))
        return core.flows.make_ready(id);  // its SYN leaves when the quiet time is over
    const Flows::Before before = core.flows.before(id);
    if (!tcp::is_synchronised(flow.state())) send_syn(core, turn, id, nullptr);
    output(core, turn, id, nullptr);
    core.give_back_if_quiet(id);
    core.flows.settle(id, before);
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
        let_speak(core, turn, id);
    }
    return done - waiting;
}

/// The ready queue had no place for some flow: all are asked, a turn's worth at a time, so that
/// nothing stalls.
std::size_t ask_all(Core& core, const Turn& turn) {
    std::size_t asked = 0;
    for (; asked < most_queued && core.flows.has_unasked(); ++asked) {
        if (turn.out.room() <= outbox_reserve) break;
        const FlowId id = core.flows.next_unasked();
        const State state = core.flows[id].state();
        const bool speaks = tcp::is_synchronised(state) || state == State::syn_sent;
        if (speaks && state != State::time_wait && core.flows[id].ready == 0)
            let_speak(core, turn, id);
    }
    return asked;
}

/// The handles of conversations whose flows are gone end with abort_all too.
void forget_conversations(Core& core) {
    for (DatagramConversation& conversation : core.datagrams.all())
        if (conversation.serial != 0) core.datagrams.end(conversation, core.blocks);
    for (std::uint32_t slot = 0; slot < core.busy.high_water(); ++slot)
        if (core.busy[slot].serial != 0 && core.busy[slot].flow == no_flow) core.forget(slot);
}

/// abort_all, a turn's worth: every record ever used is visited once.
std::size_t abort_some(Core& core, const Turn& turn) {
    std::size_t done = 0;
    while (core.aborting && done < most_aborts && turn.out.room() > outbox_reserve) {
        if (core.abort_cursor == core.flows.high_water()) {
            core.aborting = core.silent_abort = false;
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

RunningTimer timer_of(const Core& core, const Flow& flow, Tick now) {
    const auto until = [&](Timer timer, Millis end) {
        const std::int32_t left = elapsed_ms(now.ms(), end);
        return RunningTimer{timer, static_cast<std::uint32_t>(std::max(left, 0))};
    };
    const tcp::Settings& settings = core.settings_of(flow);
    switch (flow.waits()) {
        case tcp::Waits::answer:
        case tcp::Waits::reordering: return until(Timer::retransmit, flow.deadline);
        case tcp::Waits::window: return until(Timer::persist, flow.deadline);
        case tcp::Waits::tail_probe: return until(Timer::loss_probe, flow.deadline);
        case tcp::Waits::time_wait:
            return until(Timer::time_wait, flow.last_heard + settings.time_wait_ms);
        case tcp::Waits::fin_wait_2:
            return until(Timer::fin_wait_2, flow.last_heard + settings.fin_wait_2_ms);
        default: break;
    }
    if (flow.ack_pending != 0)
        return until(Timer::delayed_ack, flow.last_heard + settings.delayed_ack_ms);
    if (!settings.keepalive || !tcp::is_synchronised(flow.state())) return {};
    return until(Timer::keepalive,
                 flow.backoff == 0 ? flow.last_heard + settings.keepalive_idle_ms : flow.deadline);
}

void heed_settings(Core& core, FlowId id, Tick now) {
    const Flows::Before before = core.flows.before(id);
    tcp::heed(core.flows[id], core.settings_of(core.flows[id]), now);
    core.flows.settle(id, before);
}

bool run_timers(Core& core, const Turn& turn) {
    std::size_t work = look_at_due(core, turn);
    work += send_delayed_acks(core, turn);
    work += end_time_waits(core, turn, false);
    work += end_time_waits(core, turn, true);
    work += let_ready_speak(core, turn);
    work += send_datagrams(core, turn);
    work += offer_overdue(core, turn.now);
    work += ask_all(core, turn);
    work += relieve(core, turn);
    work += abort_some(core, turn);
    return work > 0;
}

}  // namespace terminus
