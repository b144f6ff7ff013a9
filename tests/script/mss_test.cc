// The MSS: what we announce and what we send. RFC 9293 section 3.7.1, RFC 6691.
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

/// The same, with a ceiling for both directions by the settings.
Scene limited(Scene scene, std::uint32_t mss_bytes) {
    scene.options.settings.tcp.mss_bytes = mss_bytes;
    return scene;
}

/// The same, with ceilings for the far ends: the shorter prefixes hold the peer too.
Scene with_ceilings(Scene scene) {
    scene.options.settings.mss_ceilings = {
        {*parse_prefix("198.18.0.0/16"), 900},     {*parse_prefix("198.18.0.1/32"), 1000},
        {*parse_prefix("0.0.0.0/0"), 800},         {*parse_prefix("2001:db8::/32"), 1300},
        {*parse_prefix("2001:db8:18::/64"), 1000}, {*parse_prefix("198.18.0.2/32"), 77}};
    return scene;
}

TEST(Mss, IsFullyForTextWithoutOptions) {  // RFC 9293 section 3.7.1, MUST-16
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1000>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        call accept
        call send 1500
        > . 1:1001(1000) ack 1
        < . 1:1(0) ack 1001
        > P. 1001:1501(500) ack 1
    )");
}

TEST(Mss, IsNotReducedForOptionsWhereItIsToldButWhereItIsKept) {  // RFC 6691 sections 2 and 3
    run(listening(), R"(
        < S 0:0(0) win 65535 <mss 1000,TS val 1 ecr 0>
        > S. 0:0(0) ack 1 <mss ours,TS val 0 ecr 1>
        < . 1:1(0) ack 1 <TS val 1 ecr 0>
        call accept
        call send 1500
        > . 1:989(988) ack 1 <TS *>
        < . 1:1(0) ack 989 <TS val 2 ecr 0>
        > P. 989:1501(512) ack 1 <TS *>
    )");
}

TEST(Mss, FitsTheLinkWithOptionsToo) {  // RFC 6691 section 3: the peer could take more
    for (const Family family : {Family::ip4, Family::ip6}) {
        Scene scene = listening();
        ScriptRunner runner{scene, family};
        ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
        ASSERT_TRUE(runner.play("script", R"(
            < S 0:0(0) win 65535 <mss 8960,TS val 1 ecr 0>
            > S. 0:0(0) ack 1
            < . 1:1(0) ack 1 <TS val 1 ecr 0>
            call accept
            call send 4000
        )")) << runner.failure();
        constexpr std::size_t link_bytes = 14, mtu_bytes = 1500;
        EXPECT_EQ(runner.harness().peek_sent().size(), link_bytes + mtu_bytes);
    }
}

TEST(Mss, IsAssumedWhereThePeerSaysNothing) {  // RFC 9293 section 3.7.1, MUST-15
    for (const Family family : {Family::ip4, Family::ip6}) {
        const std::uint32_t assumed = family == Family::ip4 ? 536 : 1220;
        for (const bool active : {false, true}) {
            Scene scene = active ? syn_sent() : listening();
            ScriptRunner runner{scene, family};
            ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
            ASSERT_TRUE(runner.play("script", active ? R"(
                < S. 0:0(0) ack 1 win 65535
                > . 1:1(0) ack 1
            )"
                                                     : R"(
                < S 0:0(0) win 65535
                > S. 0:0(0) ack 1
                < . 1:1(0) ack 1
                call accept
            )")) << runner.failure();
            ASSERT_TRUE(runner.play("script", "call send 4000\n"));
            EXPECT_EQ(runner.harness().next_sent().payload.size(), assumed);
            const auto status = runner.harness().stack().status(*runner.conversation()).value;
            EXPECT_EQ(status.peer_mss_bytes, assumed);
            EXPECT_EQ(status.advertised_mss_bytes, family == Family::ip4 ? 1460U : 1440U);
        }
    }
}

TEST(Mss, HasAFloor) {  // Settings: a tiny MSS would make us send many packets for few bytes
    for (const char* said : {"1", "63", "64"})
        run(listening(), std::string{"< S 0:0(0) win 65535 <mss "} + said + R"(>
            > S. 0:0(0) ack 1
            < . 1:1(0) ack 1
            call accept
            call send 100
            > . 1:65(64) ack 1
            < . 1:1(0) ack 65
            > P. 65:101(36) ack 1
        )");
}

TEST(Mss, HasACeilingForBothDirections) {  // RFC 9293 section 3.7.1
    run(limited(listening(), 700), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss 700>
        < . 1:1(0) ack 1
        call accept
        call send 701
        > . 1:701(700) ack 1
        < . 1:1(0) ack 701
        > P. 701:702(1) ack 1
    )");
    run(limited(nothing(), 700), R"(
        call open
        > S 0:0(0) <mss 700,sackOK,TS val 0 ecr 0,wscale 3>
        < S. 0:0(0) ack 1 <mss 1400>
        > . 1:1(0) ack 1
        call send 700
        > P. 1:701(700) ack 1
    )");
}

TEST(Mss, HasACeilingByTheFarEndsPrefix) {  // the longest prefix counts
    run(with_ceilings(listening()), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss 1000>
        < . 1:1(0) ack 1
        call accept
        call send 1001
        > . 1:1001(1000) ack 1
        < . 1:1(0) ack 1001
        > P. 1001:1002(1) ack 1
    )");
    run(with_ceilings(nothing()), R"(
        call open
        > S 0:0(0) <mss 1000,sackOK,TS val 0 ecr 0,wscale 3>
        < S. 0:0(0) ack 1 <mss 1400>
        > . 1:1(0) ack 1
        call send 1000
        > P. 1:1001(1000) ack 1
    )");
    run(with_ceilings(limited(listening(), 600)), R"(
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss 600>
    )");
}

TEST(Mss, IsToldByStatus) {
    Scene scene = limited(established(), 1300);
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    const auto status = runner.harness().stack().status(*runner.conversation()).value;
    EXPECT_EQ(status.peer_mss_bytes, 1400U);
    EXPECT_EQ(status.advertised_mss_bytes, 1300U);
    EXPECT_EQ(status.mss_bytes, 1300U);
}

}  // namespace
}  // namespace terminus::test
