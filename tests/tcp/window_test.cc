// How the congestion window grows, shrinks by ECN, and begins anew.
#include "terminus/tcp/congestion.h"
#include "terminus/wire/tcp.h"

#include "sender.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

using tcp::CongestionControl;
using tcp::Recovery;

constexpr std::uint32_t mss = Sender::mss;

TEST(InitialWindow, IsTenSegments) {  // RFC 6928 section 2
    tcp::Settings settings;
    EXPECT_EQ(tcp::initial_window_bytes(1460, settings), 14'600U);
    EXPECT_EQ(tcp::initial_window_bytes(536, settings), 5360U);
    EXPECT_EQ(tcp::initial_window_bytes(8960, settings), 17'920U);
    settings.initial_window_segments = 2;
    EXPECT_EQ(tcp::initial_window_bytes(1000, settings), 2000U);
}

TEST(SlowStart, IsNotFooledByDividedAcks) {  // RFC 3465 section 2.2: bytes count
    Sender sender;
    (void)sender.send(100 * mss);
    for (std::uint32_t at = 101; at <= 1001; at += 100)
        (void)sender.ack(at);
    EXPECT_EQ(sender.effort.cwnd_bytes, 11 * mss);
}

TEST(SlowStart, GrowsByTwoSegmentsForAnAckAtMost) {  // RFC 3465 section 2.2: L is 2
    Sender sender;
    (void)sender.send(100 * mss);
    (void)sender.ack(2001);
    EXPECT_EQ(sender.effort.cwnd_bytes, 12 * mss);
    (void)sender.ack(7001);
    EXPECT_EQ(sender.effort.cwnd_bytes, 14 * mss);
}

// RFC 5681 section 3.1; RFC 3465 section 2.1.
TEST(CongestionAvoidance, GrowsByOneSegmentForAWindow) {
    Sender sender;
    sender.effort.ssthresh_bytes = 10 * mss;
    (void)sender.send(100 * mss);
    for (std::uint32_t at = 1001; at <= 9001; at += mss)
        (void)sender.ack(at);
    EXPECT_EQ(sender.effort.cwnd_bytes, 10 * mss);
    (void)sender.ack(10001);
    EXPECT_EQ(sender.effort.cwnd_bytes, 11 * mss);
}

// RFC 9293 section 3.8.2, MAY-18.
TEST(CongestionAvoidance, FollowsCubic) {  // RFC 9438 section 4.6
    Sender sender{{.control = CongestionControl::cubic}};
    sender.settings.tail_loss_probe = false;
    (void)sender.send(10 * mss);
    (void)sender.pass_ms(100);
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    EXPECT_EQ(sender.effort.ssthresh_bytes, 7 * mss);
    (void)sender.ack(10001);
    EXPECT_EQ(sender.effort.cwnd_bytes, 7 * mss);
    EXPECT_EQ(sender.effort.cubic.w_max_bytes, 10 * mss);
    for (int i = 0; i < 30; ++i)  // three seconds: K is 1.96 s
        sender.exchange(sender.effort.cwnd_bytes);
    EXPECT_GT(sender.effort.cwnd_bytes, 9 * mss);
}

TEST(CongestionWindow, DoesNotGrowWhenItDoesNotLimit) {  // RFC 7661 section 4.2
    Sender sender;
    for (int i = 0; i < 50; ++i)
        sender.exchange(2 * mss);
    EXPECT_EQ(sender.effort.cwnd_bytes, 10 * mss);
    Sender narrow{{.window_bytes = 3 * 1024}};  // the peer's window limits
    for (int i = 0; i < 20; ++i)
        narrow.exchange(10 * mss);
    EXPECT_EQ(narrow.effort.cwnd_bytes, 10 * mss);
}

TEST(CongestionWindow, BeginsAnewAfterASilence) {  // RFC 5681 section 4.1
    for (const bool restarts : {true, false}) {
        Sender sender;
        sender.settings.slow_start_after_idle = restarts;
        sender.exchange(60 * mss);
        const std::uint32_t before = sender.effort.cwnd_bytes;
        EXPECT_GT(before, 30 * mss);
        (void)sender.pass_ms(2000);
        (void)sender.send(100 * mss);
        EXPECT_EQ(sender.flow.in_flight(), restarts ? 10 * mss : before);
    }
}

TEST(CongestionWindow, SurvivesASilenceThatIsShort) {  // RFC 5681 section 4.1: longer than the RTO
    Sender sender;
    sender.exchange(60 * mss);
    const std::uint32_t before = sender.effort.cwnd_bytes;
    (void)sender.pass_ms(90);
    (void)sender.send(100 * mss);
    EXPECT_EQ(sender.flow.in_flight(), before);
}

TEST(Ecn, ShrinksOncePerWindowAndSaysSo) {  // RFC 3168 section 6.1.2
    Sender sender{{.ecn = true}};
    (void)sender.send(12 * mss);
    (void)sender.pass_ms(100);
    EXPECT_EQ(sender.ack(1001, {}, tcp_flag::ece), "10001:11001!");
    EXPECT_EQ(sender.effort.recovery, Recovery::reduced);
    EXPECT_EQ(sender.effort.ssthresh_bytes, 5 * mss);
    EXPECT_EQ(sender.ack(2001, {}, tcp_flag::ece), "");
    EXPECT_EQ(sender.ack(3001, {}, tcp_flag::ece), "11001:12001");
    (void)sender.ack(10001, {}, tcp_flag::ece);
    (void)sender.ack(10001, {}, tcp_flag::ece);  // it has not seen CWR
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
    EXPECT_EQ(sender.effort.cwnd_bytes, 5 * mss);
    EXPECT_EQ(sender.effort.ssthresh_bytes, 5 * mss);
    (void)sender.ack(11001);
    (void)sender.ack(12001, {}, tcp_flag::ece);  // another window, another mark
    EXPECT_EQ(sender.effort.ssthresh_bytes, 2 * mss);
}

TEST(Ecn, MeansNothingWhereItWasNotAgreed) {  // RFC 3168 section 6.1
    Sender sender;
    (void)sender.send(10 * mss);
    (void)sender.ack(1001, {}, tcp_flag::ece);
    EXPECT_EQ(sender.effort.recovery, Recovery::open);
}

TEST(Ecn, SaysThatALossShrankTheWindow) {  // RFC 3168 section 6.1.2: whatever the reason
    Sender sender{{.ecn = true}};
    (void)sender.send(20 * mss);
    (void)sender.pass_ms(100);
    (void)sender.ack(1, {{1001, 2001}});
    (void)sender.ack(1, {{1001, 3001}});
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");  // not on what is sent again
    (void)sender.ack(1, {{1001, 5001}});
    EXPECT_EQ(sender.ack(1, {{1001, 6001}}), "12001:13001!");
}

}  // namespace
}  // namespace terminus::test
