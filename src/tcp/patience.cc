#include "patience.h"

#include "terminus/tcp/rtt.h"

namespace terminus::tcp {
namespace {

bool has_user_timeout(const Settings& settings) {
    return settings.user_timeout_ms != Settings::none && settings.user_timeout_ms != 0;
}

// Tried for `limit_ms`. Where short timeouts end the count of tries before that, silence decides.
bool is_tried_for(const Flow& flow, const Effort* effort, std::uint32_t limit_ms,
                  const Settings& settings, Tick now) {
    if (backed_off_ms(flow, settings, kept_backoff(effort)) >= limit_ms) return true;
    return flow.backoff == most_backoff && silent_ms(flow, now) >= limit_ms;
}

// R2 as a count, RFC 9293 section 3.8.3; none: a time decides. A passive open tries least, so that
// nobody is flooded through us: RFC 4987.
std::uint32_t most_tries(const Flow& flow, const Settings& settings) {
    if (is_synchronised(flow.state())) return settings.retries;
    return flow.state() == State::syn_received && flow.active == 0 ? settings.syn_ack_retries
                                                                   : settings.syn_retries;
}

}  // namespace

// R2, and what the user says in its place: RFC 9293 section 3.8.3, MUST-20, MUST-21; RFC 5482
// section 3.1. Deliberate: R1 (SHLD-10) would tell the IP layer that its route may be dead; our
// routes are the configuration's, so that at three retransmissions nothing happens. Deliberate: the
// User Timeout Option is neither sent nor taken; what the peer would like to wait is its own affair
// (RFC 5482 section 3, "advisory").
bool has_given_up(const Flow& flow, const Effort* effort, const Settings& settings, Tick now) {
    if (has_user_timeout(settings))
        return is_tried_for(flow, effort, settings.user_timeout_ms, settings, now);
    const bool opens = !is_synchronised(flow.state());
    // A peer that took its window back and still answers is there: RFC 9293 section 3.8.6, SHLD-17.
    if (!opens && flow.snd_wnd == 0 && silent_ms(flow, now) < settings.give_up_ms) return false;
    const std::uint32_t tries = most_tries(flow, settings);
    if (tries != Settings::none)
        return flow.backoff >= std::min<std::uint32_t>(tries, most_backoff);
    const std::uint32_t limit_ms = opens ? settings.syn_give_up_ms : settings.give_up_ms;
    return is_tried_for(flow, effort, limit_ms, settings, now);
}

// RFC 9293 section 3.8.6.1, MUST-37: never while the probes are acknowledged, but for a user who
// says how long unsent text may wait.
bool is_window_hopeless(const Flow& flow, const Settings& settings, Tick now) {
    if (has_user_timeout(settings) &&
        is_tried_for(flow, nullptr, settings.user_timeout_ms, settings, now))
        return true;
    return silent_ms(flow, now) >= settings.give_up_ms &&
           is_tried_for(flow, nullptr, settings.give_up_ms, settings, now);
}

std::uint32_t cut_by_user_timeout(const Flow& flow, const Settings& settings,
                                  std::uint32_t timer_ms, std::uint32_t kept) {
    if (!has_user_timeout(settings)) return timer_ms;
    const std::uint32_t total = backed_off_ms(flow, settings, kept);
    const std::uint32_t over =
        total > settings.user_timeout_ms ? total - settings.user_timeout_ms : 0;
    return timer_ms > over ? timer_ms - over : 1;
}

// RFC 9293 section 3.8.4, MAY-5, MUST-26: one lost probe ends nothing (MUST-29).
Look keepalive_due(Flow& flow, const Settings& settings, Tick now) {
    const bool waited =
        has_user_timeout(settings)
            ? flow.backoff > 0 && silent_ms(flow, now) >= settings.user_timeout_ms
            : flow.backoff >= std::clamp<std::uint32_t>(settings.keepalive_count, 2, most_backoff);
    if (waited) return {Due::give_up, {}};
    if (flow.backoff < most_backoff) ++flow.backoff;
    return {Due::keepalive, now.after_ms(settings.keepalive_interval_ms).deadline_ms()};
}

}  // namespace terminus::tcp
