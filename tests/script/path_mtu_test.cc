/// The path MTU: whom to believe, what happens to the segments in flight, what is remembered of the
/// path, and black holes. RFC 1191, RFC 8201, RFC 4821, RFC 5927 section 7.
#include "terminus/stack/paths.h"

#include "exchange.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

/// One full segment in flight, of 1460 bytes of text over IPv4 and 1440 over IPv6: packets of 1500.
Scene wide() {
    Scene scene = listening();
    scene.options.settings.tcp.tail_loss_probe = false;
    return then(scene, R"(
        < S 0:0(0) win 65535 <mss 8000>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
    )");
}

/// Over one family only, for the lengths of segments differ.
void run4(const Scene& scene, std::string_view script) {
    ScriptRunner runner{scene, Family::ip4};
    EXPECT_TRUE(runner.play("setup", scene.prelude) && runner.play("script", script) &&
                runner.finish())
        << runner.failure();
}
void run6(const Scene& scene, std::string_view script) {
    ScriptRunner runner{scene, Family::ip6};
    EXPECT_TRUE(runner.play("setup", scene.prelude) && runner.play("script", script) &&
                runner.finish())
        << runner.failure();
}

// Whom to believe, and what it does.

// RFC 9293 section 3.7.2.
TEST(PathMtu, LowersTheSegmentAndSendsWhatWasLostAgain) {  // RFC 1191 section 6.4; SHLD-6
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        < icmp too-big mtu 1200
        > . 1:1161(1160) ack 1
        > P. 1161:1461(300) ack 1
        = mss 1160
        = path 1200
        = event path_mtu_lowered 1
        < . 1:1(0) ack 1461
        call send 2320
        > . 1461:2621(1160) ack 1
        > P. 2621:3781(1160) ack 1
    )");
}

TEST(PathMtu, CountsTheOptionsOfEachSegment) {  // RFC 6691 section 3
    run4(then(listening(), R"(
        < S 0:0(0) win 65535 <mss 8000,sackOK,TS val 1 ecr 0>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1 <nop,nop,TS val 1 ecr 0>
        call accept
    )"),
         R"(
        call send 1448
        > P. 1:1449(1448) ack 1 <nop,nop,TS *>
        < icmp too-big mtu 1200
        > . 1:1149(1148) ack 1 <nop,nop,TS *>
        > P. 1149:1449(300) ack 1 <nop,nop,TS *>
        = path 1200
        < . 1:1(0) ack 1449 <nop,nop,TS val 2 ecr 0>
    )");
}

TEST(PathMtu, SparesTheSegmentsThatAreSmallEnough) {  // RFC 8201 section 5.4
    run4(then(listening(), R"(
        < S 0:0(0) win 65535 <mss 8000,sackOK>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
    )"),
         R"(
        call send 1560
        > . 1:1461(1460) ack 1
        +1
        call shutdown
        > FP. 1461:1561(100) ack 1
        < icmp too-big mtu 1200 seq 1
        > . 1:1161(1160) ack 1
        > . 1161:1461(300) ack 1
        < . 1:1(0) ack 1562
    )");
}

TEST(PathMtu, LowersTheSegmentOverIp6) {  // RFC 8201 section 4
    run6(wide(), R"(
        call send 1440
        > P. 1:1441(1440) ack 1
        < icmp too-big mtu 1280
        > . 1:1221(1220) ack 1
        > P. 1221:1441(220) ack 1
        = mss 1220
    )");
}

TEST(PathMtu, IsNoSignOfCongestion) {  // RFC 8201 section 5.4: the window stays
    run4(wide(), R"(
        call send 14600
        > . 1:1461(1460) ack 1
        > . 1461:2921(1460) ack 1
        > . 2921:4381(1460) ack 1
        > . 4381:5841(1460) ack 1
        > . 5841:7301(1460) ack 1
        > . 7301:8761(1460) ack 1
        > . 8761:10221(1460) ack 1
        > . 10221:11681(1460) ack 1
        > . 11681:13141(1460) ack 1
        > P. 13141:14601(1460) ack 1
        < icmp too-big mtu 1200
        > . 1:1161(1160) ack 1
        > . 1161:2321(1160) ack 1
        > . 2321:3481(1160) ack 1
        > . 3481:4641(1160) ack 1
        > . 4641:5801(1160) ack 1
        > . 5801:6961(1160) ack 1
        > . 6961:8121(1160) ack 1
        > . 8121:9281(1160) ack 1
        > . 9281:10441(1160) ack 1
        > . 10441:11601(1160) ack 1
        < icmp too-big mtu 1200 seq 1461       // of the second segment: it is known already
        = event path_mtu_lowered 1
        < . 1:1(0) ack 11601
        > . 11601:12761(1160) ack 1
        > . 12761:13921(1160) ack 1
        > P. 13921:14601(680) ack 1
        < . 1:1(0) ack 14601
        +10s
    )");
}

TEST(PathMtu, IsBelievedOnlyForSegmentsInFlight) {  // RFC 5927 section 4.1
    run(wide(), R"(
        call send 100
        > P. 1:101(100) ack 1
        < . 1:1(0) ack 101
        < icmp too-big mtu 1300
        = event path_mtu_lowered 0
        = drop icmp_error_unmatched 1
        < icmp too-big mtu 1300 seq 101
        = event path_mtu_lowered 0
        = drop icmp_error_unmatched 2
    )");
}

TEST(PathMtu, IsNeverRaisedByARouter) {  // RFC 5927 section 7.2: maxsizesent; RFC 1191 section 3
    run(wide(), R"(
        call send 100
        > P. 1:101(100) ack 1
        < icmp too-big mtu 1500
        < icmp too-big mtu 9000
        = event path_mtu_lowered 0
        = event path_mtu_disbelieved 2
    )");
}

TEST(PathMtu, BelowTheLeastOfIp6IsForged) {  // RFC 8201 section 4: must be discarded
    run6(wide(), R"(
        call send 100
        > P. 1:101(100) ack 1
        < icmp too-big mtu 1279
        < icmp too-big mtu 0
        = event path_mtu_disbelieved 2
        = mss 1440
    )");
}

TEST(PathMtu, BelowTheLeastOfIp4IsForged) {  // RFC 1191 section 3: 68
    run4(wide(), R"(
        call send 100
        > P. 1:101(100) ack 1
        < icmp too-big mtu 67
        = event path_mtu_disbelieved 1
        = mss 1460
    )");
}

TEST(PathMtu, HasAFloorBelowWhichRoutersMayCut) {  // RFC 1191 section 3
    Scene scene = wide();
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", R"(
        call send 600
        > P. 1:601(600) ack 1
        < icmp too-big mtu 296
    )")) << runner.failure();
    constexpr std::size_t fragment_field = 14 + 6;
    ASSERT_TRUE(runner.harness().has_sent());
    EXPECT_EQ(runner.harness().peek_sent()[fragment_field], std::byte{0});  // no DF
    EXPECT_TRUE(runner.play("rest", R"(
        > . 1:513(512) ack 1
        > P. 513:601(88) ack 1
        = mss 512
    )")) << runner.failure();
    EXPECT_TRUE(runner.finish()) << runner.failure();
}

TEST(PathMtu, IsGuessedWhereARouterDoesNotSayIt) {  // RFC 1191 sections 5 and 7.1
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        < icmp too-big mtu 0
        > . 1:1453(1452) ack 1
        > P. 1453:1461(8) ack 1
        < icmp too-big mtu 0 seq 1 length 1492
        > . 1:967(966) ack 1
        > P. 967:1461(494) ack 1
    )");
}

TEST(PathMtu, DoubtedBySegmentsThatArrivedWaitsForATimeout) {  // RFC 5927 section 7.2
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        < . 1:1(0) ack 1461
        call send 1460
        > P. 1461:2921(1460) ack 1
        < icmp too-big mtu 1200
        = mss 1460
        = event path_mtu_lowered 0
        +200ms
        > . 1461:2621(1160) ack 1
        = mss 1160
        = event path_mtu_lowered 1
        < . 1:1(0) ack 2621
        > P. 2621:2921(300) ack 1
    )");
}

TEST(PathMtu, DisprovedByAnAcknowledgementIsForgotten) {  // RFC 5927 section 7.2
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        < . 1:1(0) ack 1461
        call send 1460
        > P. 1461:2921(1460) ack 1
        < icmp too-big mtu 1200
        < . 1:1(0) ack 2921
        call send 1460
        > P. 2921:4381(1460) ack 1
        +200ms
        > P. 2921:4381(1460) ack 1
        = event path_mtu_lowered 0
    )");
}

TEST(PathMtu, OfASynIsForged) {  // it is too small to be too big
    run(syn_sent(), R"(
        < icmp too-big mtu 1300
        = event path_mtu_disbelieved 1
        < S. 0:0(0) ack 1 win 65535 <mss 1400>
        > . 1:1(0) ack 1
        = mss 1400
    )");
}

TEST(PathMtu, IsLeftAloneWhereItIsNotDiscovered) {  // no DF, and so nothing is too big
    Scene scene = wide();
    scene.options.settings.tcp.path_mtu_discovery = false;
    ScriptRunner runner{scene, Family::ip4};
    ASSERT_TRUE(runner.play("setup", scene.prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", "call send 100")) << runner.failure();
    EXPECT_EQ(runner.harness().peek_sent()[14 + 6], std::byte{0});
    EXPECT_TRUE(runner.play("script", R"(
        > P. 1:101(100) ack 1
        < icmp too-big mtu 1200
        = mss 1460
        = event path_mtu_disbelieved 1
    )")) << runner.failure();
    EXPECT_TRUE(runner.finish()) << runner.failure();
}

TEST(PathMtu, IsTheLeastOverIp6WhereItIsNotDiscovered) {  // RFC 8201 section 3
    run6(with(wide(), [](tcp::Settings& tcp) { tcp.path_mtu_discovery = false; }),
         "= mss 1220\ncall send 1220\n> P. 1:1221(1220) ack 1\n");
}

// RFC 6864 section 4.1: an atomic datagram.
TEST(PathMtu, SetsDontFragment) {  // RFC 1191 section 3
    ScriptRunner runner{wide(), Family::ip4};
    ASSERT_TRUE(runner.play("setup", wide().prelude)) << runner.failure();
    ASSERT_TRUE(runner.play("script", "call send 100")) << runner.failure();
    EXPECT_EQ(runner.harness().peek_sent()[14 + 6], std::byte{0x40});
    EXPECT_TRUE(runner.play("script", "> P. 1:101(100) ack 1") && runner.finish());
}

// What is remembered of the path.

constexpr std::string_view learns = R"(
    call send 1460
    > P. 1:1461(1460) ack 1
    < icmp too-big mtu 1200
    > . 1:1161(1160) ack 1
    > P. 1161:1461(300) ack 1
    < . 1:1(0) ack 1461
)";

TEST(PathMtu, IsKnownToTheNextConnection) {  // RFC 1191 section 6.1: kept with the route
    run4(then(wide(), learns), R"(
        new port 4001
        < S 0:0(0) win 65535 <mss 8000>
        > S. 0:0(0) ack 1 <mss ours>           // what we can receive is another matter
        < . 1:1(0) ack 1
        call accept
        = mss 1160
        call send 1460
        > . 1:1161(1160) ack 1
        < . 1:1(0) ack 1161
        > P. 1161:1461(300) ack 1
    )");
}

TEST(PathMtu, IsTriedAgainAfterTenMinutes) {  // RFC 1191 section 6.3, RFC 8201 section 5.3
    run4(then(wide(), learns), R"(
        +599s
        call send 1460
        > . 1461:2621(1160) ack 1
        < . 1:1(0) ack 2621
        > P. 2621:2921(300) ack 1
        < . 1:1(0) ack 2921
        +2s
        call send 1460
        > P. 2921:4381(1460) ack 1
        = mss 1460
        = event path_mtu_raised 1
        < icmp too-big mtu 1200                // it is still as narrow
        > . 2921:4081(1160) ack 1
        > P. 4081:4381(300) ack 1
    )");
}

TEST(PathMtu, IsForgottenAfterTenMinutes) {
    run4(then(wide(), learns), R"(
        +601s
        new port 4001
        < S 0:0(0) win 65535 <mss 8000>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        = mss 1460
    )");
}

// Black holes.

// RFC 4821 section 7.2: the size that is tried first.
TEST(BlackHole, ShowsByTimeoutsOfLargeSegments) {  // RFC 4821 section 7.7; R1: SHLD-10
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        +200ms
        > P. 1:1461(1460) ack 1
        +400ms
        > P. 1:1461(1460) ack 1
        +800ms
        > P. 1:1461(1460) ack 1
        +1600ms
        > . 1:1025(1024) ack 1
        = event black_holes_found 0
        < . 1:1(0) ack 1025
        > P. 1025:1461(436) ack 1
        = event black_holes_found 1
        = mss 1024
        < . 1:1(0) ack 1461
        new port 4001
        < S 0:0(0) win 65535 <mss 8000>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        = mss 1024
    )");
}

TEST(BlackHole, IsNotToBlameWhereSmallSegmentsVanishAsWell) {  // RFC 4821 section 7.7
    run4(wide(), R"(
        call send 1460
        > P. 1:1461(1460) ack 1
        +200ms
        > P. 1:1461(1460) ack 1
        +400ms
        > P. 1:1461(1460) ack 1
        +800ms
        > P. 1:1461(1460) ack 1
        +1600ms
        > . 1:1025(1024) ack 1
        +3200ms
        > . 1:1025(1024) ack 1
        +6400ms
        > . 1:513(512) ack 1
        +12800ms
        > . 1:513(512) ack 1
        +25600ms
        > P. 1:1461(1460) ack 1
        = mss 1460
        < . 1:1(0) ack 1461
        = event black_holes_found 0
    )");
}

TEST(BlackHole, SwallowsNothingThatEveryLinkCarries) {  // RFC 8200 section 5: 1280 bytes
    run(established(), R"(
        call send 1000
        > P. 1:1001(1000) ack 1
        +200ms
        > P. 1:1001(1000) ack 1
        +400ms
        > P. 1:1001(1000) ack 1
        +800ms
        > P. 1:1001(1000) ack 1
        +1600ms
        > P. 1:1001(1000) ack 1
        +3200ms
        > P. 1:1001(1000) ack 1
    )");
}

TEST(BlackHole, MaySwallowShorterSegmentsOverIp4) {  // RFC 4821 section 7.2: IPv4's least is 68
    run4(established(), R"(
        call send 1000
        > P. 1:1001(1000) ack 1
        +200ms
        > P. 1:1001(1000) ack 1
        +400ms
        > P. 1:1001(1000) ack 1
        +800ms
        > P. 1:1001(1000) ack 1
        +1600ms
        > P. 1:1001(1000) ack 1
        +3200ms
        > P. 1:1001(1000) ack 1
        +6400ms
        > . 1:513(512) ack 1
        < . 1:1(0) ack 513
        > P. 513:1001(488) ack 1
        = event black_holes_found 1
    )");
}

// The table.

const NeighbourKey somebody{*parse_address("192.0.2.1"), 0};
constexpr Tick begin{5'000'000};
constexpr std::uint64_t minute_us = 60'000'000;

TEST(Paths, LimitWhileTheyAreKnown) {
    Paths paths{HashKey{{1, 2}}};
    EXPECT_TRUE(paths.empty());
    EXPECT_EQ(paths.fit(somebody, 1460, begin), 1460U);
    paths.learn(somebody, 1160, 1460, false, begin);
    EXPECT_FALSE(paths.empty());
    EXPECT_EQ(paths.fit(somebody, 1460, begin.after_us(9 * minute_us)), 1160U);
    EXPECT_EQ(paths.fit(somebody, 500, begin), 500U);
    EXPECT_EQ(paths.known_mss_bytes(somebody, begin), 1160U);
    EXPECT_EQ(paths.known_mss_bytes({somebody.address, 1}, begin), 0U);  // another interface
}

TEST(Paths, GiveBackNoMoreThanTheSmallestFlowHad) {  // RFC 9293 section 3.7.1, MUST-16
    Paths paths{HashKey{{1, 2}}};
    paths.learn(somebody, 900, 1460, false, begin);
    EXPECT_EQ(paths.fit(somebody, 1000, begin), 900U);
    EXPECT_EQ(paths.fit(somebody, 900, begin.after_us(11 * minute_us)), 1000U);
    EXPECT_EQ(paths.fit(somebody, 800, begin.after_us(11 * minute_us)), 800U);
    EXPECT_EQ(paths.fit(somebody, 900, begin.after_us(21 * minute_us)), 900U);
    EXPECT_TRUE(paths.empty());
}

TEST(Paths, KeepWhatFlowsHadBeforeTheFirstOfSeveralLessons) {
    Paths paths{HashKey{{1, 2}}};
    paths.learn(somebody, 1200, 1460, false, begin);
    paths.learn(somebody, 900, 1200, true, begin.after_us(minute_us));
    EXPECT_TRUE(paths.fragments(somebody, begin.after_us(2 * minute_us)));
    EXPECT_FALSE(paths.fragments(somebody, begin.after_us(12 * minute_us)));
    EXPECT_EQ(paths.fit(somebody, 900, begin.after_us(12 * minute_us)), 1460U);
}

TEST(Paths, AreBounded) {
    Paths paths{HashKey{{1, 2}}};
    for (std::uint32_t i = 0; i < 10'000; ++i)
        paths.learn({Address::ip4(be32{i}), 0}, 900, 1460, false, begin.after_us(i));
    EXPECT_LE(paths.size(), Paths::sets * Paths::ways);
    EXPECT_EQ(paths.known_mss_bytes({Address::ip4(be32{9'999}), 0}, begin.after_us(10'000)), 900U);
    EXPECT_EQ(paths.known_mss_bytes({Address::ip4(be32{0}), 0}, begin.after_us(10'000)), 0U);
    paths.forget_all();
    EXPECT_TRUE(paths.empty());
}

}  // namespace
}  // namespace terminus::test
