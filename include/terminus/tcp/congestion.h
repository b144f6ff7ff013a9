/// The congestion window (RFC 9293 section 3.8.2, MUST-19): RFC 5681, RFC 6928 (initial window),
/// RFC 3465 (byte counting), RFC 9438 (CUBIC), RFC 7661 (it grows only while it is what limits the
/// flow).
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

/// RFC 6928 section 2: bytes a flow may have in flight without an effort.
[[nodiscard]] std::uint32_t initial_window_bytes(std::uint32_t mss_bytes, const Settings& settings);
/// How much may be in flight now: the effort's window; without one the initial window, or one
/// segment while recovering.
[[nodiscard]] inline std::uint32_t congestion_window_bytes(const Flow& flow, const Effort* effort,
                                                           const Settings& settings) {
    if (effort != nullptr) return effort->cwnd_bytes;
    if (flow.retransmitted != 0) return flow.mss_bytes();
    return initial_window_bytes(flow.mss_bytes(), settings);
}
/// `flight_bytes` less the segments that duplicate ACKs stand for, where those count.
[[nodiscard]] std::uint32_t less_what_arrived(const Effort& effort, const Flow& flow,
                                              std::uint32_t flight_bytes);
/// What is in flight by RFC 6675's estimate: neither SACKed nor lost. Without SACK each duplicate
/// ACK stands for one segment that arrived (RFC 5681 section 3.2, RFC 3042).
[[nodiscard]] inline std::uint32_t pipe_bytes(const Effort& effort, const Flow& flow) {
    const std::uint32_t flight = effort.sent.flight_bytes();
    return effort.duplicate_acks == 0 ? flight : less_what_arrived(effort, flow, flight);
}

/// A fresh effort for a flow.
void begin(Effort& effort, const Flow& flow, const Settings& settings);
/// True when the effort knows more of the path than a beginning would.
[[nodiscard]] bool has_learned(const Effort& effort, const Flow& flow, const Settings& settings);

/// Lowers ssthresh: RFC 5681 equation 4, RFC 9438 section 4.6. `flight_bytes` is FlightSize.
void lower_threshold(Effort& effort, const Flow& flow, std::uint32_t flight_bytes,
                     const Settings& settings);
/// Takes back the last reduction, which nothing justified: RFC 5682 section 3, RFC 9438
/// section 4.9.
void take_back_reduction(Effort& effort);
/// `acked_bytes` were acknowledged: slow start or congestion avoidance, where the window limits.
void grow_window(Effort& effort, const Flow& flow, std::uint32_t acked_bytes,
                 const Settings& settings, Tick now);
/// New text left: was the window full? RFC 7661 section 4.2.
void note_use(Effort& effort, const Flow& flow);
/// RFC 5681 section 4.1: before new text leaves after a silence, the window is that of a beginning.
void restart_after_idle(Effort& effort, const Flow& flow, const Settings& settings, Tick now);

}  // namespace terminus::tcp
