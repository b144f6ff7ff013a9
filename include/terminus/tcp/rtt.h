/// Round-trip time and the retransmission timeout, RFC 6298.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

inline constexpr std::uint8_t most_backoff = 15;  ///< doublings that are counted

/// Takes one measurement, of what was sent once (Karn's algorithm, RFC 9293 section 3.8.1, MUST-18)
/// or is echoed: RFC 6298 sections 2.2, 2.3 and 3. Of `expected` measurements in one round
/// trip each counts for so much less: RFC 7323 section 4.2, appendix G.
///
/// Where measurements come from. A flow without timestamps keeps the time of one segment in its
/// record (Flow::is_timed), of what was sent once (Karn's algorithm). With timestamps that field is
/// TS.Recent, Flow::is_timed() is false and stop_timing() and time_from() do nothing: each ACK of
/// something new brings the age of what it echoes, in milliseconds, also of what was sent again
/// (echoed_rtt_us). A flow with an effort knows better, to the microsecond, from the times on its
/// scoreboard, and asks the echo only about what was sent again.
void sample_rtt(Flow& flow, std::uint32_t rtt_us, std::uint32_t expected = 1);

/// The timeout without back-off: RFC 6298 sections 2.1 to 2.5, milliseconds.
[[nodiscard]] std::uint32_t base_rto_ms(const Flow& flow, const Settings& settings);
/// Doublings that an effort keeps from before the last progress: until a measurement comes, the
/// timeout stays backed off (RFC 6298 section 5).
[[nodiscard]] inline std::uint32_t kept_backoff(const Effort* effort) {
    return effort == nullptr ? 0 : effort->kept_backoff;
}
/// The timeout that runs now, doubled `flow.backoff` times, and `kept` times before: RFC 6298
/// section 5.5, milliseconds.
[[nodiscard]] std::uint32_t rto_ms(const Flow& flow, const Settings& settings,
                                   std::uint32_t kept = 0);
/// How long the oldest segment in flight has been retransmitted for when the timer now running
/// ends: the sum of the timeouts so far, milliseconds.
[[nodiscard]] std::uint32_t backed_off_ms(const Flow& flow, const Settings& settings,
                                          std::uint32_t kept = 0);

}  // namespace terminus::tcp
