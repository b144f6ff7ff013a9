/// What a flow may send next: RFC 9293 section 3.8.6 and RFC 5681; a plan first, then the stack
/// writes it.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"
#include "terminus/wire/tcp.h"

#include <algorithm>
#include <cstdint>
#include <optional>

namespace terminus::tcp {

/// A segment to be written: `length` bytes of text from `seq` on.
struct Plan {
    Seq seq;
    std::uint32_t length = 0;
    std::uint8_t flags = 0;
    std::uint32_t room_bytes = 0;  ///< that the windows leave behind a full segment of new text
};

/// The user's side of a flow, as output needs it.
struct Outgoing {
    std::uint32_t unsent_bytes = 0;      ///< text available from snd_nxt on
    bool nagle = false;                  ///< RFC 9293 section 3.7.4
    bool more = false;                   ///< more will follow: a last short segment waits for it
    std::uint32_t path_probe_bytes = 0;  ///< RFC 4821: a segment may be so large, to try the path
};

/// The next segment with text or FIN that windows and Nagle allow, if any: the probe of the tail
/// that is due, what is lost and to be sent again, else what is new. Text of several SENDs is
/// gathered (RFC 9293 section 3.9.1.2, MAY-16) into segments as large as may be (SHLD-28), whatever
/// the writes were (SHLD-27); what ends the queue has PSH (MUST-61) and does not wait for more text
/// for ever (MUST-60).
[[nodiscard]] std::optional<Plan> next_segment(const Flow& flow, const Effort* effort,
                                               const Outgoing& outgoing, const Settings& settings);
/// The same where the segment before was planned just now, full and new, has left, and left room
/// for another full one that is not the last. Nothing: next_segment() knows more.
[[nodiscard]] inline std::optional<Plan> one_more(const Flow& flow, const Plan& former,
                                                  std::uint32_t unsent_bytes) {
    const std::uint32_t full = flow.mss_bytes();
    if (former.room_bytes < full || unsent_bytes <= full) return std::nullopt;
    return Plan{flow.snd_nxt, full, tcp_flag::ack, former.room_bytes - full};
}
/// The same for a flow without an effort, whose text neither Nagle nor more text to come holds
/// back, where all that is left, text and FIN, fits into one segment and into both windows.
/// Nothing: next_segment() knows more.
[[nodiscard]] inline std::optional<Plan> whole_rest(const Flow& flow, std::uint32_t unsent_bytes,
                                                    const Settings& settings) {
    const bool ends = has_closed(flow.state()) && flow.fin_sent == 0;
    const std::uint32_t flight = flow.in_flight() + unsent_bytes;
    if (unsent_bytes > flow.mss_bytes() || (unsent_bytes == 0 && !ends)) return std::nullopt;
    if (flight >= flow.snd_wnd || flow.retransmitted != 0) return std::nullopt;
    if (flight >= initial_window_bytes(flow.mss_bytes(), settings)) return std::nullopt;
    const unsigned psh = unsent_bytes > 0 ? tcp_flag::psh : 0U, fin = ends ? tcp_flag::fin : 0U;
    const unsigned flags = tcp_flag::ack | psh | fin;
    return Plan{flow.snd_nxt, unsent_bytes, static_cast<std::uint8_t>(flags)};
}
/// The oldest segment in flight, to be sent again, even where the window shrank before it (RFC 9293
/// section 3.8.6, MUST-35, SHLD-16, MAY-7). There must be something in flight.
[[nodiscard]] Plan oldest_segment(const Flow& flow, const Effort* effort);
/// One byte of text (or the FIN) beyond a closed window: RFC 9293 section 3.8.6.1. In a window that
/// is open, but was not worth using: what fits (section 3.8.6.2.1, the override).
[[nodiscard]] std::optional<Plan> window_probe(const Flow& flow, const Outgoing& outgoing);

/// A segment with an ACK leaves: nothing is owed any more. `effort` may be null.
inline void acknowledged(Flow& flow, Effort* effort) {
    flow.ack_pending = flow.ack_now = 0;
    if (effort != nullptr) effort->last_ack_sent = flow.rcv_nxt;
}
/// `plan` was written and left: moves snd_nxt, starts the RTT measurement and the timer.
void sent(Flow& flow, Effort* effort, const Plan& plan, const Settings& settings, Tick now);

/// The user closed our half: RFC 9293 section 3.10.4. The FIN follows the text.
void close(Flow& flow);
/// True when an RST is what an ABORT sends: RFC 9293 section 3.10.5.
[[nodiscard]] bool abort_sends_reset(const Flow& flow);

/// The largest window that the field can say: RFC 7323 section 2.3.
[[nodiscard]] inline std::uint32_t largest_window(const Flow& flow, const Settings& settings) {
    return 65535U << (flow.window_scaling != 0 ? settings.window_scale : 0);
}
/// Whether there is a worthwhile step left to the largest window: if not, how much room there is
/// does not matter to offer_window().
[[nodiscard]] inline bool may_widen(const Flow& flow, const Settings& settings) {
    const std::uint32_t buffer = settings.receive_buffer_bytes;
    const bool exact = settings.receive_window_bytes != Settings::none;
    const std::uint32_t step = exact ? 1 : std::min(flow.mss_bytes(), buffer / 2);
    return flow.rcv_wnd() + step <= std::min(buffer, largest_window(flow, settings));
}
/// The window field for the next segment, moving rcv_adv: at most `room_bytes` beyond rcv_nxt,
/// never taken back (RFC 9293 section 3.8.6, SHLD-14), moved only by a worthwhile step (RFC 9293
/// section 3.8.6.2.2, MUST-39), or always, where the user has said how much exactly.
[[nodiscard]] std::uint16_t offer_window(Flow& flow, std::uint32_t room_bytes,
                                         const Settings& settings);
/// True when the peer shall learn at once that its window may grow to `room_bytes`: by two segments
/// or half the buffer, by less when it is closed.
[[nodiscard]] bool is_window_news(const Flow& flow, std::uint32_t room_bytes,
                                  const Settings& settings);

}  // namespace terminus::tcp
