// SEGMENT ARRIVES for a flow, the checks in their order: sequence number, RST, SYN, ACK.
// RFC 9293 section 3.10.7.4, with RFC 5961.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Sequence, AcknowledgesWhatLiesOutsideTheWindow) {  // RFC 9293 section 3.10.7.4, first
    run(established(), R"(
        < P. -10:1(11) ack 1         // ends before the window
        > . 1:1(0) ack 1
        < P. 65536:65546(10) ack 1   // begins behind it
        > . 1:1(0) ack 1
        < . 0:0(0) ack 1             // a keepalive
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Sequence, TakesThePartThatIsNew) {  // RFC 9293 section 3.10.7.4, seventh
    run(established(), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        < P. 51:151(100) ack 1       // RFC 5681 section 4.2: a duplicate in part
        > . 1:1(0) ack 151
        call receive 1000 = 150
    )");
}

TEST(Sequence, CutsWhatLiesBehindTheWindow) {  // RFC 9293 section 3.10.7.4, seventh
    Scene setup = established();
    setup.options.settings.tcp.receive_buffer_bytes = 1000;
    run(setup, R"(
        < P. 1:1401(1400) ack 1
        > . 1:1(0) ack 1001 win 0
        = unread 1000
    )");
}

TEST(Sequence, TakesNoTextIntoAZeroWindow) {  // RFC 9293 section 3.10.7.4, first: RCV.WND = 0
    Scene setup = established();
    setup.options.settings.tcp.receive_buffer_bytes = 1000;
    run(setup, R"(
        < P. 1:1001(1000) ack 1
        +40
        > . 1:1(0) ack 1001 win 0
        < P. 1001:1002(1) ack 1      // a window probe
        > . 1:1(0) ack 1001 win 0
        = unread 1000
        call receive 1000
        > . 1:1(0) ack 1001 win 1000
    )");
}

TEST(Reset, EndsTheFlowExactlyAtRcvNxt) {  // RFC 9293 section 3.10.7.4, second, case 2
    run(established(), R"(
        < R 1:1(0)
        = closed
        = event resets_received 1
        call send 1 = connection-reset
    )");
}

TEST(Reset,
     InsideTheWindowIsChallenged) {  // RFC 5961 section 3.2; RFC 9293 section 3.10.7.4, second
    run(established(), R"(
        < R 2:2(0)
        > . 1:1(0) ack 1
        < R 65000:65000(0)
        > . 1:1(0) ack 1
        = event challenge_acks 2
        = established
    )");
}

TEST(Reset, OutsideTheWindowIsIgnored) {  // RFC 9293 section 3.10.7.4, second, case 1
    run(established(), R"(
        < R 0:0(0)
        < R 65536:65536(0)
        < R. 0:0(0) ack 1
        = drop tcp_out_of_window 3
        = established
    )");
}

TEST(Reset, EndsEveryStateAtRcvNxt) {  // RFC 9293 section 3.10.7.4, second
    for (const Scene& setup : {syn_received(), established(), fin_wait_1(), fin_wait_2()}) {
        run(setup, R"(
            < R 1:1(0)
            = closed
        )");
    }
    for (const Scene& setup : {close_wait(), closing(), last_ack()}) {
        run(setup, R"(
            < R 2:2(0)
            = closed
        )");
    }
}

TEST(Reset, DoesNotAssassinateTimeWait) {  // RFC 1337 section 3, fix F1
    run(time_wait(), R"(
        < R 2:2(0)
        = time_wait
    )");
}

TEST(Syn,
     InASynchronisedFlowIsChallenged) {  // RFC 5961 section 4.2; RFC 9293 section 3.10.7.4, fourth
    run(established(), R"(
        < S 1:1(0)
        > . 1:1(0) ack 1
        < S. 100:100(0) ack 1
        > . 1:1(0) ack 1
        = event challenge_acks 2
        < S 0:0(0)                   // outside the window
        > . 1:1(0) ack 1
        = established
    )");
}

TEST(Syn, InsideTheWindowOfSynReceivedGoesBackToListen) {  // RFC 9293 section 3.10.7.4, fourth
    run(syn_received(), R"(
        < S 100:100(0)              // another SYN, inside the window
        = closed
        = event handshakes_failed 1
        new isn 77                  // the listener goes on
        < S 0:0(0)
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(Ack, MustBeThere) {  // RFC 9293 section 3.10.7.4, fifth: if the ACK bit is off, drop
    run(established(), R"(
        < P 1:101(100)
        < F 1:1(0)
        < none 1:1(0)
        = drop tcp_unacceptable 3
        = established
    )");
}

TEST(Ack, OfWhatWasNeverSentIsAnsweredAndDropped) {  // RFC 9293 section 3.10.7.4, fifth
    run(established(), R"(
        < P. 1:101(100) ack 2
        > . 1:1(0) ack 1
        = unread 0
    )");
}

TEST(Ack, OfLongAgoIsChallenged) {  // RFC 5961 section 5.2; MAY-12
    run(established(), R"(
        < P. 1:101(100) ack -70000
        > . 1:1(0) ack 1
        = event challenge_acks 1
        = unread 0
    )");
}

TEST(Ack, AtRcvNxtIsSilent) {  // an ACK is never acknowledged
    run(established(), R"(
        < . 1:1(0) ack 1
        < . 1:1(0) ack 1
        +100ms
        = established
    )");
}

TEST(Urgent, PointersAreOrdinaryText) {  // RFC 9293 section 3.10.7.4, sixth
    run(established(), R"(
        < PU. 1:101(100) ack 1 urg 50
        +40
        > . 1:1(0) ack 101
        call receive 200 = 100
    )");
}

TEST(Sequence, EndsAtAFinThatIsHeld) {  // RFC 9293 section 3.10.7.4, eighth: nothing follows it
    run(established(), R"(
        < F. 101:101(0) ack 1
        > . 1:1(0) ack 1
        < P. 1:151(150) ack 1      // what is next, and fifty bytes that cannot be
        > . 1:1(0) ack 102
        = close_wait
        = status receive_queue_bytes 100
    )");
}

}  // namespace
}  // namespace terminus::test
