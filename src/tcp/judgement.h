/// One segment's way through the checks of RFC 9293 section 3.10.7, shared by the files that hold
/// them: input.cc (the order; sequence, RST, SYN), acknowledge.cc (ACK and window), syn_sent.cc.
#pragma once

#include "terminus/tcp/input.h"

namespace terminus::tcp {

/// One segment on its way through the checks. A check that returns false has settled it.
struct Judgement {
    Flow& flow;
    Effort* effort;
    const Segment& segment;
    const Context& context;
    Arrival arrival;

    bool settle(Drop drop) {
        arrival.drop = drop;
        return false;
    }
    /// The segment counts for nothing, but the peer learns where we stand.
    bool answer_with_ack(Drop drop) {
        flow.ack_now = 1;
        return settle(drop);
    }
    /// RFC 5961: an ACK that lets a true peer prove itself.
    bool challenge() {
        arrival.challenged = true;
        return answer_with_ack(Drop::tcp_unacceptable);
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
/// RFC 9293 section 3.10.7.4, fifth, for all states but SYN-SENT.
[[nodiscard]] bool check_ack(Judgement& j);
/// What the acknowledgement of our FIN means, by state.
[[nodiscard]] bool check_fin_acknowledged(Judgement& j);
/// SEG.ACK moves SND.UNA forward.
void advance_una(Judgement& j);

// syn_sent.cc
/// RFC 9293 section 3.10.7.3, whole.
void judge_in_syn_sent(Judgement& j);

}  // namespace terminus::tcp
