/// How flows begin: passive and active OPEN, RFC 9293 sections 3.10.1 and 3.10.7.2, and what the
/// two SYNs agree on. SYNs are repeated with the options of the first one.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/segment.h"
#include "terminus/tcp/settings.h"

namespace terminus::tcp {

/// What a peer that says no MSS takes, and every link carries: RFC 9293 section 3.7.1, MUST-15.
inline constexpr std::uint32_t default_mss4_bytes = 536, default_mss6_bytes = 1220;

/// What a link allows: its MTU less the fixed headers (RFC 6691 section 2; RFC 9293 section 3.7.1,
/// MUST-14, 67), and no more than the
/// ceiling that the configuration gives the destination.
struct LinkLimits {
    std::uint32_t mss_bytes = default_mss4_bytes;
    bool is_ip6 = false;
};

/// SYN-RECEIVED from a SYN. The flow's key, service and wheel generation are the caller's; all else
/// is set.
void open_passive(Flow& flow, const Segment& syn, Seq iss, const LinkLimits& link,
                  const Settings& settings, Tick now);
/// SYN-SENT. The SYN itself is syn_of() and leaves later.
void open_active(Flow& flow, Seq iss, const LinkLimits& link, const Settings& settings, Tick now);
/// Takes the options of the peer's SYN: of what the flow's flags offer stays what the peer offers
/// too.
void take_syn_options(Flow& flow, const Segment& syn, const LinkLimits& link,
                      const Settings& settings);

/// The SYN or SYN-ACK of a flow in SYN-SENT or SYN-RECEIVED, first or repeated: it always says our
/// MSS (MAY-3), and no other segment does (MUST-65). `ts_now` is the clock of TSval.
[[nodiscard]] Reply syn_of(const Flow& flow, const LinkLimits& link, const Settings& settings,
                           std::uint32_t ts_now);

/// The MSS option's value: RFC 6691 section 2, not reduced for options.
[[nodiscard]] std::uint16_t announced_mss(const LinkLimits& link, const Settings& settings);
/// The MSS that a peer's SYN stands for; without the option RFC 9293 section 3.7.1, MUST-15.
[[nodiscard]] std::uint32_t peers_mss(const Segment& syn, const LinkLimits& link);
/// The flow sends segments of `mss_bytes`, options and text together, from now on: what a full one
/// holds of text is that less the options that each segment has (RFC 9293 section 3.7.1, MUST-16;
/// RFC 6691 section 3).
void set_send_mss(Flow& flow, std::uint32_t mss_bytes);
/// The other way: options and text of a full segment.
[[nodiscard]] std::uint32_t send_mss(const Flow& flow);

/// The window of a SYN, which is never scaled: RFC 7323 section 2.2.
[[nodiscard]] std::uint16_t syn_window(const Settings& settings);
/// The shift that our SYN offers: settings.window_scale where somebody chose it, else what lets the
/// window field tell the whole buffer, or an exact receive_window_bytes exactly. It must not change
/// while a flow lives: whoever makes a set of settings a flow's own stores it there as
/// window_scale.
[[nodiscard]] std::uint8_t receive_scale(const Settings& settings);

}  // namespace terminus::tcp
