#include "terminus/tcp/input.h"

#include "terminus/tcp/ecn.h"
#include "terminus/tcp/timeout.h"
#include "terminus/tcp/urgent.h"

#include "judgement.h"

namespace terminus::tcp {
namespace {

using namespace tcp_flag;

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

// RFC 6191 section 2, RFC 9293 section 3.6.1, SHLD-4: what tells the SYN of a new connection from
// an old duplicate. The timestamp decides where the former connection had them, else their
// presence, else the sequence number.
bool is_newer(const Flow& flow, const Segment& s) {
    const bool beyond = s.seq >= flow.rcv_nxt;  // what is behind RCV.NXT was seen
    if (!s.options.timestamps) return beyond;
    if (flow.timestamps == 0) return true;
    const std::int32_t later =
        static_cast<std::int32_t>(s.options.ts_value - flow.ts_recent_or_timed_at);
    return later > 0 || (later == 0 && beyond);
}

// RFC 9293 section 3.10.7.4 on TIME-WAIT (section 3.6.1, MAY-2).
bool reopens(const Flow& flow, const Segment& s) {
    return flow.state() == State::time_wait && s.has(syn) && !s.has(ack) && !s.has(rst) &&
           !s.has(fin) && is_newer(flow, s);
}

// The SYN again: a peer that got no answer may try without ECN (RFC 3168 section 6.1.1.1), and has
// a newer timestamp.
void repeat_agreement(Judgement& j) {
    if (!is_ecn_setup(j.segment)) j.flow.ecn = 0;
    if (j.flow.timestamps != 0) keep_timestamp(j);
}

// SYNs that belong to a connection's beginning, wherever their numbers and timestamps lie.
bool check_beginning(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (reopens(flow, s)) {
        j.arrival.reopens = true;
        return j.challenge(Drop::none);  // if nobody accepts it: RFC 5961 section 4.2
    }
    if (is_repeated_syn(flow, s)) {
        // Deliberate: RFC 9293 answers with an ACK, which helps nobody whose SYN-ACK was lost.
        j.arrival.repeat_syn = true;
        repeat_agreement(j);
        flow.stop_timing();  // RFC 6298 section 3: Karn's algorithm
        return j.settle(Drop::none);
    }
    return true;
}

bool check_sequence(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (is_acceptable(flow, s) || is_crossing_syn(flow, s)) return true;
    if (s.has(rst)) return j.settle(Drop::tcp_out_of_window);
    note_duplicate(j);
    if (flow.state() == State::time_wait && s.has(fin) && s.end() == flow.rcv_nxt)
        restart_time_wait(flow, j.context.now);
    // RFC 7323 section 4.3: the ACK was lost, and the ACK of the repetition echoes the repetition.
    if (flow.timestamps != 0 && s.length() > 0 && s.end() == flow.rcv_nxt) keep_timestamp(j);
    // RFC 5961 section 4.2: a SYN is challenged wherever it lies.
    return s.has(syn) ? j.challenge(Drop::tcp_out_of_window)
                      : j.answer_with_ack(Drop::tcp_out_of_window);
}

// RFC 9293 section 3.10.7.4, second. Text of an RST means nothing to us (section 3.5.3, SHLD-2).
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
        j.arrival.refused = true;  // RFC 9293 section 3.10.7.4, fourth: back to LISTEN, silently
        return j.end(false);
    }
    return j.challenge();  // RFC 5961 section 4.2
}

// Header prediction (V. Jacobson): in ESTABLISHED the next text, if any, all of it inside the
// window, with an ACK. Of the checks only those of the timestamp and of the ACK can object to it.
bool is_next(const Flow& flow, const Effort* effort, const Segment& s) {
    const bool is_plain = (s.flags & ~psh) == ack;
    return is_plain && flow.state() == State::established && s.seq == flow.rcv_nxt &&
           s.text_length <= flow.rcv_wnd() && (effort == nullptr || effort->fin_held == 0);
}

void judge_next(Judgement& j) {
    Flow& flow = j.flow;
    if (flow.timestamps != 0 && !check_timestamps(j)) return;
    if (!check_ack(j)) return;
    if (flow.timestamps != 0) keep_timestamp(j);
    j.arrival.text_length = j.segment.text_length;
    if (flow.ecn != 0) note_congestion(j);
    j.arrival.is_next = true;
}

}  // namespace

Arrival on_segment(Flow& flow, Effort* effort, const Segment& segment, const Context& context) {
    Arrival arrival;
    Judgement j{flow, effort, segment, context, arrival};
    if (is_next(flow, effort, segment)) [[likely]] {
        judge_next(j);
        return arrival;
    }
    if (flow.state() == State::syn_sent) {
        // Deliberate: text and FIN on a SYN or SYN-ACK stay unacknowledged and come again (RFC 9293
        // section 3.4).
        judge_in_syn_sent(j);
        return arrival;
    }
    const bool goes_on = check_beginning(j) &&
                         (flow.timestamps == 0 || check_timestamps(j))  // RFC 7323 section 5.3, R1
                         && check_sequence(j)                           // first
                         && check_reset(j)                              // second
                         && check_syn(j)  // fourth; third, security, is unused
                         && check_ack(j)  // fifth
                         && check_fin_acknowledged(j);
    if (!goes_on) return arrival;
    take_urgent(flow, effort, segment);  // sixth
    if (flow.timestamps != 0) keep_timestamp(j);
    find_text(j);  // seventh and eighth go on in the stack, which finds a place for the text
    if (flow.ecn != 0) note_congestion(j);
    return arrival;
}

}  // namespace terminus::tcp
