/// How flows begin: passive and active OPEN, RFC 9293 sections 3.10.1 and 3.10.7.2.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/segment.h"
#include "terminus/tcp/settings.h"

namespace terminus::tcp {

/// What a link allows: the MSS that we announce is its MTU less the fixed headers (RFC 6691 section
/// 2; RFC 9293 section 3.7.1, MUST-14, 67).
struct LinkLimits {
    std::uint32_t mss_bytes = 536;
    bool is_ip6 = false;
};

/// SYN-RECEIVED from a SYN. The flow's key, service and wheel generation are the caller's; all else
/// is set.
void open_passive(Flow& flow, const Segment& syn, Seq iss, const LinkLimits& link,
                  const Settings& settings, Tick now);
/// SYN-SENT. The SYN itself is syn() and leaves later.
void open_active(Flow& flow, Seq iss, const LinkLimits& link, const Settings& settings, Tick now);
/// Takes the options of the peer's SYN: RFC 9293 section 3.7.1 (no option: 536, or 1220 for IPv6),
/// RFC 7323 section 2.2.
void take_syn_options(Flow& flow, const Segment& syn, const LinkLimits& link,
                      const Settings& settings);

/// The SYN or SYN-ACK of a flow in SYN-SENT or SYN-RECEIVED, first or repeated: it always says our
/// MSS (MAY-3), and no other segment does (MUST-65).
[[nodiscard]] Reply syn_of(const Flow& flow, const LinkLimits& link, const Settings& settings);

}  // namespace terminus::tcp
