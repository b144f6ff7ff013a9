/// CUBIC, RFC 9438, in whole numbers: windows in bytes, time in milliseconds.
#pragma once

#include "terminus/base/time.h"

#include <cstdint>

namespace terminus::tcp {

/// What CUBIC remembers of a flow: RFC 9438 section 4.1.2.
struct Cubic {
    std::uint32_t w_max_bytes = 0;       ///< the window before the last reduction
    std::uint32_t prior_cwnd_bytes = 0;  ///< the same without fast convergence: cwnd_prior
    std::uint32_t origin_bytes = 0;      ///< the plateau of this epoch
    std::uint32_t k_ms = 0;              ///< how long after the epoch's start it is reached
    std::uint32_t w_est_bytes = 0;       ///< where Reno would be: section 4.3
    std::uint32_t est_acked_bytes = 0;   ///< acknowledged since w_est grew
    Millis epoch;                        ///< when congestion avoidance began, idle time left out
    Millis seen;                         ///< when growth was last asked for
    bool in_epoch = false;
};

/// The greatest whole number whose cube is not above `value`.
[[nodiscard]] std::uint32_t cube_root(std::uint64_t value);
/// K of RFC 9438 section 4.2, milliseconds, for a window that is `below_bytes` under W_max.
[[nodiscard]] std::uint32_t cubic_k_ms(std::uint32_t below_bytes, std::uint32_t mss_bytes);
/// C * t^3 of RFC 9438 section 4.2 for a time from the plateau on, bytes.
[[nodiscard]] std::int64_t cubic_offset_bytes(std::int64_t since_plateau_ms,
                                              std::uint32_t mss_bytes);
/// 0.7 of it: RFC 9438 section 4.6.
[[nodiscard]] std::uint32_t cubic_reduced(std::uint32_t bytes);

/// A loss or a mark: remembers the window, with fast convergence (sections 4.6 and 4.7).
void on_reduction(Cubic& cubic, std::uint32_t cwnd_bytes);
/// Time that does not count, as the window did not limit the flow: section 4.2.
void pause(Cubic& cubic, Millis now);

/// One ACK in congestion avoidance.
struct CubicAck {
    std::uint32_t acked_bytes = 0;
    std::uint32_t mss_bytes = 0;
    std::uint32_t srtt_ms = 0;
    Millis now;
};
/// The congestion window after it: RFC 9438 sections 4.2 to 4.5. `carry_bytes` keeps what was
/// acknowledged and did not yet make a segment.
[[nodiscard]] std::uint32_t grow(Cubic& cubic, std::uint32_t cwnd_bytes, std::uint32_t& carry_bytes,
                                 const CubicAck& ack);

}  // namespace terminus::tcp
