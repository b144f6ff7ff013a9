#include "terminus/tcp/urgent.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

// An end that lies farther ahead than a segment can say is one of long ago: the numbers wrapped.
Seq pending_end(const Flow& flow, const Effort& effort) {
    const bool ahead = effort.rcv_up - flow.rcv_nxt <= flow.rcv_wnd() + 65535;
    return ahead ? effort.rcv_up : flow.rcv_nxt;
}

}  // namespace

void set_urgent(Flow& flow, Effort& effort, Seq end) {
    effort.snd_up = end;
    effort.urgent_out = 1;
    // A closed window holds the text back, not the news of it: RFC 9293 section 3.8.6, MUST-66.
    if (is_synchronised(flow.state()) && flow.in_flight() >= flow.snd_wnd) flow.ack_now = 1;
}

// RFC 9293 section 3.8.5: RCV.UP is the user's to see at once (MUST-32), and how far it lies ahead
// of what was received (MUST-33).
void take_urgent(const Flow& flow, Effort* effort, const Segment& segment) {
    if (!segment.has(tcp_flag::urg) || effort == nullptr) return;
    if (!may_receive_text(flow.state())) return;  // after the peer's FIN: ignored
    const Seq end = segment.seq + segment.urgent;
    if (effort->urgent_in != 0 && end <= later(flow.rcv_nxt, pending_end(flow, *effort))) return;
    effort->rcv_up = end;  // RCV.UP = max(RCV.UP, SEG.UP)
    effort->urgent_in = 1;
}

void mark_urgent(const Flow& flow, Effort* effort, Reply& fields) {
    if (effort == nullptr || effort->urgent_out == 0) return;
    if (effort->snd_up <= flow.snd_una) {
        effort->urgent_out = 0;  // the peer has all of it
        return;
    }
    if (effort->snd_up <= fields.seq) return;
    fields.flags |= tcp_flag::urg;
    // Farther ends come into the field's reach as the text goes on.
    fields.urgent =
        static_cast<std::uint16_t>(std::min<std::uint32_t>(effort->snd_up - fields.seq, 65535));
}

}  // namespace terminus::tcp
