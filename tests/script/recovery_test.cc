// What lasts longer than one exchange: recovery, measurement, windows and ends that must not stall.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Measurement, GoesOnWhileTextIsInFlight) {  // RFC 6298 section 3: one sample in each round trip
    ScriptRunner runner{established(), Family::ip4};
    std::string script =
        "< . 1:1(0) ack 1 win 2800\ncall send 70000\n> . 1:1401(1400) ack 1\n"
        "> . 1401:2801(1400) ack 1\n";
    for (std::uint32_t una = 1; una < 40 * 1400; una += 1400) {
        const std::uint32_t next = una + 2800;
        script += "+60ms\n< . 1:1(0) ack " + std::to_string(una + 1400) + " win 2800\n> . " +
                  std::to_string(next) + ":" + std::to_string(next + 1400) + "(1400) ack 1\n";
    }
    ASSERT_TRUE(runner.play("setup", established().prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", script)) << runner.failure();
    const auto status = runner.harness().stack().status(*runner.conversation());
    EXPECT_GT(status.value.srtt_us, 100'000U);  // each segment is acknowledged after 120 ms
    EXPECT_LT(status.value.srtt_us, 125'000U);
}

TEST(Measurement,
     GoesOnAfterARecovery) {  // RFC 6298 section 3; Karn's algorithm (MUST-18) ends with the loss
    ScriptRunner runner{established(), Family::ip4};
    std::string script =
        "< . 1:1(0) ack 1 win 2800\ncall send 70000\n> . 1:1401(1400) ack 1\n"
        "> . 1401:2801(1400) ack 1\n+202ms\n> . 1:1401(1400) ack 1\n"
        "< . 1:1(0) ack 1401 win 2800\n> . 2801:4201(1400) ack 1\n";  // RFC 5682: new text first
    for (std::uint32_t una = 1401; una < 40 * 1400; una += 1400) {
        const std::uint32_t next = una + 2800;
        script += "+60ms\n< . 1:1(0) ack " + std::to_string(una + 1400) + " win 2800\n> . " +
                  std::to_string(next) + ":" + std::to_string(next + 1400) + "(1400) ack 1\n";
    }
    ASSERT_TRUE(runner.play("setup", established().prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", script)) << runner.failure();
    const auto status = runner.harness().stack().status(*runner.conversation());
    EXPECT_GT(status.value.srtt_us, 100'000U);
}

TEST(Retransmission, SlowStartsThroughWhatWasLost) {  // RFC 5681 section 3.1: from one segment on
    run(established(), R"(
        call send 8400
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > P. 7001:8401(1400) ack 1
        +202ms
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 1401
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 4201
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > P. 7001:8401(1400) ack 1
        < . 1:1(0) ack 8401
        = event retransmission_timeouts 1
        = event segments_retransmitted 6
        +2s
    )");
}

TEST(Retransmission, SlowStartsThroughALostAnswer) {  // the same for a flow without an effort
    Scene setup = served(Serve::http);
    setup.options.body_bytes = 4091;  // 4200 with its head
    run(setup, R"(
        < P. 1:28(27) ack 1 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        > . 1:1401(1400) ack 28
        > . 1401:2801(1400) ack 28
        > P. 2801:4201(1400) ack 28
        +202ms
        > . 1:1401(1400) ack 28
        < . 28:28(0) ack 1401
        > . 1401:2801(1400) ack 28
        > P. 2801:4201(1400) ack 28
        < . 28:28(0) ack 4201
        +2s
    )");
}

TEST(Sequence,
     AcceptsAnAckBehindAFullWindow) {  // RFC 9293 section 3.10.7.4, first; see is_acceptable
    Scene setup = established();
    setup.options.settings.tcp.receive_buffer_bytes = 2800;
    run(setup, R"(
        call send 100
        > P. 1:101(100) ack 1
        < . 1401:2801(1400) ack 1     // the first is lost, and the window is used up
        > . 101:101(0) ack 1
        < . 2801:2801(0) ack 101      // news all the same, and nothing to answer
        +2s
        = unsent 0
    )");
}

TEST(EchoFlow, TellsThatItsWindowIsOpenAgain) {  // RFC 9293 section 3.8.6.2.2; no probe is needed
    Scene setup = served(Serve::echo);
    setup.options.settings.tcp.receive_buffer_bytes = 14000;
    std::string script = "< . 1:1(0) ack 1 win 0\n";
    const auto ours = [&](std::uint32_t from, std::uint32_t to) {
        for (std::uint32_t at = from; at < to; at += 1400)
            script += std::string{at + 1400 == 14001 ? "> P. " : "> . "} + std::to_string(at) +
                      ":" + std::to_string(at + 1400) + "(1400) ack 14001 win 0\n";
    };
    for (std::uint32_t at = 1; at < 14001; at += 1400) {
        const std::string end = std::to_string(at + 1400);
        script += "< . " + std::to_string(at) + ":" + end + "(1400) ack 1\n";
        if (at % 2800 != 1) script += "> . 1:1(0) ack " + end + "\n";
    }
    script += "< . 14001:14001(0) ack 1 win 65535\n";
    ours(1, 14001);
    script += "< . 14001:14001(0) ack 14001\n> . 14001:14001(0) ack 14001 win 14000\n+2s\n";
    run(setup, script);
}

TEST(FinWait2, EndsWhenTheUserClosesLate) {  // RFC 9293 section 3.6: half-closed, then wholly
    run(fin_wait_2(), R"(
        +70s
        = fin_wait_2                  // a half-closed conversation may wait for its peer
        call close
        +1s                           // the limit is over: it counts from the last segment
        = closed
    )");
}

TEST(Retransmission, GivesUpHoweverShortItsTimeouts) {  // RFC 9293 section 3.8.3, SHLD-11
    Scene setup = established();
    setup.options.settings.tcp.rto_max_ms = 400;
    setup.options.settings.tcp.give_up_ms = 10'000;
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", "call send 100\n> P. 1:101(100) ack 1\n"))
        << runner.failure();
    runner.harness().pass_ms(9'000);
    EXPECT_EQ(runner.harness().stack().flows(), 1U);
    runner.harness().pass_ms(3'000);
    EXPECT_EQ(runner.harness().stack().flows(), 0U);
}

// RFC 9293 section 3.8.6, MUST-34, 35, SHLD-16, 17, MAY-7; MUST-37.
TEST(Window, TakenBackIsNoReasonToGiveUp) {
    Scene setup = established();
    setup.options.settings.tcp.rto_max_ms = 400;
    setup.options.settings.tcp.give_up_ms = 1000;
    std::string script =
        "call send 100\n> P. 1:101(100) ack 1\n< . 1:1(0) ack 1 win 0\n"
        "+205\n> P. 1:101(100) ack 1\n< . 1:1(0) ack 1 win 0\n";
    for (int i = 0; i < 10; ++i)
        script += "+405\n> P. 1:101(100) ack 1\n< . 1:1(0) ack 1 win 0\n";
    run(setup, script + "= established\n< . 1:1(0) ack 101 win 65535\n+2s\n");
}

TEST(Handshake, ReadsACrossingWindowUnscaled) {  // RFC 7323 section 2.2
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400,nop,wscale 7>
        > S. 0:0(0) ack 1
        < S. 0:0(0) ack 1 win 1400 <mss 1400,nop,wscale 7>
        = established
        call send 5000
        > . 1:1401(1400) ack 1
    )");
}

TEST(Handshake, BeginsWithOneSegmentAfterALoss) {  // RFC 5681 section 3.1; RFC 6298 section 5.7
    run(syn_received(), R"(
        +1005ms
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 14000
        > . 1:1401(1400) ack 1
        +2990ms
        +20ms
        > . 1:1401(1400) ack 1
    )");
    run(syn_received(), R"(
        +1005ms
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 14000
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 1401
        > . 1401:2801(1400) ack 1
        > . 2801:4201(1400) ack 1
        < . 1:1(0) ack 4201             // the threshold is as high as ever: slow start goes on
        > . 4201:5601(1400) ack 1
        > . 5601:7001(1400) ack 1
        > . 7001:8401(1400) ack 1
        > . 8401:9801(1400) ack 1
    )");
}

/// The same as time_wait(), for a further connection.
std::string another_time_wait(int port) {
    return "new port " + std::to_string(port) +
           " isn 77\n< S 0:0(0) win 65535 <mss 1400>\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\n"
           "call accept\ncall shutdown\n> F. 1:1(0) ack 1\n< . 1:1(0) ack 2\n"
           "< F. 1:1(0) ack 2\n> . 2:2(0) ack 2\n";
}

TEST(TimeWait, BegunAnewHoldsUpNoOther) {  // RFC 9293 section 3.10.7.4, eighth: restart 2 MSL
    const Scene setup = time_wait();
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("second", another_time_wait(4001))) << runner.failure();
    ASSERT_TRUE(runner.play("third", another_time_wait(4002))) << runner.failure();
    const auto again = [&](std::uint16_t port, std::uint32_t seq) {
        Datagram fin = runner.segment_of({});
        fin.source_port = port;
        fin.flags = 0x11;
        fin.seq = seq;
        fin.payload.clear();
        runner.harness().inject(fin);
    };
    for (int i = 0; i < 3; ++i) {  // the peers of the first two repeat their FINs
        runner.harness().pass_ms(30'000);
        again(4000, setup.their_isn + 1);
        again(4001, 78);
    }
    EXPECT_EQ(runner.harness().flows_in(tcp::State::time_wait), 2U);
    runner.harness().pass_ms(61'000);
    EXPECT_EQ(runner.harness().stack().flows(), 0U);
}

/// A connection from `port` that sends one segment of text to `discard`, and the ACK stays due.
std::string one_segment(int port) {
    return "new port " + std::to_string(port) +
           " isn 77\n< S 0:0(0) win 65535 <mss 1400>\n> S. 0:0(0) ack 1\n< . 1:1(0) ack 1\n"
           "< . 1:1001(1000) ack 1\n";
}

TEST(DelayedAck, LeavesRoomForTimers) {  // a bound of ours: acknowledged at once instead
    Scene setup = served(Serve::discard);
    setup.options.settings.flows = 64;
    std::string script = one_segment(4001) + one_segment(4002);
    for (std::uint32_t at = 1001; at < 1001 + 400 * 2000; at += 2000) {
        const auto segment = [](std::uint32_t from) {
            return "< . " + std::to_string(from) + ":" + std::to_string(from + 1000) +
                   "(1000) ack 1\n";
        };
        script +=
            segment(at) + "> . 1:1(0) ack " + std::to_string(at + 1000) + "\n" + segment(at + 1000);
    }
    ScriptRunner runner{setup, Family::ip4};
    ASSERT_TRUE(runner.play("setup", setup.prelude)) << runner.failure();
    (void)runner.play("script", script);  // how soon it acknowledges is not the point
    runner.harness().forget_sent();
    EXPECT_EQ(runner.harness().events(TcpEvent::timers_refused), 0U);
    const auto& counters = runner.harness().counters();
    EXPECT_LT(counters.timers_used, 64U * 6);
}

TEST(Burst, SpeaksOnlyForTheFlowThatItChanged) {  // a flow ends, and its record is another's
    ScriptRunner runner{syn_received(), Family::ip4};
    ASSERT_TRUE(runner.play("setup", syn_received().prelude)) << runner.failure();
    const auto make = [&](std::uint32_t seq, std::uint8_t flags) {
        Segment segment;
        segment.seq.value = seq;
        segment.flags = flags;
        return runner.segment_of(segment);
    };
    const Datagram repeated = make(0, 0x02), reset = make(1, 0x04);
    Datagram other = make(0, 0x02);
    other.source_port = 4001;
    runner.harness().inject_burst({encode(repeated), encode(reset), encode(other)});
    EXPECT_EQ(runner.harness().take_sent().size(), 1U);  // the SYN-ACK of the other
}

TEST(Burst, KnowsTheFlowsThatItBegins) {  // a SYN that comes twice begins one flow
    ScriptRunner runner{syn_received(), Family::ip4};
    ASSERT_TRUE(runner.play("setup", syn_received().prelude)) << runner.failure();
    Segment segment;
    segment.flags = 0x02;
    Datagram syn = runner.segment_of(segment);
    syn.source_port = 4001;
    const std::size_t before = runner.harness().stack().flows();
    runner.harness().inject_burst({encode(syn), encode(syn)});
    EXPECT_EQ(runner.harness().stack().flows(), before + 1);
}

}  // namespace
}  // namespace terminus::test
