/// What a segment acknowledges and what window it offers: RFC 9293 section 3.10.7.4, fifth.
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include "judgement.h"

namespace terminus::tcp {

using namespace tcp_flag;

namespace {

void take_window(Flow& flow, const Segment& s) {
    flow.snd_wnd = window_of(flow, s) & largest_window_bytes;
    flow.snd_wl1 = s.seq;
}

// RFC 9293 section 3.10.7.4, fifth, SYN-RECEIVED.
bool complete_handshake(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!(flow.snd_una < s.ack && s.ack <= flow.snd_nxt)) {
        j.arrival.reply = Reply{.seq = s.ack, .flags = rst};
        return j.settle(Drop::tcp_unacceptable);
    }
    enter(flow, State::established);
    take_window(flow, s);
    j.arrival.established = true;
    return true;
}

// RFC 6298 section 3: what was sent once is measured, one segment in each round trip.
void measure(Flow& flow, const Effort* effort, Seq ack, Tick now) {
    if (!flow.is_timed() || (effort != nullptr && ack < effort->timed_to)) return;
    if (flow.retransmitted == 0) sample_rtt(flow, flow.timed_us(now));
    flow.stop_timing();
}

// The SYN had to be repeated: the timeout begins with three seconds (RFC 6298 section 5.7), which
// an estimate of one second gives, and one segment comes first (RFC 5681 section 3.1).
void begin_after_loss(Flow& flow, Effort* effort) {
    constexpr std::uint32_t estimate_us = 1'000'000;
    sample_rtt(flow, estimate_us);
    flow.retransmitted = 1;
    if (effort != nullptr) effort->cwnd_bytes = flow.mss_bytes();
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
    take_window(flow, s);
    if (!was_closed) return;
    if (flow.snd_wnd == 0) return;
    // The window opens. What only probed it is sent again as text: snd_nxt goes back over it.
    if (flow.in_flight() > 0 && flow.fin_sent != 0) flow.fin_sent = 0;
    flow.snd_nxt = flow.snd_una;
    go_silent(flow);
}

}  // namespace

std::uint32_t window_of(const Flow& flow, const Segment& s) {
    return static_cast<std::uint32_t>(s.window) << (s.has(syn) ? 0U : flow.send_scale);
}

void advance_una(Judgement& j) {
    Flow& flow = j.flow;
    const std::uint32_t acked = j.segment.ack - flow.snd_una;
    j.arrival.acked_bytes = acked;
    const bool syn_repeated = j.arrival.established && flow.retransmitted != 0;
    measure(flow, j.effort, j.segment.ack, j.context.now);
    flow.snd_una = j.segment.ack;
    flow.backoff =
        0;  // Deliberate: RFC 6298 keeps it until the next measurement; progress is proof enough
    const bool more =
        j.effort != nullptr ? on_new_ack(*j.effort, flow, acked) : flow.retransmitted != 0;
    if (flow.in_flight() == 0) {
        go_silent(flow);  // RFC 6298 section 5.2
        if (syn_repeated) begin_after_loss(flow, j.effort);
        return;
    }
    // All that was sent again is acknowledged: from now on text is sent once.
    if (j.effort != nullptr && flow.snd_una >= j.effort->recover) flow.retransmitted = 0;
    j.arrival.retransmit = more;
    await_answer(flow, j.context.settings, j.context.now);  // RFC 6298 section 5.3
}

// RFC 9293 section 3.10.7.4, fifth, ESTABLISHED; RFC 5961 section 5.2 narrows what is acceptable.
bool check_ack(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!s.has(ack)) return j.settle(Drop::tcp_unacceptable);
    if (flow.state() == State::syn_received && !complete_handshake(j)) return false;
    if (s.ack > flow.snd_nxt) return j.answer_with_ack(Drop::tcp_unacceptable);
    const std::uint32_t largest_window = 65535U << flow.send_scale;
    if (s.ack < flow.snd_una - largest_window) return j.challenge();
    // A delayed ACK is due a while after the text that it delays: bare ACKs do not put it off.
    if (flow.state() != State::time_wait && flow.ack_pending == 0)
        flow.last_heard = j.context.now.ms();
    const bool progress = s.ack > flow.snd_una;
    if (progress) {
        advance_una(j);
    } else if (is_duplicate_ack(flow, s)) {
        j.arrival.duplicate_ack = true;
        if (j.effort != nullptr) j.arrival.retransmit = on_duplicate_ack(*j.effort, flow);
    }
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
