// Loss of one segment, of several, of a repetition; reordering; timeouts that were a mistake.
#include "sender.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

using tcp::Recovery;

constexpr std::uint32_t mss = Sender::mss;

/// Ten segments are in flight, and a round trip has passed.
Sender in_flight(Sender::Shape shape = {}, std::uint32_t bytes = 10 * mss) {
    Sender sender{shape};
    sender.settings.tail_loss_probe = false;
    (void)sender.send(bytes);
    (void)sender.pass_ms(Sender::rtt_ms);
    return sender;
}

// RFC 8985 section 3.2: DupThresh is three.
TEST(SackRecovery, RepeatsOneLoss) {  // RFC 6675 section 5, RFC 8985 section 6.2: DupThresh
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 2001}}), "");
    EXPECT_EQ(sender.ack(1, {{1001, 3001}}), "");
    EXPECT_EQ(sender.effort.recovery, Recovery::disorder);
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    EXPECT_EQ(sender.effort.recovery, Recovery::recovery);
    EXPECT_EQ(sender.effort.ssthresh_bytes, 5 * mss);  // RFC 5681 equation 4
    EXPECT_EQ(sender.ack(1, {{1001, 10001}}), "");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
    EXPECT_EQ(sender.effort.cwnd_bytes, 5 * mss);  // RFC 9937 section 5: at the end, ssthresh
    EXPECT_EQ(sender.effort.total_retransmissions, 1U);
    EXPECT_EQ(sender.effort.delivered_segments, 10U);
}

TEST(SackRecovery, RepeatsOnlyWhatIsLost) {  // RFC 6675 section 4, NextSeg; RFC 2018 section 5.1
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 2001}}), "");
    EXPECT_EQ(sender.ack(1, {{3001, 4001}, {1001, 2001}}), "");
    EXPECT_EQ(sender.ack(1, {{5001, 6001}, {3001, 4001}, {1001, 2001}}), "1:1001");
    EXPECT_EQ(sender.ack(1, {{5001, 7001}, {3001, 4001}, {1001, 2001}}), "2001:3001");
    EXPECT_EQ(sender.ack(1, {{5001, 8001}, {3001, 4001}, {1001, 2001}}), "4001:5001");
    EXPECT_EQ(sender.ack(1, {{5001, 10001}, {3001, 4001}, {1001, 2001}}), "");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.effort.total_retransmissions, 3U);
}

TEST(SackRecovery, SendsNewTextWhenNothingIsLostAnyMore) {  // RFC 6675 section 4, NextSeg (2)
    Sender sender = in_flight({}, 20 * mss);
    EXPECT_EQ(sender.ack(1, {{1001, 2001}}), "10001:11001");
    EXPECT_EQ(sender.ack(1, {{1001, 3001}}), "11001:12001");
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    // RFC 9937: one segment for each two that arrive.
    EXPECT_EQ(sender.ack(1, {{1001, 5001}}), "");
    EXPECT_EQ(sender.ack(1, {{1001, 6001}}), "12001:13001");
    EXPECT_EQ(sender.ack(1, {{1001, 7001}}), "");
    EXPECT_EQ(sender.ack(1, {{1001, 8001}}), "13001:14001");
}

TEST(SackRecovery, NoticesThatARepetitionIsLost) {  // RFC 8985 section 6.2, step 5
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    for (std::uint32_t right = 5001; right <= 10001; right += mss)
        EXPECT_EQ(sender.ack(1, {{1001, right}}), "");
    EXPECT_EQ(sender.send(2 * mss), "10001:11001 11001:12001");
    EXPECT_EQ(sender.pass_ms(96), "");
    EXPECT_EQ(sender.ack(1, {{1001, 11001}}), "1:1001");
    EXPECT_EQ(sender.effort.total_retransmissions, 2U);
}

TEST(SackRecovery, BeginsAnotherForTheNextWindow) {  // RFC 6675 section 5: RecoveryPoint
    Sender sender = in_flight({}, 30 * mss);
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001 10001:11001");
    std::string words = sender.ack(1, {{1001, 10001}});
    EXPECT_EQ(words, "11001:12001 12001:13001 13001:14001");
    (void)sender.pass_ms(Sender::rtt_ms);
    words = sender.ack(10001, {{11001, 14001}});
    EXPECT_TRUE(words.starts_with("10001:11001")) << words;
    EXPECT_EQ(sender.effort.recovery, Recovery::recovery);
    EXPECT_EQ(sender.effort.ssthresh_bytes, 2500U);
}

TEST(SackRecovery, IgnoresBlocksThatCannotBe) {  // RFC 2018 section 5: inside the flight
    Sender sender = in_flight();
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(sender.ack(1, {{1, 3001}, {5001, 20'001}, {4001, 3001}}), "");
    EXPECT_EQ(sender.effort.sent.tally().sacked_bytes, 0U);
}

// RFC 8985 section 6.3: what a timeout marks lost.
TEST(SackRecovery, SurvivesAPeerThatReneges) {  // RFC 2018 section 8: forgotten on a timeout
    Sender sender = in_flight({}, 5 * mss);
    EXPECT_EQ(sender.ack(1, {{1001, 5001}}), "1:1001");
    EXPECT_EQ(sender.pass_ms(287), "");
    EXPECT_EQ(sender.pass_ms(1), "1:1001");
    EXPECT_EQ(sender.effort.sent.tally().sacked_bytes, 0U);
    EXPECT_EQ(sender.ack(1001), "1001:2001 2001:3001");
    EXPECT_EQ(sender.ack(3001), "3001:4001 4001:5001");
}

// RFC 8985 section 5.2: the state behind it.
TEST(Reordering, WithinTheWindowIsNoLoss) {  // RFC 8985 section 6.2, steps 3 and 4
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 3001}}), "");
    EXPECT_EQ(sender.flow.waits(), tcp::Waits::reordering);
    EXPECT_EQ(sender.pass_ms(20), "");
    EXPECT_EQ(sender.ack(3001), "");
    EXPECT_EQ(sender.effort.rack.reordering_seen, 1);
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
    EXPECT_EQ(sender.flow.waits(), tcp::Waits::answer);
    // From now on three segments are no proof.
    EXPECT_EQ(sender.ack(3001, {{4001, 9001}}), "");
    EXPECT_GE(sender.effort.reordering_segments, 3);
}

TEST(Reordering, BeyondTheWindowIsLoss) {  // RFC 8985 section 6.2, step 5: a quarter of the RTT
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 2001}}), "");
    EXPECT_EQ(sender.pass_ms(23), "");
    EXPECT_EQ(sender.pass_ms(1), "1:1001");
    EXPECT_EQ(sender.effort.recovery, Recovery::recovery);
    EXPECT_EQ(sender.flow.waits(), tcp::Waits::answer);
}

TEST(Reordering, WidensTheWindowByDuplicates) {  // RFC 8985 section 6.2, step 4: DSACK
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.ack(10001, {{1, 1001}}), "");
    EXPECT_EQ(sender.effort.rack.window_factor, 2);
    EXPECT_EQ(sender.effort.duplicate_sacks, 1U);
}

TEST(Reordering, IsJudgedByFreshTimes) {  // a bound of ours: microseconds wrap after 71 minutes
    Sender sender;
    sender.exchange(5 * mss);
    sender.now = sender.now.after_ms(40 * 60 * 1000);
    (void)sender.send(5 * mss);
    (void)sender.pass_ms(Sender::rtt_ms);
    EXPECT_EQ(sender.ack(5001, {{6001, 7001}}), "");
    EXPECT_EQ(sender.pass_ms(23), "");
    EXPECT_EQ(sender.pass_ms(1), "5001:6001");
}

TEST(NewReno, RecoversAfterGigabytesWithoutALoss) {  // RFC 6582: `recover` must not fall behind
    Sender sender = in_flight({.sack = false});
    sender.effort.recover = sender.flow.snd_una - 0x7ffffff0;
    EXPECT_EQ(sender.ack(1001), "");
    EXPECT_GT(sender.effort.recover, sender.flow.snd_una - 10);
}

TEST(Reordering, IsNotJudgedByAmbiguousTimes) {  // RFC 8985 section 6.2, step 2
    Sender sender;
    (void)sender.send(2 * mss);
    EXPECT_EQ(sender.pass_ms(194), "1001:2001");
    sender.effort.rack.sent_us = sender.now.us32();  // of long ago
    EXPECT_EQ(sender.pass_ms(2), "");
    EXPECT_EQ(sender.ack(1, {{1001, 2001}}), "");  // of the first copy, by its haste
    EXPECT_EQ(sender.effort.rack.has_delivered, 0);
    EXPECT_EQ(sender.effort.recovery, Recovery::disorder);
}

TEST(Undo, FollowsADuplicateReport) {  // RFC 2883 section 5; RFC 3708
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    EXPECT_EQ(sender.ack(10001), "");  // the first copy was only late
    EXPECT_EQ(sender.effort.cwnd_bytes, 5 * mss);
    EXPECT_EQ(sender.ack(10001, {{1, 1001}}), "");
    EXPECT_EQ(sender.effort.cwnd_bytes, 10 * mss);
    EXPECT_EQ(sender.effort.ssthresh_bytes, tcp::no_threshold_bytes);
}

TEST(Undo, NeedsEveryRepetitionProved) {  // RFC 3708: one duplicate of two is no proof
    Sender sender = in_flight();
    EXPECT_EQ(sender.ack(1, {{2001, 5001}}), "1:1001");
    EXPECT_EQ(sender.ack(1, {{2001, 6001}}), "");
    EXPECT_EQ(sender.ack(1, {{2001, 7001}}), "1001:2001");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.ack(10001, {{1, 1001}}), "");
    EXPECT_EQ(sender.effort.cwnd_bytes, 5 * mss);
}

TEST(Undo, FollowsAnOldEcho) {  // RFC 3522 section 3.2; RFC 4015
    for (const bool first_copy : {true, false}) {
        Sender sender = in_flight({.sack = false, .timestamps = true}, 5 * mss);
        const Tick sent = sender.now;
        EXPECT_EQ(sender.pass_ms(192), "1:1001");
        sender.echoed = first_copy ? sent : sender.now;
        EXPECT_EQ(sender.ack(1001), first_copy ? "" : "1001:2001 2001:3001");
        EXPECT_EQ(sender.effort.cwnd_bytes, (first_copy ? 10 : 2) * mss);
        EXPECT_EQ(sender.effort.recovery, first_copy ? Recovery::open : Recovery::loss);
    }
}

TEST(NewReno, TransmitsALittleMoreBeforeItRepeats) {  // RFC 3042 section 2; RFC 5681 section 3.2
    Sender sender = in_flight({.sack = false}, 14 * mss);
    EXPECT_EQ(sender.ack(1), "10001:11001");
    EXPECT_EQ(sender.ack(1), "11001:12001");
    EXPECT_EQ(sender.ack(1), "1:1001");
    EXPECT_EQ(sender.effort.ssthresh_bytes, 5 * mss);  // the two more do not count
}

TEST(NewReno, RepeatsTheNextHoleOnAPartialAck) {  // RFC 6582 section 3.2, step 3
    Sender sender = in_flight({.sack = false});
    for (int i = 0; i < 2; ++i)
        EXPECT_EQ(sender.ack(1), "");
    EXPECT_EQ(sender.ack(1), "1:1001");
    EXPECT_EQ(sender.ack(2001), "2001:3001");
    EXPECT_EQ(sender.ack(5001), "5001:6001");
    EXPECT_EQ(sender.effort.recovery, Recovery::recovery);
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
    EXPECT_EQ(sender.effort.cwnd_bytes, 5 * mss);
}

TEST(NewReno, DoesNotRepeatTwiceForOneWindow) {  // RFC 6582 section 3.2, step 2: recover
    Sender sender = in_flight({.sack = false}, 5 * mss);
    EXPECT_EQ(sender.pass_ms(192), "1:1001");
    for (int i = 0; i < 5; ++i)
        EXPECT_EQ(sender.ack(1), "");
    EXPECT_EQ(sender.effort.recovery, Recovery::loss);
}

TEST(NewReno, WaitsForAnAckBeyondTheLastRecovery) {  // RFC 6582 section 3.2, step 2
    Sender sender = in_flight({.sack = false});
    for (int i = 0; i < 3; ++i)
        (void)sender.ack(1);
    (void)sender.ack(10001);
    (void)sender.send(5 * mss);
    for (int i = 0; i < 3; ++i)
        EXPECT_EQ(sender.ack(10001), "");  // these may be echoes of what was sent again
    (void)sender.ack(11001);
    EXPECT_EQ(sender.ack(11001), "");
    EXPECT_EQ(sender.ack(11001), "");
    EXPECT_EQ(sender.ack(11001), "11001:12001");
}

TEST(NewReno, SlowStartsAfterATimeout) {  // RFC 5681 section 3.1
    Sender sender = in_flight({.sack = false}, 8 * mss);
    EXPECT_EQ(sender.pass_ms(192), "1:1001");
    EXPECT_EQ(sender.effort.cwnd_bytes, mss);
    EXPECT_EQ(sender.effort.ssthresh_bytes, 4 * mss);
    EXPECT_EQ(sender.ack(1001), "1001:2001 2001:3001");
    EXPECT_EQ(sender.ack(3001), "3001:4001 4001:5001 5001:6001");  // RFC 3465 section 2.3: L is 1
    EXPECT_EQ(sender.ack(6001), "6001:7001 7001:8001");
    EXPECT_EQ(sender.ack(8001), "");
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
}

TEST(NewReno, HoldsTheThresholdWhileTheTimerRepeats) {  // RFC 5681 section 3.1
    Sender sender = in_flight({.sack = false, .control = tcp::CongestionControl::cubic}, 8 * mss);
    EXPECT_EQ(sender.pass_ms(192), "1:1001");
    EXPECT_EQ(sender.effort.cubic.w_max_bytes, 10 * mss);
    EXPECT_EQ(sender.pass_ms(576), "1:1001");
    EXPECT_EQ(sender.effort.ssthresh_bytes, 5600U);
    EXPECT_EQ(sender.effort.cubic.w_max_bytes, 10 * mss);
}

// RFC 5682 section 3.1: with SACK; RFC 9438 section 4.9: CUBIC's state comes back.
TEST(ForwardTimeout, IsTakenBackWhenItWasAMistake) {  // RFC 5682 section 2.1; RFC 4015
    for (const bool sack : {false, true}) {
        Sender sender = in_flight({.sack = sack}, 12 * mss);
        EXPECT_EQ(sender.pass_ms(192), "1:1001");
        EXPECT_EQ(sender.ack(1001), "10001:11001 11001:12001");  // step 2 b: new text
        EXPECT_EQ(sender.ack(2001), "");                         // step 3 b
        EXPECT_EQ(sender.effort.recovery, Recovery::open);
        EXPECT_EQ(sender.effort.cwnd_bytes, 10 * mss);
        EXPECT_EQ(sender.effort.ssthresh_bytes, tcp::no_threshold_bytes);
    }
}

TEST(ForwardTimeout, StandsWhenTextIsLost) {  // RFC 5682 section 2.1, step 3 a
    Sender sender = in_flight({.sack = false}, 12 * mss);
    EXPECT_EQ(sender.pass_ms(192), "1:1001");
    EXPECT_EQ(sender.ack(1001), "10001:11001 11001:12001");
    EXPECT_EQ(sender.ack(1001), "1001:2001");
    EXPECT_EQ(sender.effort.recovery, Recovery::loss);
}

TEST(ForwardTimeout, StandsWhenThereIsNothingNew) {  // RFC 5682 section 2.1, step 2
    Sender sender = in_flight({.sack = false}, 5 * mss);
    EXPECT_EQ(sender.pass_ms(192), "1:1001");
    EXPECT_EQ(sender.ack(1001), "1001:2001 2001:3001");
    EXPECT_EQ(sender.ack(2001), "3001:4001");
    EXPECT_EQ(sender.effort.recovery, Recovery::loss);
}

}  // namespace
}  // namespace terminus::test
