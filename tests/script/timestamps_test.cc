// RFC 7323: timestamps agreed on and used, PAWS, the measurement of round trips.
#include "script_options.h"
#include "script_runner.h"

#include <gtest/gtest.h>

#include <array>
#include <string>

namespace terminus::test {
namespace {

Scene without_timestamps(Scene scene) {
    scene.options.settings.tcp.timestamps = false;
    return scene;
}

/// Established with timestamps; the peer's last TSval is 1000, ours began with 0.
Scene stamped() {
    Scene scene = listening();
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 1412,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1000>
        < . 1:1(0) ack 1 <TS val 1000 ecr 0>
        = established
        call accept
    )";
    return scene;
}

TEST(Timestamps, AreAgreedOnByBothSyns) {  // RFC 7323 section 3.2
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 77 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 77>
        < . 1:1(0) ack 1 <TS val 78 ecr 0>
        call accept
        call send 10
        > P. 1:11(10) ack 1 <TS val 0 ecr 78>
    )");
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        call accept
        call send 10
        > P. 1:11(10) ack 1
    )");
}

TEST(Timestamps, AreRefusedWhereTheyAreSwitchedOff) {  // RFC 7323 section 3.2
    run(without_timestamps(listening()), R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 77 ecr 0>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1 <TS val 5 ecr 9>       // nothing was agreed on: not looked at
        = established
        call accept
        call send 10
        > P. 1:11(10) ack 1
    )");
    run(without_timestamps(nothing()), R"(
        call open
        > S 0:0(0) <mss ours,sackOK,wscale 3>
        < S. 0:0(0) ack 1 <mss 1400,TS val 77 ecr 0>    // not asked for
        > . 1:1(0) ack 1
    )");
}

TEST(Timestamps, AreOfferedByAnActiveOpen) {  // RFC 7323 section 3.2
    run(syn_sent(), R"(
        < S. 0:0(0) ack 1 <mss 1400,TS val 77 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 77>
        call send 10
        > P. 1:11(10) ack 1 <TS val 0 ecr 77>
    )");
    run(syn_sent(), R"(
        < S. 0:0(0) ack 1 <mss 1400>
        > . 1:1(0) ack 1
        call send 10
        > P. 1:11(10) ack 1
    )");
}

TEST(Timestamps, AreAgreedOnWhenBothOpenAtOnce) {  // RFC 7323 section 3.2; RFC 9293 figure 7
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 77 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 77>
        +5ms
        < S. 0:0(0) ack 1 <mss 1400,TS val 78 ecr 0>
        = established
        call send 10
        > P. 1:11(10) ack 1 <TS val 5 ecr 78>
    )");
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Timestamps, CountMilliseconds) {  // RFC 7323 section 5.4
    run(stamped(), R"(
        +7ms
        call send 10
        > P. 1:11(10) ack 1 <TS val 7 ecr 1000>
        < . 1:1(0) ack 11 <TS val 1005 ecr 7>
        +1s
        call send 10
        > P. 11:21(10) ack 1 <TS val 1007 ecr 1005>
    )");
}

TEST(Timestamps, BeginAnywhere) {  // RFC 7323 section 7.1
    const auto first_ts = [](std::uint16_t port, std::uint64_t key) {
        Scene scene = listening();
        scene.options.settings.isn_key.words[0] = key;
        scene.their_port = port;
        ScriptRunner runner{scene, Family::ip4};
        EXPECT_TRUE(runner.play("setup", scene.prelude));
        runner.harness().inject(
            runner.segment_of(parse_segment({"S", "0:0(0)", "<TS val 1 ecr 0>"})));
        std::uint32_t value = 0;
        EXPECT_TRUE(find_ts_value(runner.harness().next_sent().options, value));
        return value;
    };
    EXPECT_EQ(first_ts(4000, 1), first_ts(4000, 1));
    EXPECT_NE(first_ts(4000, 1), first_ts(4001, 1));
    EXPECT_NE(first_ts(4000, 1), first_ts(4000, 2));
}

TEST(Timestamps, AreInResetsToo) {  // RFC 7323 section 3.2
    run(stamped(), R"(
        call abort
        > R. 1:1(0) ack 1 <TS val 0 ecr 1000>
    )");
    Scene scene = listening();
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1
    )";
    run(scene, R"(
        < . 1:1(0) ack 9 <TS val 1000 ecr 0>
        > R 9:9(0) <TS val 0 ecr 1000>
    )");
}

TEST(Timestamps, AreMissedInSilence) {  // RFC 7323 section 3.2
    run(stamped(), R"(
        < P. 1:11(10) ack 1
        +100ms
        = drop tcp_no_timestamp 1
        < P. 1:11(10) ack 1 <TS val 1001 ecr 0>
        +40ms
        > . 1:1(0) ack 11 <TS val 140 ecr 1001>
        < S 0:0(0)                  // a SYN is another connection's: RFC 5961 section 4.2
        > . 1:1(0) ack 11 <TS val 140 ecr 1001>
        < R 11:11(0)                // an RST needs none
        = closed
    )");
}

TEST(Timestamps, AreReadWhereverTheyStand) {  // RFC 7323 appendix A: alignment is the sender's
    run(stamped(), R"(
        < P. 1:11(10) ack 1 <TS val 1001 ecr 0>
        < P. 11:21(10) ack 1 <nop,TS val 1002 ecr 0>
        +40ms
        > . 1:1(0) ack 21 <TS val 40 ecr 1001>
        < P. 21:31(10) ack 1 <nop,nop,nop,TS val 1003 ecr 0,nop>
        < P. 31:41(10) ack 1 <option 253,TS val 999 ecr 0,TS val 1004 ecr 0>
        +40ms
        > . 1:1(0) ack 41 <TS val 80 ecr 1003>
    )");
}

TEST(Timestamps, OfSynOptionsOnOtherSegmentsNothingChanges) {  // RFC 9293 section 3.2
    run(stamped(), R"(
        < . 1:1(0) ack 1 win 500 <mss 100,wscale 14,sackOK,TS val 1001 ecr 0>
        call send 1500
        +202ms
        > . 1:501(500) ack 1 <TS val 200 ecr 1001>
    )");
}

TEST(TsRecent, IsTheFirstOfWhatADelayedAckCovers) {  // RFC 7323 section 4.3, (A)
    run(stamped(), R"(
        < P. 1:101(100) ack 1 <TS val 1001 ecr 0>
        < P. 101:201(100) ack 1 <TS val 1002 ecr 0>
        +40ms
        > . 1:1(0) ack 201 <TS val 40 ecr 1001>
        < P. 201:301(100) ack 1 <TS val 1003 ecr 0>
        +40ms
        > . 1:1(0) ack 301 <TS val 80 ecr 1003>
    )");
}

TEST(TsRecent, IsNotOfWhatLiesBeyondAHole) {  // RFC 7323 section 4.3, (B) and (C)
    run(stamped(), R"(
        < P. 101:201(100) ack 1 <TS val 1002 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 1000>
        < P. 1:101(100) ack 1 <TS val 1001 ecr 0>
        > . 1:1(0) ack 201 <TS val 0 ecr 1001>
    )");
}

TEST(TsRecent, IsOfTheSegmentThatFillsTheHole) {  // RFC 7323 section 4.3, (C)
    run(stamped(), R"(
        < P. 101:201(100) ack 1 <TS val 1002 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 1000>
        < P. 1:101(100) ack 1 <TS val 1005 ecr 0>
        > . 1:1(0) ack 201 <TS val 0 ecr 1005>
    )");
}

TEST(TsRecent, IsOfARepetitionWhoseAckWasLost) {  // RFC 7323 section 4.3
    run(stamped(), R"(
        < P. 1:101(100) ack 1 <TS val 1001 ecr 0>
        +40ms
        > . 1:1(0) ack 101 <TS val 40 ecr 1001>
        < P. 1:101(100) ack 1 <TS val 1300 ecr 0>
        > . 1:1(0) ack 101 <TS val 40 ecr 1300>
    )");
}

TEST(TsRecent, IsNotOfWhatLiesOutsideTheWindow) {  // RFC 7323 section 5.3, R2 before R3
    run(stamped(), R"(
        < P. 900001:900011(10) ack 1 <TS val 5000 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 1000>
        < P. -9000:-8990(10) ack 1 <TS val 5000 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 1000>
    )");
}

TEST(TsRecent, IsOfTheLastSynBeforeTheHandshakeEnds) {  // RFC 7323 section 4.3
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 77 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 77>
        +500ms
        < S 0:0(0) win 65535 <mss 1400,TS val 577 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 500 ecr 577>
        +502ms
        > S. 0:0(0) ack 1 <mss ours,TS val 1000 ecr 577>
    )");
}

TEST(Paws, AnswersAndDropsWhatIsOld) {  // RFC 7323 section 5.3, R1
    run(stamped(), R"(
        < P. 1:11(10) ack 1 <TS val 999 ecr 0>
        > . 1:1(0) ack 1 <TS val 0 ecr 1000>
        = unread 0
        < P. 1:11(10) ack 1 <TS val 1000 ecr 0>     // equal is not old
        +40ms
        > . 1:1(0) ack 11 <TS val 40 ecr 1000>
        = unread 10
    )");
}

TEST(Paws, ComesBeforeTheSequenceCheckAndTheAck) {  // RFC 7323 section 5.3, R1 before R2
    run(stamped(), R"(
        call send 10
        > P. 1:11(10) ack 1 <TS *>
        < . 1:1(0) ack 11 <TS val 999 ecr 0>        // acknowledges nothing
        > . 11:11(0) ack 1 <TS *>
        < P. 900001:900011(10) ack 1 <TS val 999 ecr 0>
        > . 11:11(0) ack 1 <TS *>
        < P. 101:111(10) ack 11 <TS val 999 ecr 0>  // nor does this, nor is it held
        > . 11:11(0) ack 1 <TS *>
        = status snd_una 1 unaccepted_reassembly_bytes 0
        < . 1:1(0) ack 11 <TS val 1000 ecr 0>
    )");
}

TEST(Paws, ComparesModulo) {  // RFC 7323 section 5.2
    run(stamped(), R"(
        < P. 1:11(10) ack 1 <TS val 2147484647 ecr 0>       // 1000 + 2^31 - 1 is newer
        < P. 11:21(10) ack 1 <TS val 2147484648 ecr 0>
        +40ms
        > . 1:1(0) ack 21 <TS *>
        < P. 21:31(10) ack 1 <TS val 4294967295 ecr 0>
        < P. 31:41(10) ack 1 <TS val 4294967295 ecr 0>
        +40ms
        > . 1:1(0) ack 41 <TS *>
        < P. 41:51(10) ack 1 <TS val 3 ecr 0>               // the clock of the peer wraps
        < P. 51:61(10) ack 1 <TS val 4 ecr 0>
        +40ms
        > . 1:1(0) ack 61 <TS val 120 ecr 3>
    )");
}

TEST(Paws, LetsResetsThrough) {  // RFC 7323 section 5.2
    run(stamped(), R"(
        < R. 1:1(0) ack 1 <TS val 5 ecr 0>
        = closed
    )");
}

TEST(Paws, HoldsInTimeWait) {  // RFC 7323 section 5.3, R1
    run(stamped(), R"(
        call shutdown
        > F. 1:1(0) ack 1 <TS *>
        < F. 1:1(0) ack 2 <TS val 1001 ecr 0>
        > . 2:2(0) ack 2 <TS val 0 ecr 1001>
        = time_wait
        < . 2:2(0) ack 2 <TS val 1000 ecr 0>
        > . 2:2(0) ack 2 <TS val 0 ecr 1001>
    )");
}

TEST(Paws, ForgetsWhatIsOutdated) {  // RFC 7323 section 5.5: 24 days
    const auto after_ms = [](std::uint64_t ms) {
        ScriptRunner runner{stamped(), Family::ip4};
        EXPECT_TRUE(runner.play("setup", stamped().prelude)) << runner.failure();
        runner.harness().pass_ms(ms, 600'000);
        runner.harness().inject(
            runner.segment_of(parse_segment({"P.", "1:11(10)", "ack", "1", "<TS val 900 ecr 0>"})));
        return runner.harness().stack().status(*runner.conversation()).value.receive_queue_bytes;
    };
    constexpr std::uint64_t day_ms = 24ULL * 60 * 60 * 1000;
    EXPECT_EQ(after_ms(24 * day_ms - 600'000), 0U);
    EXPECT_EQ(after_ms(24 * day_ms + 600'000), 10U);
    EXPECT_EQ(after_ms(30 * day_ms), 10U);
}

std::uint64_t srtt_us(ScriptRunner& runner) {
    std::array<Status, 4> flows{};
    Walk walk;
    const std::size_t count = runner.harness().stack().walk(walk, 0, flows);
    return count == 0 ? 0 : flows[count - 1].srtt_us;  // behind the listener, if there is one
}

/// Behind the port stands the echo service: a quiet flow of it has no effort, so that only the
/// echoed timestamps tell of round trips.
Scene stamped_echo() {
    Scene scene;
    scene.our_port = 7;
    scene.text = OurText::echo;
    scene.prelude = R"(
        < S 0:0(0) win 65535 <mss 1412,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1000>
        < . 1:1(0) ack 1 <TS val 1000 ecr 0>
        = established
    )";
    return scene;
}

void play(ScriptRunner& runner, const Scene& scene, std::string_view script) {
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", script)) << runner.failure();
}

TEST(RoundTrips, AreMeasuredByEachAckOfSomethingNew) {  // RFC 7323 section 4.1; RFC 6298 section 2
    ScriptRunner runner{stamped_echo(), Family::ip4};
    play(runner, stamped_echo(), R"(
        < P. 1:11(10) ack 1 <TS val 1001 ecr 0>
        > P. 1:11(10) ack 11 <TS val 0 ecr 1001>
        +81ms
        < . 11:11(0) ack 11 <TS val 1002 ecr 0>
    )");
    // The handshake took less than a tick, which counts as one: 7/8 of 1 ms and 1/8 of 81 ms.
    EXPECT_EQ(srtt_us(runner), 11'000U);
    ASSERT_TRUE(runner.play("script", R"(
        +500ms
        < . 11:11(0) ack 11 <TS val 1003 ecr 0>     // acknowledges nothing new
    )")) << runner.failure();
    EXPECT_EQ(srtt_us(runner), 11'000U);
}

TEST(RoundTrips, AreMeasuredOfWhatWasSentAgain) {  // RFC 7323 section 4.1: no need of Karn
    ScriptRunner runner{stamped_echo(), Family::ip6};
    play(runner, stamped_echo(), R"(
        < P. 1:11(10) ack 1 <TS val 1001 ecr 0>
        > P. 1:11(10) ack 11 <TS val 0 ecr 1001>
        +202ms
        > P. 1:11(10) ack 11 <TS val * ecr 1001>
        +100ms
        < . 11:11(0) ack 11 <TS val 1302 ecr 201>
    )");
    EXPECT_NEAR(static_cast<double>(srtt_us(runner)), 7 * 125 + 101'000 / 8, 150);
}

TEST(RoundTrips, OfWhatWasSentAgainAreMeasuredByTheEchoBesideAnEffort) {  // RFC 7323 section 4.1
    ScriptRunner runner{stamped(), Family::ip4};
    play(runner, stamped(), R"(
        call send 10
        > P. 1:11(10) ack 1 <TS val 0 ecr 1000>
        +202ms
        > P. 1:11(10) ack 1 <TS val * ecr 1000>
        +100ms
        < . 1:1(0) ack 11 <TS val 1302 ecr 201>
    )");
    EXPECT_NEAR(static_cast<double>(srtt_us(runner)), 7 * 125 + 101'000 / 8, 150);
}

TEST(RoundTrips, CountLessWhenThereAreManyOfThem) {  // RFC 7323 section 4.2, appendix G
    ScriptRunner runner{stamped_echo(), Family::ip4};
    play(runner, stamped_echo(), R"(
        < P. 1:1401(1400) ack 1 <TS val 1001 ecr 0>
        > P. 1:1401(1400) ack 1401 <TS *>
        < P. 1401:2801(1400) ack 1 <TS val 1001 ecr 0>
        > P. 1401:2801(1400) ack 2801 <TS *>
        < P. 2801:4201(1400) ack 1 <TS val 1001 ecr 0>
        > P. 2801:4201(1400) ack 4201 <TS *>
        < P. 4201:5601(1400) ack 1 <TS val 1001 ecr 0>
        > P. 4201:5601(1400) ack 5601 <TS *>
        +161ms
        < . 5601:5601(0) ack 2801 <TS val 1002 ecr 0>
    )");
    // Two ACKs are expected of four segments: 15/16 of 1 ms and 1/16 of 161 ms.
    EXPECT_EQ(srtt_us(runner), 11'000U);
}

TEST(RoundTrips, AreNotMeasuredByEchoesOfWhatWasNeverSaid) {  // RFC 7323 section 4.1
    for (const char* echo : {"5000", "-900000", "123456789"}) {
        ScriptRunner runner{stamped_echo(), Family::ip4};
        play(runner, stamped_echo(),
             std::string{R"(
            < P. 1:11(10) ack 1 <TS val 1001 ecr 0>
            > P. 1:11(10) ack 11 <TS *>
            +80ms
            < . 11:11(0) ack 11 <TS val 1002 ecr )"} +
                 echo + ">\n");
        EXPECT_EQ(srtt_us(runner), 1000U) << echo;
    }
}

TEST(RoundTrips, OfASynAreMeasuredByTheClock) {
    ScriptRunner runner{syn_sent(), Family::ip6};
    play(runner, syn_sent(), R"(
        +1234us
        < S. 0:0(0) ack 1 <mss 1400,TS val 77 ecr 0>
        > . 1:1(0) ack 1 <TS *>
    )");
    EXPECT_NEAR(static_cast<double>(srtt_us(runner)), 1234, 2);
}

}  // namespace
}  // namespace terminus::test
