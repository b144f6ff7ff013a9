// The flow of a service looks closer wherever a segment is not just what it expects: each way in
// which a segment may be out of the ordinary, to a flow that would have taken it in passing.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(OutOfTheOrdinary, DuplicatesRepeatWhatIsLost) {  // RFC 5681 section 3.2
    run(served(Serve::echo), R"(
        < P. 1:101(100) ack 1
        > P. 1:101(100) ack 101
        < . 101:101(0) ack 1
        < . 101:101(0) ack 1
        < . 101:101(0) ack 1
        > P. 1:101(100) ack 101
        = event fast_retransmits 1
    )");
}

TEST(OutOfTheOrdinary, AnAckOfWhatWasNeverSent) {  // RFC 9293 section 3.10.7.4, fifth
    run(served(Serve::echo), R"(
        < P. 1:101(100) ack 2
        > . 1:1(0) ack 1
        < P. 1:101(100) ack 1
        > P. 1:101(100) ack 101
        < . 101:101(0) ack 102
        > . 101:101(0) ack 101
    )");
}

TEST(OutOfTheOrdinary, TextBeyondTheWindow) {  // RFC 9293 section 3.10.7.4, seventh
    Scene scene = served(Serve::echo);
    scene.options.settings.tcp.receive_buffer_bytes = 1000;
    run(scene, R"(
        < P. 1:1201(1200) ack 1
        > P. 1:1001(1000) ack 1001
    )");
}

TEST(OutOfTheOrdinary, AnOlderWindow) {  // RFC 9293 section 3.10.7.4, fifth: SND.WL1
    run(served(Serve::echo), R"(
        < . 101:101(0) ack 1 win 50      // from beyond a hole
        < . 1:1(0) ack 1 win 5000        // late
        < P. 1:101(100) ack 1 win 5000   // as late
        > . 1:51(50) ack 101
    )");
}

TEST(OutOfTheOrdinary, AnAckOfHalfOfWhatWasRepeated) {  // RFC 5681 section 3.1
    run(served(Serve::echo), R"(
        < P. 1:101(100) ack 1
        > P. 1:101(100) ack 101
        +202ms
        > P. 1:101(100) ack 101
        < . 101:101(0) ack 51
        > P. 51:101(50) ack 101          // the rest was lost with it
    )");
}

TEST(OutOfTheOrdinary, AWindowThatOpens) {  // RFC 9293 section 3.8.6.1
    Scene scene = served(Serve::http);      // its text is made, not held
    scene.options.body_bytes = 10;
    scene.prelude += R"(
        < P. 1:28(27) ack 1 win 0 "GET / HTTP/1.1\r\nHost: x\r\n\r\n"
        +40ms
        > . 1:1(0) ack 28
    )";
    run(scene, R"(
        < . 28:28(0) ack 1 win 1000
        > P. 1:118(117) ack 28 "HTTP/1.1 200 OK\r\n"...
        < . 28:28(0) ack 118
    )");
    run(scene, R"(
        +160ms
        > . 1:2(1) ack 28 "H"            // a probe
        < . 28:28(0) ack 1 win 1000
        > P. 1:118(117) ack 28 "HTTP/1.1 200 OK\r\n"...    // from the beginning
        < . 28:28(0) ack 118
    )");
}

TEST(OutOfTheOrdinary, TextThatWasMarked) {  // RFC 3168 section 6.1.3
    Scene scene = nothing();
    scene.our_port = 7;
    scene.text = OurText::echo;
    run(scene, R"(
        < SEW 0:0(0) win 65535 <mss 1400>
        > SE. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        < P. 1:11(10) ack 1 ecn ect0
        > P. 1:11(10) ack 11 ecn ect0
        < P. 11:21(10) ack 11 ecn ce
        > PE. 11:21(10) ack 21 ecn ect0
    )");
}

Scene stamped() {
    Scene scene = nothing();
    scene.our_port = 7;
    scene.text = OurText::echo;
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 1412,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1000>
        < . 1:1(0) ack 1 <nop,nop,TS val 1000 ecr 0>
        < P. 1:11(10) ack 1 <nop,nop,TS val 1001 ecr 0>
        > P. 1:11(10) ack 11 <nop,nop,TS val 0 ecr 1001>
        < . 11:11(0) ack 11 <nop,nop,TS val 1002 ecr 0>
    )";
    return scene;
}

TEST(OutOfTheOrdinary, AnOldTimestamp) {  // RFC 7323 section 5.3, R1
    run(stamped(), R"(
        < P. 11:21(10) ack 11 <nop,nop,TS val 1001 ecr 0>
        > . 11:11(0) ack 11 <nop,nop,TS val 0 ecr 1002>
        < P. 11:21(10) ack 11 <nop,nop,TS val 1002 ecr 0>
        > P. 11:21(10) ack 21 <nop,nop,TS val 0 ecr 1002>
    )");
}

TEST(OutOfTheOrdinary, NoTimestamp) {  // RFC 7323 section 3.2
    run(stamped(), R"(
        < P. 11:21(10) ack 11
        < P. 11:21(10) ack 11 <nop,nop,TS val 1003 ecr 0>
        > P. 11:21(10) ack 21 <nop,nop,TS val 0 ecr 1003>
    )");
}

// RFC 7323 section 4.3: the first of the text that one ACK acknowledges is echoed.
TEST(OutOfTheOrdinary, ATimestampBehindADelayedAck) {
    Scene scene = nothing();
    scene.our_port = 9;
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 1412,TS val 1000 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1000>
        < . 1:1(0) ack 1 <nop,nop,TS val 1000 ecr 0>
        < P. 1:11(10) ack 1 <nop,nop,TS val 1001 ecr 0>
        < P. 11:21(10) ack 1 <nop,nop,TS val 1002 ecr 0>
        > . 1:1(0) ack 21 <nop,nop,TS val 0 ecr 1001>
        < P. 21:31(10) ack 1 <nop,nop,TS val 1003 ecr 0>
        < P. 31:41(10) ack 1 <nop,nop,TS val 1004 ecr 0>
        > . 1:1(0) ack 41 <nop,nop,TS val 0 ecr 1003>
    )");
}

TEST(ShortAnswers, KeepToTheMss) {  // RFC 9293 section 3.7.1, MUST-15, MUST-16
    Scene scene = nothing();
    scene.our_port = 7;
    scene.text = OurText::echo;
    run(scene, R"(
        < S 0:0(0) win 65535 <mss 700>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        < P. 1:1001(1000) ack 1
        > . 1:701(700) ack 1001
        > P. 701:1001(300) ack 1001
    )");
}

TEST(ShortAnswers, WaitBehindWhatWasRepeated) {  // RFC 5681 section 3.1: one segment is the window
    run(served(Serve::echo), R"(
        < P. 1:1001(1000) ack 1
        > P. 1:1001(1000) ack 1001
        +202ms
        > P. 1:1001(1000) ack 1001
        < P. 1001:2001(1000) ack 1
        +40ms
        > . 1001:1001(0) ack 2001
        < . 2001:2001(0) ack 1001
        > P. 1001:2001(1000) ack 2001
    )");
}

TEST(ShortAnswers, KeepToTheInitialWindow) {  // RFC 6928 section 2
    Scene scene = served(Serve::echo);
    scene.options.settings.tcp.initial_window_segments = 1;
    run(scene, R"(
        < P. 1:1401(1400) ack 1
        > P. 1:1401(1400) ack 1401
        < P. 1401:2801(1400) ack 1
        +40ms
        > . 1401:1401(0) ack 2801
        < . 2801:2801(0) ack 1401
        > P. 1401:2801(1400) ack 2801
    )");
}

TEST(OutOfTheOrdinary, AnAckThatIsOwedFindsAFrame) {  // RFC 9293 section 3.8.6.3, MUST-40
    Scene scene = served(Serve::discard);
    scene.options.lane.lends_fresh = false;
    run(scene, R"(
        < P. 1:101(100) ack 1
        +100ms                           // it is due, and there is no frame
        < . 101:101(0) ack 1
        > . 1:1(0) ack 101
    )");
}

}  // namespace
}  // namespace terminus::test
