// How long a flow tries: R2 as a time and as a count, the user timeout (RFC 5482), the limits of
// SYNs; TIME-WAIT of another length; the quiet time; the override of silly window avoidance.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Patience, RetriesMayBeCounted) {  // RFC 9293 section 3.8.3, MUST-20
    run(with(established(), [](tcp::Settings& s) { s.retries = 2; }), R"(
        call send 100
        > P. 1:101(100) ack 1
        +202ms
        > P. 1:101(100) ack 1
        +404ms
        > P. 1:101(100) ack 1
        +785ms
        = established
        +20ms
        = closed
        call send 1 = timed-out
    )");
}

TEST(Patience, AFinNeverAcknowledgedGivesUp) {  // RFC 9293 section 3.8.3; section 3.6
    for (const Scene& setup : {fin_wait_1(), last_ack()}) {
        ScriptRunner runner{with(setup, [](tcp::Settings& s) { s.retries = 3; }), Family::ip4};
        ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
        runner.harness().pass_ms(10'000);
        EXPECT_EQ(runner.harness().stack().flows(), 0U);
        EXPECT_EQ(runner.harness().events(TcpEvent::timed_out), 1U);
        EXPECT_EQ(runner.harness().counters().resets_sent, 0U);
    }
}

TEST(Patience, TheUserTimeoutEndsWhatIsUnacknowledged) {  // RFC 5482; RFC 9293 3.8.3, 3.10.8
    run(with(established(), [](tcp::Settings& s) { s.user_timeout_ms = 1000; }), R"(
        call send 100
        > P. 1:101(100) ack 1
        +202ms
        > P. 1:101(100) ack 1
        +402ms
        > P. 1:101(100) ack 1
        +390ms
        = established
        +12ms                      // exactly then, though the timeout would be later
        = closed
        call send 1 = timed-out
    )");
}

TEST(Patience, TheUserTimeoutMayBeLongerThanR2) {  // RFC 9293 section 3.8.3, MUST-21
    Scene setup = with(established(), [](tcp::Settings& s) {
        s.user_timeout_ms = 200'000;
        s.rto_max_ms = 20'000;
        s.give_up_ms = 1000;
        s.retries = 1;
    });
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", "call send 100\n> P. 1:101(100) ack 1\n"));
    runner.harness().pass_ms(199'000, 5);
    EXPECT_EQ(runner.harness().stack().flows(), 1U);
    runner.harness().pass_ms(2'000, 5);
    EXPECT_EQ(runner.harness().stack().flows(), 0U);
}

TEST(Patience, TheUserTimeoutEndsAClosedWindow) {  // RFC 5482 section 3.1; RFC 9293 section 3.10.8
    run(with(established(), [](tcp::Settings& s) { s.user_timeout_ms = 500; }), R"(
        < . 1:1(0) ack 1 win 0
        call send 100
        +202ms
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0     // the peer is there, but the user will not wait
        +302ms
        = closed
    )");
}

TEST(Patience, SynsAreCounted) {  // RFC 9293 section 3.8.3
    run(with(syn_sent(), [](tcp::Settings& s) { s.syn_retries = 1; }), R"(
        +1002ms
        > S 0:0(0)
        +1990ms
        = syn_sent
        +15ms
        = closed
        call send 1 = timed-out
    )");
}

TEST(Patience, TheUserTimeoutHoldsForASynToo) {  // RFC 9293 section 3.10.8: for any state
    run(with(syn_sent(), [](tcp::Settings& s) { s.user_timeout_ms = 1500; }), R"(
        +1002ms
        > S 0:0(0)
        +490ms
        = syn_sent
        +12ms
        = closed
    )");
}

TEST(Patience, ASimultaneousOpenHasTheLimitsOfASyn) {  // RFC 9293 section 3.8.3, MUST-23
    run(with(syn_sent(), [](tcp::Settings& s) { s.syn_ack_retries = 0; }), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +1002ms
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

TEST(TimeWaitLength, IsTheConversationsOwn) {  // RFC 9293 section 3.4.2; issue: TIME-WAIT length
    for (const std::uint32_t ms : {1000U, 100'000U}) {
        Scene setup = established();
        setup.options.settings.tcp.time_wait_ms = ms;
        setup.prelude += R"(
            call shutdown
            > F. 1:1(0) ack 1
            < F. 1:1(0) ack 2
            > . 2:2(0) ack 2
            = time_wait
        )";
        run(setup, '+' + std::to_string(ms - 5) + "\n= time_wait\n+10\n= closed\n");
    }
}

/// A conversation in a state, with settings of its own.
struct OwnSettings {
    OwnSettings(const Scene& scene, void (*change)(tcp::Settings&)) : runner{scene, Family::ip4} {
        EXPECT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        Stack& stack = runner.harness().stack();
        tcp::Settings own = stack.settings(*runner.conversation()).value;
        change(own);
        EXPECT_EQ(stack.set_settings(*runner.conversation(), own, runner.harness().now()),
                  CallError::none);
    }
    void play(std::string_view script) {
        EXPECT_TRUE(runner.play("script", script)) << runner.failure();
    }
    ScriptRunner runner;
};

TEST(TimeWaitLength, DiffersFromTheDevices) {  // RFC 9293 section 3.4.2
    for (const bool is_longer : {false, true}) {
        OwnSettings own{fin_wait_2(), is_longer ? [](tcp::Settings& s) { s.time_wait_ms = 90'000; }
                                                : [](tcp::Settings& s) { s.time_wait_ms = 5000; }};
        own.play("< F. 1:1(0) ack 2\n> . 2:2(0) ack 2\n= time_wait\n");
        own.play(is_longer ? "+89990\n= time_wait\n+20\n= closed\n"
                           : "+4990\n= time_wait\n+20\n= closed\n");
    }
}

TEST(OwnTimers, FollowAChange) {  // RFC 9293 sections 3.8.3 and 3.8.4
    OwnSettings keeps{established(), [](tcp::Settings& s) {
                          s.keepalive = true;
                          s.keepalive_idle_ms = 500;
                      }};
    keeps.play("+502\n> . 0:0(0) ack 1\n< . 1:1(0) ack 1\n");
    EXPECT_EQ(keeps.runner.harness().stack().status(*keeps.runner.conversation()).value.timer,
              Timer::keepalive);
    OwnSettings hurries{fin_wait_1(), [](tcp::Settings& s) { s.user_timeout_ms = 100; }};
    hurries.play("+102\n= closed\n");
}

TEST(Linger, AbortsWhatIsNotAcknowledgedInTime) {  // RFC 9293 section 3.9.1.5; SO_LINGER
    OwnSettings own{established(), [](tcp::Settings& s) { s.linger_ms = 150; }};
    own.play(R"(
        call send 100
        > P. 1:101(100) ack 1
        call close
        > F. 101:101(0) ack 1
        +148ms
        = fin_wait_1
        +4ms
        > R. 102:102(0) ack 1
        = closed
    )");
}

TEST(Linger, LeavesWhatIsAcknowledgedAlone) {  // RFC 9293 section 3.9.1.5
    OwnSettings own{established(), [](tcp::Settings& s) { s.linger_ms = 150; }};
    own.play(R"(
        call close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        +1s
        = fin_wait_2
    )");
}

TEST(Linger, OfZeroAborts) {  // RFC 9293 section 3.9.1.5
    OwnSettings own{established(), [](tcp::Settings& s) { s.linger_ms = 0; }};
    own.play("call close\n> R. 1:1(0) ack 1\n= closed\n");
}

TEST(More, HoldsAShortSegmentBack) {  // RFC 9293 section 3.9.1.2: PUSH is not yet
    OwnSettings own{established(), [](tcp::Settings&) {}};
    Harness& harness = own.runner.harness();
    const std::string text = stream_text(true, 0, 100);
    const auto sent = harness.stack().send(
        *own.runner.conversation(), std::as_bytes(std::span{text}), {.more = true}, harness.now());
    ASSERT_EQ(sent.value, 100U);
    own.play("+195\n+10\n> P. 1:101(100) ack 1\n");  // but not for ever
}

TEST(ActiveOpen, OfATupleInTimeWaitSaysSo) {  // RFC 9293 section 3.10.1; RFC 6191 section 2
    run(time_wait(), R"(
        +2s
        call open = address-in-use
    )");
}

TEST(QuietTime, SaysNothingUntilItIsOver) {  // RFC 9293 section 3.4.3
    Scene setup = listening();
    setup.options.settings.tcp.quiet_time_ms = 10'000;  // the harness has used up three seconds
    run(setup, R"(
        < S 0:0(0) win 65535 <mss 1400>
        < . 5:5(0) ack 5
        = drop quiet_time 2
        +7s
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
    )");
}

TEST(QuietTime, HoldsASyn) {  // RFC 9293 section 3.4.3
    Scene setup = nothing();
    setup.options.settings.tcp.quiet_time_ms = 3500;
    run(setup, R"(
        call open
        +480ms
        +30ms
        > S 0:0(0)
        < S. 0:0(0) ack 1
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(QuietTime, IsNoTimeout) {  // RFC 9293 section 3.4.3; RFC 6298 section 2.1
    Scene setup = nothing();
    setup.options.settings.tcp.quiet_time_ms = 6500;
    run(setup, R"(
        call open
        +3480ms
        +30ms
        > S 0:0(0)
        = status rto_ms 1000
        +980ms
        +10ms
        > S 0:0(0)
        = status rto_ms 2000
    )");
}

TEST(SillyWindow, SmallSegmentsWaitForTheOverride) {  // RFC 9293 section 3.8.6.2.1, SHLD-28
    run(established(), R"(
        < . 1:1(0) ack 1 win 1000      // less than a segment, and than half of what was seen
        call send 5000
        +195ms
        +10ms
        > . 1:1001(1000) ack 1
        < . 1:1(0) ack 1001 win 65535
        > . 1001:2401(1400) ack 1
        > . 2401:3801(1400) ack 1
        < . 1:1(0) ack 3801
        > P. 3801:5001(1200) ack 1
    )");
}

TEST(SillyWindow, HalfOfTheLargestWindowIsEnough) {  // RFC 9293 section 3.8.6.2.1, (3)
    run(listening(), R"(
        < S 0:0(0) win 1000 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1 win 1000
        call accept
        call send 3000
        > . 1:1001(1000) ack 1
        < . 1:1(0) ack 1001 win 499    // less than half
        +195ms
        < . 1:1(0) ack 1001 win 500
        > . 1001:1501(500) ack 1
    )");
}

TEST(SillyWindow, AWindowThatGrowsEndsTheWait) {  // RFC 9293 section 3.8.6.2.1, (1)
    run(established(), R"(
        < . 1:1(0) ack 1 win 1000
        call send 1400
        +100ms
        < . 1:1(0) ack 1 win 1400
        > P. 1:1401(1400) ack 1
        +202ms
        > P. 1:1401(1400) ack 1        // and its own timer runs
        < . 1:1(0) ack 1401 win 1400
    )");
}

TEST(SillyWindow, NagleHoldsASmallSegmentBack) {  // RFC 9293 section 3.7.4, MUST-17
    run(established(), R"(
        call send 100
        > P. 1:101(100) ack 1
        call send 100
        +100ms
        < . 1:1(0) ack 101
        > P. 101:201(100) ack 1
    )");
    run(with(established(), [](tcp::Settings& s) { s.nagle = false; }), R"(
        call send 100
        > P. 1:101(100) ack 1
        call send 100
        > P. 101:201(100) ack 1
    )");
}

}  // namespace
}  // namespace terminus::test
