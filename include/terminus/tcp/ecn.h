/// Explicit Congestion Notification, RFC 3168 (RFC 9293 section 3.8.2, SHLD-8): what the two sides
/// agree on, what is marked when sending, and what the receiver echoes. How the sender slows down
/// is congestion control's: on an ACK with ECE while `flow.ecn` is set (and no SYN flag), at most
/// once for each window of text.
/// For whatever reason it reduced the window, it calls owe_cwr().
#pragma once

#include "terminus/tcp/flow.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/segment.h"

#include <cstdint>

namespace terminus::tcp {

/// The two bits of the IP header: RFC 3168 section 5.
namespace ecn_codepoint {
inline constexpr std::uint8_t not_ect = 0, ect1 = 1, ect0 = 2, ce = 3;
}  // namespace ecn_codepoint

/// RFC 3168 section 6.1.1: an ECN-setup SYN has ECE and CWR, an ECN-setup SYN-ACK ECE only. A peer
/// that merely reflects our flags has not understood them.
[[nodiscard]] constexpr bool is_ecn_setup(const Segment& syn) {
    const bool ece = syn.has(tcp_flag::ece), cwr = syn.has(tcp_flag::cwr);
    return syn.has(tcp_flag::ack) ? ece && !cwr : ece && cwr;
}
/// The flags of our own SYN or SYN-ACK.
[[nodiscard]] std::uint8_t ecn_setup_flags(const Flow& flow);

/// The codepoint of a segment that is about to be sent: ECT(0) on new text only. Call it before
/// sent().
[[nodiscard]] inline std::uint8_t ecn_mark(const Flow& flow, const Plan& plan) {
    // RFC 3168 sections 6.1.4 to 6.1.6: neither pure ACKs nor what is sent again nor window probes.
    const bool is_new = plan.length > 0 && plan.seq >= flow.snd_nxt;
    if (flow.ecn == 0 || !is_new || flow.waits() == Waits::window) return ecn_codepoint::not_ect;
    return ecn_codepoint::ect0;
}
/// Of any segment with ACK: ECE until the peer's CWR.
[[nodiscard]] constexpr std::uint8_t echo_flag(const Flow& flow) {
    return flow.ecn_echo != 0 ? tcp_flag::ece : std::uint8_t{0};
}

}  // namespace terminus::tcp
