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
[[nodiscard]] std::uint32_t cut_by_user_timeout(const Flow& flow, const Settings& settings,
                                                std::uint32_t timer_ms, std::uint32_t kept);
[[nodiscard]] inline std::uint32_t within_user_timeout(const Flow& flow, const Settings& settings,
                                                       std::uint32_t timer_ms,
                                                       std::uint32_t kept = 0) {
    if (settings.user_timeout_ms == Settings::none) return timer_ms;
    return cut_by_user_timeout(flow, settings, timer_ms, kept);
}

/// Whether keepalive watches this flow while it is silent.
[[nodiscard]] inline bool keeps_alive(const Flow& flow, const Settings& settings) {
    return settings.keepalive && flow.waits() == Waits::silence && is_synchronised(flow.state());
}
/// When the next probe is due, or the end after the last one. The first follows the idle time, each
/// other one the probe before it. `backoff` counts them: whoever waits for silence has nothing else
/// to back off for.
[[nodiscard]] inline Millis keepalive_at(const Flow& flow, const Settings& settings) {
    return flow.backoff == 0 ? flow.last_heard + settings.keepalive_idle_ms : flow.deadline;
}
/// That moment has come.
[[nodiscard]] Look keepalive_due(Flow& flow, const Settings& settings, Tick now);

}  // namespace terminus::tcp
