#include "oracle.h"

#include "terminus/wire/tcp.h"

namespace terminus::test {
namespace {

using tcp::State;
using namespace tcp_flag;

constexpr std::int64_t largest_send_window = 65535;  // MAX.SND.WND of RFC 5961 section 5.2

bool has(const Encounter& met, std::uint8_t flag) { return (met.flags & flag) != 0; }

std::int64_t length_of(const Encounter& met) {
    return met.text + (has(met, syn) ? 1 : 0) + (has(met, fin) ? 1 : 0);
}

/// How much of what we sent is not acknowledged: SND.NXT - SND.UNA.
std::int64_t in_flight(State state) {
    switch (state) {
        case State::syn_sent:
        case State::syn_received:
        case State::fin_wait_1:
        case State::closing:
        case State::last_ack: return 1;
        default: return 0;
    }
}

/// SND.UNA < SEG.ACK =< SND.NXT
bool acknowledges(const Encounter& met) { return met.ack > -in_flight(met.state) && met.ack <= 0; }

// Section 3.10.7.1.
Verdict closed(const Encounter& met) {
    if (has(met, rst)) return {Answer::none, State::closed};
    return {has(met, ack) ? Answer::reset : Answer::reset_with_ack, State::closed};
}

// Section 3.10.7.2. A SYN with FIN opens nothing: section 3.10.7.2, fourth, "drop the segment".
Verdict listening(const Encounter& met) {
    if (has(met, rst)) return {Answer::none, State::closed};
    if (has(met, ack)) return {Answer::reset, State::closed};
    if (has(met, syn) && !has(met, fin)) return {Answer::syn_ack, State::syn_received};
    return {Answer::none, State::closed};
}

// Section 3.10.7.3.
Verdict syn_sent(const Encounter& met) {
    if (has(met, ack) && !acknowledges(met))
        return {has(met, rst) ? Answer::none : Answer::reset, State::syn_sent};
    if (has(met, rst)) return {Answer::none, has(met, ack) ? State::closed : State::syn_sent};
    if (!has(met, syn)) return {Answer::none, State::syn_sent};
    if (has(met, ack)) return {Answer::ack, State::established};
    return {Answer::syn_ack, State::syn_received};
}

// Section 3.10.7.4, first: the table of four cases. A segment without length at the window's very
// end is taken too, but for an RST: there stands a peer that has used the window up.
bool acceptable(const Encounter& met) {
    const std::int64_t length = length_of(met), last = met.seq + length - 1;
    const auto inside = [&](std::int64_t at) { return at >= 0 && at < met.window; };
    if (length == 0) return inside(met.seq) || (met.seq == met.window && !has(met, rst));
    return inside(met.seq) || inside(last);
}

bool is_bare_syn(const Encounter& met) {
    return has(met, syn) && !has(met, ack) && !has(met, rst) && !has(met, fin);
}

bool takes_text(State state) {
    return state == State::established || state == State::fin_wait_1 || state == State::fin_wait_2;
}

State after_fin(State state) {
    switch (state) {
        case State::established: return State::close_wait;
        case State::fin_wait_1: return State::closing;
        case State::fin_wait_2: return State::time_wait;
        default: return state;
    }
}

// Seventh and eighth. `state` is what the ACK made of it.
Verdict take(const Encounter& met, State state) {
    const bool ends = has(met, fin);
    if (state == State::time_wait) return {ends ? Answer::ack : Answer::none, state};
    if (!takes_text(state) || length_of(met) == 0) return {Answer::none, state};
    const bool whole = met.seq + met.text <= met.window;
    if (met.seq > 0 || !whole) return {Answer::ack, state};  // a hole, or cut: told at once
    if (ends) return {Answer::ack, after_fin(state)};
    return {Answer::maybe_ack, state};
}

// Fifth: what the ACK of our FIN means.
State after_ack(const Encounter& met) {
    if (!acknowledges(met)) return met.state;
    switch (met.state) {
        case State::syn_received: return State::established;
        case State::fin_wait_1: return State::fin_wait_2;
        case State::closing: return State::time_wait;
        case State::last_ack: return State::closed;
        default: return met.state;
    }
}

Verdict unacceptable(const Encounter& met) {
    // The peer did not see our SYN-ACK: it is repeated, which tells the same as an ACK and more.
    const bool repeats = met.state == State::syn_received && met.seq == -1 && has(met, syn) &&
                         !has(met, ack) && !has(met, rst);
    if (repeats) return {Answer::syn_ack, met.state};
    return {has(met, rst) ? Answer::none : Answer::ack, met.state};
}

// Section 3.10.7.4, fifth; RFC 5961 section 5.2.
Verdict fifth(const Encounter& met) {
    if (!has(met, ack)) return {Answer::none, met.state};
    if (met.state == State::syn_received) {
        if (!acknowledges(met)) return {Answer::reset, met.state};
    } else if (met.ack > 0 || met.ack < -in_flight(met.state) - largest_send_window) {
        return {Answer::ack, met.state};
    }
    const State state = after_ack(met);
    if (state == State::closed) return {Answer::none, state};
    return take(met, state);
}

}  // namespace

Verdict judge(const Encounter& met) {
    if (met.state == State::closed) return closed(met);
    if (met.state == State::listen) return listening(met);
    if (met.state == State::syn_sent) return syn_sent(met);
    if (met.state == State::time_wait && is_bare_syn(met) && met.seq >= 0)  // RFC 6191
        return {Answer::syn_ack, State::syn_received};
    const bool repeats = met.state == State::syn_received && met.seq == -1;
    if (!acceptable(met) || (repeats && is_bare_syn(met))) return unacceptable(met);
    if (has(met, rst)) {
        if (met.seq != 0) return {Answer::ack, met.state};  // RFC 5961 section 3.2
        if (met.state == State::time_wait) return {Answer::none, met.state};  // RFC 1337
        return {Answer::none, State::closed};
    }
    if (has(met, syn)) {
        if (repeats && !has(met, ack)) return unacceptable(met);
        if (met.state == State::syn_received) return {Answer::none, State::closed};
        return {Answer::ack, met.state};  // RFC 5961 section 4.2
    }
    return fifth(met);
}

}  // namespace terminus::test
