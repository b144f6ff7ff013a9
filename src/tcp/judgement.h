/// One segment's way through the checks of RFC 9293 section 3.10.7, shared by the files that hold
/// them: input.cc (the order; sequence, RST, SYN), acknowledge.cc (ACK and window), syn_sent.cc,
/// timestamps.cc, ecn.cc.
#pragma once

#include "terminus/tcp/input.h"

namespace terminus::tcp {

/// One segment on its way through the checks. A check that returns false has settled it.
struct Judgement {
    Flow& flow;
    Effort* effort;
    const Segment& segment;
    const Context& context;
    Arrival& arrival;
    bool ts_outdated = false;  ///< RFC 7323 section 5.5: TS.Recent is too old to judge by

    bool settle(Drop drop) {
        arrival.drop = drop;
        return false;
    }
    /// The segment counts for nothing, but the peer learns where we stand: RFC 9293 section
    /// 3.10.7.4, first.
    bool answer_with_ack(Drop drop) {
        arrival.answered = true;
        return settle(drop);
    }
    /// RFC 5961: an ACK that lets a true peer prove itself.
    bool challenge(Drop drop = Drop::tcp_unacceptable) {
        arrival.challenged = true;
        return answer_with_ack(drop);
    }
    bool end(bool reset) {
        arrival.ended = true;
        arrival.reset = reset;
        return false;
    }
};

// acknowledge.cc
/// The window of a segment, scaled: RFC 7323 section 2.2.
[[nodiscard]] std::uint32_t window_of(const Flow& flow, const Segment& s);
/// The peer's FIN again: RFC 9293 section 3.10.7.4, eighth, TIME-WAIT. The 2 MSL begin anew.
inline void restart_time_wait(Flow& flow, Tick now) { flow.last_heard = now.ms(); }
/// RFC 9293 section 3.8.6.2.1: remembers the largest window seen, Max(SND.WND).
inline void note_window(const Flow& flow, Effort* effort) {
    if (effort != nullptr && flow.snd_wnd > effort->snd_wnd_max) effort->snd_wnd_max = flow.snd_wnd;
}
/// RFC 9293 section 3.10.7.4, fifth, for all states but SYN-SENT.
[[nodiscard]] bool check_ack(Judgement& j);
/// What the acknowledgement of our FIN means, by state.
[[nodiscard]] bool check_fin_acknowledged(Judgement& j);
/// SEG.ACK moves SND.UNA forward.
void advance_una(Judgement& j);

// timestamps.cc: of flows with timestamps agreed on.
/// PAWS, RFC 7323 section 5.3, R1; and section 3.2: no segment without a timestamp.
[[nodiscard]] bool check_timestamps(Judgement& j);
/// RFC 7323 section 4.3: a segment that counts becomes TS.Recent, where it is not beyond the text
/// that was acknowledged last.
void keep_timestamp(Judgement& j);
/// RFC 7323 section 4.1: SEG.ACK moves SND.UNA forward, and TSecr tells how old the text is that
/// it answers. 0: TSecr is none of ours.
[[nodiscard]] std::uint32_t echoed_rtt_us(const Judgement& j);
/// Takes that as a measurement, before SND.UNA moves.
void measure_by_echo(Judgement& j);

// ecn.cc
/// RFC 3168 section 6.1.3, of flows with ECN: marked text is echoed until CWR comes.
void note_congestion(Judgement& j);

// receive.cc
/// RFC 9293 section 3.10.7.4, seventh: what of the text lies inside the window and is new.
void find_text(Judgement& j);
/// RFC 2883 section 4: what of a segment was received before.
void note_duplicate(Judgement& j);

// syn_sent.cc
/// RFC 9293 section 3.10.7.3, whole.
void judge_in_syn_sent(Judgement& j);

}  // namespace terminus::tcp
