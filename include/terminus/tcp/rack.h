/// RACK, RFC 8985 section 6: a segment is lost when one that left later has arrived and enough time
/// has passed for both. For flows with SACK.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/delivery.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"

#include <cstdint>

namespace terminus::tcp {

/// What a look for losses found.
struct Losses {
    std::uint32_t lost_bytes = 0;  ///< newly judged lost
    std::uint32_t wait_us = 0;     ///< look again after this; 0: nothing is in doubt
};

/// RACK_update_reo_wnd(), RFC 8985 section 6.2, step 4, but for the adaptation below.
[[nodiscard]] std::uint32_t reordering_window_us(const Effort& effort, const Flow& flow);
/// RACK_detect_loss(), RFC 8985 section 6.2, step 5: marks what is lost.
[[nodiscard]] Losses detect_losses(Effort& effort, const Flow& flow, Tick now);
/// A DSACK widens the window, once in a round trip: section 6.2, step 4. SND.UNA has moved.
void widen_reordering_window(Effort& effort, const Flow& flow, const Delivery& delivery);
/// A recovery ended: after 16 without DSACK the window is as narrow as at first.
void narrow_reordering_window(Effort& effort);
/// RACK_mark_losses_on_RTO(), RFC 8985 section 6.3. Without SACK everything is lost.
void lose_on_timeout(Effort& effort, const Flow& flow, Tick now);

}  // namespace terminus::tcp
