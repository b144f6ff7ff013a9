/// Round-trip time and the retransmission timeout, RFC 6298.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

inline constexpr std::uint8_t most_backoff = 15;  ///< doublings that are counted

/// Takes one measurement of a segment that was sent once (Karn's algorithm, RFC 9293 section 3.8.1,
/// MUST-18): RFC 6298 sections 2.2, 2.3 and 3.
void sample_rtt(Flow& flow, std::uint32_t rtt_us);

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
