/// The search for a wider path by larger segments of real text: RFC 4821 section 7.
#include "terminus/stack/paths.h"

#include "exchange.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

/// A connection over a path through which a black hole lets only small segments pass, 1024 bytes of
/// text over IPv4 and 1220 over IPv6, to a peer that takes 1300.
Scene narrow(Family family) {
    const std::string small = family == Family::ip4 ? "1025" : "1221";
    Scene scene = listening();
    scene.options.settings.tcp.tail_loss_probe = false;
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 1300,sackOK>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 1300
        > P. 1:1301(1300) ack 1
        +200ms
        > P. 1:1301(1300) ack 1
        +400ms
        > P. 1:1301(1300) ack 1
        +800ms
        > P. 1:1301(1300) ack 1
        +1600ms
        > . 1(*) ack 1
        < . 1:1(0) ack )" +
                     small + R"(
        > P. )" + small +
                     R"((*) ack 1
        < . 1:1(0) ack 1301
        new port 4001
        < S 0:0(0) win 65535 <mss 1300,sackOK>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
    )";
    return scene;
}

void run_over(Family family, const Scene& scene, std::string_view script) {
    ScriptRunner runner{scene, family};
    EXPECT_TRUE(runner.play("setup", scene.prelude) && runner.play("script", script) &&
                runner.finish())
        << runner.failure();
}
void run4(std::string_view script) { run_over(Family::ip4, narrow(Family::ip4), script); }
void run6(std::string_view script) { run_over(Family::ip6, narrow(Family::ip6), script); }

// RFC 4821 section 7.3: half way between what arrives and what does not; section 7.6.1.
TEST(PathSearch, TriesOneLargerSegmentAndTakesItsSize) {
    run4(R"(
        = mss 1024
        call send 4234
        > . 1:1163(1162) ack 1
        > . 1163:2187(1024) ack 1
        > . 2187:3211(1024) ack 1
        > P. 3211:4235(1024) ack 1
        = event path_probes_sent 1
        < . 1:1(0) ack 1163
        = mss 1162
        = path 1202
        = event path_mtu_raised 1
        < . 1:1(0) ack 4235
        +200ms
        call send 4717
        > . 4235:5466(1231) ack 1
        > . 5466:6628(1162) ack 1
        > . 6628:7790(1162) ack 1
        > P. 7790:8952(1162) ack 1
        < . 1:1(0) ack 8952
        = mss 1231
    )");
    run6(R"(
        = mss 1220
        call send 4920
        > . 1:1261(1260) ack 1
        > . 1261:2481(1220) ack 1
        > . 2481:3701(1220) ack 1
        > P. 3701:4921(1220) ack 1
        < . 1:1(0) ack 4921
        = mss 1260
        = path 1320
    )");
}

// RFC 4821 section 7.6.2: lost alone, it tells of the path and not of congestion.
TEST(PathSearch, LosesAProbeWithoutSlowingDown) {
    run4(R"(
        = status cwnd_bytes 10240
        call send 4234
        > . 1:1163(1162) ack 1
        > . 1163:2187(1024) ack 1
        > . 2187:3211(1024) ack 1
        > P. 3211:4235(1024) ack 1
        +10
        < . 1:1(0) ack 1 <sack 1163:2187>
        < . 1:1(0) ack 1 <sack 1163:3211>
        < . 1:1(0) ack 1 <sack 1163:4235>
        > . 1:1025(1024) ack 1
        > . 1025:1163(138) ack 1
        = status cwnd_bytes 10240
        +10
        < . 1:1(0) ack 4235
        = event path_probes_lost 1
        = mss 1024
        +200ms
        call send 4165
        > . 4235:5328(1093) ack 1               // half way again
        > . 5328:6352(1024) ack 1
        > . 6352:7376(1024) ack 1
        > P. 7376:8400(1024) ack 1
        < . 1:1(0) ack 8400
        = mss 1093
    )");
    run6(R"(
        = status cwnd_bytes 12200
        call send 4920
        > . 1:1261(1260) ack 1
        > . 1261:2481(1220) ack 1
        > . 2481:3701(1220) ack 1
        > P. 3701:4921(1220) ack 1
        +10
        < . 1:1(0) ack 1 <sack 1261:2481>
        < . 1:1(0) ack 1 <sack 1261:3701>
        < . 1:1(0) ack 1 <sack 1261:4921>
        > . 1:1221(1220) ack 1
        > . 1221:1261(40) ack 1
        = status cwnd_bytes 12200
        < . 1:1(0) ack 4921
        = event path_probes_lost 1
        = mss 1220
    )");
}

// RFC 4821 section 7.6.4: with other losses it is congestion, and of the path nothing is known.
TEST(PathSearch, LearnsNothingFromALossOfMore) {
    run4(R"(
        call send 5258
        > . 1:1163(1162) ack 1
        > . 1163:2187(1024) ack 1
        > . 2187:3211(1024) ack 1
        > . 3211:4235(1024) ack 1
        > P. 4235:5259(1024) ack 1
        +10
        < . 1:1(0) ack 1 <sack 2187:3211>
        < . 1:1(0) ack 1 <sack 2187:4235>
        < . 1:1(0) ack 1 <sack 2187:5259>
        > . 1:1025(1024) ack 1
        < . 1:1(0) ack 1025 <sack 2187:5259>
        > . 1025:2049(1024) ack 1
        > . 2049:2187(138) ack 1
        < . 1:1(0) ack 5259
        = event path_probes_lost 0
        = event path_mtu_raised 0
        = mss 1024
    )");
}

// RFC 4821 section 7.4: what would not show its loss is not sent.
TEST(PathSearch, WaitsForTextBehindIt) {
    run4(R"(
        call send 4233
        > . 1:1025(1024) ack 1
        > . 1025:2049(1024) ack 1
        > . 2049:3073(1024) ack 1
        > . 3073:4097(1024) ack 1
        < . 1:1(0) ack 4097
        > P. 4097:4234(137) ack 1
        = event path_probes_sent 0
    )");
}

TEST(PathSearch, BelievesARouterAboutItsProbe) {  // RFC 1191 section 4
    run4(R"(
        call send 4234
        > . 1:1163(1162) ack 1
        > . 1163:2187(1024) ack 1
        > . 2187:3211(1024) ack 1
        > P. 3211:4235(1024) ack 1
        < icmp too-big mtu 1140 seq 1
        = event path_mtu_disbelieved 0
        +10
        < . 1:1(0) ack 1 <sack 1163:2187>
        < . 1:1(0) ack 1 <sack 1163:3211>
        < . 1:1(0) ack 1 <sack 1163:4235>
        > . 1:1025(1024) ack 1
        > . 1025:1163(138) ack 1
        < . 1:1(0) ack 4235
        +200ms
        call send 4134
        > . 4235:5297(1062) ack 1               // between 1024 and 1101
        > . 5297:6321(1024) ack 1
        > . 6321:7345(1024) ack 1
        > P. 7345:8369(1024) ack 1
        < . 1:1(0) ack 8369
    )");
}

TEST(PathSearch, IsNotMadeWhereTheUserSaysSo) {
    Scene scene = narrow(Family::ip4);
    scene.options.settings.tcp.path_mtu_probing = false;
    run_over(Family::ip4, scene, R"(
        call send 5120
        > . 1:1025(1024) ack 1
        > . 1025:2049(1024) ack 1
        > . 2049:3073(1024) ack 1
        > . 3073:4097(1024) ack 1
        > P. 4097:5121(1024) ack 1
        < . 1:1(0) ack 5121
    )");
}

// The table.

const NeighbourKey somebody{*parse_address("192.0.2.1"), 0};
constexpr Tick begin{5'000'000};
constexpr std::uint64_t minute_us = 60'000'000;

TEST(PathsSearched, WaitTenMinutesAfterARoutersWord) {  // RFC 1191 section 6.3
    Paths paths{HashKey{{1, 2}}};
    paths.learn(somebody, 1160, 1460, false, begin);
    paths.fails(somebody, 1161, begin);
    EXPECT_EQ(paths.next_probe(somebody, 1160, 1460, begin.after_us(9 * minute_us)), 0U);
    const Tick later = begin.after_us(11 * minute_us);
    EXPECT_EQ(paths.next_probe(somebody, 1160, 1460, later), 1460U);
    paths.probe_sent(somebody, later);
    EXPECT_EQ(paths.next_probe(somebody, 1160, 1460, later), 0U);  // one at a time
    paths.fails(somebody, 1460, later);
    EXPECT_EQ(paths.next_probe(somebody, 1160, 1460, later.after_us(200'000)), 1310U);
    EXPECT_EQ(paths.found(somebody, 1460, later.after_us(9 * minute_us)), 1160U);
}

TEST(PathsSearched, EndWhenLittleIsToBeGained) {  // RFC 4821 section 7.3
    Paths paths{HashKey{{1, 2}}};
    paths.learn(somebody, 1024, 1460, false, begin);
    paths.fails(somebody, 1460, begin);
    std::uint32_t probes = 0;
    std::uint32_t mss_bytes = 1024;
    Tick now = begin;
    while (const std::uint32_t next = paths.next_probe(somebody, mss_bytes, 1460, now)) {
        paths.probe_sent(somebody, now);
        now = now.after_us(200'000);
        next <= 1360 ? paths.probe_arrived(somebody, next, now) : paths.fails(somebody, next, now);
        mss_bytes = paths.found(somebody, 1460, now);
        ++probes;
    }
    EXPECT_GE(mss_bytes, 1345U);
    EXPECT_LE(mss_bytes, 1360U);
    EXPECT_LE(probes, 6U);
}

TEST(PathsSearched, AreForgottenForGood) {
    Paths paths{HashKey{{1, 2}}};
    paths.learn(somebody, 1024, 1460, false, begin);
    EXPECT_EQ(paths.found(somebody, 1300, begin.after_us(21 * minute_us)), 1300U);
}

}  // namespace
}  // namespace terminus::test
