#include "terminus/tcp/timeout.h"

#include "terminus/tcp/recovery.h"
#include "terminus/tcp/rtt.h"

#include "patience.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

// A silent flow is looked at after its silence has doubled: soon while young, rarely when old. So a
// wheel entry that a busy flow outruns never lives longer than the silence before it. While there
// is room for entries that are outrun, the first looks are spared: they may live for a minute.
constexpr std::int32_t shortest_look_ms = 1000, shortest_far_look_ms = 60 * 1000;
constexpr std::int32_t longest_look_ms = 60 * 60 * 1000;

void set_deadline(Flow& flow, Waits waits, std::uint32_t after_ms, Tick now) {
    flow.wait_for(waits);
    flow.deadline = now.after_ms(after_ms).deadline_ms();
}

// RFC 8985 section 7.2: how long a peer may delay the ACK of a lone segment, and the first PTO.
constexpr std::uint64_t longest_ack_delay_us = 200'000;
constexpr std::uint64_t first_probe_us = 1'000'000;
// Deliberate: RFC 8985 has no lower bound; two turns of a timer, as kernels have it, spare a probe
// for every ACK that is a little late.
constexpr std::uint64_t shortest_probe_us = 2'000;

void back_off(Flow& flow) {
    if (flow.backoff < most_backoff) ++flow.backoff;
}

Look retransmission_due(Flow& flow, Effort* effort, const Settings& settings, Tick now) {
    if (has_given_up(flow, effort, settings, now)) return {Due::give_up, {}};
    if (effort != nullptr && is_synchronised(flow.state()))
        on_timeout(*effort, flow, settings, now);
    flow.retransmitted = 1;
    flow.stop_timing();
    if (flow.state() == State::syn_sent) flow.ecn = 0;  // RFC 3168 section 6.1.1.1: try without
    back_off(flow);
    await_answer(flow, settings, now, effort);
    return {Due::retransmit, flow.deadline};
}

/// RFC 8985 section 6.3: the time for reordering is over.
Look reordering_due(Flow& flow, Effort* effort, const Settings& settings, Tick now) {
    if (effort == nullptr) {
        await_answer(flow, settings, now);
        return {Due::nothing, flow.deadline};
    }
    const Reaction reaction = on_reordering_timeout(*effort, flow, settings, now);
    if (reaction.wait_us > 0)
        await_reordering(flow, reaction.wait_us, now);
    else
        await_rest(flow, *effort, settings, now);
    return {Due::send, flow.deadline, reaction.begins};
}

/// RFC 8985 section 7.3: one probe at a time, and then the timeout.
Look tail_probe_due(Flow& flow, Effort* effort, const Settings& settings, Tick now) {
    await_answer(flow, settings, now, effort);
    if (effort == nullptr || effort->probing != 0) return {Due::nothing, flow.deadline};
    effort->probe_due = 1;
    return {Due::send, flow.deadline};
}

/// RFC 8985 section 7.2: SACK, nothing SACKed, no recovery, no other probe.
bool may_probe_tail(const Flow& flow, const Effort* effort, const Settings& settings) {
    if (flow.sack == 0 || !settings.tail_loss_probe || !is_synchronised(flow.state())) return false;
    if (effort == nullptr) return flow.retransmitted == 0;
    if (effort->recovery != Recovery::open && effort->recovery != Recovery::reduced) return false;
    return effort->probing == 0 && effort->sent.sacked_bytes() == 0;
}

/// TLP_calc_PTO(), RFC 8985 section 7.2, but for the timeout that it must not exceed.
std::uint64_t probe_after_us(const Flow& flow) {
    if (flow.srtt.is_zero()) return first_probe_us;
    const bool lone = flow.in_flight() <= flow.mss_bytes();
    return 2 * flow.srtt.us() + (lone ? longest_ack_delay_us : shortest_probe_us);
}

/// When the retransmission timer runs out, counted from when the oldest segment left.
Tick rest_of_timeout(const Flow& flow, const Effort* effort, const Settings& settings, Tick now) {
    const std::uint64_t rto_us = std::uint64_t{rto_ms(flow, settings, kept_backoff(effort))} * 1000;
    if (effort == nullptr || effort->sent.empty() || !effort->sent.runs().front().in_flight())
        return now.after_us(rto_us);
    const std::uint32_t sent_us = effort->sent.runs().front().sent_at_us;
    const auto passed_us = static_cast<std::int32_t>(now.us32() - sent_us);
    const std::uint64_t passed = passed_us > 0 ? static_cast<std::uint64_t>(passed_us) : 0;
    return now.after_us(rto_us > passed ? rto_us - passed : 1);
}

Look probe_due(Flow& flow, const Settings& settings, Tick now) {
    flow.stop_timing();  // the probe is sent again: Karn's algorithm
    if (is_window_hopeless(flow, settings, now)) return {Due::give_up, {}};
    back_off(flow);  // RFC 9293 section 3.8.6.1, SHLD-30
    await_window(flow, settings, now);
    return {Due::probe, flow.deadline};
}

Look silence_look(Flow& flow, const Settings& settings, Tick now, bool far) {
    const auto silent = static_cast<std::int32_t>(silent_ms(flow, now));
    const std::int32_t next_ms =
        std::clamp(silent, far ? shortest_far_look_ms : shortest_look_ms, longest_look_ms);
    Millis again = now.deadline_ms() + static_cast<std::uint32_t>(next_ms);
    if (flow.waits() == Waits::fin_wait_2) {
        const Millis end = flow.last_heard + settings.fin_wait_2_ms;
        if (is_due(end, now.ms())) return {Due::vanish, {}};
        if (is_before(end, again)) again = end;
    }
    if (keeps_alive(flow, settings)) {
        const Millis probe = keepalive_at(flow, settings);
        if (is_due(probe, now.ms())) return keepalive_due(flow, settings, now);
        if (is_before(probe, again)) again = probe;
    }
    return {Due::nothing, again};
}

// RFC 9293 section 3.8.6.2.1: the override of silly window avoidance shares the persist timer.
constexpr std::uint32_t shortest_override_ms = 100, longest_override_ms = 1000;

std::uint32_t persist_ms(const Flow& flow, const Settings& settings) {
    const std::uint32_t rto = rto_ms(flow, settings);
    if (flow.snd_wnd == 0 || flow.in_flight() > 0) return within_user_timeout(flow, settings, rto);
    return std::clamp(rto, shortest_override_ms, longest_override_ms);
}

}  // namespace

void await_answer(Flow& flow, const Settings& settings, Tick now, const Effort* effort) {
    const std::uint32_t kept = kept_backoff(effort);
    const std::uint32_t rto = rto_ms(flow, settings, kept);
    set_deadline(flow, Waits::answer, within_user_timeout(flow, settings, rto, kept), now);
}

void await_delivery(Flow& flow, const Effort* effort, const Settings& settings, Tick now) {
    if (!may_probe_tail(flow, effort, settings)) return await_answer(flow, settings, now, effort);
    const Tick probe = now.after_us(probe_after_us(flow));
    const Tick timeout = now.after_ms(rto_ms(flow, settings, kept_backoff(effort)));
    flow.wait_for(Waits::tail_probe);
    flow.deadline = std::min(probe, timeout).deadline_ms();
}

void await_rest(Flow& flow, const Effort& effort, const Settings& settings, Tick now) {
    flow.wait_for(Waits::answer);
    flow.deadline = rest_of_timeout(flow, &effort, settings, now).deadline_ms();
}

void await_reordering(Flow& flow, std::uint32_t after_us, Tick now) {
    flow.wait_for(Waits::reordering);
    flow.deadline = now.after_us(after_us).deadline_ms();
}

void await_more(Flow& flow, const Effort* effort, const Settings& settings, Tick now) {
    const bool waits_for_these = flow.waits() == Waits::answer || flow.waits() == Waits::tail_probe;
    if (!waits_for_these || !may_probe_tail(flow, effort, settings)) return;
    const Tick probe = now.after_us(probe_after_us(flow));
    const Tick timeout = rest_of_timeout(flow, effort, settings, now);
    flow.wait_for(Waits::tail_probe);
    flow.deadline = std::min(probe, timeout).deadline_ms();
}

std::uint32_t timed_since_us(const Flow& flow, const Settings& settings) {
    std::uint64_t length_ms = rto_ms(flow, settings);
    if (flow.waits() == Waits::tail_probe)
        length_ms = std::min<std::uint64_t>(length_ms, (probe_after_us(flow) + 999) / 1000);
    return (flow.deadline.ms - static_cast<std::uint32_t>(length_ms)) * 1000;
}

void await_window(Flow& flow, const Settings& settings, Tick now) {
    set_deadline(flow, Waits::window, persist_ms(flow, settings), now);
}

void await_old_segments(Flow& flow, const Settings& settings, Tick now) {
    enter(flow, State::time_wait);
    flow.last_heard = now.ms();
    set_deadline(flow, Waits::time_wait, settings.time_wait_ms, now);
}

void hasten_keepalive(Flow& flow, const Settings& settings) {
    if (!keeps_alive(flow, settings)) return;
    const Millis probe = keepalive_at(flow, settings);
    if (is_before(probe, flow.deadline)) flow.deadline = probe;
}

void heed(Flow& flow, const Settings& settings, Tick now) {
    hasten_keepalive(flow, settings);
    const bool answer = flow.waits() == Waits::answer;
    if (!answer && flow.waits() != Waits::window) return;
    const std::uint32_t rto = rto_ms(flow, settings);
    const Millis cut = flow.deadline - (rto - within_user_timeout(flow, settings, rto));
    flow.deadline = is_due(cut, now.ms()) ? now.deadline_ms() : cut;
}

Look look(Flow& flow, Effort* effort, const Settings& settings, Tick now, bool far) {
    switch (flow.waits()) {
        case Waits::answer:
        case Waits::window:
            if (!is_due(flow.deadline, now.ms())) return {Due::nothing, flow.deadline};
            return flow.waits() == Waits::answer ? retransmission_due(flow, effort, settings, now)
                                                 : probe_due(flow, settings, now);
        case Waits::reordering:
        case Waits::tail_probe:
            if (!is_due(flow.deadline, now.ms())) return {Due::nothing, flow.deadline};
            return flow.waits() == Waits::reordering ? reordering_due(flow, effort, settings, now)
                                                     : tail_probe_due(flow, effort, settings, now);
        case Waits::fin_wait_2:
        case Waits::silence: return silence_look(flow, settings, now, far && effort == nullptr);
        default: return {Due::nothing, now.deadline_ms() + shortest_look_ms};
    }
}

}  // namespace terminus::tcp
