/// Congestion control: RFC 5681 and RFC 6582 (NewReno), RFC 6928 (initial window), RFC 3465 (byte
/// counting).
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"

#include <cstdint>

namespace terminus::tcp {

/// RFC 6928 section 2: bytes a flow may have in flight without an effort.
[[nodiscard]] std::uint32_t initial_window_bytes(std::uint32_t mss_bytes, const Settings& settings);
/// How much may be in flight now: the effort's window; without one the initial window, or one
/// segment while recovering.
[[nodiscard]] std::uint32_t congestion_window_bytes(const Flow& flow, const Effort* effort,
                                                    const Settings& settings);

/// A fresh effort for a flow.
void begin(Effort& effort, const Flow& flow, const Settings& settings);
/// `acked_bytes` of new text were acknowledged, snd_una has moved. Returns true when a partial
/// acknowledgement asks for the next segment to be sent again (RFC 6582 section 3.2 step 3). After
/// a timeout nothing is asked for: next_segment() sends again what slow start allows.
[[nodiscard]] bool on_new_ack(Effort& effort, const Flow& flow, std::uint32_t acked_bytes);
/// A duplicate acknowledgement came. Returns true when fast retransmit is due: RFC 5681
/// section 3.2.
[[nodiscard]] bool on_duplicate_ack(Effort& effort, const Flow& flow);
/// After a timeout: text (and a FIN) that was sent once and waits to be sent again.
[[nodiscard]] inline bool sends_again(const Effort& effort, const Flow& flow) {
    return effort.recovery == Recovery::loss && effort.send_again_from < flow.snd_nxt;
}
/// The retransmission timer ran out: RFC 5681 section 3.1, equation 4.
void on_timeout(Effort& effort, const Flow& flow);

}  // namespace terminus::tcp
