/// Every timer, limit and choice of TCP, with its unit in its name. The appliance has one set, the
/// defaults of `[tcp]` in the configuration; each conversation has its own, which its user may
/// change. A function of the engine obeys the set it is given and knows no other.
#pragma once

#include <cstdint>

namespace terminus::tcp {

enum class CongestionControl : std::uint8_t { cubic, newreno };
/// RFC 4987 section 3.6: when a SYN is answered without keeping anything of it.
enum class SynCookies : std::uint8_t { automatic, always, never };
/// RFC 3168 section 6.1.1.
enum class Ecn : std::uint8_t {
    off,
    accept,  ///< where the peer asks for it
    on,      ///< and asked for by us
};

struct Settings {
    static constexpr std::uint32_t none = 0xffffffff;  ///< of a limit or a length: there is none

    // Retransmission: RFC 6298, RFC 9293 section 3.8.3.
    std::uint32_t rto_initial_ms = 1000;  ///< RFC 6298 section 2.1
    std::uint32_t rto_min_ms =
        200;  ///< Deliberate: RFC 6298 section 2.4 says 1 s; kernels use 200 ms
    std::uint32_t rto_max_ms = 60'000;  ///< RFC 6298 section 2.5: at least 60 s
    std::uint32_t syn_give_up_ms =
        180'000;  ///< R2 of an active open: RFC 9293 section 3.8.3, MUST-22, 23
    std::uint32_t give_up_ms = 100'000;    ///< R2 of text: RFC 9293 section 3.8.3, SHLD-11, MUST-21
    std::uint32_t syn_retries = none;      ///< of a SYN; none: syn_give_up_ms alone decides
    std::uint32_t syn_ack_retries = 3;     ///< RFC 4987: few, so that nobody is flooded through us
    std::uint32_t retries = none;          ///< of text; none: give_up_ms alone decides
    std::uint32_t user_timeout_ms = none;  ///< RFC 5482: text unacknowledged for so long

    // Other timers.
    std::uint32_t time_wait_ms =
        60'000;  ///< 2 MSL with an MSL of 30 s; RFC 9293 section 3.4.2 says 2 min
    std::uint32_t fin_wait_2_ms = 60'000;  ///< silence allowed in FIN-WAIT-2 after a full close
    std::uint32_t delayed_ack_ms = 40;     ///< RFC 9293 section 3.8.6.3, MUST-40: below 500 ms
    std::uint32_t keepalive_idle_ms = 7'200'000;   ///< RFC 9293 section 3.8.4, MUST-28
    std::uint32_t keepalive_interval_ms = 75'000;  ///< between two probes: MUST-27
    std::uint32_t keepalive_count = 9;             ///< probes without an answer, at most 15
    std::uint32_t quiet_time_ms = 0;               ///< RFC 9293 section 3.4.3: after the start
    std::uint32_t linger_ms = none;                ///< 0: CLOSE aborts; none: it ends by itself
    std::uint32_t deferred_accept_ms = 0;          ///< 0: accepted when established

    // Buffers and windows.
    std::uint32_t receive_buffer_bytes = 262'144;  ///< the largest window offered
    std::uint32_t receive_window_bytes = none;     ///< offered exactly, where set
    std::uint32_t send_buffer_bytes = 262'144;     ///< text that a conversation may queue
    std::uint32_t unsent_low_water_bytes = none;   ///< writable only below this much unsent text
    std::uint32_t unread_limit_bytes = 16'384;     ///< text that a service may leave untaken
    std::uint32_t reassembly_pieces = 64;          ///< stretches beyond a hole, of one flow

    // Sizes and congestion.
    std::uint32_t mss_bytes = none;      ///< a ceiling for both directions; none: the MTU decides
    std::uint32_t mss_floor_bytes = 64;  ///< a smaller MSS of a peer is taken as this
    std::uint32_t path_mtu_floor_bytes = 552;    ///< IPv4: a router's smaller word is taken as this
    std::uint32_t initial_window_segments = 10;  ///< RFC 6928

    // The limits of challenge ACKs and of ACKs for unacceptable segments: RFC 5961 sections 7, 10.
    std::uint32_t challenge_acks_per_second = 10;  ///< of one flow; 0: no limit
    std::uint32_t challenge_ack_interval_ms = 0;   ///< between two of one flow at least

    std::uint8_t window_scale = 3;   ///< RFC 7323: the shift that our SYN offers
    std::uint8_t traffic_class = 0;  ///< of the IP header; ECN's bits are ours. The rest goes there
                                     ///< as it is: RFC 9293 section 3.9.1.9, MUST-48, SHLD-21, 22
    std::uint8_t hop_limit = 64;     ///< of the IP header: RFC 9293 section 3.9.2, MUST-49

    CongestionControl congestion_control = CongestionControl::cubic;  ///< MAY-18
    Ecn ecn = Ecn::accept;
    SynCookies syn_cookies = SynCookies::automatic;
    bool nagle = true;                    ///< RFC 9293 section 3.7.4, MUST-17
    bool keepalive = false;               ///< RFC 9293 section 3.8.4, MUST-24, 25
    bool delayed_ack = true;              ///< RFC 9293 section 3.8.6.3, SHLD-18
    bool delayed_ack_from_start = false;  ///< no quick first ACKs
    bool timestamps = true;               ///< RFC 7323 section 3
    bool sack = true;                     ///< RFC 2018
    bool window_scaling = true;           ///< RFC 7323 section 2
    bool tail_loss_probe = true;          ///< RFC 8985 section 7
    bool slow_start_after_idle = true;    ///< RFC 5681 section 4.1
    bool path_mtu_discovery = true;       ///< RFC 1191, RFC 8201
    bool path_mtu_probing = true;         ///< RFC 4821: larger segments are tried, with SACK
    bool report_errors = false;           ///< UDP without a remote: ICMP errors reach the user
};

}  // namespace terminus::tcp
