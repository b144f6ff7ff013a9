#include "terminus/tcp/congestion.h"

#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint16_t limited_transmit_segments = 2;  // RFC 3042 section 2

bool is_cubic(const Settings& settings) {
    return settings.congestion_control == CongestionControl::cubic;
}

bool window_limits(const Effort& effort) {
    if (effort.window_limits != 0 || effort.recovery == Recovery::loss) return true;
    return effort.cwnd_bytes < effort.ssthresh_bytes &&
           effort.cwnd_bytes / 2 < effort.flight_most_bytes;
}

// RFC 3465 section 2.2 with L = 2, and L = 1 after a timeout: ACKs of fewer bytes gain nothing.
std::uint32_t slow_start(Effort& effort, std::uint32_t mss, std::uint32_t acked_bytes) {
    const std::uint32_t limit = effort.recovery == Recovery::loss ? mss : 2 * mss;
    const std::uint32_t room = effort.ssthresh_bytes - effort.cwnd_bytes;
    const std::uint32_t more = std::min({acked_bytes, limit, room});
    effort.cwnd_bytes += more;
    return more;
}

// RFC 3465 section 2.1: one segment for each window acknowledged.
void avoid_congestion(Effort& effort, std::uint32_t mss, std::uint32_t acked_bytes) {
    effort.acked_bytes += acked_bytes;
    if (effort.acked_bytes < effort.cwnd_bytes) return;
    effort.acked_bytes -= effort.cwnd_bytes;
    effort.cwnd_bytes += mss;
}

/// When what is in flight left, as far as the flow record knows.
std::uint32_t sent_at_us(const Flow& flow, const Settings& settings) {
    if (flow.timestamps == 0 && flow.is_timed()) return flow.ts_recent_or_timed_at;
    return timed_since_us(flow, settings);
}

// What is in flight already counts as one run: its segments are told apart when the peer does.
void begin_in_flight(Effort& effort, const Flow& flow, const Settings& settings) {
    effort.sent.append(flow.snd_nxt, run_flag::pushed, sent_at_us(flow, settings));
    effort.sent.change(flow.snd_una, flow.snd_nxt, [&](Seq, Run& run) {
        run.size_bytes =
            static_cast<std::uint16_t>(std::min(flow.mss_bytes(), run.end - flow.snd_una));
        if (flow.retransmitted != 0)
            run.lose();
        else if (flow.timestamps != 0 || !flow.is_timed())
            run.flags |= run_flag::again;  // not to be measured
    });
    if (flow.retransmitted == 0) return;
    effort.recovery = Recovery::loss;
    effort.recover = flow.snd_nxt;
    const Seq repeated = flow.snd_una + std::min(flow.in_flight(), flow.mss_bytes());
    const std::uint32_t at = sent_at_us(flow, settings);
    effort.sent.change(flow.snd_una, repeated, [&](Seq, Run& run) { run.send_again(at); });
}

}  // namespace

std::uint32_t initial_window_bytes(std::uint32_t mss_bytes, const Settings& settings) {
    const std::uint32_t segments = settings.initial_window_segments;
    return std::min(segments * mss_bytes, std::max(2 * mss_bytes, segments * 1460));
}

std::uint32_t less_what_arrived(const Effort& effort, const Flow& flow, std::uint32_t flight) {
    if (flow.sack != 0 || effort.recovery == Recovery::loss) return flight;
    // RFC 3042 section 2: before recovery at most two more segments may leave.
    const std::uint32_t arrived = effort.recovery == Recovery::recovery
                                      ? effort.duplicate_acks
                                      : std::min(effort.duplicate_acks, limited_transmit_segments);
    return flight - std::min(flight, arrived * flow.mss_bytes());
}

void begin(Effort& effort, const Flow& flow, const Settings& settings) {
    effort = Effort{};
    effort.cwnd_bytes = congestion_window_bytes(flow, nullptr, settings);
    effort.recover = flow.snd_una - 1;
    effort.timed_to = flow.snd_una;
    effort.flight_end = flow.snd_una;
    effort.snd_wnd_max = flow.snd_wnd;
    effort.sent.clear(flow.snd_una);
    if (!is_synchronised(flow.state()) || flow.in_flight() == 0) return;
    begin_in_flight(effort, flow, settings);
    note_use(effort, flow);
}

bool has_learned(const Effort& effort, const Flow& flow, const Settings& settings) {
    return effort.ssthresh_bytes != no_threshold_bytes || effort.owes_cwr != 0 ||
           effort.cwnd_bytes > initial_window_bytes(flow.mss_bytes(), settings);
}

void lower_threshold(Effort& effort, const Flow& flow, std::uint32_t flight_bytes,
                     const Settings& settings) {
    // What limited transmit added beyond the window does not count: RFC 5681 section 3.2, step 2.
    const bool full = effort.recovery <= Recovery::disorder;
    const std::uint32_t flight = full ? std::min(flight_bytes, effort.cwnd_bytes) : flight_bytes;
    effort.undo = {.from = flow.snd_una,
                   .repeated = {},
                   .cwnd_bytes = effort.cwnd_bytes,
                   .ssthresh_bytes = effort.ssthresh_bytes,
                   .w_max_bytes = effort.cubic.w_max_bytes};
    effort.undoable = 1;
    effort.sent_again = 0;
    if (is_cubic(settings)) on_reduction(effort.cubic, effort.cwnd_bytes);
    const std::uint32_t reduced = is_cubic(settings) ? cubic_reduced(flight) : flight / 2;
    effort.ssthresh_bytes = std::max(reduced, 2 * flow.mss_bytes());
    effort.acked_bytes = 0;
    effort.owes_cwr = flow.ecn;  // RFC 3168 section 6.1.2: whatever the reason
}

void take_back_reduction(Effort& effort) {
    effort.cwnd_bytes = std::max(effort.cwnd_bytes, effort.undo.cwnd_bytes);
    effort.ssthresh_bytes = std::max(effort.ssthresh_bytes, effort.undo.ssthresh_bytes);
    effort.cubic.w_max_bytes = std::max(effort.cubic.w_max_bytes, effort.undo.w_max_bytes);
    effort.cubic.in_epoch = false;
    effort.undoable = effort.owes_cwr = 0;
}

void grow_window(Effort& effort, const Flow& flow, std::uint32_t acked_bytes,
                 const Settings& settings, Tick now) {
    if (!window_limits(effort)) return pause(effort.cubic, now.ms());
    const std::uint32_t mss = flow.mss_bytes();
    if (effort.cwnd_bytes < effort.ssthresh_bytes) {
        (void)slow_start(effort, mss, acked_bytes);
    } else if (!is_cubic(settings)) {
        avoid_congestion(effort, mss, acked_bytes);
    } else {
        const auto srtt_ms = static_cast<std::uint32_t>(flow.srtt.us() / 1000);
        effort.cwnd_bytes = grow(effort.cubic, effort.cwnd_bytes, effort.acked_bytes,
                                 {acked_bytes, mss, srtt_ms, now.ms()});
    }
    effort.cwnd_bytes = std::min(effort.cwnd_bytes, largest_window_bytes);
}

void note_use(Effort& effort, const Flow& flow) {
    const std::uint32_t flight = pipe_bytes(effort, flow);
    const bool full = flight + flow.mss_bytes() > effort.cwnd_bytes;
    const bool next_window = flow.snd_una >= effort.flight_end;
    const bool larger = effort.window_limits == 0 && flight > effort.flight_most_bytes;
    if (!next_window && !full && !larger) return;
    effort.window_limits = full ? 1 : 0;
    effort.flight_most_bytes = flight;
    effort.flight_end = flow.snd_nxt;
}

void restart_after_idle(Effort& effort, const Flow& flow, const Settings& settings, Tick now) {
    pause(effort.cubic, now.ms());
    const auto rto = static_cast<std::int32_t>(base_rto_ms(flow, settings));
    if (!settings.slow_start_after_idle || elapsed_ms(effort.last_sent, now.ms()) <= rto) return;
    effort.cwnd_bytes =
        std::min(effort.cwnd_bytes, initial_window_bytes(flow.mss_bytes(), settings));
}

}  // namespace terminus::tcp
