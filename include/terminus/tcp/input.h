/// SEGMENT ARRIVES for a flow: RFC 9293 section 3.10.7.3 (SYN-SENT) and 3.10.7.4 (all other
/// states).
#pragma once

#include "terminus/base/drop.h"
#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/open.h"
#include "terminus/tcp/segment.h"
#include "terminus/tcp/settings.h"

#include <cstdint>
#include <optional>

namespace terminus::tcp {

/// What a segment meant. The flow is already changed; text and FIN wait for the stack, which says
/// taken() and take_fin() once the text has a place.
struct Arrival {
    Drop drop = Drop::none;      ///< the segment counts for nothing
    bool ended = false;          ///< the flow is CLOSED: the record goes
    bool reset = false;          ///< with `ended`: by the peer's RST
    bool refused = false;        ///< with `ended`: before it was established
    bool reopens = false;        ///< a SYN that may begin anew what is in TIME-WAIT: RFC 6191. The
                                 ///< flow stands until somebody accepts the SYN.
    bool established = false;    ///< the handshake completed just now
    bool answered = false;       ///< unacceptable: an ACK tells the peer where we stand, if the
                                 ///< limit of the flow allows one (RFC 5961 section 7)
    bool challenged = false;     ///< with `answered`: the ACK is a challenge (RFC 5961)
    bool repeat_syn = false;     ///< our SYN or SYN-ACK is to be sent (again)
    bool retransmit = false;     ///< the oldest segment in flight is to be sent again, now
    bool recovers = false;       ///< fast recovery begins: output sends again what is lost
    bool duplicate_ack = false;  ///< RFC 5681 section 2's definition holds
    bool fin = false;            ///< a FIN inside the window, after the text
    bool is_next = false;        ///< just the next text, or none, and an ACK that may be news:
                                 ///< of all above only retransmit, recovers and duplicate_ack
                                 ///< may hold
    std::uint32_t acked_bytes = 0;  ///< sequence space newly acknowledged, SYN and FIN included
    std::uint32_t text_skip = 0;    ///< text to pass over: received before
    std::uint32_t text_length = 0;  ///< text to take after that, inside the window
    SackedRange duplicate;          ///< what came before and came again: RFC 2883; else empty
    std::optional<Reply> reply;     ///< an RST that the segment deserves
};

/// What one look at a segment needs besides the flow.
struct Context {
    const Settings& settings;
    LinkLimits link;
    Tick now;
    std::uint32_t ts_now = 0;  ///< TSval's clock (timestamps.h), for flows with timestamps
};

/// SEGMENT ARRIVES, in the RFC's own order. Each check either settles the segment or lets it
/// through.
[[nodiscard]] Arrival on_segment(Flow& flow, Effort* effort, const Segment& segment,
                                 const Context& context);

/// The flow borrowed an effort because of `segment`, a duplicate ACK or one with SACK or ECE that
/// on_segment() let through without one: what it tells of loss counts now. Returns true when fast
/// recovery begins.
[[nodiscard]] bool take_late(Flow& flow, Effort& effort, const Segment& segment,
                             const Context& context, const Arrival& arrival);

/// `bytes` of in-order text were taken or held: they are acknowledged from now on, at once or with
/// a delay: RFC 9293 sections 3.10.7.4, seventh, and 3.8.6.3 (SHLD-19); a segment out of order is
/// acknowledged at once (MAY-13). `effort` may be null.
void taken(Flow& flow, const Effort* effort, std::uint32_t bytes, const Settings& settings);
/// All text before the FIN is in: RFC 9293 section 3.10.7.4, eighth.
void take_fin(Flow& flow, const Context& context);

}  // namespace terminus::tcp
