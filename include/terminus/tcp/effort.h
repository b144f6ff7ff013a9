/// The effort: what a flow needs while it has more in flight than one initial window, recovers from
/// loss, or waits for missing text. Borrowed from a slab; a conversation keeps it for life, the
/// flow of a service until it has been silent for a while or others need it. None free: the flow
/// keeps one segment in flight and relies on its timeout.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/cubic.h"
#include "terminus/tcp/prr.h"
#include "terminus/tcp/scoreboard.h"
#include "terminus/tcp/seq.h"

#include <cstdint>

namespace terminus::tcp {

/// Where loss recovery stands.
enum class Recovery : std::uint8_t {
    open,
    disorder,  ///< the peer reported text beyond a hole: reordered or lost
    reduced,   ///< the window shrinks as ECN asked for: RFC 3168 section 6.1.2
    recovery,  ///< fast recovery: RFC 6675, RFC 6582
    loss,      ///< after a timeout: RFC 5681 section 3.1
};

/// A range of sequence numbers the peer reported with SACK.
struct SackedRange {
    Seq left, right;
};

inline constexpr std::uint32_t no_threshold_bytes = 0x7fffffff;  ///< ssthresh: none yet
inline constexpr std::uint16_t reordering_at_first = 3;          ///< RFC 5681 section 3.2

/// RFC 8985 section 5.2: the variables of a connection.
struct Rack {
    Seq end;                           ///< of the segment sent last of those delivered
    std::uint32_t sent_us = 0;         ///< when it left
    std::uint32_t rtt_us = 0;          ///< how long it took
    std::uint32_t minimum_rtt_us = 0;  ///< the shortest of all; 0: none measured
    Seq forward;                       ///< the highest sequence number delivered: RACK.fack
    Seq duplicate_round;               ///< RACK.dsack_round, where has_duplicate_round
    std::uint8_t window_factor = 1;    ///< RACK.reo_wnd_mult
    std::uint8_t window_persists = 0;  ///< RACK.reo_wnd_persist
    std::uint8_t has_duplicate_round : 1 = 0;
    std::uint8_t has_delivered : 1 = 0;  ///< `end`, `sent_us` and `forward` mean something
    std::uint8_t reordering_seen : 1 = 0;
};

/// What a reduction of the window takes back when nothing was lost: RFC 2883, RFC 5682.
struct Undo {
    Seq from;                          ///< only repetitions from here on count
    Millis repeated;                   ///< when the first of them left: RFC 3522
    std::uint32_t unproved_bytes = 0;  ///< sent again, and not yet reported as duplicates
    std::uint32_t cwnd_bytes = 0, ssthresh_bytes = 0, w_max_bytes = 0;  ///< as they were
};

struct Effort {
    // RFC 5681, 6582: congestion window and NewReno.
    std::uint32_t cwnd_bytes = 0;
    std::uint32_t ssthresh_bytes = no_threshold_bytes;
    std::uint32_t acked_bytes = 0;  ///< since the last growth in congestion avoidance (RFC 3465)
    Seq recover;                    ///< RFC 6582 section 3.2; recovery ends when it is acknowledged
    Seq timed_to;                   ///< RFC 6298 section 3: one sample in each round trip
    std::uint32_t flight_most_bytes = 0;  ///< the largest flight of this window: RFC 7661
    Seq flight_end;                       ///< where that window ends
    Millis last_sent;                     ///< when new text last left: RFC 5681 section 4.1
    Recovery recovery = Recovery::open;
    std::uint8_t kept_backoff = 0;     ///< back-off until the next measurement: RFC 6298 section 5
    std::uint16_t duplicate_acks = 0;  ///< in recovery: segments that the peer holds, without SACK
    std::uint16_t fin_held : 1 = 0;    ///< a FIN beyond a hole came: fin_seq
    std::uint16_t urgent_out : 1 = 0;  ///< snd_up is meaningful: tcp/urgent.h
    std::uint16_t urgent_in : 1 = 0;   ///< rcv_up is meaningful
    std::uint16_t owes_cwr : 1 = 0;    ///< the next new text carries CWR: RFC 3168 section 6.1.2
    std::uint16_t window_limits : 1 = 0;    ///< the congestion window was full: RFC 7661
    std::uint16_t is_first_guess : 1 = 0;   ///< the RTT is not measured yet: RFC 6298 section 5.7
    std::uint16_t undoable : 1 = 0;         ///< `undo` holds what a reduction took
    std::uint16_t sent_again : 1 = 0;       ///< something was, since `undo` was filled
    std::uint16_t doubts_timeout : 1 = 0;   ///< F-RTO: RFC 5682 section 2.1
    std::uint16_t prefers_new : 1 = 0;      ///< F-RTO, step 2: new text goes before what is lost
    std::uint16_t probe_due : 1 = 0;        ///< a tail loss probe must leave: RFC 8985 section 7.3
    std::uint16_t probing : 1 = 0;          ///< one is out, up to tail_probe_end
    std::uint16_t probe_repeats : 1 = 0;    ///< it repeated text: TLP.is_retrans
    std::uint16_t path_probe_lost : 1 = 0;  ///< alone: its size is to blame
    Seq fin_seq;
    Seq snd_up, rcv_up;             ///< RFC 9293 section 3.8.5: one past the urgent text
    std::uint32_t snd_wnd_max = 0;  ///< RFC 9293 section 3.8.6.2.1: the largest window seen
    Cubic cubic;
    Prr prr;
    Rack rack;
    Undo undo;
    Seq tail_probe_end;  ///< TLP.end_seq
    Scoreboard sent;
    Seq last_ack_sent;   ///< RCV.NXT when an ACK last left
    Seq path_probe_end;  ///< RFC 4821: where the larger segment that tries the path ends
    // What STATUS tells of the past.
    std::uint32_t total_retransmissions = 0, delivered_segments = 0;
    std::uint32_t duplicate_sacks = 0;
    std::uint16_t reordering_segments = reordering_at_first;  ///< the farthest seen
    std::uint16_t path_probe_bytes = 0;  ///< its text while it is out; 0: none is
};
static_assert(sizeof(Effort) == 384);

}  // namespace terminus::tcp
