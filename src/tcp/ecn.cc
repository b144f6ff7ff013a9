/// ECN's side of sending and receiving, RFC 3168 section 6.1.
#include "terminus/tcp/ecn.h"

#include "judgement.h"

namespace terminus::tcp {

using namespace tcp_flag;

std::uint8_t ecn_setup_flags(const Flow& flow) {
    if (flow.ecn == 0) return 0;
    return flow.state() == State::syn_sent ? ece | cwr : ece;
}

void note_congestion(Judgement& j) {
    if (j.arrival.text_length == 0) return;  // RFC 3168 section 6.1.5: outside the window
    Flow& flow = j.flow;
    const bool is_marked = j.segment.ecn == ecn_codepoint::ce;
    const bool was_told = j.segment.has(cwr);
    // RFC 3168 section 6.1.3. A sender that slowed down, or is about to, is answered at once: it
    // may have no more than this segment in flight.
    if (was_told || (is_marked && flow.ecn_echo == 0)) flow.ack_now = 1;
    if (was_told) flow.ecn_echo = 0;
    if (is_marked) flow.ecn_echo = 1;
}

}  // namespace terminus::tcp
