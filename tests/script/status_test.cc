// STATUS against a trace: RFC 9293 section 3.10.6, and the timers, queues and times it tells of.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

// RFC 9293 section 3.9.1.6.
TEST(Status, TellsTheSequenceNumbers) {  // RFC 9293 section 3.3.1
    run(established(), R"(
        = status iss 0 irs 0 snd_una 1 snd_nxt 1 rcv_nxt 1 snd_wnd 65535 snd_wl1 1 snd_wl2 1
        call send 100
        > P. 1:101(100) ack 1
        = status snd_una 1 snd_nxt 101 segments_out 1 send_queue_bytes 100 unsent_bytes 0
        < . 1:1(0) ack 101 win 5000
        = status snd_una 101 snd_nxt 101 snd_wnd 5000 snd_wl2 101 send_queue_bytes 0
        < P. 1:51(50) ack 101
        +40
        > . 101:101(0) ack 51
        = status rcv_nxt 51 receive_queue_bytes 50 snd_wl1 1
        = status active 0 state established local_port 1000 remote_port 4000 mss_bytes 1400
    )");
}

TEST(Status, TellsBothIsnsOfAnActiveOpen) {  // RFC 9293 section 3.3.1
    run(opened(), "= status iss 0 irs 0 active 1 snd_una 1 rcv_nxt 1");
}

TEST(Status, TellsTheIrsWhenTextEndsTheHandshake) {  // RFC 9293 section 3.3.1
    run(syn_received(), R"(
        < P. 1:11(10) ack 1
        = established
        call accept
        = status irs 0 rcv_nxt 11
        +40
        > . 1:1(0) ack 11
    )");
}

TEST(Status, TellsOfTextBeyondAHole) {
    run(established(), R"(
        < P. 1:11(10) ack 1
        +40
        > . 1:1(0) ack 11
        < P. 111:211(100) ack 1
        > . 1:1(0) ack 11
        < P. 311:411(100) ack 1
        > . 1:1(0) ack 11
        = status receive_queue_bytes 10 unaccepted_reassembly_bytes 200 reassembly_pieces 2
    )");
}

TEST(Status, NamesTheTimerThatRuns) {  // RFC 9293 section 3.10.8
    run(syn_sent(), "+200\n= status timer retransmit timer_in_ms 800 rto_ms 1000");
    run(established(), R"(
        = status timer none timer_in_ms 0
        < P. 1:11(10) ack 1
        +10
        = status timer delayed-ack timer_in_ms 30
        +30
        > . 1:1(0) ack 11
        = status timer none
    )");
    run(time_wait(), "+1s\n= status timer time-wait timer_in_ms 59000");
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 10
        = status timer persist snd_wnd 0 unsent_bytes 10
    )");
}

TEST(Status, TellsHowLongAgo) {
    run(established(), R"(
        +100
        = status last_data_received_ms 100 last_data_sent_ms 100 last_ack_received_ms 100
        call send 10
        > P. 1:11(10) ack 1
        +100
        < P. 1:11(10) ack 11
        +40
        > . 11:11(0) ack 11
        = status last_data_received_ms 40 last_data_sent_ms 140 last_ack_received_ms 40
    )");
}

TEST(Status, TellsWhatHeldTheTextBack) {
    Scene scene = established();
    scene.options.settings.tcp.send_buffer_bytes = 2000;
    run(scene, R"(
        +100
        = status busy_us 0
        call send 100
        > P. 1:101(100) ack 1
        +50
        = status busy_us 50000 window_limited_us 0
        < . 1:1(0) ack 101 win 0
        call send 100
        +30
        = status busy_us 80000 window_limited_us 30000 buffer_limited_us 0
        < . 1:1(0) ack 101 win 65535
        > P. 101:201(100) ack 1
        < . 1:1(0) ack 201
        call send 2000
        > . 201:1601(1400) ack 1
        < . 1:1(0) ack 1601
        > P. 1601:2201(600) ack 1
        < . 1:1(0) ack 2201
        = status busy_us 80000 send_queue_bytes 0
    )");
}

TEST(Status, OfAListener) {  // RFC 9293 section 3.10.6, LISTEN
    run(listening(), "= listener state listen local_port 1000 remote_port 0");
}

/// Every flow is met once, whoever it belongs to.
TEST(Status, WalksOverListenersAndFlows) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{syn_received(), family};
        ASSERT_TRUE(runner.play("setup", syn_received().prelude)) << runner.failure();
        ASSERT_TRUE(runner.play("script", R"(
            new port 4001 isn 77 to 7
            < S 0:0(0) win 65535 <mss 1400>
            > S. 0:0(0) ack 1
            < . 1:1(0) ack 1
        )")) << runner.failure();
        std::vector<Status> found;
        std::array<Status, 2> step;
        for (Walk walk; !walk.done;) {
            const std::size_t count = runner.harness().stack().walk(walk, 0, step);
            found.insert(found.end(), step.begin(), step.begin() + static_cast<long>(count));
        }
        ASSERT_EQ(found.size(), 3U);
        EXPECT_EQ(found[0].state, tcp::State::listen);
        EXPECT_EQ(found[1].state, tcp::State::syn_received);
        EXPECT_EQ(found[1].listener, found[0].listener);
        EXPECT_EQ(found[2].state, tcp::State::established);
        EXPECT_EQ(found[2].conversation.serial, 0U);
        Walk narrow;
        EXPECT_EQ(runner.harness().stack().walk(narrow, 7, step), 1U);
        EXPECT_EQ(step[0].local.port, 7);
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

}  // namespace
}  // namespace terminus::test
