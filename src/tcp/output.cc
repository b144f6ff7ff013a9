#include "terminus/tcp/output.h"

#include "terminus/base/assert.h"
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/timeout.h"
#include "terminus/wire/tcp.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

bool owes_fin(const Flow& flow) { return has_closed(flow.state()) && flow.fin_sent == 0; }

// Sequence space that may enter flight: the peer's window and the congestion window, less what is
// there.
std::uint32_t usable_bytes(const Flow& flow, const Effort* effort, const Settings& settings) {
    const std::uint32_t window =
        std::min(flow.snd_wnd, congestion_window_bytes(flow, effort, settings));
    return window > flow.in_flight() ? window - flow.in_flight() : 0;
}

// RFC 9293 section 3.8.6.2.1: the sender's side of silly window avoidance, and Nagle's algorithm
// (section 3.7.4).
bool is_worth_sending(const Flow& flow, std::uint32_t length, const Outgoing& outgoing) {
    if (length == flow.mss_bytes()) return true;  // (1) a full segment
    const bool idle = flow.in_flight() == 0;
    const bool all = length == outgoing.unsent_bytes;
    if (all && (idle || !outgoing.nagle || owes_fin(flow))) return true;  // (2) all that is queued
    if (length >= flow.snd_wnd / 2 && (idle || !outgoing.nagle))
        return true;  // (3) half the window
    return idle;      // (4) the override: nothing in flight would ever open the window further
}

// RFC 5681 section 3.1: after a timeout slow start begins with one segment, over what was sent
// before. Only whole segments: a smaller one would split what the peer may hold already.
std::optional<Plan> lost_segment(const Flow& flow, const Effort& effort) {
    const std::uint32_t text = flow.snd_nxt - effort.send_again_from - flow.fin_sent;
    Plan plan{.seq = effort.send_again_from,
              .length = std::min(text, flow.mss_bytes()),
              .flags = tcp_flag::ack};
    const std::uint32_t window = std::min(flow.snd_wnd, effort.cwnd_bytes);
    const std::uint32_t before = effort.send_again_from - flow.snd_una;
    const bool last = plan.length == text;
    if (last && flow.fin_sent != 0) plan.flags |= tcp_flag::fin;
    if (last && plan.length > 0) plan.flags |= tcp_flag::psh;
    if (before + plan.length > window) return std::nullopt;
    return plan;
}

}  // namespace

std::optional<Plan> next_segment(const Flow& flow, const Effort* effort, const Outgoing& outgoing,
                                 const Settings& settings) {
    if (effort != nullptr && sends_again(*effort, flow)) return lost_segment(flow, *effort);
    const bool fin_due = owes_fin(flow);
    if (outgoing.unsent_bytes == 0 && !fin_due) return std::nullopt;
    if (!is_synchronised(flow.state()) || flow.fin_sent != 0) return std::nullopt;
    const std::uint32_t usable = usable_bytes(flow, effort, settings);
    const std::uint32_t length = std::min({usable, outgoing.unsent_bytes, flow.mss_bytes()});
    const bool last = length == outgoing.unsent_bytes;
    Plan plan{.seq = flow.snd_nxt, .length = length, .flags = tcp_flag::ack};
    if (length > 0) {
        if (!is_worth_sending(flow, length, outgoing)) return std::nullopt;
        if (last) plan.flags |= tcp_flag::psh;
    }
    if (fin_due && last && usable > length) plan.flags |= tcp_flag::fin;
    if (length == 0 && (plan.flags & tcp_flag::fin) == 0) return std::nullopt;
    return plan;
}

Plan oldest_segment(const Flow& flow) {
    TERMINUS_ASSERT(flow.in_flight() > 0);
    const std::uint32_t text = flow.in_flight() - flow.fin_sent;
    Plan plan{
        .seq = flow.snd_una, .length = std::min(text, flow.mss_bytes()), .flags = tcp_flag::ack};
    if (plan.length > 0) plan.flags |= tcp_flag::psh;
    if (flow.fin_sent != 0 && plan.length == text) plan.flags |= tcp_flag::fin;
    return plan;
}

std::optional<Plan> window_probe(const Flow& flow, const Outgoing& outgoing) {
    if (flow.in_flight() > 0) {
        Plan plan = oldest_segment(flow);
        if (plan.length > 0) {
            plan.length = 1;
            plan.flags = tcp_flag::ack;
        }
        return plan;
    }
    if (outgoing.unsent_bytes > 0)
        return Plan{.seq = flow.snd_nxt, .length = 1, .flags = tcp_flag::ack};
    if (owes_fin(flow))
        return Plan{.seq = flow.snd_nxt, .length = 0, .flags = tcp_flag::ack | tcp_flag::fin};
    return std::nullopt;
}

void sent(Flow& flow, Effort* effort, const Plan& plan, const Settings& settings, Tick now) {
    flow.ack_pending = flow.ack_now = 0;
    const bool has_fin = (plan.flags & tcp_flag::fin) != 0;
    const Seq end = plan.seq + plan.length + (has_fin ? 1 : 0);
    if (effort != nullptr && plan.seq == effort->send_again_from) effort->send_again_from = end;
    if (end <= flow.snd_nxt) return;  // sent again: snd_nxt and the timer stand
    const bool was_idle = flow.in_flight() == 0;
    flow.snd_nxt = end;
    if (has_fin) flow.fin_sent = 1;
    if (was_idle || (effort != nullptr && !flow.is_timed())) {
        flow.time_from(now);
        if (effort != nullptr) effort->timed_to = end;
    }
    if (!was_idle) return;
    if (flow.waits() != Waits::window) await_answer(flow, settings, now);  // RFC 6298 section 5.1
}

void close(Flow& flow) {
    switch (flow.state()) {
        case State::syn_received:
        case State::established: enter(flow, State::fin_wait_1); break;
        case State::close_wait: enter(flow, State::last_ack); break;
        default: break;
    }
}

bool abort_sends_reset(const Flow& flow) {
    switch (flow.state()) {
        case State::syn_received:
        case State::established:
        case State::fin_wait_1:
        case State::fin_wait_2:
        case State::close_wait: return true;
        default: return false;
    }
}

std::uint16_t offer_window(Flow& flow, std::uint32_t room_bytes, const Settings& settings) {
    const std::uint32_t scale = flow.window_scaling != 0 ? settings.window_scale : 0;
    const std::uint32_t unit = 1U << scale;
    const std::uint32_t offered = flow.rcv_wnd();
    const std::uint32_t step = std::min(flow.mss_bytes(), settings.receive_buffer_bytes / 2);
    std::uint32_t window = room_bytes >= offered + step ? room_bytes & ~(unit - 1) : offered;
    // What was offered is not taken back, even where the unit of the field cannot say it exactly.
    const std::uint32_t field =
        std::min<std::uint32_t>((std::max(window, offered) + unit - 1) >> scale, 65535);
    window = field << scale;
    if (window > offered) flow.rcv_adv = flow.rcv_nxt + window;
    return static_cast<std::uint16_t>(field);
}

}  // namespace terminus::tcp
