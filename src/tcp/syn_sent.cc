/// SEGMENT ARRIVES in SYN-SENT: RFC 9293 section 3.10.7.3.
#include "terminus/tcp/rtt.h"
#include "terminus/tcp/timeout.h"

#include "judgement.h"

namespace terminus::tcp {
namespace {

using namespace tcp_flag;

// RFC 9293 section 3.10.7.3, first to third: what an unsynchronised flow makes of an ACK and an
// RST.
bool check_ack_in_syn_sent(Judgement& j) {
    const Segment& s = j.segment;
    const bool acceptable = s.has(ack) && s.ack > j.flow.snd_una && s.ack <= j.flow.snd_nxt;
    if (s.has(ack) && !acceptable) {
        j.arrival.resets = !s.has(rst);
        return j.settle(Drop::tcp_unacceptable);
    }
    if (!s.has(rst)) return true;
    if (!acceptable) return j.settle(Drop::tcp_unacceptable);
    j.arrival.refused = true;
    return j.end(true);
}

// The round trip of our SYN is measured by the clock, before TS.Recent takes the clock's place.
void measure_syn(Judgement& j) {
    Flow& flow = j.flow;
    if (flow.is_timed() && flow.retransmitted == 0) sample_rtt(flow, flow.timed_us(j.context.now));
    flow.stop_timing();
}

// RFC 9293 section 3.10.7.3, fourth: the peer's SYN.
bool check_syn_in_syn_sent(Judgement& j) {
    Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!s.has(syn)) return j.settle(Drop::tcp_unacceptable);
    flow.rcv_nxt = s.seq + 1;
    flow.rcv_adv = flow.rcv_nxt + syn_window(j.context.settings);
    if (s.has(ack)) measure_syn(j);
    flow.last_heard = j.context.now.ms();
    take_syn_options(flow, s, j.context.link, j.context.settings);
    note_window(flow, j.effort);
    if (!s.has(ack)) {  // simultaneous open: figure 7, MUST-10
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

void judge_in_syn_sent(Judgement& j) {
    if (check_ack_in_syn_sent(j)) (void)check_syn_in_syn_sent(j);
}

}  // namespace terminus::tcp
