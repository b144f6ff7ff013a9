// What the retransmission timer learns of the round trip, and what it forgets.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Measurement, IsOneInEachRoundTrip) {  // RFC 6298 section 3: one sample in each round trip
    run(established(), R"(
        call send 2800
        > . 1:1401(1400) ack 1
        > P. 1401:2801(1400) ack 1
        +100
        < . 1:1(0) ack 1401
        = status srtt_us 12504          // an eighth of it: the handshake took no time
        +100
        < . 1:1(0) ack 2801             // of the same flight
        = status srtt_us 12504
    )");
}

TEST(Measurement, OfARepeatedSynAckIsNone) {  // RFC 6298 section 3: Karn's algorithm
    run(syn_received(), R"(
        +500
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +100
        < . 1:1(0) ack 1                // of the first, or of the second?
        call accept
        = status srtt_us 0 rto_ms 1000
    )");
}

TEST(Measurement, RaisesAServicesTimeout) {  // RFC 6298 section 2.3: a flow without an effort
    std::string script;
    for (int at = 1; at < 501; at += 100) {
        const std::string from = std::to_string(at), to = std::to_string(at + 100);
        script += "< P. " + from + ":" + to + "(100) ack " + from + "\n> P. " + from + ":" + to +
                  "(100) ack " + to + "\n+180\n< . " + to + ":" + to + "(0) ack " + to + "\n";
    }
    run(served(Serve::echo), script + R"(
        < P. 501:601(100) ack 501
        > P. 501:601(100) ack 601
        +300
        +200
        > P. 501:601(100) ack 601
    )");
}

TEST(Measurement, EndsWithItsAck) {  // RFC 6298 section 3: what is timed is timed once
    run(served(Serve::echo), R"(
        < . 1:1401(1400) ack 1
        > P. 1:1401(1400) ack 1401
        < . 1401:2801(1400) ack 1
        > P. 1401:2801(1400) ack 2801
        +10
        < . 2801:2801(0) ack 1401
        +180
        < . 2801:2801(0) ack 2801       // 190 ms after the one that was timed
        < P. 2801:2901(100) ack 2801
        > P. 2801:2901(100) ack 2901
        +195
        +10
        > P. 2801:2901(100) ack 2901
    )");
}

TEST(Retransmission, ProgressEndsItsBackOff) {  // RFC 6298 section 5: the back-off is kept apart
    run(established(), R"(
        call send 2800
        > . 1:1401(1400) ack 1
        > P. 1401:2801(1400) ack 1
        +205
        > . 1:1401(1400) ack 1
        = status backoff 1 retransmissions_in_a_row 1
        < . 1:1(0) ack 1401
        > P. 1401:2801(1400) ack 1
        = status backoff 0
    )");
}

TEST(Window, OnceOpenIsTimedAfresh) {  // RFC 9293 section 3.8.6.1; RFC 6298 section 5.5
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 100
        +205
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
        +405
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 65535
        > P. 1:101(100) ack 1
        +195
        +10
        > P. 1:101(100) ack 1
    )");
}

TEST(Measurement, EndsTheBackOff) {  // RFC 6298 section 5: doubled for what is repeated only
    run(established(), R"(
        call send 100
        > P. 1:101(100) ack 1
        +205
        > P. 1:101(100) ack 1
        = status backoff 1
        < . 1:1(0) ack 101
        = status backoff 0
        call send 100
        > P. 101:201(100) ack 1
        +10
        < . 1:1(0) ack 201
        call send 100
        > P. 201:301(100) ack 1
        +205
        > P. 201:301(100) ack 1
        = status retransmissions_in_a_row 1
    )");
}

TEST(Measurement, BeginsAnewAfterALostSyn) {  // RFC 6298 section 5.7
    run(syn_received(), R"(
        +1005ms
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        = status rto_ms 3000
        call send 100
        > P. 1:101(100) ack 1
        +100
        < . 1:1(0) ack 101
        = status srtt_us 100032         // of the float's grain; the three seconds were a guess
        call send 100
        > P. 101:201(100) ack 1
        +180
        < . 1:1(0) ack 201
        = status srtt_us 110016         // and are no guess any more: an eighth of 180 ms
    )");
}

TEST(Measurement, OfALostSynIsNotBelieved) {  // RFC 6298 section 5.7, with timestamps too
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1
        +1005ms
        > S. 0:0(0) ack 1
        +100
        < . 1:1(0) ack 1 <TS val 2100 ecr 1005>
        call accept
        = status rto_ms 3000
    )");
}

TEST(FirstFlight, OfAServiceIsOneSegmentAfterALostSyn) {  // RFC 5681 section 3.1
    Scene setup = listening();
    setup.our_port = port_of(Serve::chargen);
    setup.text = OurText::any;
    setup.prelude = R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        +1005ms
        > S. 0:0(0) ack 1
    )";
    run(setup, R"(
        < . 1:1(0) ack 1
        > . 1:1401(1400) ack 1
    )");
}

TEST(SillyWindow, RemembersWhatTheWindowGrewTo) {  // RFC 9293 section 3.8.6.2.1: Max(SND.WND)
    run(listening(), R"(
        < S 0:0(0) win 1000 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1 win 1000
        call accept
        call send 100
        > P. 1:101(100) ack 1
        < . 1:1(0) ack 101 win 4000
        < . 1:1(0) ack 101 win 1300     // less than a segment, and than half of 4000
        call send 5000
        +195ms
        +10ms
        > . 101:1401(1300) ack 1
    )");
}

TEST(Window, OpensForAFinThatProbedIt) {  // RFC 9293 section 3.8.6.1
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 100
        call shutdown
        +205
        > . 1:2(1) ack 1
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 65535
        > FP. 1:101(100) ack 1
    )");
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call shutdown
        +205
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 1 win 0
        < . 1:1(0) ack 1 win 65535
        > F. 1:1(0) ack 1
    )");
}

}  // namespace
}  // namespace terminus::test
