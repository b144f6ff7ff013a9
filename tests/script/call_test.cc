// The user calls, state by state: RFC 9293 section 3.10.1 to 3.10.6.
#include "script_choices.h"
#include "script_runner.h"

#include <gtest/gtest.h>

#include <array>

namespace terminus::test {
namespace {

// OPEN, section 3.10.1.

TEST(Open, OfConnectedEndsIsRefused) {  // RFC 9293 section 3.10.1: "connection already exists"
    for (const auto state : {tcp::State::syn_sent, tcp::State::established, tcp::State::fin_wait_1,
                             tcp::State::fin_wait_2, tcp::State::close_wait, tcp::State::closing,
                             tcp::State::last_ack})
        run(setup_of(state), "call open = already-connected");
}

TEST(Open, OfEndsInTimeWaitFindsTheAddressInUse) {  // RFC 9293 section 3.10.1, TIME-WAIT
    run(time_wait(), "call open = address-in-use");
}

TEST(Open, NeedsOneOfOurAddresses) {  // RFC 9293 section 3.9.1.1, MUST-44
    run(nothing(), "call open foreign = address-not-ours");
}

TEST(Open, PicksAnAddressAndAPort) {  // RFC 9293 section 3.9.1.1, MUST-43; RFC 6335 section 6
    run(nothing(), R"(
        call open any
        > S 0:0(0)
        = syn_sent
    )");
}

TEST(Open, PassiveWorksBesideAnActiveOneOfItsPort) {  // RFC 9293 section 3.9.1.1, MUST-41, MUST-42
    run(syn_sent(), R"(
        call listen
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
    )");
    run(colliding(), R"(
        call listen
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Open, OfOnePortToSeveralRemotes) {  // RFC 9293 section 3.9.1.1
    run(opened(), R"(
        new port 4001 isn 77
        call open
        > S 0:0(0)
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
    )");
}

TEST(Open, ObeysItsOptionsFromTheSynOn) {  // RFC 9293 section 3.9.1.1: "options"
    run(nothing(), R"(
        call with receive_buffer_bytes 4000 initial_rto_ms 300
        call open
        > S 0:0(0) win 4000
        +300
        > S 0:0(0) win 4000
    )");
}

TEST(Open, PassiveTwiceFindsTheAddressInUse) {  // RFC 9293 section 3.10.1, LISTEN
    run(listening(), R"(
        call listen = address-in-use
        call listen remote
    )");
}

TEST(Open, PassiveInheritsItsOptions) {
    run(nothing(), R"(
        call with receive_buffer_bytes 4000
        call listen
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 4000
        call set listener receive_buffer_bytes 5000
        < . 1:1(0) ack 1
        call accept
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 5000
    )");
}

TEST(Open, OfARemoteIsMoreExactThanOfAnybody) {  // RFC 9293 section 3.9.1.1: a specified remote
    run(nothing(), R"(
        call listen remote
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = listener state listen remote_port 0
    )");
}

TEST(Accept, GivesTheOldestFirst) {
    run(listening(), R"(
        call accept = would-block
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        call accept = would-block
        < . 1:1(0) ack 1
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        = status remote_port 4000
        call accept
        = status remote_port 4001
        call accept = would-block
    )");
}

TEST(Accept, GivesWhatEndedMeanwhileToo) {  // its user learns of the reset
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        < P. 1:6(5) ack 1
        +40
        > . 1:1(0) ack 6
        < R 6:6(0)
        = closed
        call accept
        call ready = readable,closed,error
        call receive 100 = 5
        call receive 100 = connection-reset
        call receive 100 = end
    )");
}

TEST(Accept, EndOfTheListenerResetsWhatNobodyTook) {  // RFC 9293 section 3.10.4, LISTEN
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call unlisten
        > R. 1:1(0) ack 1
        = closed
    )");
    run(syn_received(), R"(
        call unlisten
        > R. 1:1(0) ack 1
        = closed
    )");
}

TEST(Accept, IsDeferredUntilTextComes) {
    Scene scene = with(listening(), [](tcp::Settings& s) { s.deferred_accept_ms = 500; });
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
        call accept = would-block
        < P. 1:6(5) ack 1
        call accept
        +40
        > . 1:1(0) ack 6
    )");
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        +499
        call accept = would-block
        +2
        call accept
    )");
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        < R 1:1(0)                   // nobody ever hears of it
        = closed
        call accept = would-block
    )");
}

// SEND, section 3.10.2.

TEST(Send, IsQueuedUntilTheHandshakeIsOver) {  // RFC 9293 section 3.10.2, SYN-SENT, SYN-RECEIVED
    run(syn_sent(), R"(
        call send 10
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > P. 1:11(10) ack 1
    )");
    run(colliding(), R"(
        call send 10
        < . 1:1(0) ack 1
        > P. 1:11(10) ack 1
    )");
}

TEST(Send, WorksWhileOurHalfIsOpen) {  // RFC 9293 section 3.10.2, ESTABLISHED, CLOSE-WAIT
    run(established(), R"(
        call send 10
        > P. 1:11(10) ack 1
    )");
    run(close_wait(), R"(
        call send 10
        > P. 1:11(10) ack 2
    )");
}

TEST(Send, AfterCloseIsRefused) {  // RFC 9293 section 3.10.2: "connection closing"
    for (const auto state : {tcp::State::fin_wait_1, tcp::State::fin_wait_2, tcp::State::closing,
                             tcp::State::last_ack, tcp::State::time_wait})
        run(setup_of(state), "call send 10 = closing");
    run(over(), "call send 10 = closing");
}

TEST(Send, WithoutRoomBlocks) {  // RFC 9293 section 3.10.2: "insufficient resources"
    run(with(established(), [](tcp::Settings& s) { s.send_buffer_bytes = 100; }), R"(
        call send 300 = 100
        > P. 1:101(100) ack 1
        call send 1 = would-block
        call ready = nothing
        < . 1:1(0) ack 101
        call ready = writable
    )");
}

TEST(Send, MoreKeepsTheLastShortSegment) {  // RFC 9293 section 3.9.1.2, MAY-15: PUSH not set
    run(established(), R"(
        call send 100 more
        +190
        call send 1350 more
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 1401
        call send 0
        > P. 1401:1451(50) ack 1
    )");
    run(established(), R"(
        call send 100 more
        call shutdown
        > FP. 1:101(100) ack 1
    )");
}

TEST(Send, UrgentSetsThePointer) {  // RFC 9293 sections 3.10.2 and 3.8.5, MUST-62
    run(established(), R"(
        call send 10 urgent
        > P.U 1:11(10) ack 1 urg 10
        = status snd_up 11
    )");
}

// RECEIVE, section 3.10.3.

TEST(Receive, WaitsForText) {  // RFC 9293 section 3.10.3: queued
    for (const auto state : {tcp::State::syn_sent, tcp::State::established, tcp::State::fin_wait_1,
                             tcp::State::fin_wait_2})
        run(setup_of(state), "call receive 10 = would-block");
    run(colliding(), "call receive 10 = would-block");
}

TEST(Receive, IsTheEndAfterThePeersFin) {  // RFC 9293 section 3.10.3, CLOSE-WAIT and later
    for (const auto state :
         {tcp::State::close_wait, tcp::State::closing, tcp::State::last_ack, tcp::State::time_wait})
        run(setup_of(state), "call receive 10 = end\ncall receive 10 = end");
    run(over(), "call receive 10 = end");
}

TEST(Receive, PeekLeavesTheText) {
    run(established(), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        call receive 60 peek
        = unread 100
        call receive 100
        = unread 0
    )");
}

TEST(Receive, KeepsTheWindowUntilReleased) {  // RFC 9293 section 3.8.6.2.2
    run(with(established(), [](tcp::Settings& s) { s.receive_buffer_bytes = 1000; }), R"(
        < P. 1:1001(1000) ack 1
        +40
        > . 1:1(0) ack 1001 win 0
        call receive 1000 keep
        call release 1001 = bad-request
        call release 400
        call release 100
        > . 1:1(0) ack 1001 win 500
        call release 500
        > . 1:1(0) ack 1001 win 1000
        call release 1 = bad-request
    )");
}

// CLOSE, section 3.10.4.

}  // namespace
}  // namespace terminus::test
