/// Loss recovery: what an ACK, a duplicate, a mark or a timer means for the window and for what is
/// sent again. With SACK RACK judges (RFC 8985) and RFC 6675 is followed; without it NewReno (RFC
/// 6582). RFC 9937 says how much leaves meanwhile, RFC 5682 and RFC 2883 when it was all a mistake.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/delivery.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

/// What became of the recovery.
struct Reaction {
    bool begins = false;        ///< fast recovery begins: RFC 5681 section 3.2
    std::uint32_t wait_us = 0;  ///< the reordering timer is to run for so long; 0: not at all
};

/// An ACK was taken into the scoreboard, and SND.UNA has moved.
[[nodiscard]] Reaction on_delivery(Effort& effort, const Flow& flow, const Delivery& delivery,
                                   const Settings& settings, Tick now);
/// The reordering timer ran out: RFC 8985 section 6.3.
[[nodiscard]] Reaction on_reordering_timeout(Effort& effort, const Flow& flow,
                                             const Settings& settings, Tick now);
/// The retransmission timer ran out: RFC 5681 section 3.1, RFC 8985 section 6.3. `flow.backoff` is
/// still what it was.
void on_timeout(Effort& effort, const Flow& flow, const Settings& settings, Tick now);

/// `length` of sequence space from `seq` on left, new or again; SND.NXT has not moved yet.
struct Departure {
    Seq seq;
    std::uint32_t length = 0;
    bool pushed = false;
};
void on_departure(Effort& effort, const Flow& flow, const Departure& departure, Tick now);

/// True when something is lost and waits to be sent again.
[[nodiscard]] inline bool has_losses(const Effort& effort) { return effort.sent.has_due(); }
/// All that is in flight and not SACKed is to be sent again, and not because of congestion: the
/// path took none of it (RFC 8201 section 5.4).
void send_all_again(Effort& effort);

}  // namespace terminus::tcp
