// The services that testers need: tarpit, idle, close, abort, send, capture; RFC 9293 underneath.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene before(Serve service) {
    Scene setup = nothing();
    setup.our_port = port_of(service);
    setup.text = OurText::any;
    return setup;
}

TEST(Tarpit, OffersNoWindowAndAnswersEveryProbe) {  // RFC 9293 section 3.8.6.1
    run(before(Serve::tarpit), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 0
        < . 1:1(0) ack 1
        = established
        < . 1:2(1) ack 1
        > . 1:1(0) ack 1 win 0
        +60s
        < . 0:0(0) ack 1
        > . 1:1(0) ack 1 win 0
        +600s
        < . 1:101(100) ack 1
        > . 1:1(0) ack 1 win 0
        = established
    )");
}

TEST(Idle, HoldsTextAndNeverReadsIt) {  // RFC 9293 section 3.8.6; MAY-8
    run(served(Serve::idle), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        +600s
        = established
        < F. 101:101(0) ack 1
        > F. 1:1(0) ack 102
    )");
}

TEST(CloseService, ClosesAfterItsTime) {  // RFC 9293 section 3.10.4
    run(served(Serve::close), R"(
        +499
        = established
        +2
        > F. 1:1(0) ack 1
        = fin_wait_1
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
    )");
}

TEST(CloseService, KeepsItsTimeWhileThePeerTalks) {
    run(served(Serve::close), R"(
        +300
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        +162
        > F. 1:1(0) ack 101
    )");
}

TEST(CloseService, ClosesAtOnceWhenThePeerDoes) {
    run(served(Serve::close), R"(
        < F. 1:1(0) ack 1
        > F. 1:1(0) ack 2
        = last_ack
        < . 2:2(0) ack 2
        = closed
    )");
}

TEST(CloseService, ClosesAtOnceWhenTold) {
    run(before(Serve::close_at_once), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        > F. 1:1(0) ack 1
        = fin_wait_1
    )");
}

TEST(AbortService, ResetsAfterItsTime) {  // RFC 9293 section 3.10.5
    run(served(Serve::abort), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        +462
        > R. 1:1(0) ack 101
        = closed
        = event aborted 1
    )");
}

TEST(AbortService, ResetsAtOnceWhenTold) {
    run(before(Serve::abort_at_once), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        > R. 1:1(0) ack 1
        = closed
    )");
}

TEST(SendService, SendsOnAcceptAndCloses) {  // RFC 9293 section 3.10.2
    run(before(Serve::send), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > FP. 2801:3001(200) ack 1
        = fin_wait_1
        < . 1:1(0) ack 3002
        = fin_wait_2
    )");
}

TEST(SendService, SendsAgainWhatWasLost) {  // RFC 6298 section 5.4
    run(before(Serve::send), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        > FP. 2801:3001(200) ack 1
        < . 1:1(0) ack 1401
        < F. 1:1(0) ack 3002
        > . 3002:3002(0) ack 2
        = time_wait
    )");
}

TEST(SendService, OfNothingIsAClose) {
    run(before(Serve::send_nothing), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        > F. 1:1(0) ack 1
    )");
}

TEST(CaptureService, ReadsAndIsSilent) {
    run(served(Serve::capture), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        < F. 101:101(0) ack 1
        > F. 1:1(0) ack 102
    )");
}

Datagram knock(Family family, const std::string& text) {
    const Ends ends = ends_of(family);
    Datagram datagram;
    datagram.source_mac = ends.their_mac;
    datagram.destination_mac = ends.our_mac;
    datagram.source = ends.theirs;
    datagram.destination = ends.ours;
    datagram.protocol = protocol_udp;
    datagram.source_port = 4000;
    datagram.destination_port = port_of(Serve::capture);
    datagram.payload = text;
    return datagram;
}

TEST(CaptureService, KeepsTheFirstDatagramOfEachPeer) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        Harness harness;
        harness.inject(knock(family, "who is there"));
        harness.inject(knock(family, "still there?"));
        const Captured* kept = harness.stack().captured();
        ASSERT_NE(kept, nullptr);
        EXPECT_TRUE(kept->is_udp);
        EXPECT_EQ(kept->remote, (Endpoint{ends_of(family).theirs, 4000}));
        EXPECT_EQ(kept->local, (Endpoint{ends_of(family).ours, port_of(Serve::capture)}));
        EXPECT_EQ(kept->length, 12U);
        EXPECT_EQ(std::string(reinterpret_cast<const char*>(kept->bytes.data()), kept->kept),
                  "who is there");
        harness.stack().drop_captured();
        EXPECT_EQ(harness.stack().captured(), nullptr);
        const auto& counters =
            harness.counters().services[static_cast<std::size_t>(Serve::capture)];
        EXPECT_EQ(counters.captured, 1U);
        EXPECT_EQ(counters.datagrams, 2U);
    }
}

}  // namespace
}  // namespace terminus::test
