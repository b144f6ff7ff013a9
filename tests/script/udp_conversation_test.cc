// UDP conversations: RFC 768, RFC 1122 section 4.1, and ICMP errors that reach who caused them.
#include "script.h"

#include <gtest/gtest.h>

namespace terminus::test {
namespace {

Scene bound() {
    Scene scene = nothing();
    scene.prelude += "call bind\n";
    return scene;
}
Scene connected() {
    Scene scene = nothing();
    scene.prelude += "call bind remote\n";
    return scene;
}

TEST(UdpConversation, ReceivesFromAnybody) {  // RFC 768; RFC 1122 section 4.1.3.5
    run(bound(), R"(
        call take 100 = would-block
        call ready = writable
        < udp 100
        < udp 0
        call ready = readable,writable
        = status datagrams 1 receive_queue_bytes 100
        call take 200 peek = 100
        call take 200 = 100
        call take 200 = 0
        call take 200 = would-block
    )");
}

TEST(UdpConversation, LosesWhatDoesNotFit) {
    run(bound(), R"(
        < udp 100
        < udp 50
        call take 30 = 100
        call take 30 = 50
        call take 30 = would-block
    )");
}

TEST(UdpConversation, TakesFragmentedDatagrams) {  // RFC 1122 section 3.3.2
    run(bound(), R"(
        < fragments udp 3000 1500
        call take 4000 = 3000
    )");
}

TEST(UdpConversation, SendsToWhomItNames) {  // RFC 1122 section 4.1.4
    run(bound(), R"(
        call datagram 10 = not-connected
        call datagram 10 to
        > udp 10 ours
        call datagram 0 to
        > udp 0 ours
        call datagram 65528 to = too-big
    )");
}

TEST(UdpConversation, SendsToItsRemote) {
    run(connected(), R"(
        call datagram 10
        > udp 10 ours
        < udp 20
        call take 100 = 20
        new port 4001 isn 0
        < udp 20                     // another sender is not the conversation's: the rules judge
        > icmp port
        call take 100 = would-block
    )");
}

TEST(UdpConversation, CutsWhatTheLinkCannotCarry) {  // RFC 791 section 3.2; RFC 8200 section 4.5
    run(connected(), R"(
        call datagram 3000
        > fragments udp 3000 ours
    )");
}

TEST(UdpConversation, PicksAPort) {  // RFC 6335 section 6
    run(nothing(), R"(
        call bind port remote
        call datagram 10
        > udp 10 ours
    )");
}

TEST(UdpConversation, OfTheSameEndsIsRefused) {
    run(bound(), "call bind = address-in-use\ncall bind remote");
}

TEST(UdpConversation, ComesBeforeTheRules) {
    Scene scene = nothing();
    scene.our_port = 7;  // where a rule serves echo
    run(scene, R"(
        < udp 10
        > udp 10
        call bind
        < udp 10
        call take 100 = 10
        call close
        < udp 10
        > udp 10
    )");
}

TEST(UdpConversation, HearsOfErrorsThatItCaused) {  // RFC 1122 section 4.1.3.3
    run(connected(), R"(
        call datagram 10
        > udp 10 ours
        < udp 5
        < icmp port
        = status error refused
        call ready = readable,writable,error
        call take 100 = refused
        call take 100 = 5
        call datagram 10
        > udp 10 ours
        < icmp host
        call datagram 10 = host-unreachable
        call datagram 10
        > udp 10 ours
    )");
}

TEST(UdpConversation, WithoutARemoteHearsOnlyWhereAsked) {
    run(bound(), R"(
        call datagram 10 to
        > udp 10 ours
        < icmp port
        call ready = writable
        call set report_errors 1
        call datagram 10 to
        > udp 10 ours
        < icmp port
        call error = refused
        call error = none
    )");
}

TEST(UdpConversation, KeepsNoMoreThanItsBuffer) {
    run(bound(), R"(
        call set receive_buffer_bytes 300
        < udp 100
        < udp 100
        < udp 100
        = drop memory_full 1
        call take 100
        call take 100
        call take 100 = would-block
    )");
}

TEST(UdpConversation, KnowsNoCallsForText) {
    run(bound(), R"(
        call send 10 = bad-request
        call receive 10 = bad-request
        call shutdown = bad-request
        call close
        call status = no-such-conversation
    )");
}

TEST(UdpConversation, SendsWhatWasQueuedBeforeItsClose) {
    run(connected(), R"(
        call datagram 10
        > udp 10 ours
        call close
        call datagram 10 = no-such-conversation
    )");
}

}  // namespace
}  // namespace terminus::test
