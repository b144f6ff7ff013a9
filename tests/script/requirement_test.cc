// What RFC 9293 asks of a TCP and no other test shows by the way, id by id of its Appendix B.
#include "exchange.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Requirement, WindowsAreUnsigned) {  // RFC 9293 section 3.1, MUST-1: 40000 is not negative
    run(established(), R"(
        < . 1:1(0) ack 1 win 40000
        call send 1400
        > P. 1:1401(1400) ack 1
        < . 1:1(0) ack 1401 win 40000
        = established
    )");
}

TEST(Requirement, OptionsAreReadInAnySegment) {  // RFC 9293 section 3.2, MUST-5
    run(established(), R"(
        < P. 1:101(100) ack 1 <nop,nop,TS val 7 ecr 0>
        +40
        > . 1:1(0) ack 101
        < F. 101:101(0) ack 1 <mss 100>
        > . 1:1(0) ack 102
        = close_wait
    )");
}

/// RFC 9293 sections 3.2 and 3.7.1, MUST-14, 65, 67, MAY-3: the SYN-ACK says it, nothing else.
TEST(Requirement, OnlySynsSayTheMss) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{listening(), family};
        ASSERT_TRUE(runner.play("setup", listening().prelude)) << runner.failure();
        runner.harness().inject(runner.segment_of(parse_segment({"S", "0:0(0)"})));
        const Datagram answer = runner.harness().next_sent();
        EXPECT_EQ(describe_options(answer.options),
                  family == Family::ip4 ? "mss 1460" : "mss 1440");
    }
    run(established(), R"(
        call send 100
        > P. 1:101(100) ack 1
        < . 1:1(0) ack 101
        call close
        > F. 101:101(0) ack 1
        < . 1:1(0) ack 102
    )");
}

/// RFC 9293 section 3.5, MUST-11: an RST leads back to LISTEN, or ends an active open.
TEST(Requirement, SynReceivedRemembersItsBeginning) {
    run(syn_received(), R"(
        < R 1:1(0)
        = closed
        new port 4001 isn 9
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
    )");
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < R 1:1(0)
        = closed
        call receive 10 = refused
    )");
}

TEST(Requirement, UsersLearnOfAbortsAndOfCloses) {  // RFC 9293 section 3.6, MUST-12
    run(established(), R"(
        < R 1:1(0)
        call receive 10 = connection-reset
    )");
    run(established(), R"(
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        call receive 10 = end
    )");
}

TEST(Requirement, NagleGathersUnlessSwitchedOff) {  // RFC 9293 section 3.7.4, MUST-17, SHLD-7
    const std::string first = "call send 10\n> P. 1:11(10) ack 1\ncall send 10\n";
    run(established(), first + R"(
        call send 20
        < . 1:1(0) ack 11
        > P. 11:41(30) ack 1
        < . 1:1(0) ack 41
    )");
    Scene scene = established();
    scene.options.settings.tcp.nagle = false;
    run(scene, first + R"(
        > P. 11:21(10) ack 1
        < . 1:1(0) ack 21
    )");
}

TEST(Requirement, UsersSetHowLongTextIsTried) {  // RFC 9293 section 3.8.3, MUST-21
    Scene scene = established();
    scene.options.settings.tcp.give_up_ms = 500;
    run(scene, R"(
        call send 10
        > P. 1:11(10) ack 1
        +202ms
        > P. 1:11(10) ack 1
        +5s
        = closed
        call receive 10 = timed-out
    )");
}

TEST(Requirement, DefaultsAreThoseOfTheRfc) {  // RFC 9293 sections 3.8.3 and 3.8.4, MUST-28
    const tcp::Settings defaults;
    EXPECT_FALSE(defaults.keepalive);
    EXPECT_GE(defaults.keepalive_idle_ms, 7'200'000U);
    EXPECT_GE(defaults.syn_give_up_ms, 180'000U);
    EXPECT_GE(defaults.give_up_ms, 100'000U);
}

/// RFC 9293 section 3.8.6.2.1, MUST-38: a small window takes no small segment while text flies.
TEST(Requirement, SendersWaitForAWorthwhileWindow) {
    run(established(), R"(
        < . 1:1(0) ack 1 win 1500
        call send 4000
        > . 1:1401(1400) ack 1
        < . 1:1(0) ack 1401 win 1500
        > . 1401:2801(1400) ack 1
        < . 1:1(0) ack 2801 win 65535
        > P. 2801:4001(1200) ack 1
        < . 1:1(0) ack 4001
    )");
}

TEST(Requirement, AShrunkenWindowTakesNothingNew) {  // RFC 9293 section 3.8.6, SHLD-15
    run(established(), R"(
        call send 1400
        > P. 1:1401(1400) ack 1
        < . 1:1(0) ack 1 win 1000
        call send 1400
        < . 1:1(0) ack 1401 win 65535
        > P. 1401:2801(1400) ack 1
        < . 1:1(0) ack 2801
    )");
}

TEST(Requirement, ListeningDisturbsNobody) {  // RFC 9293 section 3.9.1.1, MUST-41, 42
    Harness harness;
    Listener listener;
    listener.port = 1000;
    const auto first = harness.stack().listen(listener);
    ASSERT_TRUE(first.ok());
    EXPECT_EQ(harness.stack().listen(listener).error, CallError::address_in_use);
    for (std::uint16_t port = 4000; port < 4003; ++port) {
        const Datagram syn =
            decode(from_peer(Packet::tcp(peer(Family::ip4), port, us(Family::ip4), 1000).flags("S"))
                       .bytes());
        harness.inject(syn);
        EXPECT_EQ(harness.flows_in(tcp::State::syn_received), port - 3999U);
    }
    listener.address = ends_of(Family::ip4).ours;  // the same port, another place
    EXPECT_TRUE(harness.stack().listen(listener).ok());
    EXPECT_EQ(harness.flows_in(tcp::State::syn_received), 3U);
}

/// RFC 9293 section 3.9.1.1, MUST-43, 44, 45: named or chosen, the local address stays.
TEST(Requirement, AnOpenMayNameItsAddress) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        Harness harness;
        const Ends ends = ends_of(family);
        const auto chosen = harness.stack().open({}, {ends.theirs, 7}, harness.now());
        ASSERT_TRUE(chosen.ok());
        EXPECT_EQ(harness.stack().status(chosen.value).value.local.address, ends.ours);
        const auto named = harness.stack().open({ends.ours, 999}, {ends.theirs, 7}, harness.now());
        ASSERT_TRUE(named.ok());
        harness.turn();
        while (harness.has_sent())
            EXPECT_EQ(harness.next_sent().source, ends.ours);
        const auto wrong = harness.stack().open({ends.theirs, 9}, {ends.theirs, 7}, harness.now());
        EXPECT_EQ(wrong.error, CallError::address_not_ours);
    }
}

TEST(Requirement, NobodyOpensToAGroup) {  // RFC 9293 section 3.9.1.1, MUST-46
    Harness harness;
    for (const char* group :
         {"224.0.0.1", "255.255.255.255", "198.18.0.255", "ff02::1", "0.0.0.0", "::"}) {
        const auto opened = harness.stack().open({}, {*parse_address(group), 7}, harness.now());
        EXPECT_FALSE(opened.ok()) << group;
    }
}

/// RFC 9293 section 3.10.7.4, MUST-58, 59: a burst is processed whole and acknowledged once.
TEST(Requirement, ABurstIsAcknowledgedOnce) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{established(), family};
        ASSERT_TRUE(runner.play("setup", established().prelude)) << runner.failure();
        std::vector<Bytes> burst;
        for (std::uint32_t i = 0; i < 4; ++i) {
            Datagram d = runner.segment_of(parse_segment({".", "1:1(0)", "ack", "1"}));
            d.seq += i * 1000;
            d.payload = std::string(1000, 'x');
            burst.push_back(encode(d));
        }
        runner.harness().inject_burst(burst);
        const Datagram answer = runner.harness().next_sent();
        EXPECT_EQ(answer.ack, decode(burst.front()).seq + 4000);
        EXPECT_FALSE(runner.harness().has_sent());
    }
}

/// RFC 9293 section 3.9.1.2, MUST-60, 61, SHLD-27, 28, MAY-16: writes are gathered into full
/// segments, the last of which is pushed, at once.
TEST(Requirement, WritesAreGatheredAndTheLastIsPushed) {
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 1000
        call send 1000
        call send 1000
        < . 1:1(0) ack 1 win 65535
        > . 1:1401(1400) ack 1
        > . 1401:2801(1400) ack 1
        < . 1:1(0) ack 2801
        > P. 2801:3001(200) ack 1
        < . 1:1(0) ack 3001
    )");
}

TEST(Requirement, DatagramsFitTheirLengthField) {  // RFC 791 section 3.1, RFC 8200 section 3
    const std::vector<std::byte> payload(65'528);
    for (const Family family : {Family::ip4, Family::ip6}) {
        Harness harness;
        const std::size_t most = family == Family::ip4 ? 65'507 : 65'527;
        const Endpoint remote{ends_of(family).theirs, 7};
        const auto opened = harness.stack().open_datagrams({}, remote);
        ASSERT_TRUE(opened.ok());
        const std::span all{payload};
        EXPECT_EQ(harness.stack().send_datagram(opened.value, all.first(most + 1)),
                  CallError::too_big);
        EXPECT_NE(harness.stack().send_datagram(opened.value, all.first(most)), CallError::too_big);
    }
}

TEST(Requirement, AResetMayCarryText) {  // RFC 9293 section 3.5.3, SHLD-2
    run(established(), R"(
        < R 1:11(10)
        = closed
    )");
}

TEST(Requirement, CloseClosesBothHalves) {  // RFC 9293 section 3.6.1, MAY-1
    run(established(), R"(
        call close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        < P. 1:11(10) ack 2
        > R. 2:2(0) ack 1
        = closed
    )");
}

}  // namespace
}  // namespace terminus::test
