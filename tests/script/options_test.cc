// What two SYNs agree on: window scaling, SACK, and options of every shape. See also
// timestamps_test.cc, ecn_test.cc and mss_test.cc.
#include "terminus/tcp/open.h"

#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene with(Scene scene, tcp::Settings tcp) {
    scene.options.settings.tcp = tcp;
    return scene;
}

/// What test_settings() says, changed.
tcp::Settings test_choices() { return test_settings().tcp; }

tcp::Settings without_scaling() {
    tcp::Settings tcp = test_choices();
    tcp.window_scaling = false;
    return tcp;
}

tcp::Settings without_sack() {
    tcp::Settings tcp = test_choices();
    tcp.sack = false;
    return tcp;
}

bool is_sack_agreed_on(const Scene& scene, std::string_view script) {
    ScriptRunner runner{scene, Family::ip4};
    EXPECT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    EXPECT_TRUE(runner.play("script", script)) << runner.failure();
    return runner.harness().stack().status(*runner.conversation()).value.sack;
}

TEST(WindowScaling, IsAgreedOnByBothSyns) {  // RFC 7323 section 2.2
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400,wscale 2>
        > S. 0:0(0) ack 1 win 65535 <mss ours,wscale 3>
        < . 1:1(0) ack 1 win 100
        call accept
        call send 1400
        +202ms
        > . 1:401(400) ack 1
    )");
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
        < . 1:1(0) ack 1 win 100
        call accept
        call send 1400
        +202ms
        > . 1:101(100) ack 1
    )");
}

TEST(WindowScaling, IsRefusedWhereItIsSwitchedOff) {  // RFC 7323 section 2.2
    run(with(listening(), without_scaling()), R"(
        < S 0:0(0) win 65535 <mss 1400,wscale 2>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
        < . 1:1(0) ack 1 win 100
        call accept
        call send 1400
        +202ms
        > . 1:101(100) ack 1
    )");
    run(with(nothing(), without_scaling()), R"(
        call open
        > S 0:0(0) win 65535 <mss ours,sackOK,TS val 0 ecr 0>
        < S. 0:0(0) ack 1 win 100 <mss 1400,wscale 2>   // not asked for
        > . 1:1(0) ack 1
        call send 1400
        > . 1:101(100) ack 1
    )");
}

TEST(WindowScaling, IsOfferedByAnActiveOpen) {  // RFC 7323 section 2.2
    run(syn_sent(), R"(
        < S. 0:0(0) ack 1 win 200 <mss 1400,wscale 2>   // a SYN's own window is never scaled
        > . 1:1(0) ack 1
        call send 1400
        > . 1:201(200) ack 1
        < . 1:1(0) ack 201 win 100
        > . 201:601(400) ack 1
    )");
    run(syn_sent(), R"(
        < S. 0:0(0) ack 1 win 200 <mss 1400>
        > . 1:1(0) ack 1
        call send 1400
        > . 1:201(200) ack 1
        < . 1:1(0) ack 201 win 100
        > . 201:301(100) ack 1
    )");
}

TEST(WindowScaling, IsAgreedOnWhenBothOpenAtOnce) {  // RFC 7323 section 2.2; RFC 9293 figure 7
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400,wscale 2>
        > S. 0:0(0) ack 1 win 65535 <mss ours,wscale 3>
        < . 1:1(0) ack 1 win 100
        call send 1400
        +202ms
        > . 1:401(400) ack 1
    )");
    run(syn_sent(), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 win 65535 <mss ours>
    )");
}

TEST(WindowScaling, TakesAShiftBeyond14As14) {  // RFC 7323 section 2.3
    for (const char* shift : {"14", "15", "255"}) {
        Scene scene = listening();
        ScriptRunner runner{scene, Family::ip4};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        ASSERT_TRUE(runner.play("script",
                                std::string{"< S 0:0(0) win 65535 <mss 1400,wscale "} + shift + R"(>
            > S. 0:0(0) ack 1
            < . 1:1(0) ack 1 win 3
            call accept
        )")) << runner.failure();
        const auto status = runner.harness().stack().status(*runner.conversation()).value;
        EXPECT_EQ(status.send_scale, 14U);
        EXPECT_EQ(status.snd_wnd, 3U << 14);
    }
}

TEST(WindowScaling, HasAShiftThatTellsTheWholeBuffer) {  // RFC 7323 section 2.3
    const auto shift_of = [](std::uint32_t buffer_bytes, std::uint32_t window_bytes) {
        tcp::Settings tcp = test_choices();
        tcp.receive_buffer_bytes = buffer_bytes;
        tcp.receive_window_bytes = window_bytes;
        return unsigned{tcp::receive_scale(tcp)};
    };
    constexpr std::uint32_t none = tcp::Settings::none;
    EXPECT_EQ(shift_of(65535, none), 3U);
    EXPECT_EQ(shift_of(65535 * 8, none), 3U);
    EXPECT_EQ(shift_of(65535 * 8 + 1, none), 4U);
    EXPECT_EQ(shift_of(1U << 30, none), 14U);
    EXPECT_EQ(shift_of(4096, 65535), 0U);  // told exactly
    EXPECT_EQ(shift_of(4096, 65536), 1U);
    tcp::Settings chosen = test_choices();
    chosen.window_scale = 0;
    EXPECT_EQ(tcp::receive_scale(chosen), 0U);  // somebody's choice holds
}

TEST(WindowScaling, TellsALargeBuffer) {  // RFC 7323 section 2.3
    tcp::Settings tcp = test_choices();
    tcp.receive_buffer_bytes = 4'000'000;
    run(with(listening(), tcp), R"(
        < S 0:0(0) win 65535 <mss 1400,wscale 2>
        > S. 0:0(0) ack 1 win 65535 <mss ours,wscale 6>
    )");
}

TEST(Sack, IsAgreedOnByBothSyns) {  // RFC 2018 section 2
    const std::string_view offered = R"(
        < S 0:0(0) win 65535 <mss 1400,sackOK>
        > S. 0:0(0) ack 1 <mss ours,sackOK>
        < . 1:1(0) ack 1
        call accept
    )";
    EXPECT_TRUE(is_sack_agreed_on(listening(), offered));
    EXPECT_FALSE(is_sack_agreed_on(established(), ""));
    EXPECT_TRUE(
        is_sack_agreed_on(syn_sent(), "< S. 0:0(0) ack 1 <mss 1400,sackOK>\n> . 1:1(0) ack 1\n"));
    EXPECT_FALSE(is_sack_agreed_on(opened(), ""));
    EXPECT_TRUE(is_sack_agreed_on(
        syn_sent(), "< S 0:0(0) <mss 1400,sackOK>\n> S. 0:0(0) ack 1 <mss ours,sackOK>\n"));
}

TEST(Sack, IsRefusedWhereItIsSwitchedOff) {  // RFC 2018 section 2
    run(with(listening(), without_sack()), R"(
        < S 0:0(0) win 65535 <mss 1400,sackOK>
        > S. 0:0(0) ack 1 <mss ours>
    )");
    run(with(nothing(), without_sack()), R"(
        call open
        > S 0:0(0) <mss ours,TS val 0 ecr 0,wscale 3>
    )");
    EXPECT_FALSE(is_sack_agreed_on(with(syn_sent(), without_sack()),
                                   "< S. 0:0(0) ack 1 <mss 1400,sackOK>\n> . 1:1(0) ack 1\n"));
}

TEST(SynOptions, AreAllAgreedOnAtOnce) {  // RFC 9293 section 3.2; the order that kernels use
    run(listening(), R"(
        < SEW 0:0(0) win 64240 <mss 1400,sackOK,TS val 7 ecr 0,wscale 7>
        > SE. 0:0(0) ack 1 win 65535 <mss ours,sackOK,TS val 0 ecr 7,wscale 3>
        < . 1:1(0) ack 1 win 502 <TS val 8 ecr 0>
        = established
    )");
}

TEST(SynOptions, AreTheSameInASynAckThatIsRepeated) {  // RFC 9293 section 3.7.1, MUST-67
    run(listening(), R"(
        < S 0:0(0) win 64240 <mss 1400,sackOK,TS val 7 ecr 0,wscale 7>
        > S. 0:0(0) ack 1 win 65535 <mss ours,sackOK,TS val 0 ecr 7,wscale 3>
        +1002ms
        > S. 0:0(0) ack 1 win 65535 <mss ours,sackOK,TS val * ecr 7,wscale 3>
        < S 0:0(0) win 64240 <mss 1400,sackOK,TS val 1007 ecr 0,wscale 7>
        > S. 0:0(0) ack 1 win 65535 <mss ours,sackOK,TS val * ecr 1007,wscale 3>
    )");
    run(nothing(), R"(
        call open
        > S 0:0(0) win 65535 <mss ours,sackOK,TS val 0 ecr 0,wscale 3>
        +1002ms
        > S 0:0(0) win 65535 <mss ours,sackOK,TS val * ecr 0,wscale 3>
    )");
}

TEST(SynOptions, MayBeMissing) {  // RFC 9293 section 3.2, MUST-5
    run(listening(), R"(
        < S 0:0(0) win 65535
        > S. 0:0(0) ack 1 win 65535 <mss ours>
        < . 1:1(0) ack 1
        = established
    )");
}

TEST(SynOptions, MayStandAnywhere) {  // RFC 9293 section 3.2, MUST-64: any alignment
    run(listening(), R"(
        < S 0:0(0) win 65535 <nop,mss 1000,nop,nop,nop,wscale 2,sackOK,nop,TS val 7 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,sackOK,TS val 0 ecr 7,wscale 3>
        < . 1:1(0) ack 1 win 8000 <nop,TS val 8 ecr 0>
        call accept
        call send 1000
        > . 1:989(988) ack 1 <TS *>
    )");
}

TEST(SynOptions, OfWhichOneComesTwiceTheLastCounts) {  // RFC 9293 section 3.2
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1000,mss 500>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        call accept
        call send 500
        > P. 1:501(500) ack 1
    )");
}

/// A SYN whose option bytes are these.
void expect_answer(std::string_view bytes, const char* answer) {
    for (const Family family : {Family::ip4, Family::ip6}) {
        Scene scene = listening();
        ScriptRunner runner{scene, family};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        Datagram syn = runner.segment_of(parse_segment({"S", "0:0(0)"}));
        syn.options = bytes;
        runner.harness().inject(syn);
        EXPECT_TRUE(runner.play("script", std::string{"> S. 0:0(0) ack 1 <"} + answer + ">\n"))
            << runner.failure();
    }
}

TEST(SynOptions, ThatAreCutShortEndTheList) {  // RFC 9293 section 3.2, MUST-7
    using namespace std::string_view_literals;
    expect_answer("\4\2\x08\x0a\0\0\0\7"sv, "mss ours,sackOK");  // timestamps beyond the end
    expect_answer("\4\2\3\0\2\4\1\1"sv, "mss ours,sackOK");      // a length of zero
    expect_answer("\4\2\3\1\2\4\1\1"sv, "mss ours,sackOK");      // a length of one
    expect_answer("\4\2\0\0\3\3\7\1"sv, "mss ours,sackOK");      // behind the end
    expect_answer("\4\3\1\1\3\3\7\1"sv, "mss ours,wscale 3");    // a length that is not its own
    expect_answer("\3\2\4\2"sv, "mss ours,sackOK");
    expect_answer("\x08\x0b\0\0\0\7\0\0\0\0\0\1"sv, "mss ours");
}

TEST(SynText, StaysUnacknowledgedAndComesAgain) {  // RFC 9293 section 3.4, MUST-30 of old
    run(listening(), R"(
        < S 0:10(10) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        = syn_received
        < P. 1:11(10) ack 1
        +40ms
        > . 1:1(0) ack 11
        = established
        call accept
        call receive 20 = 10
    )");
    run(syn_sent(), R"(
        < S. 0:10(10) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
        = unread 0
        < P. 1:11(10) ack 1
        +40ms
        > . 1:1(0) ack 11
        call receive 20 = 10
    )");
    run(syn_sent(), R"(
        < S 0:10(10) win 65535 <mss 1400>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        = established
        = unread 0
    )");
}

TEST(SynText, WithAFinStaysToo) {  // RFC 9293 section 3.10.7.3
    run(syn_sent(), R"(
        < SF. 0:10(10) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = established
        < FP. 1:11(10) ack 1
        > . 1:1(0) ack 12
        = close_wait
    )");
}

}  // namespace
}  // namespace terminus::test
