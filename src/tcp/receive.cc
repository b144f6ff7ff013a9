/// Received text: what of it counts, when it is acknowledged, and what the FIN behind it means: RFC
/// 9293 section 3.10.7.4, seventh and eighth.
#include "terminus/tcp/timeout.h"

#include "judgement.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

using namespace tcp_flag;

// The first segments of a connection are acknowledged one by one, so that the peer's slow start is
// not slowed down: three times as many as this, about.
constexpr std::uint32_t quick_segments = 6;

// RFC 9293 section 3.8.6.3, SHLD-19: what the peer may take for two full segments. A peer whose
// segments are smaller than ours could be is served as well: more than one segment, and more than
// the default MSS.
bool is_second_segment(const Flow& flow, const Effort* effort, std::uint32_t bytes) {
    const std::uint32_t mss = flow.mss_bytes();
    if (bytes >= 2 * mss) return true;
    if (effort == nullptr) return flow.ack_pending != 0;
    const std::uint32_t owed = flow.rcv_nxt - effort->last_ack_sent;
    return owed > std::max(bytes, std::min(default_mss4_bytes, mss));
}

// A quarter of the beginning is over whenever RCV.NXT passes a multiple of so many segments: the
// record has two bits for it. A short segment says that the peer has no more to send for now: its
// slow start is not what holds it back.
bool is_beginning(Flow& flow, std::uint32_t bytes) {
    if (flow.quick == 0) return false;
    const std::uint32_t mss = flow.mss_bytes(), unit = quick_segments * mss;
    const bool is_short = bytes < std::min(mss, default_mss4_bytes);
    if (is_short || flow.rcv_nxt.value / unit != (flow.rcv_nxt.value - bytes) / unit) --flow.quick;
    return true;
}

}  // namespace

void find_text(Judgement& j) {
    const Flow& flow = j.flow;
    const Segment& s = j.segment;
    if (!may_receive_text(flow.state())) {
        if (flow.state() != State::time_wait || !s.has(fin)) return;
        restart_time_wait(j.flow, j.context.now);
        j.arrival.answered = true;
        return;
    }
    if (s.has(syn)) {  // a crossing SYN: its text comes again, as that of every SYN
        j.flow.ack_now = s.length() > 1 ? 1 : 0;
        return;
    }
    const Seq from = later(s.seq, flow.rcv_nxt);
    Seq to = earlier(s.seq + s.text_length, flow.rcv_adv);
    // Nothing comes after a FIN, wherever a segment claims that it does.
    if (j.effort != nullptr && j.effort->fin_held != 0) to = earlier(to, j.effort->fin_seq);
    if (from < to) {
        j.arrival.text_skip = from - s.seq;
        j.arrival.text_length = to - from;
    }
    const bool whole = to == s.seq + s.text_length;
    // Deliberate: RFC 9293 has no FIN beside a closed window. It needs no room, and a peer that
    // gives up before one (a tarpit's) would be remembered for ever; kernels take it, too.
    j.arrival.fin = s.has(fin) && whole;
    note_duplicate(j);
    const bool nothing_new = from == to && !s.has(fin);
    if (s.length() > 0 && (!whole || nothing_new || s.seq < flow.rcv_nxt)) j.flow.ack_now = 1;
}

void note_duplicate(Judgement& j) {
    const Segment& s = j.segment;
    if (s.has(syn) || s.length() == 0 || s.seq >= j.flow.rcv_nxt) return;
    if (!is_synchronised(j.flow.state()) || j.flow.state() == State::time_wait) return;
    j.arrival.duplicate = {s.seq, earlier(s.end(), j.flow.rcv_nxt)};
}

void taken(Flow& flow, const Effort* effort, std::uint32_t bytes, const Settings& settings) {
    if (bytes == 0) return;
    flow.rcv_nxt += bytes;
    if (flow.rcv_adv < flow.rcv_nxt) flow.rcv_adv = flow.rcv_nxt;
    if (!settings.delayed_ack || is_beginning(flow, bytes) ||
        is_second_segment(flow, effort, bytes))
        flow.ack_now = 1;
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
