/// Every timer and limit of TCP, with its unit in its name. One set per appliance; a worker's
/// limits are its share. The defaults are those of `[tcp]` in the configuration.
#pragma once

#include <cstdint>

namespace terminus::tcp {

struct Settings {
    std::uint32_t rto_initial_ms = 1000;  ///< RFC 6298 section 2.1
    std::uint32_t rto_min_ms =
        200;  ///< Deliberate: RFC 6298 section 2.4 says 1 s; kernels use 200 ms
    std::uint32_t rto_max_ms = 60'000;  ///< RFC 6298 section 2.5: at least 60 s
    std::uint32_t syn_give_up_ms =
        180'000;                         ///< R2 of an active open: RFC 9293 section 3.8.3, MUST-23
    std::uint32_t give_up_ms = 100'000;  ///< R2 of text: RFC 9293 section 3.8.3, SHLD-11
    std::uint32_t syn_ack_retries = 3;   ///< RFC 4987: few, so that nobody is flooded through us
    std::uint32_t time_wait_ms =
        60'000;  ///< 2 MSL with an MSL of 30 s; RFC 9293 section 3.4.2 says 2 min
    std::uint32_t fin_wait_2_ms = 60'000;  ///< silence allowed in FIN-WAIT-2 after a full close
    std::uint32_t delayed_ack_ms = 40;     ///< RFC 9293 section 3.8.6.3: below 500 ms
    std::uint32_t receive_buffer_bytes = 262'144;  ///< the largest window offered
    std::uint32_t send_buffer_bytes = 262'144;     ///< text that a conversation may queue
    std::uint32_t mss_floor_bytes = 64;            ///< a smaller MSS of a peer is taken as this
    std::uint32_t initial_window_segments = 10;    ///< RFC 6928
    std::uint32_t unread_limit_bytes = 16'384;     ///< text that a service may leave untaken
    std::uint8_t window_scale = 3;  ///< RFC 7323: our shift, from receive_buffer_bytes
};

}  // namespace terminus::tcp
