#include "transitions.h"

#include <array>

namespace terminus::test {
namespace {

using tcp::State;
using Reach = std::uint16_t;  ///< a set of states, one bit each

constexpr std::size_t index(State state) { return static_cast<std::size_t>(state); }

constexpr Reach bit(State state) { return static_cast<Reach>(1U << index(state)); }

struct Edge {
    State from, to;
};

// RFC 9293 figure 5 (section 3.3.2). Every state may end in CLOSED: by ABORT, by an RST, by the
// user timeout; that is not listed.
constexpr std::array edges{
    Edge{State::listen, State::syn_received},       // rcv SYN, snd SYN,ACK
    Edge{State::listen, State::syn_sent},           // SEND, snd SYN
    Edge{State::syn_sent, State::syn_received},     // rcv SYN, snd SYN,ACK
    Edge{State::syn_sent, State::established},      // rcv SYN,ACK, snd ACK
    Edge{State::syn_received, State::listen},       // rcv RST, of a passive open
    Edge{State::syn_received, State::established},  // rcv ACK of SYN
    Edge{State::syn_received, State::fin_wait_1},   // CLOSE, snd FIN
    Edge{State::syn_received, State::close_wait},  // rcv FIN with the ACK: section 3.10.7.4, eighth
    Edge{State::established, State::fin_wait_1},   // CLOSE, snd FIN
    Edge{State::established, State::close_wait},   // rcv FIN, snd ACK
    Edge{State::fin_wait_1, State::fin_wait_2},    // rcv ACK of FIN
    Edge{State::fin_wait_1, State::closing},       // rcv FIN, snd ACK
    Edge{State::fin_wait_1, State::time_wait},  // rcv FIN, ACK of FIN, snd ACK: the figure's note
    Edge{State::fin_wait_2, State::time_wait},  // rcv FIN, snd ACK
    Edge{State::close_wait, State::last_ack},   // CLOSE, snd FIN
    Edge{State::closing, State::time_wait},     // rcv ACK of FIN
    Edge{State::last_ack, State::closed},       // rcv ACK of FIN
    Edge{State::time_wait, State::closed},      // 2 MSL over
};

Reach step(Reach from) {
    Reach to = from;
    for (const Edge& edge : edges)
        if ((from & bit(edge.from)) != 0) to |= bit(edge.to);
    return to;
}

/// One segment may walk two edges: its ACK is processed before its FIN (section 3.10.7.4).
Reach reachable(State from, Between between) {
    const int steps = between == Between::event ? 2 : static_cast<int>(tcp::state_count);
    Reach reach = bit(from);
    for (int i = 0; i < steps; ++i)
        reach = step(reach);
    return reach | bit(State::closed);
}

}  // namespace

std::string illegal_step(State from, State to, Between between) {
    if ((reachable(from, between) & bit(to)) != 0) return {};
    return "illegal: from " + std::string{name(from)} + " to " + std::string{name(to)};
}

}  // namespace terminus::test
