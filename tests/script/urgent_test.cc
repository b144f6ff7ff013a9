// Urgent text, both ways: RFC 9293 section 3.8.5.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Urgent, IsToldToTheUser) {  // RFC 9293 section 3.8.5, MUST-30, 32, 33; 3.10.7.4, sixth
    run(established(), R"(
        < P.U 1:101(100) ack 1 urg 50
        +40
        > . 1:1(0) ack 101
        = rcv_up 51
        call receive 1000 = 100      // urgent text stays in its place
    )");
}

TEST(Urgent, MayLieBeyondTheWindowOrWithoutText) {  // RFC 9293 section 3.8.5, MUST-31
    Scene scene = established();
    scene.options.settings.tcp.receive_buffer_bytes = 1000;
    run(scene, R"(
        < .U 1:1(0) ack 1 urg 60000
        = rcv_up 60001
        < .U 1:1(0) ack 1 urg 100    // RCV.UP = max(RCV.UP, SEG.UP)
        = rcv_up 60001
    )");
}

TEST(Urgent, CountsWhenTheWindowIsClosed) {  // RFC 9293 section 3.8.6, MUST-66
    Scene scene = established();
    scene.options.settings.tcp.receive_buffer_bytes = 1000;
    run(scene, R"(
        < P. 1:1001(1000) ack 1
        +40
        > . 1:1(0) ack 1001 win 0
        < .U 1001:1002(1) ack 1 urg 7
        > . 1:1(0) ack 1001 win 0
        = rcv_up 1008
    )");
}

TEST(Urgent, MeansNothingAfterTheFin) {  // RFC 9293 section 3.10.7.4, sixth: CLOSE-WAIT
    run(close_wait(), R"(
        < .U 2:2(0) ack 1 urg 7
        = rcv_up 2
    )");
}

TEST(Urgent, MarksEverySegmentBeforeItsEnd) {  // RFC 9293 section 3.8.5, MUST-62; 3.10.2
    run(established(), R"(
        call send 2000 urgent
        > .U 1:1401(1400) ack 1 urg 2000
        > P.U 1401:2001(600) ack 1 urg 600   // it does not wait for an ACK, as Nagle's text would
        call send 100 more
        < P. 1:101(100) ack 1401
        +41
        > . 2001:2001(0) ack 101             // behind it nothing is urgent
        < . 101:101(0) ack 2001
        call send 10
        > P. 2001:2111(110) ack 101
    )");
}

TEST(Urgent, IsMarkedAgainWhenSentAgain) {  // RFC 9293 section 3.8.5
    run(established(), R"(
        call send 10 urgent
        > P.U 1:11(10) ack 1 urg 10
        +205
        > P.U 1:11(10) ack 1 urg 10
        +405
        > P.U 1:11(10) ack 1 urg 10
        < . 1:1(0) ack 11
        call send 5
        > P. 11:16(5) ack 1
    )");
}

TEST(Urgent, IsToldThroughAClosedWindow) {  // RFC 9293 section 3.8.6, MUST-66
    run(established(), R"(
        < . 1:1(0) ack 1 win 0
        call send 10 urgent
        > .U 1:1(0) ack 1 urg 10             // the news of it, at once
        < P. 1:101(100) ack 1 win 0
        +41
        > .U 1:1(0) ack 101 urg 10
        < . 101:101(0) ack 1 win 100
        > P.U 1:11(10) ack 101 urg 10
    )");
}

TEST(Urgent, ReachesFartherThanItsField) {  // RFC 9293 section 3.8.5, MUST-31: any length
    Scene scene = established();
    scene.options.settings.tcp.send_buffer_bytes = 100'000;
    run(scene, R"(
        < . 1:1(0) ack 1 win 0
        call send 70000 urgent
        > .U 1:1(0) ack 1 urg 65535
    )");
}

}  // namespace
}  // namespace terminus::test
