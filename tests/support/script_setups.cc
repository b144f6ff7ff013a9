// How each state is reached: by frames and calls only.
#include "script.h"

#include <array>

namespace terminus::test {
namespace {

Setup then(Setup setup, std::string_view lines) {
    setup.prelude += lines;
    return setup;
}

}  // namespace

Setup nothing() { return {}; }

Setup listening() { return then(nothing(), "call listen\n"); }

Setup syn_received() {
    return then(listening(), R"(
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

Setup syn_sent() {
    return then(nothing(), R"(
        call open
        > S 0:0(0)
        = syn_sent
    )");
}

Setup established() {
    return then(syn_received(), R"(
        < . 1:1(0) ack 1 win 65535
        = established
        call accept
    )");
}

Setup established_scaled(std::uint8_t scale) {
    return then(listening(),
                "< S 0:0(0) win 65535 <mss 1460,nop,wscale " + std::to_string(scale) +
                    ">\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\n= established\ncall accept\n");
}

Setup opened() {
    return then(syn_sent(), R"(
        < S. 0:0(0) ack 1 win 65535 <mss 1460>
        > . 1:1(0) ack 1
        = established
    )");
}

Setup fin_wait_1() {
    return then(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        = fin_wait_1
    )");
}

Setup fin_wait_2() {
    return then(fin_wait_1(), R"(
        < . 1:1(0) ack 2
        = fin_wait_2
    )");
}

Setup close_wait() {
    return then(established(), R"(
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        = close_wait
    )");
}

Setup closing() {
    return then(fin_wait_1(), R"(
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        = closing
    )");
}

Setup last_ack() {
    return then(close_wait(), R"(
        call shutdown
        > F. 1:1(0) ack 2
        = last_ack
    )");
}

Setup time_wait() {
    return then(fin_wait_2(), R"(
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
    )");
}

Setup served(Serve service) {
    constexpr std::array<std::uint16_t, 4> ports{7, 9, 19, 80};
    Setup setup;
    setup.our_port = ports[static_cast<std::size_t>(service)];
    setup.text = service == Serve::echo ? OurText::echo : OurText::any;
    return then(setup, R"(
        < S 0:0(0) win 65535 <mss 1460>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

Setup setup_of(tcp::State state) {
    switch (state) {
        case tcp::State::closed: return nothing();
        case tcp::State::listen: return listening();
        case tcp::State::syn_sent: return syn_sent();
        case tcp::State::syn_received: return syn_received();
        case tcp::State::established: return established();
        case tcp::State::fin_wait_1: return fin_wait_1();
        case tcp::State::fin_wait_2: return fin_wait_2();
        case tcp::State::close_wait: return close_wait();
        case tcp::State::closing: return closing();
        case tcp::State::last_ack: return last_ack();
        case tcp::State::time_wait: return time_wait();
    }
    return nothing();
}

}  // namespace terminus::test
