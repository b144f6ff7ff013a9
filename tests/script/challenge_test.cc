// Blind attacks: RFC 5961 in all three parts, and the limits of what we answer to them.
#include "script.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene limited(Scene scene, std::uint32_t per_second, std::uint32_t interval_ms) {
    scene.options.settings.tcp.challenge_acks_per_second = per_second;
    scene.options.settings.tcp.challenge_ack_interval_ms = interval_ms;
    return scene;
}

TEST(Blind, ResetIsChallengedInEverySynchronisedState) {  // RFC 5961 section 3.2
    run(established(), R"(
        < R 100:100(0)
        > . 1:1(0) ack 1
        = event challenge_acks 1
    )");
    run(close_wait(), R"(
        < R 100:100(0)
        > . 1:1(0) ack 2
        = event challenge_acks 1
    )");
    for (const Scene& setup : {fin_wait_1(), fin_wait_2()}) {
        run(setup, R"(
            < R 100:100(0)
            > . 2:2(0) ack 1
            = event challenge_acks 1
        )");
    }
    for (const Scene& setup : {closing(), last_ack(), time_wait()}) {
        run(setup, R"(
            < R 100:100(0)
            > . 2:2(0) ack 2
            = event challenge_acks 1
        )");
    }
}

TEST(Blind, ResetProvesItselfByTheChallenge) {  // RFC 5961 section 3.2: the peer is gone indeed
    run(established(), R"(
        < R 100:100(0)
        > . 1:1(0) ack 1
        < R 1:1(0)               // what a peer without the connection says to our ACK
        = closed
        = event resets_received 1
    )");
}

TEST(Blind, SynIsChallengedWhereverItLies) {  // RFC 5961 section 4.2
    run(established(), R"(
        < S 1:1(0)
        > . 1:1(0) ack 1
        < S 100000:100000(0)
        > . 1:1(0) ack 1
        < S. -5:-5(0) ack 1
        > . 1:1(0) ack 1
        = event challenge_acks 3
        = established
    )");
}

TEST(Blind, SynOfARebootedPeerEndsTheOldConnection) {  // RFC 5961 section 4.2; RFC 9293 figure 10
    run(established(), R"(
        < S 300:300(0)           // the peer has lost its memory, and opens anew
        > . 1:1(0) ack 1
        < R 1:1(0)               // it knows nothing of what we acknowledge
        = closed
        new isn 900
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
    )");
}

TEST(Blind, TextMustAcknowledgeWithinTheLargestWindow) {  // RFC 5961 section 5.2, MAX.SND.WND
    Scene setup = listening();
    run(setup, R"(
        < S 0:0(0) win 2000 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1 win 1000
        call accept
        < P. 1:101(100) ack -2000        // SND.UNA - MAX.SND.WND - 1
        > . 1:1(0) ack 1
        = event challenge_acks 1
        = unread 0
        < P. 1:101(100) ack -1999        // the oldest that may be true
        +40
        > . 1:1(0) ack 101
        = unread 100
    )");
}

TEST(Blind, TextMustNotAcknowledgeWhatWasNotSent) {  // RFC 5961 section 5.2
    run(established(), R"(
        < P. 1:101(100) ack 2
        > . 1:1(0) ack 1
        < P. 1:101(100) ack 2147483649
        > . 1:1(0) ack 1
        = unread 0
    )");
}

// RFC 5961 section 10: the limit can be set.
TEST(Blind, ChallengesOfAFlowAreLimited) {  // RFC 5961 section 7
    run(limited(established(), 2, 0), R"(
        < R 100:100(0)
        > . 1:1(0) ack 1
        < S 100:100(0)
        > . 1:1(0) ack 1
        < R 100:100(0)
        < S 100:100(0)
        < . 1:1(0) ack -100000
        = event challenge_acks 2
        = event challenge_acks_limited 3
        +1000ms
        < R 100:100(0)
        > . 1:1(0) ack 1
    )");
}

TEST(Blind, ChallengesKeepTheirDistance) {  // RFC 5961 section 7
    run(limited(established(), 0, 500), R"(
        < R 100:100(0)
        > . 1:1(0) ack 1
        < R 100:100(0)
        +498ms
        < R 100:100(0)
        +2ms
        < R 100:100(0)
        > . 1:1(0) ack 1
        = event challenge_acks_limited 2
    )");
}

TEST(Blind, NoFlowSpendsWhatIsAnothers) {  // CVE-2016-5696: no global counter
    run(limited(established(), 1, 0), R"(
        < R 100:100(0)
        > . 1:1(0) ack 1
        < R 100:100(0)
        new port 4001 isn 500
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        < R 100:100(0)           // the other flow's limit is its own
        > . 1:1(0) ack 1
        = event challenge_acks 2
        = event challenge_acks_limited 1
    )");
}

TEST(Blind, TwoConfusedEndsFallSilent) {  // RFC 5961 section 7: an ACK for an ACK, without end
    std::string script;
    for (int i = 0; i < 10; ++i)
        script += "< . 70000:70000(0) ack 1\n> . 1:1(0) ack 1\n";
    script += "< . 70000:70000(0) ack 1\n< . 1:1(0) ack 2\n= event challenge_acks_limited 2\n";
    run(established(), script);
}

TEST(Blind, TextOutsideTheWindowIsAlwaysAnswered) {  // RFC 9293 section 3.8.6.1: it may be a probe
    std::string script;
    for (int i = 0; i < 30; ++i)
        script += "< P. -10:1(11) ack 1\n> . 1:1(0) ack 1\n";
    run(established(), script);
}

}  // namespace
}  // namespace terminus::test
