/// SYN cookies in the stack: when a SYN gets one, and what becomes of an ACK that brings one back.
/// RFC 4987 section 3.6; what is inside is tcp/cookie.h's affair.
#pragma once

#include "core.h"

#include <optional>

namespace terminus {

/// What stands behind a port: a service of a rule, or a call's accept queue.
struct Standing {
    std::uint8_t service = tcp::Flow::no_service;
    std::uint32_t listener = no_slot;
};

/// How a passive flow begins: with the peer's SYN, as it came or as a cookie tells of it.
struct Beginning {
    tcp::Segment syn;
    tcp::Seq iss;
};

[[nodiscard]] const tcp::Settings& settings_for(const Core& core, const Standing& standing);
/// Whether a SYN shall be answered without being kept; `is_full`: there is no room to keep it.
[[nodiscard]] bool wants_cookie(const tcp::Settings& settings, bool is_full);
/// Answers a SYN with a SYN-ACK whose ISN is a cookie. It is never retransmitted.
void send_cookie(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
                 const tcp::Segment& syn);
/// What the cookie in an ACK tells. Nothing: there is none, or a forged or old one (counted); or
/// the segment is not the peer's first, and the packet is settled by silence.
[[nodiscard]] std::optional<Beginning> read_cookie(Core& core, const Turn& turn, Packet& packet,
                                                   const Standing& standing,
                                                   const tcp::Segment& ack);

/// Whether the service behind keeps nothing of the peers that cookies went to.
[[nodiscard]] bool keeps_nothing(const Core& core, const Standing& standing);
/// Answers a probe of the window that such a service never opens, from the numbers of the probe
/// alone, for as long as its cookie can be recognised. False: no cookie of ours is in it.
[[nodiscard]] bool hold_stateless(Core& core, const Turn& turn, Packet& packet,
                                  const tcp::Segment& segment);

}  // namespace terminus
