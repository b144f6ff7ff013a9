/// The effort: what a flow needs while it has more in flight than one initial window, recovers from
/// loss, or waits for missing text. Borrowed from a slab, returned when all is acknowledged. None
/// free: the flow keeps one segment in flight and relies on its timeout.
///
/// Fields marked `reserved` belong to later work; they stand here so that the size is known from
/// the start.
#pragma once

#include "terminus/tcp/seq.h"

#include <array>
#include <cstdint>

namespace terminus::tcp {

/// Where loss recovery stands.
enum class Recovery : std::uint8_t { open, disorder, reduced, recovery, loss };

/// A range of sequence numbers the peer reported with SACK.
struct SackedRange {
    Seq left, right;
};
/// Segments sent at one time: RFC 8985 keeps the time of the last (re)transmission of each.
struct SentRun {
    Seq end;
    std::uint32_t sent_at_us = 0;
};

struct Effort {
    // RFC 5681, 6582: congestion window and NewReno.
    std::uint32_t cwnd_bytes = 0;
    std::uint32_t ssthresh_bytes = 0x7fffffff;
    std::uint32_t acked_bytes = 0;  ///< since the last growth in congestion avoidance (RFC 3465)
    Seq recover;                    ///< RFC 6582 section 3.2
    Seq send_again_from;  ///< after a timeout: what lies from here to snd_nxt is sent again
    Seq timed_to;         ///< RFC 6298 section 3: the ACK of what ends here ends the measurement
    Recovery recovery = Recovery::open;
    std::uint8_t duplicate_acks = 0;
    std::uint8_t fin_held : 1 = 0;    ///< a FIN beyond a hole came: fin_seq
    std::uint8_t urgent_out : 1 = 0;  ///< snd_up is meaningful: tcp/urgent.h
    std::uint8_t urgent_in : 1 = 0;   ///< rcv_up is meaningful
    std::uint8_t reserved_flags : 5 = 0;
    std::uint8_t probes = 0;  ///< reserved: keepalive probes without an answer
    Seq fin_seq;
    Seq snd_up, rcv_up;             ///< RFC 9293 section 3.8.5: one past the urgent text
    std::uint32_t snd_wnd_max = 0;  ///< RFC 9293 section 3.8.6.2.1: the largest window seen
    // reserved: RFC 9438, CUBIC.
    std::uint32_t cubic_epoch_us = 0, cubic_w_max = 0, cubic_k_us = 0, cubic_w_est = 0;
    std::uint32_t cubic_origin = 0, cubic_prior_cwnd = 0;
    // reserved: RFC 9937, PRR.
    std::uint32_t prr_delivered = 0, prr_out = 0, recover_flight = 0;
    // reserved: RFC 8985, RACK-TLP.
    Seq rack_end;
    std::uint32_t rack_sent_us = 0, rack_rtt_us = 0, rack_minimum_rtt_us = 0, rack_window_us = 0;
    std::uint32_t tail_probe_end = 0;
    std::array<SentRun, 8> runs{};
    // reserved: RFC 2018 and 6675, SACK scoreboard; DSACK to report.
    std::array<SackedRange, 8> sacked{};
    SackedRange duplicate;
    std::uint8_t sacked_count = 0, runs_count = 0, path_probe_state = 0, ecn_state = 0;
    // reserved: RFC 7323 and RFC 8899.
    std::uint32_t last_ack_sent = 0, path_mtu_bytes = 0;
    // reserved: statistics of STATUS.
    std::uint32_t total_retransmissions = 0, delivered_segments = 0, busy_us = 0;
};
static_assert(sizeof(Effort) == 264);

}  // namespace terminus::tcp
