#include "terminus/tcp/input.h"

#include "terminus/tcp/congestion.h"
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

using namespace tcp_flag;

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

// RFC 9293 section 3.10.7.4, first: the four cases of the acceptability table.
bool is_acceptable(const Flow& flow, const Segment& s) {
    const std::uint32_t length = s.length();
    const std::uint32_t window = flow.rcv_wnd();
    const auto inside = [&](Seq at) { return at >= flow.rcv_nxt && at < flow.rcv_adv; };
    if (window == 0) return s.seq == flow.rcv_nxt;  // with text: only its ACK, URG and RST count
    // Deliberate: RFC 9293 excludes the window's end. But there a peer stands that has used up the
    // window while a hole is open: its ACKs must count, or two such peers answer each other for
    // ever.
    if (length == 0) return inside(s.seq) || (s.seq == flow.rcv_adv && !s.has(rst));
    return inside(s.seq) || inside(s.end() - 1);
}

bool is_repeated_syn(const Flow& flow, const Segment& s) {
    return flow.state() == State::syn_received && flow.active == 0 && s.has(syn) && !s.has(ack) &&
           !s.has(rst) && s.seq + 1 == flow.rcv_nxt;
}

// Simultaneous open, RFC 9293 figure 7: the SYN that we know already, now with the ACK of ours.
bool is_crossing_syn(const Flow& flow, const Segment& s) {
    return flow.state() == State::syn_received && flow.active != 0 && s.has(syn) && s.has(ack) &&
           !s.has(rst) && s.seq + 1 == flow.rcv_nxt;
}

// RFC 9293 section 3.10.7.4 on TIME-WAIT, and RFC 6191: a SYN beyond what we received begins anew.
bool reopens(const Flow& flow, const Segment& s) {
    return flow.state() == State::time_wait && s.has(syn) && !s.has(ack) && !s.has(rst) &&
           !s.has(fin) && s.seq > flow.rcv_nxt;
}

bool check_sequence(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (reopens(flow, s)) {
        j.arrival.reopen = true;
        return j.end(false);
    }
    if (is_repeated_syn(flow, s)) {
        // Deliberate: RFC 9293 answers with an ACK, which helps nobody whose SYN-ACK was lost.
        j.arrival.repeat_syn = true;
        flow.stop_timing();  // RFC 6298 section 3: Karn's algorithm
        return j.settle(Drop::none);
    }
    if (is_acceptable(flow, s) || is_crossing_syn(flow, s)) return true;
    if (s.has(rst)) return j.settle(Drop::tcp_out_of_window);
    if (flow.state() == State::time_wait && s.has(fin) && s.end() == flow.rcv_nxt)
        flow.last_heard = j.context.now.ms();  // the peer's FIN again: the 2 MSL begin anew
    return j.answer_with_ack(Drop::tcp_out_of_window);
}

bool check_reset(Judgement& j) {
    if (!j.segment.has(rst)) return true;
    if (j.segment.seq != j.flow.rcv_nxt) return j.challenge();  // RFC 5961 section 3.2
    // RFC 1337 section 3: an RST does not assassinate TIME-WAIT.
    if (j.flow.state() == State::time_wait) return j.settle(Drop::tcp_unacceptable);
    j.arrival.refused = j.flow.state() == State::syn_received;
    return j.end(true);
}

bool check_syn(Judgement& j) {
    if (!j.segment.has(syn) || is_crossing_syn(j.flow, j.segment)) return true;
    if (j.flow.state() == State::syn_received && j.flow.active == 0) {
        j.arrival.reopen = true;  // RFC 9293 section 3.10.7.4, fourth: back to LISTEN
        return j.end(false);
    }
    return j.challenge();  // RFC 5961 section 4.2
}

// RFC 7323 section 2.2: the window of a SYN is never scaled.
std::uint32_t window_of(const Flow& flow, const Segment& s) {
    return static_cast<std::uint32_t>(s.window) << (s.has(syn) ? 0U : flow.send_scale);
}

void take_window(Flow& flow, const Segment& s) {
    flow.snd_wnd = window_of(flow, s);
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

// RFC 9293 section 3.10.7.4, seventh: what of the text lies inside the window and is new.
void find_text(Judgement& j) {
    const Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!may_receive_text(flow.state())) return;
    if (s.has(syn)) {  // a crossing SYN: its text comes again, as that of every SYN
        j.flow.ack_now = s.length() > 1 ? 1 : 0;
        return;
    }
    const Seq from = later(s.seq, flow.rcv_nxt);
    const Seq to = earlier(s.seq + s.text_length, flow.rcv_adv);
    if (from < to) {
        j.arrival.text_skip = from - s.seq;
        j.arrival.text_length = to - from;
    }
    const bool whole = to == s.seq + s.text_length;
    j.arrival.fin = s.has(fin) && whole;
    if (s.length() > 0 && (!whole || (from == to && !s.has(fin)))) j.flow.ack_now = 1;
}

// RFC 9293 section 3.10.7.3, first to third: what an unsynchronised flow makes of an ACK and an
// RST.
bool check_ack_in_syn_sent(Judgement& j) {
    const Segment& s = j.segment;
    const bool acceptable = s.has(ack) && s.ack > j.flow.snd_una && s.ack <= j.flow.snd_nxt;
    if (s.has(ack) && !acceptable) {
        if (!s.has(rst)) j.arrival.reply = Reply{.seq = s.ack, .flags = rst};
        return j.settle(Drop::tcp_unacceptable);
    }
    if (!s.has(rst)) return true;
    if (!acceptable) return j.settle(Drop::tcp_unacceptable);
    j.arrival.refused = true;
    return j.end(true);
}

// RFC 9293 section 3.10.7.3, fourth: the peer's SYN.
bool check_syn_in_syn_sent(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!s.has(syn)) return j.settle(Drop::tcp_unacceptable);
    flow.rcv_nxt = s.seq + 1;
    flow.rcv_adv =
        flow.rcv_nxt + std::min<std::uint32_t>(j.context.settings.receive_buffer_bytes, 65535);
    flow.last_heard = j.context.now.ms();
    take_syn_options(flow, s, j.context.link, j.context.settings);
    if (!s.has(ack)) {  // simultaneous open: figure 7
        enter(flow, State::syn_received);
        j.arrival.repeat_syn = true;
        await_answer(flow, j.context.settings, j.context.now);
        return false;
    }
    enter(flow, State::established);
    j.arrival.established = true;
    advance_una(j);
    flow.ack_now = 1;
    return true;
}

}  // namespace

Arrival on_segment(Flow& flow, Effort* effort, const Segment& segment, const Context& context) {
    Judgement j{flow, effort, segment, context, {}};
    if (flow.state() == State::syn_sent) {
        // Deliberate: text and FIN on a SYN or SYN-ACK stay unacknowledged and come again (RFC 9293
        // section 3.4).
        if (check_ack_in_syn_sent(j)) (void)check_syn_in_syn_sent(j);
        return j.arrival;
    }
    const bool goes_on = check_sequence(j)  // first
                         && check_reset(j)  // second
                         && check_syn(j)    // fourth; third, security, is unused
                         && check_ack(j)    // fifth
                         && check_fin_acknowledged(j);
    if (goes_on)
        find_text(j);  // seventh and eighth go on in the stack, which finds a place for the text
    return j.arrival;
}

void taken(Flow& flow, std::uint32_t bytes) {
    if (bytes == 0) return;
    flow.rcv_nxt += bytes;
    if (flow.rcv_adv < flow.rcv_nxt) flow.rcv_adv = flow.rcv_nxt;
    // RFC 9293 section 3.8.6.3: an ACK for at least every second full segment.
    if (flow.ack_pending != 0 || bytes >= 2 * flow.mss_bytes()) flow.ack_now = 1;
    flow.ack_pending = 1;
}

void take_fin(Flow& flow, const Context& context) {
    flow.rcv_nxt += 1;
    if (flow.rcv_adv < flow.rcv_nxt) flow.rcv_adv = flow.rcv_nxt;
    flow.ack_now = 1;
    switch (flow.state()) {
        case State::established: enter(flow, State::close_wait); break;
        case State::fin_wait_1: enter(flow, State::closing); break;
        case State::fin_wait_2: await_old_segments(flow, context.settings, context.now); break;
        default: break;
    }
}

}  // namespace terminus::tcp
