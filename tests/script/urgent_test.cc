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

}  // namespace
}  // namespace terminus::test
