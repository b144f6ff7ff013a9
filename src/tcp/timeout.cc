#include "terminus/tcp/timeout.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/rtt.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

// A silent flow is looked at after its silence has doubled: soon while young, rarely when old. So a
// wheel entry that a busy flow outruns never lives longer than the silence before it.
constexpr std::int32_t shortest_look_ms = 1000;
constexpr std::int32_t longest_look_ms = 60 * 60 * 1000;

void set_deadline(Flow& flow, Waits waits, std::uint32_t after_ms, Tick now) {
    flow.wait_for(waits);
    flow.deadline = now.after_ms(after_ms).deadline_ms();
}

constexpr std::uint8_t most_backoff = 15;

std::uint32_t silent_ms(const Flow& flow, Tick now) {
    return static_cast<std::uint32_t>(std::max(0, elapsed_ms(flow.last_heard, now.ms())));
}

// Tried for `limit_ms`. Where short timeouts end the count of tries before that, silence decides.
bool is_tried_for(const Flow& flow, std::uint32_t limit_ms, const Settings& settings, Tick now) {
    if (backed_off_ms(flow, settings) >= limit_ms) return true;
    return flow.backoff == most_backoff && silent_ms(flow, now) >= limit_ms;
}

bool has_given_up(const Flow& flow, const Settings& settings, Tick now) {
    switch (flow.state()) {
        case State::syn_received: return flow.backoff >= settings.syn_ack_retries;
        case State::syn_sent: return is_tried_for(flow, settings.syn_give_up_ms, settings, now);
        default: break;
    }
    // A peer that took its window back and still answers is there: RFC 9293 section 3.8.6, SHLD-17.
    if (flow.snd_wnd == 0 && silent_ms(flow, now) < settings.give_up_ms) return false;
    return is_tried_for(flow, settings.give_up_ms, settings, now);
}

void back_off(Flow& flow) {
    if (flow.backoff < most_backoff) ++flow.backoff;
}

Look retransmission_due(Flow& flow, Effort* effort, const Settings& settings, Tick now) {
    if (has_given_up(flow, settings, now)) return {.due = Due::give_up, .again = {}};
    if (effort != nullptr && is_synchronised(flow.state())) on_timeout(*effort, flow);
    flow.retransmitted = 1;
    flow.stop_timing();
    back_off(flow);
    await_answer(flow, settings, now);
    return {.due = Due::retransmit, .again = flow.deadline};
}

Look probe_due(Flow& flow, const Settings& settings, Tick now) {
    back_off(flow);  // RFC 9293 section 3.8.6.1: SHLD-30; never given up while ACKs come (MUST-37)
    flow.stop_timing();  // the probe is sent again: Karn's algorithm
    if (silent_ms(flow, now) >= settings.give_up_ms &&
        is_tried_for(flow, settings.give_up_ms, settings, now))
        return {.due = Due::give_up, .again = {}};
    await_window(flow, settings, now);
    return {.due = Due::probe, .again = flow.deadline};
}

Look silence_look(const Flow& flow, const Settings& settings, Tick now) {
    const auto silent = static_cast<std::int32_t>(silent_ms(flow, now));
    const std::int32_t next_ms = std::clamp(silent, shortest_look_ms, longest_look_ms);
    Millis again = now.deadline_ms() + static_cast<std::uint32_t>(next_ms);
    if (flow.waits() == Waits::fin_wait_2) {
        const Millis end = flow.last_heard + settings.fin_wait_2_ms;
        if (is_due(end, now.ms())) return {.due = Due::vanish, .again = {}};
        if (is_before(end, again)) again = end;
    }
    return {.due = Due::nothing, .again = again};
}

}  // namespace

void await_answer(Flow& flow, const Settings& settings, Tick now) {
    set_deadline(flow, Waits::answer, rto_ms(flow, settings), now);
}

void await_window(Flow& flow, const Settings& settings, Tick now) {
    set_deadline(flow, Waits::window, rto_ms(flow, settings), now);
}

void await_old_segments(Flow& flow, const Settings& settings, Tick now) {
    enter(flow, State::time_wait);
    flow.last_heard = now.ms();
    set_deadline(flow, Waits::time_wait, settings.time_wait_ms, now);
}

void go_silent(Flow& flow) {
    flow.backoff = 0;
    flow.retransmitted = 0;
    flow.stop_timing();
    flow.wait_for(flow.state() == State::fin_wait_2 ? Waits::fin_wait_2 : Waits::silence);
}

Look look(Flow& flow, Effort* effort, const Settings& settings, Tick now) {
    switch (flow.waits()) {
        case Waits::answer:
        case Waits::window:
            if (!is_due(flow.deadline, now.ms()))
                return {.due = Due::nothing, .again = flow.deadline};
            return flow.waits() == Waits::answer ? retransmission_due(flow, effort, settings, now)
                                                 : probe_due(flow, settings, now);
        case Waits::fin_wait_2:
        case Waits::silence: return silence_look(flow, settings, now);
        default: return {.due = Due::nothing, .again = now.deadline_ms() + shortest_look_ms};
    }
}

}  // namespace terminus::tcp
