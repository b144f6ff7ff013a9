/// What a segment acknowledges and what window it offers: RFC 9293 section 3.10.7.4, fifth.
#include "terminus/tcp/recovery.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include "judgement.h"

#include <algorithm>

namespace terminus::tcp {

using namespace tcp_flag;

namespace {

void take_window(Judgement& j) {
    Flow& flow = j.flow;
    flow.snd_wnd = window_of(flow, j.segment) & largest_window_bytes;
    flow.snd_wl1 = j.segment.seq;
    note_window(flow, j.effort);
}

// MAX.SND.WND of RFC 5961 section 5.2; without an effort, the most that the field can say.
std::uint32_t largest_window(const Judgement& j) {
    return j.effort != nullptr ? j.effort->snd_wnd_max : 65535U << j.flow.send_scale;
}

// RFC 9293 section 3.10.7.4, fifth, SYN-RECEIVED.
bool complete_handshake(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!(flow.snd_una < s.ack && s.ack <= flow.snd_nxt)) {
        j.arrival.resets = true;
        return j.settle(Drop::tcp_unacceptable);
    }
    enter(flow, State::established);
    j.arrival.established = true;
    return true;
}

// RFC 6298 section 3: without timestamps what was sent once is measured, one segment in each round
// trip.
void measure_by_clock(Flow& flow, Tick now) {
    if (!flow.is_timed()) return;
    if (flow.retransmitted == 0) sample_rtt(flow, flow.timed_us(now));
    flow.stop_timing();
}
void measure(Judgement& j) {
    if (j.flow.timestamps != 0) return measure_by_echo(j);
    measure_by_clock(j.flow, j.context.now);
}

// The same from the scoreboard's times, which know nothing of what was sent again: there an echo
// does (RFC 7323 section 4.1). Until a measurement comes the timeout stays backed off, as RFC 6298
// section 5 has it.
void measure(const Judgement& j, const Delivery& delivery) {
    Flow& flow = j.flow;
    Effort& effort = *j.effort;
    if (delivery.acked_bytes > 0 && flow.backoff > 0)
        effort.kept_backoff = static_cast<std::uint8_t>(
            std::min<int>(effort.kept_backoff + flow.backoff, most_backoff));
    std::uint32_t rtt_us = delivery.second_copy ? 0 : delivery.rtt_us;
    if (rtt_us == 0 && flow.timestamps != 0) rtt_us = echoed_rtt_us(j);
    if (rtt_us == 0 || flow.snd_una <= effort.timed_to) return;
    if (effort.is_first_guess != 0) flow.srtt = ShortMicros{};
    effort.is_first_guess = 0;
    effort.kept_backoff = 0;
    effort.timed_to = flow.snd_nxt;
    sample_rtt(flow, rtt_us);
}

// The SYN had to be repeated: the timeout begins with three seconds (RFC 6298 section 5.7), which
// an estimate of one second gives, and one segment comes first (RFC 5681 section 3.1).
void begin_after_loss(Flow& flow, Effort* effort) {
    constexpr std::uint32_t estimate_us = 1'000'000;
    flow.srtt = flow.rttvar = ShortMicros{};
    sample_rtt(flow, estimate_us);
    flow.retransmitted = 1;
    if (effort == nullptr) return;
    effort->cwnd_bytes = flow.mss_bytes();
    effort->is_first_guess = 1;
}

// SND.UNA moves to SEG.ACK, and the timer follows.
void move_una(Flow& flow, Effort* effort, Seq ack, const Settings& settings, Tick now) {
    flow.snd_una = ack;
    // Deliberate: RFC 6298 section 5 keeps it until the next measurement. A flow without an
    // effort has no place for it, and progress is proof enough.
    flow.backoff = 0;
    if (effort != nullptr) effort->sent.clear(ack);
    if (flow.in_flight() != 0) return await_delivery(flow, effort, settings, now);
    go_silent(flow);  // RFC 6298 section 5.2
    if (settings.keepalive) hasten_keepalive(flow, settings);
}

// RFC 5681 section 2: (a) outstanding data, (b) no data, (c) no SYN or FIN, (d) the greatest ACK,
// (e) same window.
bool is_duplicate_ack(const Flow& flow, const Segment& s) {
    if (flow.snd_wnd == 0) return false;  // it answers a probe of the window
    return flow.in_flight() > 0 && s.length() == 0 && s.ack == flow.snd_una &&
           window_of(flow, s) == flow.snd_wnd;
}

void update_window(Judgement& j, bool progress) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    // RFC 9293 section 3.10.7.4: SND.WL1 < SEG.SEQ, or equal and SND.WL2 =< SEG.ACK, which holds
    // for every acceptable ACK, as SND.WL2 never lies beyond SND.UNA.
    if (!progress && s.seq < flow.snd_wl1) return;
    const bool was_closed = flow.waits() == Waits::window;
    take_window(j);
    if (!was_closed) return;
    if (flow.snd_wnd == 0) return;
    // The window opens. What only probed it is sent again as text: snd_nxt goes back over it.
    if (flow.in_flight() > 0 && flow.fin_sent != 0) flow.fin_sent = 0;
    flow.snd_nxt = flow.snd_una;
    if (j.effort != nullptr) j.effort->sent.clear(flow.snd_una);
    go_silent(flow);
}

}  // namespace

std::uint32_t window_of(const Flow& flow, const Segment& s) {
    return static_cast<std::uint32_t>(s.window) << (s.has(syn) ? 0U : flow.send_scale);
}

void advance_una(Judgement& j) {
    Flow& flow = j.flow;
    j.arrival.acked_bytes = j.segment.ack - flow.snd_una;
    const bool was_repeated = flow.retransmitted != 0;
    measure(j);
    move_una(flow, j.effort, j.segment.ack, j.context.settings, j.context.now);
    j.arrival.retransmit = was_repeated && flow.in_flight() != 0;
    const bool syn_repeated = was_repeated && j.arrival.established;
    if (syn_repeated && flow.in_flight() == 0) begin_after_loss(flow, j.effort);
}

void take_ack(Flow& flow, Seq ack, const Settings& settings, Tick now) {
    measure_by_clock(flow, now);
    move_una(flow, nullptr, ack, settings, now);
}

namespace {

/// An ACK that tells the sender nothing: the receiver of a stream sees little else.
bool tells_nothing(const Judgement& j, bool progress) {
    const Segment& s = j.segment;
    return !progress && !j.arrival.duplicate_ack && s.options.sack_count == 0 && !s.has(ece) &&
           j.effort->probing == 0;
}

void run_timer(Judgement& j, bool progress, std::uint32_t reordering_us) {
    Flow& flow = j.flow;
    const Settings& settings = j.context.settings;
    if (flow.in_flight() == 0) {
        if (progress) go_silent(flow);  // RFC 6298 section 5.2
    } else if (reordering_us > 0) {
        await_reordering(flow, reordering_us, j.context.now);
    } else if (progress) {
        await_delivery(flow, j.effort, settings, j.context.now);  // RFC 6298 section 5.3
    } else if (flow.waits() == Waits::reordering ||
               (flow.waits() == Waits::tail_probe && j.effort->recovery == Recovery::disorder)) {
        await_rest(flow, *j.effort, settings, j.context.now);
    }
}

/// Eifel detection, RFC 3522 section 3.2: the peer echoes a segment that left before the first
/// repetition did. The clock of both is the same, in milliseconds.
bool echoes_first_copy(const Judgement& j) {
    const Effort& effort = *j.effort;
    if (j.flow.timestamps == 0 || effort.sent_again == 0) return false;
    const auto age_ms = static_cast<std::int32_t>(j.context.ts_now - j.segment.options.ts_echo);
    return age_ms > elapsed_ms(effort.undo.repeated, j.context.now.ms());
}

Delivery deliver(const Judgement& j) {
    const Flow& flow = j.flow;
    const Segment& s = j.segment;
    Delivery delivery = take_delivery(*j.effort, flow, s, j.context.now);
    delivery.bare = s.length() == 0 && window_of(flow, s) == flow.snd_wnd;
    delivery.duplicate = j.arrival.duplicate_ack;
    delivery.echoes_first_copy = echoes_first_copy(j);
    delivery.echoes_congestion = flow.ecn != 0 && s.has(ece) && !s.has(syn);
    return delivery;
}

/// A flow with an effort: what the ACK and its SACK blocks mean for recovery and the window.
void recover(Judgement& j, bool progress) {
    Flow& flow = j.flow;
    if (tells_nothing(j, progress)) return;
    const Delivery delivery = deliver(j);
    if (progress) {
        flow.snd_una = j.segment.ack;
        j.arrival.acked_bytes = delivery.acked_bytes;
        measure(j, delivery);
        flow.backoff = 0;
        flow.retransmitted = 0;
    }
    const Reaction reaction =
        on_delivery(*j.effort, flow, delivery, j.context.settings, j.context.now);
    j.arrival.recovers = reaction.begins;
    run_timer(j, progress, reaction.wait_us);
}

}  // namespace

bool take_late(Flow& flow, Effort& effort, const Segment& segment, const Context& context,
               const Arrival& arrival) {
    Arrival again = arrival;
    Judgement j{flow, &effort, segment, context, again};
    Delivery delivery = deliver(j);
    delivery.acked_bytes += arrival.acked_bytes;
    delivery.flight_before_bytes += arrival.acked_bytes;
    const Reaction reaction = on_delivery(effort, flow, delivery, context.settings, context.now);
    run_timer(j, false, reaction.wait_us);
    return reaction.begins;
}

// RFC 9293 section 3.10.7.4, fifth, ESTABLISHED; RFC 5961 section 5.2 (MAY-12) narrows what is
// acceptable.
bool check_ack(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!s.has(ack)) return j.settle(Drop::tcp_unacceptable);
    if (flow.state() == State::syn_received && !complete_handshake(j)) return false;
    if (s.ack > flow.snd_nxt) return j.answer_with_ack(Drop::tcp_unacceptable);
    if (s.ack < flow.snd_una && s.ack < flow.snd_una - largest_window(j)) return j.challenge();
    note_heard(flow, j.context.now);
    const bool progress = s.ack > flow.snd_una;
    j.arrival.duplicate_ack = !progress && is_duplicate_ack(flow, s);
    if (j.effort != nullptr && !j.arrival.established)
        recover(j, progress);
    else if (progress)
        advance_una(j);
    if (s.ack >= flow.snd_una) update_window(j, progress);
    return true;
}

// What the acknowledgement of our FIN means: RFC 9293 section 3.10.7.4, fifth, by state.
bool check_fin_acknowledged(Judgement& j) {
    Flow& flow = j.flow;
    if (flow.fin_sent == 0 || flow.in_flight() != 0) return true;
    switch (flow.state()) {
        case State::fin_wait_1:
            enter(flow, State::fin_wait_2);
            go_silent(flow);
            return true;
        case State::closing:
            await_old_segments(flow, j.context.settings, j.context.now);
            return true;
        case State::last_ack: return j.end(false);
        default: return true;
    }
}

}  // namespace terminus::tcp
