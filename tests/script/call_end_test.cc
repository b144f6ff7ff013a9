// The user calls that end a conversation, their errors, options and reset: RFC 9293 section 3.10.4
// to 3.10.6.
#include "script_choices.h"
#include "script_runner.h"

#include <gtest/gtest.h>

#include <array>

namespace terminus::test {
namespace {

TEST(Shutdown, BeforeThePeerAnsweredEndsIt) {  // RFC 9293 section 3.10.4, SYN-SENT
    run(syn_sent(), R"(
        call send 10
        call shutdown
        = closed
        call send 10 = closing
        call receive 10 = end
    )");
}

TEST(Shutdown, ClosesOurHalfOnce) {  // RFC 9293 section 3.10.4, ESTABLISHED, CLOSE-WAIT
    run(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        = fin_wait_1
        call shutdown = closing
    )");
    run(close_wait(), R"(
        call shutdown
        > F. 1:1(0) ack 2
        = last_ack
        call shutdown = closing
    )");
    for (const auto state : {tcp::State::fin_wait_2, tcp::State::closing, tcp::State::time_wait})
        run(setup_of(state), "call shutdown = closing");
    run(over(), "call shutdown = closing");
}

TEST(Shutdown, WaitsForTheHandshake) {  // RFC 9293 section 3.10.4, SYN-RECEIVED
    run(colliding(), R"(
        call shutdown
        call shutdown = closing
        call send 10 = closing
        < . 1:1(0) ack 1
        > F. 1:1(0) ack 1
        = fin_wait_1
    )");
    run(colliding(), R"(
        call send 10
        call shutdown
        < . 1:1(0) ack 1
        > FP. 1:11(10) ack 1
    )");
}

TEST(Shutdown, OfReceivingThrowsTextAway) {
    run(established(), R"(
        < P. 1:11(10) ack 1
        +40
        > . 1:1(0) ack 11
        call shutdown receive
        call shutdown receive = closing
        < P. 111:211(100) ack 1      // beyond a hole
        > . 1:1(0) ack 11
        < P. 11:111(100) ack 1
        > . 1:1(0) ack 211
        call receive 100 = 10        // what came before stays
        call receive 100 = closing
        < F. 211:211(0) ack 1
        > . 1:1(0) ack 212
        = close_wait
        call close                   // nothing is unread
        > F. 1:1(0) ack 212
        = last_ack
    )");
}

TEST(Shutdown, OfBothHalvesGoesOnWithoutText) {
    run(established(), R"(
        call shutdown both
        > F. 1:1(0) ack 1
        < P. 1:101(100) ack 2
        +40
        > . 2:2(0) ack 101
        call shutdown both = closing
        call receive 10 = closing
        < F. 101:101(0) ack 2
        > . 2:2(0) ack 102
        = time_wait
    )");
}

TEST(Close, KeepsTheHandleUntilClosed) {  // RFC 9293 section 3.10.4; the handle is CLOSED's
    run(established(), R"(
        call close
        > F. 1:1(0) ack 1
        call send 10 = closing
        call receive 10 = closing
        call shutdown = closing
        call close = closing
        call release 0 = closing
        = status state fin_wait_1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = status state time_wait timer time-wait
        +60s
        = closed
        call status = no-such-conversation
    )");
}

TEST(Close, WithUnreadTextResets) {  // RFC 2525 section 2.17
    run(established(), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        call close
        > R. 1:1(0) ack 101
        = closed
        call status = no-such-conversation
    )");
}

TEST(Close, WithoutLingeringAborts) {
    run(established(), R"(
        call set linger_ms 0
        call close
        > R. 1:1(0) ack 1
        = closed
    )");
}

TEST(Close, LingersNoLongerThanItsUserAllows) {
    run(established(), R"(
        call set linger_ms 500
        call send 10
        > P. 1:11(10) ack 1
        call close
        > F. 11:11(0) ack 1
        +220
        > FP. 1:11(10) ack 1
        +279
        = fin_wait_1
        +2
        > R. 12:12(0) ack 1
        = closed
    )");
    run(established(), R"(
        call set linger_ms 500
        call close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        +600
        = fin_wait_2                 // all arrived: nothing is left to linger for
    )");
}

TEST(Close, OfWhatIsClosedEndsTheHandle) {
    run(over(), R"(
        call status
        call close
        call status = no-such-conversation
    )");
}

// ABORT, section 3.10.5.

TEST(Abort, ResetsWhereThePeerMayStillSpeak) {  // RFC 9293 section 3.10.5
    run(established(), "call abort\n> R. 1:1(0) ack 1\n= closed");
    run(fin_wait_1(), "call abort\n> R. 2:2(0) ack 1\n= closed");
    run(fin_wait_2(), "call abort\n> R. 2:2(0) ack 1\n= closed");
    run(close_wait(), "call abort\n> R. 1:1(0) ack 2\n= closed");
    run(colliding(), "call abort\n> R. 1:1(0) ack 1\n= closed");
}

TEST(Abort, IsSilentWhereNothingMoreCanCome) {  // RFC 9293 section 3.10.5
    for (const auto state :
         {tcp::State::syn_sent, tcp::State::closing, tcp::State::last_ack, tcp::State::time_wait})
        run(setup_of(state), "call abort\n= closed\ncall status = no-such-conversation");
}

TEST(Abort, IsAllowedAfterClose) {
    run(established(), R"(
        call close
        > F. 1:1(0) ack 1
        call abort
        > R. 2:2(0) ack 1
        = closed
        call abort = no-such-conversation
    )");
}

// What ends a conversation is told once.

TEST(Errors, AreToldOnce) {  // RFC 9293 section 3.10.7.4, second: "connection reset"
    run(established(), R"(
        < R 1:1(0)
        = status error connection-reset state closed local_port 1000 remote_port 4000
        call ready = closed,error
        call send 10 = connection-reset
        call send 10 = closing
        call receive 10 = end
        call ready = closed
        = status error none
    )");
    run(close_wait(), R"(
        < R 2:2(0)
        call error = connection-reset
        call error = none
        call shutdown = closing
    )");
}

TEST(Errors, OfAnOpen) {  // RFC 9293 section 3.10.7.3 and 3.10.7.4, second: "connection refused"
    run(syn_sent(), R"(
        < R. 0:0(0) ack 1
        call receive 10 = refused
        call receive 10 = end
    )");
    run(colliding(), R"(
        < R 1:1(0)
        call send 10 = refused
        call send 10 = closing
    )");
    run(with(nothing(), [](tcp::Settings& s) { s.syn_give_up_ms = 1500; }), R"(
        call open
        > S 0:0(0)
        +1s
        > S 0:0(0)
        +3s
        call shutdown = timed-out
    )");
}

// What a state forbids changes nothing.

struct Forbidden {
    tcp::State state;
    std::string_view call;
};
constexpr std::array<Forbidden, 24> forbidden{{
    {tcp::State::syn_sent, "open = already-connected"},
    {tcp::State::syn_sent, "receive 10 = would-block"},
    {tcp::State::syn_sent, "release 1 = bad-request"},
    {tcp::State::established, "open = already-connected"},
    {tcp::State::established, "receive 10 = would-block"},
    {tcp::State::established, "release 1 = bad-request"},
    {tcp::State::established, "datagram 10 = no-such-conversation"},
    {tcp::State::fin_wait_1, "open = already-connected"},
    {tcp::State::fin_wait_1, "send 10 = closing"},
    {tcp::State::fin_wait_1, "shutdown = closing"},
    {tcp::State::fin_wait_2, "send 10 = closing"},
    {tcp::State::fin_wait_2, "shutdown = closing"},
    {tcp::State::close_wait, "open = already-connected"},
    {tcp::State::close_wait, "receive 10 = end"},
    {tcp::State::closing, "send 10 = closing"},
    {tcp::State::closing, "receive 10 = end"},
    {tcp::State::closing, "shutdown = closing"},
    {tcp::State::last_ack, "send 10 = closing"},
    {tcp::State::last_ack, "receive 10 = end"},
    {tcp::State::last_ack, "shutdown = closing"},
    {tcp::State::time_wait, "open = address-in-use"},
    {tcp::State::time_wait, "send 10 = closing"},
    {tcp::State::time_wait, "receive 10 = end"},
    {tcp::State::time_wait, "shutdown = closing"},
}};

std::string summary(ScriptRunner& runner) {
    const auto status = runner.harness().stack().status(runner.conversation().value());
    std::string text;
    for (const auto* name : {"state", "snd_una", "snd_nxt", "rcv_nxt", "rcv_adv", "snd_wnd",
                             "unsent_bytes", "receive_queue_bytes", "timer", "error", "end"})
        text += field_of(status.value, name, {}) + ' ';
    return text;
}

TEST(Calls, ThatAreForbiddenChangeNothing) {  // RFC 9293 section 3.10.1 to 3.10.4
    for (const Forbidden& each : forbidden) {
        for (const Family family : {Family::ip4, Family::ip6}) {
            const Scene scene = setup_of(each.state);
            ScriptRunner runner{scene, family};
            ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
            const std::string before = summary(runner);
            EXPECT_TRUE(runner.play("script", "call " + std::string{each.call}))
                << name(each.state) << ": " << runner.failure();
            EXPECT_EQ(summary(runner), before) << name(each.state) << ": " << each.call;
            EXPECT_TRUE(runner.finish()) << runner.failure();
        }
    }
}

// Readiness and options.

TEST(Ready, FollowsTheConversation) {
    run(syn_sent(), R"(
        call ready = nothing
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        call ready = writable
        < P. 1:11(10) ack 1
        +40
        > . 1:1(0) ack 11
        call ready = readable,writable
        < F. 11:11(0) ack 1
        > . 1:1(0) ack 12
        call ready = readable,writable,end
        call receive 10
        call shutdown
        > F. 1:1(0) ack 12
        call ready = end
        < . 12:12(0) ack 2
        call ready = end,closed
    )");
}

TEST(Options, ActAtOnce) {
    run(established(), R"(
        call send 10
        > P. 1:11(10) ack 1
        call send 10
        call set nagle 0             // what waited for the ACK leaves
        > P. 11:21(10) ack 1
    )");
    run(with(established(), [](tcp::Settings& s) { s.receive_buffer_bytes = 1000; }), R"(
        < P. 1:1001(1000) ack 1
        +40
        > . 1:1(0) ack 1001 win 0
        call set receive_buffer_bytes 3000
        > . 1:1(0) ack 1001 win 2000
    )");
}

TEST(Options, OfTheDeviceHoldForWhatIsOpenedLater) {
    run(opened(), R"(
        call set default receive_buffer_bytes 4000
        < P. 1:11(10) ack 1
        +40
        > . 1:1(0) ack 11 win 65525
        new port 4001 isn 77
        call open
        > S 0:0(0) win 4000
    )");
}

// reset

TEST(ResetCall, EndsEverythingInSilence) {
    run(time_wait(), "call reset\n= closed\ncall status = no-such-conversation");
    run(established(), R"(
        call set default receive_buffer_bytes 4000
        call reset
        = closed
        call status = no-such-conversation
        call accept = no-such-conversation
        call open
        > S 0:0(0) win 65535
    )");
}

TEST(ResetCall, TellsThePeersWhereAsked) {
    run(established(), R"(
        call reset segments
        > R. 1:1(0) ack 1
        = closed
    )");
}

}  // namespace
}  // namespace terminus::test
