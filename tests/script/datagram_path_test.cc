/// How UDP conversations send: the user's traffic class and hop limit, and what passes uncut. RFC
/// 1122 section 4.1.4, RFC 1191, RFC 8201, RFC 5927.
#include "exchange.h"
#include "script_runner.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene connected() {
    Scene scene = nothing();
    scene.prelude += "call bind remote\n";
    return scene;
}

void run_over(Family family, const Scene& scene, std::string_view script) {
    ScriptRunner runner{scene, family};
    EXPECT_TRUE(runner.play("setup", scene.prelude) && runner.play("script", script) &&
                runner.finish())
        << runner.failure();
}

TEST(DatagramHeader, HasTheUsersTrafficClassAndHopLimit) {  // RFC 1122 section 4.1.4
    Scene scene = connected();
    scene.options.settings.tcp.traffic_class = 0xb9;  // its lower bits are ECN's
    scene.options.settings.tcp.hop_limit = 3;
    run(scene, R"(
        call datagram 10
        > udp 10 ours class 184 hops 3
        call datagram 3000
        > fragments udp 3000 ours class 184 hops 3
    )");
}

TEST(DatagramPath, IsLearntFromARouter) {  // RFC 1191 section 6, RFC 8201 section 5
    run(connected(), R"(
        call datagram 1450
        > udp 1450 ours cut no
        < icmp too-big mtu 1400
        = event path_mtu_lowered 1
        call datagram 1450 = too-big         // RFC 1122 section 4.1.3.3: that one is lost
        call datagram 1450
        > fragments udp 1450 ours mtu 1400   // the next ones are cut by who sends them
        call datagram 3000
        > fragments udp 3000 ours mtu 1400
        call datagram 1352
        > udp 1352 ours cut no
    )");
}

TEST(DatagramPath, IsTriedAgainAfterTenMinutes) {  // RFC 1191 section 6.3, RFC 8201 section 5.3
    run(connected(), R"(
        call datagram 1450
        > udp 1450 ours
        < icmp too-big mtu 1400
        call error = too-big
        +599s
        call datagram 1450
        > fragments udp 1450 ours mtu 1400
        +2s
        call datagram 1450
        > udp 1450 ours cut no
    )");
}

TEST(DatagramPath, IsKnownToOtherConversations) {  // RFC 1191 section 6.1: kept with the route
    Scene scene = nothing();
    scene.prelude += "call bind\n";
    run(scene, R"(
        call datagram 1450 to
        > udp 1450 ours
        < icmp too-big mtu 1400
        call datagram 1450 to                // without a remote the error is nobody's
        > fragments udp 1450 ours mtu 1400
        new port 4001
        call bind remote
        call datagram 1450
        > fragments udp 1450 ours mtu 1400
    )");
}

TEST(DatagramPath, IsNotNarrowedByWhatCannotBeTrue) {  // RFC 5927 section 7; RFC 1191 section 3
    run(connected(), R"(
        call datagram 1450
        > udp 1450 ours
        < icmp too-big mtu 1500              // larger than it was
        = event path_mtu_disbelieved 1
        call error = too-big
        < icmp too-big mtu 1400 port 9       // not ours
        call error = none
        call datagram 100
        > udp 100 ours
        < icmp too-big mtu 1400              // so small a one needed no more
        = event path_mtu_disbelieved 2
        call error = too-big
        call datagram 1450
        > udp 1450 ours cut no
        = event path_mtu_lowered 0
    )");
}

TEST(DatagramPath, NeedNotFallBelowWhatEveryLinkCarries) {  // RFC 8201 section 4
    run_over(Family::ip6, connected(), R"(
        call datagram 1450
        > udp 1450 ours
        < icmp too-big mtu 1279
        = event path_mtu_disbelieved 1
    )");
}

TEST(DatagramPath, HasAFloorBelowWhichRoutersMayCut) {  // RFC 1191 section 3
    run_over(Family::ip4, connected(), R"(
        call datagram 1450
        > udp 1450 ours cut no
        < icmp too-big mtu 296
        call error = too-big
        call datagram 1450
        > fragments udp 1450 ours mtu 552
        call datagram 400
        > udp 400 ours cut yes
    )");
}

TEST(DatagramPath, IsNotDiscoveredWhereTheUserSaysSo) {  // RFC 8200 section 5
    Scene scene = connected();
    scene.prelude += "call set path_mtu_discovery 0\n";
    run_over(Family::ip4, scene, R"(
        call datagram 1450
        > udp 1450 ours cut yes
        < icmp too-big mtu 1400
        = event path_mtu_disbelieved 1
    )");
    run_over(Family::ip6, scene, R"(
        call datagram 1450
        > fragments udp 1450 ours mtu 1280
        call datagram 1232
        > udp 1232 ours
    )");
}

TEST(DatagramPath, FollowsWhatTcpWasTold) {  // RFC 1191 section 6.1
    Scene scene = listening();
    scene.prelude += R"(
        < S 0:0(0) win 65535 <mss 8000>
        > S. 0:0(0) ack 1
        < . 1:1(0) ack 1
        call accept
        call send 1440
        > P. 1:1441(1440) ack 1
        < icmp too-big mtu 1300
    )";
    run_over(Family::ip4, scene, R"(
        > . 1:1261(1260) ack 1
        > P. 1261:1441(180) ack 1
        < . 1:1(0) ack 1441
        new port 4001
        call bind remote
        call datagram 1300
        > fragments udp 1300 ours mtu 1300
    )");
}

TEST(DatagramPath, DoesNotNarrowTcp) {  // RFC 5927 section 4.1: anybody could have sent it
    run(connected(), R"(
        call datagram 1450
        > udp 1450 ours
        < icmp too-big mtu 1300
        call error = too-big
        = event path_mtu_lowered 1
        new port 4001
        call listen
        < S 0:0(0) win 65535 <mss 1400>
        > S. 0:0(0) ack 1 <mss ours>
        < . 1:1(0) ack 1
        call accept
        = mss 1400
    )");
}

}  // namespace
}  // namespace terminus::test
