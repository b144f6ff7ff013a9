/// Urgent text: RFC 9293 section 3.8.5 (MUST-30). The pointer leads one past the last urgent octet
/// (MUST-62), however much that is (MUST-31); urgent text stays in its place in the stream. What is
/// known of it lies in the effort, which every conversation has; a flow without one knows of no
/// urgency.
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/segment.h"

namespace terminus::tcp {

/// The user's SEND was urgent, and its text ends before `end`: RFC 9293 section 3.10.2, SND.UP.
/// Where no text may leave, an ACK that tells of it is due at once.
void set_urgent(Flow& flow, Effort& effort, Seq end);
/// The peer's segment has URG: RFC 9293 section 3.10.7.4, sixth. `effort` may be null.
void take_urgent(const Flow& flow, Effort* effort, const Segment& segment);
/// Tells of urgent text in a segment that begins before its end. `effort` may be null.
void mark_urgent(const Flow& flow, Effort* effort, Reply& fields);

/// SND.UP and RCV.UP, as STATUS tells them; where nothing was ever urgent they go along with the
/// text.
[[nodiscard]] inline Seq snd_up(const Flow& flow, const Effort& effort) {
    return effort.urgent_out != 0 ? effort.snd_up : flow.snd_una;
}
[[nodiscard]] inline Seq rcv_up(const Flow& flow, const Effort& effort) {
    return effort.urgent_in != 0 ? effort.rcv_up : flow.rcv_nxt;
}

}  // namespace terminus::tcp
