/// How long a flow waits in vain: R2 and the user timeout (RFC 9293 section 3.8.3, RFC 5482), and
/// keepalive (RFC 9293 section 3.8.4). timeout.cc asks, when a deadline has come.
#pragma once

#include "terminus/base/time.h"
#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"
#include "terminus/tcp/settings.h"
#include "terminus/tcp/timeout.h"

#include <algorithm>
#include <cstdint>

namespace terminus::tcp {

/// For how long nothing acceptable came.
[[nodiscard]] inline std::uint32_t silent_ms(const Flow& flow, Tick now) {
    return static_cast<std::uint32_t>(std::max(0, elapsed_ms(flow.last_heard, now.ms())));
}

/// Whether the retransmission timer that has just run out was the last.
[[nodiscard]] bool has_given_up(const Flow& flow, const Effort* effort, const Settings& settings,
                                Tick now);
/// Whether the persist timer that has just run out was.
[[nodiscard]] bool is_window_hopeless(const Flow& flow, const Settings& settings, Tick now);
/// `timer_ms`, cut so that the user timeout does not run out long before it.
[[nodiscard]] std::uint32_t within_user_timeout(const Flow& flow, const Settings& settings,
                                                std::uint32_t timer_ms, std::uint32_t kept = 0);

/// Whether keepalive watches this flow while it is silent.
[[nodiscard]] bool keeps_alive(const Flow& flow, const Settings& settings);
/// When the next probe is due, or the end after the last one.
[[nodiscard]] Millis keepalive_at(const Flow& flow, const Settings& settings);
/// That moment has come.
[[nodiscard]] Look keepalive_due(Flow& flow, const Settings& settings, Tick now);

}  // namespace terminus::tcp
