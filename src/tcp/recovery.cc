#include "terminus/tcp/recovery.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/path.h"
#include "terminus/tcp/rack.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint16_t duplicate_threshold = 3;  // RFC 5681 section 3.2

/// The recovery at hand, one ACK long.
struct Step {
    Effort& effort;
    const Flow& flow;
    const Delivery& delivery;
    const Settings& settings;
    Tick now;
    std::uint32_t delivered_bytes;  ///< RFC 9937 section 5: DeliveredData
    bool lost_more = false;         ///< this ACK tells of a loss
};

void begin_reduction(Step& s, std::uint32_t flight_bytes) {
    Effort& effort = s.effort;
    const Delivery& d = s.delivery;
    lower_threshold(effort, s.flow, flight_bytes, s.settings);
    // RFC 9937 section 5: what was SACKed before is not delivered again during recovery.
    const std::uint32_t held = std::min(s.flow.sack != 0 || effort.duplicate_acks == 0
                                            ? d.held_before_bytes
                                            : (effort.duplicate_acks - 1U) * s.flow.mss_bytes(),
                                        d.flight_before_bytes);
    effort.prr = {.recover_flight_bytes = d.flight_before_bytes - held};
}

void shrink(Step& s) {
    if (s.delivered_bytes == 0) return;  // RFC 9937 section 5
    const std::uint32_t flight = pipe_bytes(s.effort, s.flow);
    const bool advances = s.delivery.acked_bytes > 0;
    std::uint32_t count = prr_send_bytes(s.effort.prr, {.delivered_bytes = s.delivered_bytes,
                                                        .flight_bytes = flight,
                                                        .ssthresh_bytes = s.effort.ssthresh_bytes,
                                                        .mss_bytes = s.flow.mss_bytes(),
                                                        .is_safe = advances && !s.lost_more});
    // RFC 6582 section 3.2, step 3: a partial ACK has the next hole sent again at once.
    if (s.flow.sack == 0 && advances && s.effort.recovery == Recovery::recovery)
        count = std::max(count, s.flow.mss_bytes());
    s.effort.cwnd_bytes = flight + count;
}

void lose_head(Effort& effort, const Flow& flow) {
    if (effort.sent.empty()) return;
    const std::uint32_t size =
        std::min<std::uint32_t>(effort.sent.runs().front().size_bytes, flow.mss_bytes());
    effort.sent.change(flow.snd_una, flow.snd_una + std::max(size, 1U), [](Seq, Run& run) {
        if (run.in_flight() && !run.has(run_flag::resent)) run.lose();
    });
}

void enter_recovery(Step& s) {
    if (s.effort.recovery != Recovery::reduced) begin_reduction(s, s.delivery.flight_before_bytes);
    s.effort.recovery = Recovery::recovery;
    s.effort.recover = s.flow.snd_nxt;
    s.effort.probing = s.effort.probe_due = 0;  // RFC 8985 section 7.4
    forget_path_probe(s.effort);
    s.delivered_bytes = std::max(s.delivered_bytes, 1U);  // the first repetition leaves now
    shrink(s);
}

void leave_recovery(Step& s) {
    s.effort.cwnd_bytes = s.effort.ssthresh_bytes;
    s.effort.recovery = Recovery::open;
    s.effort.duplicate_acks = 0;
    narrow_reordering_window(s.effort);
}

/// All that was sent again is proved to have come twice (RFC 2883 section 5, RFC 3708), or what is
/// acknowledged was sent before it (RFC 3522 section 3).
bool was_needless(const Step& s) {
    const Effort& effort = s.effort;
    if (effort.undoable == 0 || effort.sent_again == 0) return false;
    return effort.undo.unproved_bytes == 0 ||
           (s.delivery.echoes_first_copy && s.delivery.acked_bytes > 0);
}

/// Nothing is lost: it only took longer.
void find_all(Step& s) {
    s.effort.sent.change(s.effort.sent.begin(), s.effort.sent.end(), [&](Seq, Run& run) {
        if (run.is_due()) run.return_to_flight(s.now.us32());
    });
}

void take_back(Step& s) {
    find_all(s);
    take_back_reduction(s.effort);
    s.effort.recovery = Recovery::open;
    s.effort.doubts_timeout = 0;
    s.effort.duplicate_acks = 0;
}

// RFC 3168 section 6.1.2: once in a window; not for what was sent before the last reduction.
bool is_marked(const Step& s) {
    return s.delivery.echoes_congestion && s.flow.snd_una > s.effort.recover;
}

void enter_reduced(Step& s) {
    begin_reduction(s, s.delivery.flight_before_bytes);
    s.effort.undoable = 0;  // a mark is no mistake
    s.effort.recovery = Recovery::reduced;
    s.effort.recover = s.flow.snd_nxt;
    shrink(s);
    if (s.flow.in_flight() == 0) leave_recovery(s);
}

// RFC 6582 section 3.2, step 2: only an ACK beyond `recover` begins another fast retransmit.
bool loses_without_sack(const Step& s) {
    return s.effort.duplicate_acks >= duplicate_threshold && s.flow.snd_una > s.effort.recover &&
           s.delivery.duplicate;
}

bool notice_losses(Step& s) {
    if (s.flow.sack != 0) return has_losses(s.effort);
    if (!loses_without_sack(s)) return false;
    s.effort.duplicate_acks = duplicate_threshold;
    lose_head(s.effort, s.flow);
    return true;
}

void grow(Step& s) {
    if (s.delivery.acked_bytes > 0)
        grow_window(s.effort, s.flow, s.delivery.acked_bytes, s.settings, s.now);
}

/// Sequence numbers are compared within half their space: what lies far behind follows.
void drag_along(Step& s) {
    constexpr std::uint32_t far = 1U << 30;
    if (s.flow.snd_una > s.effort.recover + far) s.effort.recover = s.flow.snd_una - 1;
}

/// open and disorder.
bool go_on(Step& s) {
    drag_along(s);
    if (was_needless(s)) take_back_reduction(s.effort);
    if (notice_losses(s)) {
        if (is_path_probe_alone_lost(s.effort)) [[unlikely]]
            s.effort.recovery = Recovery::disorder;  // sent again, and nothing is reduced
        else
            enter_recovery(s);
        return true;
    }
    if (is_marked(s)) {
        enter_reduced(s);
        return false;
    }
    const bool disorder = s.effort.duplicate_acks > 0 || s.effort.sent.sacked_bytes() > 0;
    s.effort.recovery = disorder ? Recovery::disorder : Recovery::open;
    grow(s);
    return false;
}

bool go_on_reduced(Step& s) {
    if (notice_losses(s)) {
        enter_recovery(s);
        return true;
    }
    shrink(s);
    if (s.flow.snd_una >= s.effort.recover) leave_recovery(s);
    return false;
}

/// A recovery is over, and what was sent meanwhile may be lost too: that is another one.
bool begin_another(Step& s) {
    if (s.flow.sack == 0 || !has_losses(s.effort)) return false;
    enter_recovery(s);
    return true;
}

bool go_on_recovering(Step& s) {
    if (was_needless(s)) {
        take_back(s);
        return false;
    }
    if (s.flow.snd_una >= s.effort.recover) {
        leave_recovery(s);
        return begin_another(s);
    }
    if (s.flow.sack == 0 && s.delivery.acked_bytes > 0) lose_head(s.effort, s.flow);
    shrink(s);
    return false;
}

/// RFC 5682 section 3.1, with what SACK and RFC 8985's records tell. True: the timeout was a
/// mistake, and its loss is taken back.
bool doubt_timeout(Step& s) {
    Effort& effort = s.effort;
    const Delivery& d = s.delivery;
    // Step 3 b: what was sent only once, before the timeout, arrives.
    if (d.first_copy && (s.flow.sack != 0 || !d.second_copy)) {
        take_back(s);
        return true;
    }
    const bool all = s.flow.snd_una >= effort.recover;
    if (s.flow.snd_nxt > effort.recover || all) {
        if (d.sacked_bytes == 0 && !d.duplicate) return false;
        effort.doubts_timeout = 0;  // step 3 a
        effort.cwnd_bytes = 3 * s.flow.mss_bytes();
        return false;
    }
    if (d.duplicate || d.sacked_bytes > 0) effort.doubts_timeout = 0;  // step 2 a
    if (d.acked_bytes == 0 || effort.doubts_timeout == 0) return false;
    effort.prefers_new = 1;  // step 2 b
    return false;
}

bool go_on_after_timeout(Step& s) {
    if (was_needless(s)) {
        take_back(s);
        return false;
    }
    if (s.effort.doubts_timeout != 0 && doubt_timeout(s)) return false;
    grow(s);
    if (s.flow.snd_una < s.effort.recover) return false;
    s.effort.recovery = Recovery::open;
    s.effort.doubts_timeout = 0;
    s.effort.duplicate_acks = 0;
    narrow_reordering_window(s.effort);
    return begin_another(s);
}

bool go_on_by_state(Step& s) {
    switch (s.effort.recovery) {
        case Recovery::open:
        case Recovery::disorder: return go_on(s);
        case Recovery::reduced: return go_on_reduced(s);
        case Recovery::recovery: return go_on_recovering(s);
        case Recovery::loss: return go_on_after_timeout(s);
    }
    return false;
}

/// RFC 9937 section 5, without SACK: a duplicate ACK stands for one segment, and what an ACK covers
/// later does not count again.
void count_duplicates(Step& s) {
    Effort& effort = s.effort;
    const std::uint32_t mss = s.flow.mss_bytes();
    if (s.delivery.duplicate) {
        if (effort.duplicate_acks < 65535) ++effort.duplicate_acks;
        s.delivered_bytes += mss;
        return;
    }
    const std::uint32_t acked = s.delivery.acked_bytes;
    if (acked == 0) return;
    const std::uint32_t held = effort.duplicate_acks * mss;
    s.delivered_bytes = std::max(acked > held ? acked - held : 0, std::min(acked, mss));
    const std::uint32_t segments = (acked + mss - 1) / mss;
    const bool recovers = effort.recovery == Recovery::recovery;
    // One acknowledged segment was the hole; the others are those that the duplicates told of.
    effort.duplicate_acks = static_cast<std::uint16_t>(
        recovers
            ? effort.duplicate_acks - std::min<std::uint32_t>(effort.duplicate_acks, segments - 1)
            : 0);
}

/// TLP_process_ack(), RFC 8985 section 7.4.2.
void judge_probe(Step& s) {
    Effort& effort = s.effort;
    if (effort.probing == 0 || s.flow.snd_una < effort.tail_probe_end) return;
    if (effort.probe_repeats == 0 || s.delivery.proves_probe) {
        effort.probing = 0;  // nothing was repeated, or nothing was lost
        return;
    }
    if (s.flow.snd_una > effort.tail_probe_end) {  // the probe repaired a loss
        effort.probing = 0;
        if (effort.recovery > Recovery::disorder) return;
        begin_reduction(s, effort.cwnd_bytes);  // the flight that lost it is over
        effort.undoable = 0;
        effort.cwnd_bytes = std::min(effort.cwnd_bytes, effort.ssthresh_bytes);
        effort.recover = s.flow.snd_nxt;
        return;
    }
    if (s.delivery.bare && s.delivery.delivered_bytes == 0) effort.probing = 0;  // both came
}

}  // namespace

Reaction on_delivery(Effort& effort, const Flow& flow, const Delivery& delivery,
                     const Settings& settings, Tick now) {
    Step s{effort, flow, delivery, settings, now, delivery.delivered_bytes};
    effort.prefers_new = 0;
    Reaction reaction;
    if (flow.sack == 0) {
        count_duplicates(s);
    } else {
        widen_reordering_window(effort, flow, delivery);
        const Losses losses = detect_losses(effort, flow, now);
        s.lost_more = losses.lost_bytes > 0;
        reaction.wait_us = losses.wait_us;
    }
    judge_probe(s);
    reaction.begins = go_on_by_state(s);
    return reaction;
}

Reaction on_reordering_timeout(Effort& effort, const Flow& flow, const Settings& settings,
                               Tick now) {
    Delivery nothing{.flight_before_bytes = flow.in_flight()};
    const Losses losses = detect_losses(effort, flow, now);
    Reaction reaction{.begins = false, .wait_us = losses.wait_us};
    if (losses.lost_bytes == 0) return reaction;
    nothing.held_before_bytes = effort.sent.sacked_bytes();
    // As if a segment had just arrived.
    Step s{effort, flow, nothing, settings, now, flow.mss_bytes(), true};
    if (effort.recovery <= Recovery::disorder && is_path_probe_alone_lost(effort)) {
        reaction.begins = true;
    } else if (effort.recovery <= Recovery::reduced) {
        reaction.begins = true;
        enter_recovery(s);
    } else if (effort.recovery == Recovery::recovery) {
        shrink(s);
    }
    return reaction;
}

void on_timeout(Effort& effort, const Flow& flow, const Settings& settings, Tick now) {
    // RFC 5681 section 3.1: held constant while the timer repeats one segment.
    if (flow.backoff == 0) {
        const bool anew = effort.recovery <= Recovery::disorder;
        const std::uint32_t before = anew ? no_threshold_bytes : effort.ssthresh_bytes;
        const Undo undo = effort.undo;
        lower_threshold(effort, flow, flow.in_flight(), settings);
        effort.ssthresh_bytes = std::min(effort.ssthresh_bytes, before);
        if (!anew) effort.undo = undo;
        effort.doubts_timeout = anew ? 1 : 0;  // RFC 5682 section 2.1, step 1
    } else {
        effort.doubts_timeout = 0;
    }
    effort.undo.unproved_bytes = 0;
    effort.sent_again = 0;
    effort.recovery = Recovery::loss;
    effort.recover = flow.snd_nxt;
    effort.duplicate_acks = 0;
    effort.acked_bytes = 0;
    effort.probing = effort.probe_due = effort.prefers_new = 0;
    forget_path_probe(effort);
    lose_on_timeout(effort, flow, now);
    effort.cwnd_bytes = pipe_bytes(effort, flow) + flow.mss_bytes();
}

void on_departure(Effort& effort, const Flow& flow, const Departure& departure, Tick now) {
    const Seq end = departure.seq + departure.length;
    effort.prr.out_bytes += departure.length;
    if (end > flow.snd_nxt) {
        if (effort.sent.empty()) effort.sent.clear(departure.seq);
        effort.sent.append(end, departure.pushed ? run_flag::pushed : 0, now.us32());
        return;
    }
    effort.sent.change(departure.seq, end, [&](Seq, Run& run) { run.send_again(now.us32()); });
    ++effort.total_retransmissions;
    if (effort.sent_again == 0) effort.undo.repeated = now.ms();
    effort.sent_again = 1;
    effort.undo.unproved_bytes += departure.length;
    if (effort.prefers_new != 0) effort.prefers_new = effort.doubts_timeout = 0;
}

void send_all_again(Effort& effort) {
    effort.sent.change(effort.sent.begin(), effort.sent.end(), [](Seq, Run& run) {
        if (run.in_flight()) run.lose();
    });
}

}  // namespace terminus::tcp
