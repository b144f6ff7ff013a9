// Keepalive: RFC 9293 section 3.8.4. A peer that vanished is found, a slow one is not hurt.
#include "script.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene kept(Scene scene) {
    auto& tcp = scene.options.settings.tcp;
    tcp.keepalive = true;
    tcp.keepalive_idle_ms = 10'000;
    tcp.keepalive_interval_ms = 1000;
    tcp.keepalive_count = 3;
    return scene;
}

TEST(Keepalive, IsOffUnlessAsked) {  // RFC 9293 section 3.8.4, MAY-5, MUST-24, 25
    run(established(), R"(
        +8000s
        = established
        = event keepalive_probes 0
    )");
}

TEST(Keepalive, AsksAfterTheIdleTime) {  // RFC 9293 section 3.8.4, MUST-26, SHLD-12
    run(kept(established()), R"(
        +9998ms
        +4ms
        > . 0:0(0) ack 1             // SEG.SEQ = SND.NXT - 1, no text
        < . 1:1(0) ack 1
        +9998ms
        +4ms
        > . 0:0(0) ack 1             // an answer begins the idle time anew
        < . 1:1(0) ack 1
        = event keepalive_probes 2
        = established
    )");
}

TEST(Keepalive, OneLostProbeEndsNothing) {  // RFC 9293 section 3.8.4, MUST-27, 29
    run(kept(established()), R"(
        +10002ms
        > . 0:0(0) ack 1
        +1001ms
        > . 0:0(0) ack 1
        +1001ms
        > . 0:0(0) ack 1
        < . 1:1(0) ack 1
        +9s
        = established
        +1004ms
        > . 0:0(0) ack 1
        +1001ms
        > . 0:0(0) ack 1             // all are counted anew
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Keepalive, EndsWhenNobodyAnswers) {  // RFC 9293 section 3.8.4
    run(kept(established()), R"(
        +10002ms
        > . 0:0(0) ack 1
        +1001ms
        > . 0:0(0) ack 1
        +1001ms
        > . 0:0(0) ack 1
        +990ms
        = established
        +15ms
        > R. 1:1(0) ack 1
        = closed
        = event timed_out 1
        call send 1 = timed-out
    )");
}

TEST(Keepalive, FindsAPeerThatRebooted) {  // RFC 9293 section 3.5.1, figure 11
    run(kept(established()), R"(
        +10002ms
        > . 0:0(0) ack 1
        < R 1:1(0)
        = closed
        call send 1 = connection-reset
    )");
}

TEST(Keepalive, WatchesHalfClosedConnections) {  // RFC 9293 section 3.8.4; section 3.6
    run(kept(close_wait()), R"(
        +10002ms
        > . 0:0(0) ack 2
        < . 2:2(0) ack 1
        = close_wait
    )");
    run(kept(fin_wait_2()), R"(
        +10002ms
        > . 1:1(0) ack 1
        < . 1:1(0) ack 2
        = fin_wait_2
    )");
}

TEST(Keepalive, LeavesTextToItsOwnTimer) {  // RFC 9293 section 3.8.4: only while the flow is idle
    run(kept(established()), R"(
        +10002ms
        > . 0:0(0) ack 1             // unanswered
        call send 100
        > P. 1:101(100) ack 1
        +202ms
        > P. 1:101(100) ack 1        // the timeout is not backed off by the probe
        < . 1:1(0) ack 101
        +10004ms
        > . 100:100(0) ack 1
        < . 1:1(0) ack 101
    )");
}

TEST(Keepalive, ServesServicesToo) {
    run(kept(served(Serve::discard)), R"(
        +10002ms
        > . 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Keepalive, TheUserTimeoutDecidesWhereItIsSet) {  // RFC 5482; RFC 9293 section 3.8.3
    Scene setup = kept(established());
    setup.options.settings.tcp.user_timeout_ms = 10'500;
    run(setup, R"(
        +10002ms
        > . 0:0(0) ack 1
        +1002ms
        > R. 1:1(0) ack 1
        = closed
    )");
}

TEST(Keepalive, AnswersThePeersProbes) {  // RFC 9293 section 3.8.4, from the other side
    run(established(), R"(
        < . 0:0(0) ack 1
        > . 1:1(0) ack 1
        < P. 0:1(1) ack 1            // with a byte of old text, as some send it
        > . 1:1(0) ack 1
        = unread 0
    )");
}

}  // namespace
}  // namespace terminus::test
