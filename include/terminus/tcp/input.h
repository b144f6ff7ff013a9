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
    bool resets = false;            ///< the segment deserves an RST from where its ACK points to
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

/// ESTABLISHED without an effort, neither repeating what is in flight nor probing the window nor
/// waiting for what is reordered: all of it in one comparison.
[[nodiscard]] inline bool is_calm(const Flow& flow) {
    constexpr auto odd = [](Waits waits) { return (static_cast<unsigned>(waits) & 1) != 0; };
    static_assert(odd(Waits::window) && odd(Waits::reordering) && odd(Waits::fin_wait_2));
    static_assert(!odd(Waits::silence) && !odd(Waits::answer) && !odd(Waits::tail_probe));
    const auto mode_of = [](const Flow& its) { return load<std::uint32_t>(&its.interface); };
    Flow mask, calm;  // the compiler makes constants of them
    mask.state_bits = 15;
    mask.waits_bits = 1;
    mask.hold(Held::busy, 0);
    mask.retransmitted = 1;
    enter(calm, State::established);
    return (mode_of(flow) & mode_of(mask)) == mode_of(calm);
}
/// Header prediction (V. Jacobson): in ESTABLISHED the next text, if any, all of it inside the
/// window, with an ACK that is no duplicate, to a flow that is calm. Its options and its mark of
/// ECN are for the caller to judge; of all else on_segment() would say no more of it than
/// take_expected() does.
[[nodiscard]] inline bool is_expected(const Flow& flow, const TcpHeader& header,
                                      std::uint32_t text_length) {
    if (!is_calm(flow) || (header.flags & ~tcp_flag::psh) != tcp_flag::ack) return false;
    if (header.seq.host() != flow.rcv_nxt.value || text_length > flow.rcv_wnd()) return false;
    const std::uint32_t acked = Seq{header.ack.host()} - flow.snd_una;
    if (acked > flow.in_flight()) return false;
    return (acked | text_length) != 0 || flow.in_flight() == 0;
}
/// Whether its timestamp, and no other option, is there as agreed on; takes it then. `ts_now` is
/// the clock of TSval.
[[nodiscard]] bool take_expected_timestamp(Flow& flow, const TcpHeader& header,
                                           std::uint32_t ts_now);
/// A segment came that counts for something.
inline void note_heard(Flow& flow, Tick now) {
    // A delayed ACK is due a while after the text that it delays: bare ACKs do not put it off.
    if (flow.state() != State::time_wait && flow.ack_pending == 0) flow.last_heard = now.ms();
    if (flow.waits() == Waits::silence) flow.backoff = 0;  // keepalive: the peer has answered
}
/// SEG.ACK moves SND.UNA forward, of a flow without an effort.
void take_ack(Flow& flow, Seq ack, const Settings& settings, Tick now);
/// Takes its ACK and its window; the text is for the caller to take. True: the ACK is news.
inline bool take_expected(Flow& flow, const TcpHeader& header, const Settings& settings, Tick now) {
    const Seq ack{header.ack.host()};
    const bool progress = ack != flow.snd_una;
    note_heard(flow, now);
    if (progress) take_ack(flow, ack, settings, now);
    if (!progress && flow.rcv_nxt < flow.snd_wl1) return false;
    flow.snd_wnd = (std::uint32_t{header.window.host()} << flow.send_scale) & largest_window_bytes;
    flow.snd_wl1 = flow.rcv_nxt;
    return progress;
}

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
