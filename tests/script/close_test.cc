// Closing: theirs first, ours first, both at once; half-close, abort, TIME-WAIT. RFC 9293
// section 3.6.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

TEST(Close, OursFirst) {  // RFC 9293 section 3.6, figure 12
    run(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        = fin_wait_1
        < . 1:1(0) ack 2
        = fin_wait_2
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
        +59s
        = time_wait
        +2s
        = closed
    )");
}

TEST(Close, TheirsFirst) {  // RFC 9293 section 3.6, figure 12, side B
    run(established(), R"(
        < F. 1:1(0) ack 1
        > . 1:1(0) ack 2
        = close_wait
        call receive 10 = end
        call shutdown
        > F. 1:1(0) ack 2
        = last_ack
        < . 2:2(0) ack 2
        = closed
        = event closed 1
    )");
}

TEST(Close, BothAtOnce) {  // RFC 9293 section 3.6, figure 13
    run(established(), R"(
        call shutdown
        > F. 1:1(0) ack 1
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        = closing
        < . 2:2(0) ack 2
        = time_wait
    )");
}

TEST(Close, WithAFinThatAcknowledgesOurs) {  // RFC 9293 section 3.10.7.4, eighth, FIN-WAIT-1
    run(fin_wait_1(), R"(
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        = time_wait
    )");
}

TEST(Close, SendsWhatIsQueuedFirst) {  // RFC 9293 section 3.10.4
    run(established(), R"(
        < . 1:1(0) ack 1 win 1400
        call send 1500
        > . 1:1401(1400) ack 1
        call shutdown
        < . 1:1(0) ack 1401 win 1400
        > FP. 1401:1501(100) ack 1
        = fin_wait_1
        < . 1:1(0) ack 1502
        = fin_wait_2
    )");
}

TEST(Close, LeavesTheOtherHalfOpen) {  // RFC 9293 section 3.6: half-close
    run(fin_wait_2(), R"(
        < P. 1:101(100) ack 2
        +40
        > . 2:2(0) ack 101
        call receive 200 = 100
        < FP. 101:201(100) ack 2
        > . 2:2(0) ack 202
        = time_wait
        call receive 200 = 100
        call receive 200 = end
    )");
}

TEST(Close, TwiceIsAnError) {  // RFC 9293 section 3.10.4: "connection closing"
    run(fin_wait_1(), R"(
        call shutdown = closing
    )");
    run(last_ack(), R"(
        call shutdown = closing
    )");
}

TEST(Close,
     ResetsTextThatNobodyWillRead) {  // RFC 2525 section 2.17; RFC 9293 section 3.6.1, SHLD-3
    run(established(), R"(
        call close
        > F. 1:1(0) ack 1
        < P. 1:101(100) ack 2
        > R. 2:2(0) ack 1
        = closed
    )");
}

TEST(Close,
     ResetsAtOnceWhenTextIsUnread) {  // RFC 2525 section 2.17; RFC 9293 section 3.6.1, SHLD-3
    run(established(), R"(
        < P. 1:101(100) ack 1
        +40
        > . 1:1(0) ack 101
        call close
        > R. 1:1(0) ack 101
        = closed
    )");
}

TEST(Abort, SendsAReset) {  // RFC 9293 section 3.10.5
    run(established(), R"(
        call abort
        > R. 1:1(0) ack 1
        = closed
        = event aborted 1
    )");
    run(close_wait(), R"(
        call abort
        > R. 1:1(0) ack 2
        = closed
    )");
}

TEST(Abort, SendsNoResetWhereBothSidesHaveClosed) {  // RFC 9293 section 3.10.5: CLOSING and after
    for (const Scene& setup : {closing(), last_ack(), time_wait()}) {
        run(setup, R"(
            call abort
            = closed
            = resets 0
        )");
    }
}

TEST(FinWait2, EndsWhenThePeerStaysSilent) {  // RFC 9293 section 3.6: half-closed for too long
    run(established(), R"(
        call close
        > F. 1:1(0) ack 1
        < . 1:1(0) ack 2
        = fin_wait_2
        +50s
        = fin_wait_2
        +12s
        = closed
    )");
}

TEST(TimeWait,
     AcknowledgesTheFinAgainAndBeginsAnew) {  // RFC 9293 section 3.10.7.4, eighth; MUST-13
    run(time_wait(), R"(
        +50s
        < F. 1:1(0) ack 2
        > . 2:2(0) ack 2
        +50s
        = time_wait
        +12s
        = closed
    )");
}

TEST(TimeWait, GivesWayToANewSyn) {  // RFC 9293 section 3.6.1, MAY-2; RFC 6191
    Scene setup = time_wait();
    run(setup, R"(
        new isn 5000
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        = event time_wait_reused 1
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(TimeWait, KeepsAnOldSynOut) {  // RFC 9293 section 3.6.1: the sequence number must be larger
    run(time_wait(), R"(
        < S -5:-5(0)
        > . 2:2(0) ack 2
        = time_wait
    )");
}

TEST(CloseWait, IgnoresTextAfterTheFin) {  // RFC 9293 section 3.10.7.4, seventh: should not occur
    run(close_wait(), R"(
        < P. 2:12(10) ack 1
        = close_wait
        = unread 0
    )");
}

TEST(LastAck,
     AnswersTheFinAgain) {  // RFC 9293 section 3.10.7.4, first: the FIN is outside the window
    run(last_ack(), R"(
        < F. 1:1(0) ack 1
        > . 2:2(0) ack 2
        = last_ack
    )");
}

}  // namespace
}  // namespace terminus::test
