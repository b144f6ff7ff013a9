// How each state is reached: by frames and calls only.
#include "script.h"

#include <array>

namespace terminus::test {

Scene then(Scene scene, std::string_view lines) {
    scene.prelude += lines;
    return scene;
}

Scene with(Scene scene, void (*change)(tcp::Settings&)) {
    change(scene.options.settings.tcp);
    return scene;
}

Scene nothing() { return {}; }

Scene listening() { return then(nothing(), "call listen\n"); }

Scene syn_received() {
    return then(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

Scene syn_sent() {
    return then(nothing(), R"(
        call open
        > S 0:0(0)
        = syn_sent
    )");
}

Scene established() {
    return then(syn_received(), R"(
        < . 1:1(0) ack 1 win 65535
        = established
        call accept
    )");
}

Scene established_scaled(std::uint8_t scale) {
    return then(listening(),
                "< S 0:0(0) win 65535 <mss 1400,nop,wscale " + std::to_string(scale) +
                    ">\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\n= established\ncall accept\n");
}

Scene opened() {
    return then(syn_sent(), R"(
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
    )");
}

Scene fin_wait_1() {
    return then(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        = fin_wait_1
    )");
}

Scene fin_wait_2() {
    return then(fin_wait_1(), R"(
        < . 1:1(0) ack 2
        = fin_wait_2
    )");
}

Scene close_wait() {
    return then(established(), R"(
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        = close_wait
    )");
}

Scene closing() {
    return then(fin_wait_1(), R"(
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        = closing
    )");
}

Scene last_ack() {
    return then(close_wait(), R"(
        call shutdown
        > F. 1:1(0) ack 2
        = last_ack
    )");
}

Scene time_wait() {
    return then(fin_wait_2(), R"(
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
    )");
}

Scene served(Serve service) {
    Scene setup;
    setup.our_port = port_of(service);
    setup.text = service == Serve::echo ? OurText::echo : OurText::any;
    return then(setup, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

Scene setup_of(tcp::State state) {
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

Scene colliding() {
    return then(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

Scene over() {
    return then(last_ack(), R"(
        < . 2:2(0) ack 2
        = closed
    )");
}

}  // namespace terminus::test
