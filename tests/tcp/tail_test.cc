// RFC 8985 section 7: the tail of a flight is probed before the timeout.
#include "terminus/wire/tcp.h"

#include "sender.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

constexpr std::uint32_t mss = Sender::mss;

TEST(TailProbe, RepeatsTheLastSegment) {  // RFC 8985 sections 7.2 and 7.3: after two SRTT
    Sender sender;
    (void)sender.send(5 * mss);
    EXPECT_EQ(sender.pass_ms(193), "");
    EXPECT_EQ(sender.pass_ms(1), "4001:5001");
    // One at a time: what follows is the timeout, RTO later.
    EXPECT_EQ(sender.pass_ms(287), "");
    EXPECT_EQ(sender.pass_ms(1), "1:1001");
}

TEST(TailProbe, IsNewTextWhereThereIsSome) {  // RFC 8985 section 7.3
    Sender sender;
    (void)sender.send(12 * mss);
    EXPECT_EQ(sender.pass_ms(194), "10001:11001");
}

TEST(TailProbe, CarriesTheFin) {  // RFC 8985 section 7.3; the FIN is the last of the flight
    Sender sender;
    (void)sender.send(3 * mss);
    EXPECT_EQ(sender.close(), "3001:3001F");
    EXPECT_EQ(sender.pass_ms(194), "3001:3001F");
}

TEST(TailProbe, WaitsForADelayedAckOfALoneSegment) {  // RFC 8985 section 7.2; never after the RTO
    Sender sender;
    sender.settings.rto_min_ms = 1000;
    (void)sender.send(mss);
    EXPECT_EQ(sender.pass_ms(391), "");
    EXPECT_EQ(sender.pass_ms(1), "1:1001");
}

TEST(TailProbe, LeadsToRecovery) {  // RFC 8985 section 7.1: its SACK shows what is missing
    Sender sender;
    (void)sender.send(5 * mss);
    EXPECT_EQ(sender.pass_ms(194), "4001:5001");
    EXPECT_EQ(sender.pass_ms(100), "");
    EXPECT_EQ(sender.ack(1, {{4001, 5001}}), "1:1001");
    EXPECT_EQ(sender.ack(1001, {{4001, 5001}}), "1001:2001 2001:3001");
}

TEST(TailProbe, ThatRepairedALossShrinksTheWindow) {  // RFC 8985 section 7.4.2
    Sender sender;
    (void)sender.send(5 * mss);
    (void)sender.pass_ms(100);
    EXPECT_EQ(sender.ack(4001), "");
    EXPECT_EQ(sender.pass_ms(288), "4001:5001");
    EXPECT_EQ(sender.ack(5001), "");
    EXPECT_EQ(sender.send(mss), "5001:6001");
    EXPECT_EQ(sender.ack(6001), "");
    EXPECT_LT(sender.effort.cwnd_bytes, 10 * mss);
    EXPECT_EQ(sender.effort.probing, 0);
}

TEST(TailProbe, ThatWasNeedlessChangesNothing) {  // RFC 8985 section 7.4.2: DSACK, or a duplicate
    Sender sender;
    (void)sender.send(5 * mss);
    EXPECT_EQ(sender.pass_ms(194), "4001:5001");
    EXPECT_EQ(sender.ack(5001, {{4001, 5001}}), "");
    EXPECT_EQ(sender.effort.probing, 0);
    EXPECT_EQ(sender.effort.ssthresh_bytes, tcp::no_threshold_bytes);
    (void)sender.send(5 * mss);
    EXPECT_NE(sender.pass_ms(400), "");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.ack(10001), "");
    EXPECT_EQ(sender.effort.probing, 0);
    EXPECT_EQ(sender.effort.ssthresh_bytes, tcp::no_threshold_bytes);
}

TEST(TailProbe, NeedsSackAndConsent) {  // RFC 8985 section 7.2
    Sender plain{{.sack = false}};
    (void)plain.send(5 * mss);
    EXPECT_EQ(plain.pass_ms(287), "");
    Sender refused;
    refused.settings.tail_loss_probe = false;
    (void)refused.send(5 * mss);
    EXPECT_EQ(refused.pass_ms(287), "");
}

TEST(Timeout, KeepsItsBackOffUntilAMeasurement) {  // RFC 6298 section 5, and Karn's algorithm
    Sender sender{{.sack = false}};
    (void)sender.send(mss);
    EXPECT_EQ(sender.pass_ms(288), "1:1001");
    EXPECT_EQ(sender.pass_ms(576), "1:1001");
    EXPECT_EQ(sender.ack(1001), "");
    EXPECT_EQ(sender.send(mss), "1001:2001");
    EXPECT_EQ(sender.pass_ms(1151), "");
    EXPECT_EQ(sender.pass_ms(1), "1001:2001");
    EXPECT_EQ(sender.ack(2001), "");
    EXPECT_EQ(sender.send(mss), "2001:3001");
    EXPECT_EQ(sender.pass_ms(96), "");
    EXPECT_EQ(sender.ack(3001), "");  // measured: the variation is less now
    EXPECT_EQ(sender.send(mss), "3001:4001");
    EXPECT_EQ(sender.pass_ms(288), "3001:4001");
}

TEST(Timeout, CountsFromTheRepetition) {  // RFC 6298 section 5.1: fast retransmit starts it anew
    Sender sender;
    (void)sender.send(5 * mss);
    (void)sender.pass_ms(150);
    EXPECT_EQ(sender.ack(1, {{1001, 4001}}), "1:1001");
    EXPECT_EQ(sender.pass_ms(287), "");
    EXPECT_EQ(sender.pass_ms(1), "1:1001");
}

}  // namespace
}  // namespace terminus::test
