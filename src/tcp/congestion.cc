#include "terminus/tcp/congestion.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint8_t duplicate_threshold = 3;  // RFC 5681 section 3.2

void begin_recovery(Effort& effort, const Flow& flow) {
    const std::uint32_t mss = flow.mss_bytes();
    effort.ssthresh_bytes = std::max(flow.in_flight() / 2, 2 * mss);  // RFC 5681 equation 4
    effort.cwnd_bytes = effort.ssthresh_bytes + duplicate_threshold * mss;
    effort.recover = flow.snd_nxt;
    effort.recovery = Recovery::recovery;
}

// RFC 6582 section 3.2 step 3: a partial acknowledgement deflates the window by what it covers.
bool continue_recovery(Effort& effort, const Flow& flow, std::uint32_t acked_bytes) {
    const std::uint32_t mss = flow.mss_bytes();
    if (flow.snd_una >= effort.recover) {
        effort.cwnd_bytes = std::min(effort.ssthresh_bytes, std::max(flow.in_flight(), mss) + mss);
        effort.recovery = Recovery::open;
        return false;
    }
    const std::uint32_t deflated = effort.cwnd_bytes - std::min(effort.cwnd_bytes, acked_bytes);
    effort.cwnd_bytes = std::max(deflated + (acked_bytes >= mss ? mss : 0), mss);
    return true;
}

void grow(Effort& effort, const Flow& flow, std::uint32_t acked_bytes) {
    const std::uint32_t mss = flow.mss_bytes();
    if (effort.cwnd_bytes < effort.ssthresh_bytes) {  // slow start; RFC 3465 section 2.2 with L = 2
        const std::uint32_t limit = effort.recovery == Recovery::loss ? mss : 2 * mss;
        effort.cwnd_bytes += std::min(acked_bytes, limit);
        return;
    }
    effort.acked_bytes +=
        acked_bytes;  // RFC 3465 section 2.1: one segment for each window acknowledged
    if (effort.acked_bytes < effort.cwnd_bytes) return;
    effort.acked_bytes -= effort.cwnd_bytes;
    effort.cwnd_bytes += mss;
}

}  // namespace

std::uint32_t initial_window_bytes(std::uint32_t mss_bytes, const Settings& settings) {
    const std::uint32_t segments = settings.initial_window_segments;
    return std::min(segments * mss_bytes, std::max(2 * mss_bytes, segments * 1460));
}

std::uint32_t congestion_window_bytes(const Flow& flow, const Effort* effort,
                                      const Settings& settings) {
    if (effort != nullptr) return effort->cwnd_bytes;
    if (flow.retransmitted != 0) return flow.mss_bytes();
    return initial_window_bytes(flow.mss_bytes(), settings);
}

void begin(Effort& effort, const Flow& flow, const Settings& settings) {
    effort = Effort{};
    effort.cwnd_bytes = congestion_window_bytes(flow, nullptr, settings);
    effort.recover = flow.snd_una;
    effort.send_again_from = flow.snd_nxt;
    effort.timed_to = flow.snd_una + 1;  // what is in flight is measured by its oldest segment
    effort.snd_wnd_max = flow.snd_wnd;
    if (flow.retransmitted != 0) {
        effort.recovery = Recovery::loss;
        effort.recover = flow.snd_nxt;
        effort.send_again_from = flow.snd_una + std::min(flow.in_flight(), flow.mss_bytes());
    }
}

bool on_new_ack(Effort& effort, const Flow& flow, std::uint32_t acked_bytes) {
    effort.duplicate_acks = 0;
    if (effort.recovery == Recovery::recovery) return continue_recovery(effort, flow, acked_bytes);
    grow(effort, flow, acked_bytes);
    if (effort.recovery != Recovery::loss) return false;
    effort.send_again_from = later(effort.send_again_from, flow.snd_una);
    if (flow.snd_una >= effort.recover) effort.recovery = Recovery::open;
    return false;
}

bool on_duplicate_ack(Effort& effort, const Flow& flow) {
    if (effort.duplicate_acks < 255) ++effort.duplicate_acks;
    if (effort.recovery == Recovery::recovery) {
        effort.cwnd_bytes += flow.mss_bytes();  // RFC 5681 section 3.2 step 4
        return false;
    }
    if (effort.recovery == Recovery::loss || effort.duplicate_acks != duplicate_threshold)
        return false;
    begin_recovery(effort, flow);
    return true;
}

void on_timeout(Effort& effort, const Flow& flow) {
    if (flow.backoff ==
        0) {  // RFC 5681 section 3.1: held constant for further timeouts of one segment
        effort.ssthresh_bytes = std::max(flow.in_flight() / 2, 2 * flow.mss_bytes());
    }
    effort.cwnd_bytes = flow.mss_bytes();
    effort.duplicate_acks = 0;
    effort.acked_bytes = 0;
    effort.recover = flow.snd_nxt;
    effort.send_again_from = flow.snd_una;
    effort.recovery = Recovery::loss;
}

}  // namespace terminus::tcp
