#include "terminus/tcp/output.h"

#include "terminus/base/assert.h"
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/path.h"
#include "terminus/tcp/recovery.h"
#include "terminus/tcp/timeout.h"
#include "terminus/wire/tcp.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

bool owes_fin(const Flow& flow) { return has_closed(flow.state()) && flow.fin_sent == 0; }

std::uint32_t less(std::uint32_t a, std::uint32_t b) { return a > b ? a - b : 0; }

// Sequence space that may enter flight: the peer's window less what it has not acknowledged, and
// the congestion window less what is thought to be under way. A window that shrank takes nothing
// new (RFC 9293 section 3.8.6, MUST-34, SHLD-15).
std::uint32_t usable_bytes(const Flow& flow, const Effort* effort, const Settings& settings) {
    const std::uint32_t window = congestion_window_bytes(flow, effort, settings);
    const std::uint32_t pipe = effort != nullptr ? pipe_bytes(*effort, flow) : flow.in_flight();
    return std::min(less(flow.snd_wnd, flow.in_flight()), less(window, pipe));
}

// RFC 9293 section 3.8.6.2.1: the sender's side of silly window avoidance (MUST-38), and Nagle's
// algorithm (section 3.7.4, SHLD-7).
// What is not worth it now goes when it has become so, or by the override, which shares the persist
// timer.
bool is_worth_sending(const Flow& flow, const Effort* effort, std::uint32_t length,
                      const Outgoing& outgoing) {
    if (length >= flow.mss_bytes()) return true;  // (1) a full segment
    const bool all = length == outgoing.unsent_bytes;
    if (all && owes_fin(flow)) return true;  // nothing can join it any more
    if (outgoing.nagle && flow.in_flight() > 0) return false;
    if (all) return !outgoing.more;  // (2) all that is queued
    const std::uint32_t largest_window = effort != nullptr ? effort->snd_wnd_max : flow.snd_wnd;
    return 2 * length >= largest_window;  // (3) half of the largest window seen
}

// The segment that begins where run `index` does and covers as many runs behind it as `alike`
// allows, in the segments in which they left or larger ones.
template <typename Alike>
Plan repetition(const Flow& flow, const Scoreboard& sent, std::size_t index, Alike&& alike) {
    const Seq left = sent.left_of(index);
    const Seq text_end = flow.snd_nxt - flow.fin_sent;
    const Seq most = left + flow.mss_bytes();
    Plan plan{.seq = left, .length = 0, .flags = tcp_flag::ack};
    for (; index < sent.runs().size() && alike(sent.runs()[index]); ++index) {
        const Run& run = sent.runs()[index];
        const Seq end = earlier(earlier(run.end, text_end), most);
        plan.length = end - left;
        if (end < earlier(run.end, text_end)) return plan;
        if (run.has(run_flag::pushed) && plan.length > 0) plan.flags |= tcp_flag::psh;
        if (run.end > text_end) plan.flags |= tcp_flag::fin;
    }
    return plan;
}

// RFC 6675 section 4, NextSeg (1): the lowest segment that is lost and was not sent again.
std::optional<Plan> lost_segment(const Flow& flow, const Effort& effort) {
    const auto runs = effort.sent.runs();
    const auto lost = std::ranges::find_if(runs, &Run::is_due);
    if (lost == runs.end()) return std::nullopt;
    const auto index = static_cast<std::size_t>(lost - runs.begin());
    const Plan plan = repetition(flow, effort.sent, index, [](const Run& r) { return r.is_due(); });
    const std::uint32_t pipe = pipe_bytes(effort, flow);
    if (pipe > 0 && pipe + plan.length > effort.cwnd_bytes) return std::nullopt;
    const std::uint32_t right = plan.seq - flow.snd_una + plan.length;
    if (right > flow.snd_wnd && plan.seq != flow.snd_una) return std::nullopt;
    return plan;
}

// RFC 8985 section 7.3: the last segment sent, again.
Plan last_segment(const Flow& flow, const Effort& effort) {
    const Scoreboard& sent = effort.sent;
    const Seq left = sent.left_of(sent.runs().size() - 1);
    const Run& run = sent.runs().back();
    const std::uint32_t length = run.end - left;
    const std::uint32_t size = std::max<std::uint32_t>(run.size_bytes, 1);
    const std::uint32_t over = length % size;
    const std::uint32_t tail = std::min({over == 0 ? size : over, length, flow.mss_bytes() + 1U});
    Plan plan{.seq = run.end - tail, .length = tail, .flags = tcp_flag::ack};
    if (flow.fin_sent != 0) {
        --plan.length;
        plan.flags |= tcp_flag::fin;
    }
    if (plan.length > flow.mss_bytes()) {
        plan.seq += plan.length - flow.mss_bytes();
        plan.length = flow.mss_bytes();
    }
    if (run.has(run_flag::pushed) && plan.length > 0) plan.flags |= tcp_flag::psh;
    return plan;
}

// RFC 3168 section 6.1.2: the first new text after a reduction says so.
std::uint8_t cwr_due(const Effort* effort) {
    return effort != nullptr && effort->owes_cwr != 0 ? tcp_flag::cwr : std::uint8_t{0};
}

// RFC 4821 section 7.4: a probe needs text behind it, whose arrival tells of its loss.
std::uint32_t most_text(const Flow& flow, const Outgoing& outgoing, std::uint32_t usable) {
    const std::uint32_t probe = outgoing.path_probe_bytes;
    const bool fits = std::min(usable, outgoing.unsent_bytes) >= probe + 3 * flow.mss_bytes();
    return probe != 0 && fits ? probe : flow.mss_bytes();
}

std::optional<Plan> new_segment(const Flow& flow, const Effort* effort, const Outgoing& outgoing,
                                std::uint32_t usable, bool probes) {
    const bool fin_due = owes_fin(flow);
    if (outgoing.unsent_bytes == 0 && !fin_due) return std::nullopt;
    if (!is_synchronised(flow.state()) || flow.fin_sent != 0) return std::nullopt;
    const std::uint32_t length =
        std::min({usable, outgoing.unsent_bytes, most_text(flow, outgoing, usable)});
    const bool last = length == outgoing.unsent_bytes;
    Plan plan{.seq = flow.snd_nxt, .length = length, .flags = tcp_flag::ack};
    if (length == flow.mss_bytes() && !last && !probes && outgoing.path_probe_bytes == 0)
        plan.room_bytes = usable - length;
    if (length > 0) {
        if (!probes && !is_worth_sending(flow, effort, length, outgoing)) return std::nullopt;
        if (last && !outgoing.more) plan.flags |= tcp_flag::psh;
        plan.flags |= cwr_due(effort);
    }
    if (fin_due && last && usable > length) plan.flags |= tcp_flag::fin;
    if (length == 0 && (plan.flags & tcp_flag::fin) == 0) return std::nullopt;
    return plan;
}

// RFC 8985 section 7.3: new text where the peer's window has room for it, else the last segment.
std::optional<Plan> tail_probe(const Flow& flow, const Effort& effort, const Outgoing& outgoing) {
    const std::uint32_t room = less(flow.snd_wnd, flow.in_flight());
    if (auto plan = new_segment(flow, &effort, outgoing, room, true)) return plan;
    if (effort.sent.empty()) return std::nullopt;
    return last_segment(flow, effort);
}

}  // namespace

std::optional<Plan> next_segment(const Flow& flow, const Effort* effort, const Outgoing& outgoing,
                                 const Settings& settings) {
    const std::uint32_t usable = usable_bytes(flow, effort, settings);
    if (effort == nullptr) return new_segment(flow, nullptr, outgoing, usable, false);
    if (effort->probe_due != 0) return tail_probe(flow, *effort, outgoing);
    const bool lost = has_losses(*effort);
    // RFC 6675 section 4, NextSeg: what is lost goes before what is new; but see RFC 5682
    // section 2.1, step 2 b.
    if (lost && effort->prefers_new == 0) return lost_segment(flow, *effort);
    if (auto plan = new_segment(flow, effort, outgoing, usable, false)) {
        if (lost) plan->room_bytes = 0;
        return plan;
    }
    return lost && flow.snd_nxt == effort->recover ? lost_segment(flow, *effort) : std::nullopt;
}

Plan oldest_segment(const Flow& flow, const Effort* effort) {
    TERMINUS_ASSERT(flow.in_flight() > 0);
    if (effort != nullptr && !effort->sent.empty()) {
        const auto& runs = effort->sent.runs();
        return repetition(flow, effort->sent, 0, [&](const Run& run) {
            return (run.flags & ~run_flag::pushed) == (runs.front().flags & ~run_flag::pushed);
        });
    }
    const std::uint32_t text = flow.in_flight() - flow.fin_sent;
    Plan plan{
        .seq = flow.snd_una, .length = std::min(text, flow.mss_bytes()), .flags = tcp_flag::ack};
    if (plan.length > 0 && plan.length == text) plan.flags |= tcp_flag::psh;
    if (flow.fin_sent != 0 && plan.length == text) plan.flags |= tcp_flag::fin;
    return plan;
}

std::optional<Plan> window_probe(const Flow& flow, const Outgoing& outgoing) {
    if (flow.in_flight() > 0) {
        Plan plan = oldest_segment(flow, nullptr);
        if (plan.length > 0) {
            plan.length = 1;
            plan.flags = tcp_flag::ack;
        }
        return plan;
    }
    if (outgoing.unsent_bytes > 0) {
        Plan plan{.seq = flow.snd_nxt, .length = 1, .flags = tcp_flag::ack};
        if (flow.snd_wnd == 0) return plan;
        plan.length =
            std::min<std::uint32_t>({flow.snd_wnd, outgoing.unsent_bytes, flow.mss_bytes()});
        if (plan.length == outgoing.unsent_bytes) plan.flags |= tcp_flag::psh;
        return plan;
    }
    if (owes_fin(flow))
        return Plan{.seq = flow.snd_nxt, .length = 0, .flags = tcp_flag::ack | tcp_flag::fin};
    return std::nullopt;
}

namespace {

// Takes what left into the effort: RFC 6675's scoreboard, RFC 9937's count, RFC 8985's probe.
void remember(const Flow& flow, Effort& effort, const Plan& plan, Seq end, Tick now) {
    const bool is_new = end > flow.snd_nxt;
    if (is_new && flow.in_flight() == 0) {
        effort.sent.clear(plan.seq);
        effort.rack.has_delivered = 0;  // its times may be half an hour old, and wrap
    }
    const bool pushed = (plan.flags & tcp_flag::psh) != 0;
    on_departure(effort, flow, {plan.seq, end - plan.seq, pushed}, now);
    if (is_new) effort.last_sent = now.ms();
    if (is_new && plan.length > flow.mss_bytes()) [[unlikely]]
        begin_path_probe(effort, end, plan.length);
    if ((plan.flags & tcp_flag::cwr) != 0) effort.owes_cwr = 0;
}

// The probe left: RFC 8985 section 7.3.
void begin_probing(const Flow& flow, Effort& effort, bool repeats) {
    effort.probe_due = 0;
    effort.probing = 1;
    effort.probe_repeats = repeats ? 1 : 0;
    effort.tail_probe_end = flow.snd_nxt;
}

void start_timer(Flow& flow, Effort* effort, bool was_idle, const Settings& settings, Tick now) {
    if (flow.waits() == Waits::window) return;
    if (was_idle)
        await_delivery(flow, effort, settings, now);  // RFC 6298 section 5.1
    else
        await_more(flow, effort, settings, now);
}

}  // namespace

namespace {

// Of a flow without an effort: the record alone remembers.
void sent_quietly(Flow& flow, Seq end, const Settings& settings, Tick now) {
    const bool was_idle = flow.in_flight() == 0;
    if (end <= flow.snd_nxt) return;
    flow.snd_nxt = end;
    if (was_idle) flow.time_from(now);
    start_timer(flow, nullptr, was_idle, settings, now);
}

}  // namespace

void sent(Flow& flow, Effort* effort, const Plan& plan, const Settings& settings, Tick now) {
    acknowledged(flow, effort);
    const bool has_fin = (plan.flags & tcp_flag::fin) != 0;
    const Seq end = plan.seq + plan.length + (has_fin ? 1 : 0);
    if (has_fin) flow.fin_sent = 1;
    if (effort == nullptr) return sent_quietly(flow, end, settings, now);
    const bool is_new = end > flow.snd_nxt, was_idle = flow.in_flight() == 0;
    const bool probes = effort->probe_due != 0;
    remember(flow, *effort, plan, end, now);
    if (is_new) {
        flow.snd_nxt = end;
        note_use(*effort, flow);
    }
    if (is_new && !probes) return start_timer(flow, effort, was_idle, settings, now);
    if (probes) begin_probing(flow, *effort, !is_new);
    // The oldest segment left again, and the timer begins again with it.
    const bool runs = flow.waits() == Waits::answer || flow.waits() == Waits::tail_probe;
    if (probes || (runs && plan.seq == flow.snd_una)) await_answer(flow, settings, now, effort);
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

}  // namespace terminus::tcp
