/// What an ACK delivered: its cumulative part and its SACK blocks, taken into the scoreboard. RFC
/// 2018, RFC 2883 (the sender's side), and what RFC 8985 and RFC 6298 learn from it.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/segment.h"

#include <cstdint>

namespace terminus::tcp {

/// What one ACK brought.
struct Delivery {
    std::uint32_t acked_bytes = 0;          ///< SND.UNA moves by so much
    std::uint32_t delivered_bytes = 0;      ///< newly acknowledged or SACKed, each octet once
    std::uint32_t sacked_bytes = 0;         ///< of these: SACKed
    std::uint32_t held_before_bytes = 0;    ///< SACKed before this ACK
    std::uint32_t flight_before_bytes = 0;  ///< SND.NXT - SND.UNA before this ACK
    std::uint32_t rtt_us = 0;     ///< of the oldest newly delivered that was sent once; 0: of none
    bool duplicate = false;       ///< RFC 5681 section 2: a duplicate ACK
    bool bare = false;            ///< neither text nor another window
    bool duplicate_sack = false;  ///< it reports text that came twice: RFC 2883
    bool proves_probe = false;    ///< that text is the tail loss probe's
    bool first_copy = false;      ///< text that was sent only once, before the last timeout, came
    bool second_copy = false;     ///< text that was sent again is acknowledged
    bool echoes_first_copy = false;  ///< its timestamp is older than the repetition: RFC 3522
    bool echoes_congestion = false;  ///< ECE: RFC 3168 section 6.1.2
};

/// Takes an acceptable ACK into the scoreboard. SND.UNA has not moved yet.
[[nodiscard]] Delivery take_delivery(Effort& effort, const Flow& flow, const Segment& segment,
                                     Tick now);

}  // namespace terminus::tcp
