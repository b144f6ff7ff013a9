// TIME-WAIT: what must not end it (RFC 1337), and who may take it over (RFC 6191).
#include "terminus/wire/tcp.h"

#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Assassination, OldTextIsNeverTaken) {  // RFC 1337 section 1, hazard H1
    run(time_wait(), R"(
        < P. -9:1(10) ack 1           // an old duplicate, before the window
        > . 2:2(0) ack 2
        < P. 2:12(10) ack 2           // and one inside it
        = time_wait
        = unread 0
        < R 2:2(0)                    // what a peer without the connection says to our ACK
        = time_wait
    )");
}

TEST(Assassination, OldAcknowledgmentsChangeNothing) {  // RFC 1337 section 1, hazard H2
    run(time_wait(), R"(
        < . 1:1(0) ack 1
        > . 2:2(0) ack 2
        < . 2:2(0) ack 3              // of what was never sent
        > . 2:2(0) ack 2
        < R 3:3(0)
        > . 2:2(0) ack 2
        = time_wait
    )");
}

TEST(Assassination, AResetDoesNotEndTimeWait) {  // RFC 1337 section 1, hazard H3; section 3, F1
    run(time_wait(), R"(
        < R. 2:2(0) ack 2
        < R 2:2(0)
        = time_wait
        +59s
        = time_wait
        +2s
        = closed
    )");
}

TEST(TimeWait, OnlyAFinBeginsItAnew) {  // RFC 9293 section 3.10.7.4, eighth, TIME-WAIT
    run(time_wait(), R"(
        +50s
        < . 2:2(0) ack 2
        < P. 2:12(10) ack 2
        +12s
        = closed
    )");
    run(time_wait(), R"(
        +50s
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        +50s
        = time_wait
        < F. 2:2(0) ack 2             // inside the window, though nothing should be
        > . 2:2(0) ack 2
        +50s
        = time_wait
        +11s
        = closed
    )");
}

TEST(Reuse, AcceptsALargerSequenceNumber) {  // RFC 6191 section 2: no timestamps on either side
    run(time_wait(), R"(
        new isn 4294967042            // the peer's old RCV.NXT: nothing there was seen
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = event time_wait_reused 1
        = syn_received
    )");
}

TEST(Reuse, ChallengesASmallerSequenceNumber) {  // RFC 6191 section 2; RFC 9293 section 3.10.7.4
    run(time_wait(), R"(
        < S 1:1(0) win 65535 <mss 1400>
        > . 2:2(0) ack 2
        = event time_wait_reused 0
        = time_wait
    )");
}

TEST(Reuse, AcceptsTimestampsWhereThereWereNone) {  // RFC 6191 section 2
    for (const char* value : {"1", "3000000000"})   // there is nothing to compare them with
        run(time_wait(), std::string{R"(
            new isn 4294966000            // long before
            < S 0:0(0) win 65535 <mss 1400,TS val )"} +
                             value + R"( ecr 0>
            > S. 0:0(0) ack 1
            = event time_wait_reused 1
        )");
}

/// With timestamps: the peer's last TSval is 1000.
Scene stamped_time_wait() {
    Scene scene = listening();
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 1412,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1000>
        < . 1:1(0) ack 1 <TS val 1000 ecr 0>
        call accept
        call shutdown
        > F. 1:1(0) ack 1 <TS val 0 ecr 1000>
        < F. 1:1(0) ack 2 <TS val 1000 ecr 0>
        > . 2:2(0) ack 2 <TS val 0 ecr 1000>
        = time_wait
    )";
    return scene;
}

TEST(Reuse, AcceptsALargerTimestamp) {  // RFC 6191 section 2: whatever the sequence; SHLD-4
    run(stamped_time_wait(), R"(
        new isn 4294966000            // long before
        < S 0:0(0) win 65535 <mss 1400,TS val 1001 ecr 0>
        > S. 0:0(0) ack 1
        = event time_wait_reused 1
    )");
}

TEST(Reuse, LooksAtTheSequenceNumberOfAnEqualTimestamp) {  // RFC 6191 section 2
    run(stamped_time_wait(), R"(
        < S -500:-500(0) win 65535 <mss 1400,TS val 1000 ecr 0>
        > . 2:2(0) ack 2 <TS val 0 ecr 1000>
        = time_wait
        new isn 5000
        < S 0:0(0) win 65535 <mss 1400,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1
        = event time_wait_reused 1
    )");
}

TEST(Reuse, KeepsASmallerTimestampOut) {  // RFC 6191 section 2; RFC 7323 section 5.3
    run(stamped_time_wait(), R"(
        < S 5000:5000(0) win 65535 <mss 1400,TS val 999 ecr 0>
        > . 2:2(0) ack 2 <TS val 0 ecr 1000>
        = event time_wait_reused 0
        = time_wait
    )");
}

TEST(Reuse, AnActiveOpenFollowsItsOwnClock) {  // RFC 6191 section 2, from the opener's side
    run(stamped_time_wait(), R"(
        call open = address-in-use    // the clock has hardly moved
        call close
        +2s
        new isn 9000
        call open
        > S 0:0(0)
        = event time_wait_reused 1
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Reuse, BeginsBeyondWhatWasUsed) {  // RFC 9293 section 3.10.7.4, TIME-WAIT; section 3.4.1
    const Scene setup = time_wait();
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    Datagram syn = runner.segment_of(parse_segment({"S", "5000:5000(0)"}));
    Datagram last_ack = runner.segment_of(parse_segment({".", "1:1(0)", "ack", "2"}));
    runner.harness().inject(syn);
    const Datagram answer = runner.harness().next_sent();
    EXPECT_TRUE(answer.has(0x02));
    EXPECT_GT(static_cast<std::int32_t>(answer.seq - last_ack.ack), 0);
}

TEST(Reuse, NeedsSomebodyWhoAccepts) {  // RFC 6191 section 2: a SYN alone does not end TIME-WAIT
    Scene full = time_wait();
    const std::string from = "call listen\n";
    full.prelude.replace(full.prelude.find(from), from.size(), "call listen 1\n");
    ScriptRunner runner{full, Family::ip4};
    ASSERT_TRUE(runner.play("setup", full.prelude)) << runner.failure();
    const Datagram again = runner.segment_of(parse_segment({"S", "5000:5000(0)"}));
    ASSERT_TRUE(runner.play("script", R"(
        new port 4001
        < S 0:0(0) win 65535 <mss 1400>      // fills the backlog
        > S. 0:0(0) ack 1
    )")) << runner.failure();
    runner.harness().inject(again);
    EXPECT_TRUE(runner.harness().next_sent().flags == 0x10);  // a challenge
    EXPECT_EQ(runner.harness().events(TcpEvent::time_wait_reused), 0U);
    EXPECT_EQ(runner.harness().flows_in(tcp::State::time_wait), 1U);
}

TEST(Reuse, LetsAListenerServeOthersMeanwhile) {  // RFC 9293 section 3.9.1.1: passive OPEN
    run(time_wait(), R"(
        new port 4001 isn 77
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
    )");
}

/// Connections that we close first: each ends in TIME-WAIT, which the next SYN of its port takes
/// over.
class Takeovers : public testing::Test {
protected:
    static Harness::Options options() {
        Harness::Options options;
        options.settings.flows = 16;
        options.settings.ip6_flows = 1;
        options.settings.tcp.time_wait_ms = 4000;
        return options;
    }

    void say(std::uint16_t port, std::uint8_t flags, std::uint32_t seq, std::uint32_t ack) {
        const Ends ends = ends_of(Family::ip4);
        Datagram segment;
        segment.source_mac = ends.their_mac;
        segment.destination_mac = ends.our_mac;
        segment.source = ends.theirs;
        segment.destination = ends.ours;
        segment.source_port = port;
        segment.destination_port = port_of(Serve::close_at_once);
        segment.flags = flags;
        segment.seq = seq;
        segment.ack = ack;
        segment.window = 65535;
        harness_.inject(segment);
    }
    void connect(std::uint16_t port) {
        const std::uint32_t isn = next_isn_ += 100'000;
        say(port, tcp_flag::syn, isn, 0);
        ASSERT_TRUE(harness_.has_sent());
        const std::uint32_t ours = harness_.next_sent().seq;
        say(port, tcp_flag::ack, isn + 1, ours + 1);
        say(port, tcp_flag::fin | tcp_flag::ack, isn + 1, ours + 2);
        harness_.forget_sent();
    }
    [[nodiscard]] std::uint64_t in_time_wait() const {
        return harness_.flows_in(tcp::State::time_wait);
    }

    Harness harness_{options()};
    std::uint32_t next_isn_ = 0;
};

/// RFC 9293 section 3.6.1, MUST-13: two MSL and no longer, whoever had the record before.
TEST_F(Takeovers, DelayNobodysEnd) {
    for (const auto port : std::array<std::uint16_t, 3>{5001, 5000, 5002})
        connect(port);
    for (int lives = 0; lives < 4; ++lives) {  // so that two bits of generation are the same again
        harness_.pass_ms(900);
        connect(5000);
    }
    harness_.pass_ms(410);
    EXPECT_EQ(in_time_wait(), 1U) << "5002 has had its time";
    harness_.pass_ms(3600);
    EXPECT_EQ(in_time_wait(), 0U);
    EXPECT_EQ(harness_.counters().timers_used, 0U);
}

/// The entries that they leave behind the oldest one's fill the pool: the oldest makes room.
TEST_F(Takeovers, RefuseNobody) {
    connect(4999);
    for (int lives = 0; lives < 1000; ++lives) {
        connect(5000);
        harness_.pass_ms(5);
    }
    EXPECT_EQ(harness_.drops(Drop::memory_full), 0U);
    EXPECT_EQ(harness_.events(TcpEvent::time_wait_reused), 999U);
    EXPECT_EQ(harness_.events(TcpEvent::time_wait_evicted), 1U);
    EXPECT_EQ(in_time_wait(), 1U);
}

}  // namespace
}  // namespace terminus::test
