/// The states of a TCP connection, RFC 9293 section 3.3.2. CLOSED and LISTEN have no record.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace terminus::tcp {

enum class State : std::uint8_t {
    closed,
    listen,
    syn_sent,
    syn_received,
    established,
    fin_wait_1,
    fin_wait_2,
    close_wait,
    closing,
    last_ack,
    time_wait,
};
inline constexpr std::size_t state_count = 11;

/// As the RFC spells it, in lower case with underscores: the label of metrics.
[[nodiscard]] std::string_view name(State state);

/// True when the handshake is over: RFC 9293 section 3.3.2, "synchronized".
[[nodiscard]] constexpr bool is_synchronised(State state) { return state >= State::established; }
/// True while text of the user may still be sent.
[[nodiscard]] constexpr bool may_send_text(State state) {
    return state == State::established || state == State::close_wait;
}
/// True while the peer may still send text.
[[nodiscard]] constexpr bool may_receive_text(State state) {
    return state == State::established || state == State::fin_wait_1 || state == State::fin_wait_2;
}
/// True when our FIN is due: sent, or to be sent after the text before it.
[[nodiscard]] constexpr bool has_closed(State state) {
    constexpr auto bit = [](State its) { return 1U << static_cast<unsigned>(its); };
    constexpr unsigned closed = bit(State::fin_wait_1) | bit(State::fin_wait_2) |
                                bit(State::closing) | bit(State::last_ack) | bit(State::time_wait);
    return (closed & bit(state)) != 0;
}

}  // namespace terminus::tcp
