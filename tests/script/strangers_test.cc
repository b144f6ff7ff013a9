// Segments that belong to no flow: RFC 9293 sections 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN).
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Closed, ResetsASegmentWithoutAckFromSequenceZero) {  // RFC 9293 section 3.10.7.1
    run(nothing(), R"(
        < S 0:0(0)
        > R. @0(0) ack 1 win 0
        < none 5:5(0)
        > R. @0(0) ack 5
        < P 5:15(10)
        > R. @0(0) ack 15
        < SF 5:15(10)            // SYN and FIN count
        > R. @0(0) ack 17
        < F 5:5(0)
        > R. @0(0) ack 6
        = resets 5
    )");
}

TEST(Closed, ResetsASegmentWithAckFromItsAck) {  // RFC 9293 section 3.10.7.1
    run(nothing(), R"(
        < . 5:5(0) ack @12345
        > R @12345(0)
        < S. 5:5(0) ack @12346
        > R @12346(0)
        < FP. 5:105(100) ack @0
        > R @0(0)
        = resets 3
        = closed
    )");
}

TEST(Closed, NeverAnswersAReset) {  // RFC 9293 section 3.10.7.1: an RST is discarded
    run(nothing(), R"(
        < R 5:5(0)
        < R. 5:5(0) ack @7
        < SR 5:5(0)
        < RF. 5:15(10) ack @7
        = drop reset_without_flow 4
        = resets 0
    )");
}

TEST(Listen, IgnoresResetsAndRefusesAcks) {  // RFC 9293 section 3.10.7.2, first and second
    run(listening(), R"(
        < R 5:5(0)
        = drop reset_without_flow 1
        < . 5:5(0) ack @77
        > R @77(0)
        < S. 5:5(0) ack @78
        > R @78(0)
        = closed
    )");
}

TEST(Listen, DropsWhatIsNeitherSynNorAckNorReset) {  // RFC 9293 section 3.10.7.2, fourth
    run(listening(), R"(
        < F 5:5(0)
        < P 5:15(10)
        < none 5:5(0)
        = drop tcp_unacceptable 3
        = resets 0
    )");
}

TEST(Listen, AnswersASyn) {  // RFC 9293 section 3.10.7.2, third
    run(listening(), R"(
        < S 0:0(0) win 1000 <mss 1000>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
        = syn_received
        = event passive_opens 1
    )");
}

TEST(Listen, KeepsToItsBacklog) {  // RFC 9293 section 3.9.1.1
    Scene scene = nothing();
    scene.options.settings.tcp.syn_cookies = tcp::SynCookies::never;
    run(scene, R"(
        call listen 2
        < S 0:0(0)
        > S. 0:0(0) ack 1
        new port 4001
        < S 0:0(0)
        > S. 0:0(0) ack 1
        new port 4002
        < S 0:0(0)
        = drop listener_full 1
    )");
}

/// A SYN with something about its addresses changed, to a stack whose rules reset.
void expect_silence(const std::function<void(Datagram&)>& change, Drop reason) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram syn = runner.segment_of(parse_segment({"S", "0:0(0)"}));
        change(syn);
        runner.harness().inject(syn);
        EXPECT_FALSE(runner.harness().has_sent());
        EXPECT_EQ(runner.harness().drops(reason), 1U) << name(reason);
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

Address like(const Datagram& d, const char* ip4, const char* ip6) {
    return *parse_address(d.is_ip6() ? ip6 : ip4);
}

TEST(Strangers, AreNotAnsweredByBroadcastOrMulticast) {  // RFC 1122 section 4.2.3.10; MUST-57
    expect_silence([](Datagram& d) { d.destination_mac = broadcast_mac; },
                   Drop::multicast_destination);
    expect_silence([](Datagram& d) { d.destination = like(d, "224.0.0.1", "ff02::1"); },
                   Drop::multicast_destination);
    expect_silence(
        [](Datagram& d) {
            d.destination = like(d, "198.18.0.255", "ff02::1");
            d.destination_mac = broadcast_mac;
        },
        Drop::multicast_destination);
}

TEST(Strangers, AreNotAnsweredWhenTheSourceIsNoHost) {  // RFC 9293 section 3.9.2.3, MUST-63
    expect_silence([](Datagram& d) { d.source = like(d, "224.0.0.1", "ff02::1"); },
                   Drop::ip_source_invalid);
    expect_silence([](Datagram& d) { d.source = like(d, "0.0.0.0", "::"); },
                   Drop::ip_source_invalid);
    expect_silence([](Datagram& d) { d.source = like(d, "127.0.0.1", "::1"); },
                   Drop::ip_source_invalid);
    expect_silence([](Datagram& d) { d.source = like(d, "255.255.255.255", "::"); },
                   Drop::ip_source_invalid);
}

TEST(Strangers,
     AreNotAnsweredByLand) {  // our own address as the source: never an answer to ourselves
    expect_silence(
        [](Datagram& d) {
            d.source = d.destination;
            d.source_port = d.destination_port;
        },
        Drop::ip_source_invalid);
}

TEST(Strangers, AreNotOursAtAnotherAddressOrMac) {
    expect_silence([](Datagram& d) { d.destination = like(d, "198.51.100.1", "2001:db8:77::1"); },
                   Drop::ip_destination_not_ours);
    expect_silence([](Datagram& d) { d.destination_mac.bytes[5] = 0x77; }, Drop::not_for_us_link);
}

TEST(Strangers, AreAnsweredForAWholePrefix) {  // and from the address that was asked
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Datagram syn = runner.segment_of(parse_segment({"S", "0:0(0)"}));
        syn.destination = like(syn, "198.18.1.77", "2001:db8:18:1::77");
        runner.harness().inject(syn);
        ASSERT_TRUE(runner.harness().has_sent());
        const Datagram reset = runner.harness().next_sent();
        EXPECT_EQ(describe_flags(reset.flags), "R.");
        EXPECT_EQ(reset.source, syn.destination);
        EXPECT_EQ(reset.destination_mac, syn.source_mac);
    }
}

TEST(Strangers, WithABadChecksumAreDropped) {  // RFC 9293 section 3.1, MUST-3
    for (const Family family : {Family::ip4, Family::ip6}) {
        ScriptRunner runner{nothing(), family};
        Bytes frame = encode(runner.segment_of(parse_segment({"S", "0:0(0)"})));
        frame.back() ^= std::byte{1};
        runner.harness().inject(frame);
        EXPECT_FALSE(runner.harness().has_sent());
        EXPECT_EQ(runner.harness().drops(Drop::tcp_checksum), 1U);
        EXPECT_TRUE(runner.finish()) << runner.failure();
    }
}

}  // namespace
}  // namespace terminus::test
