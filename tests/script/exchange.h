/// What the tests of the wire share: a frame in, the frames out, decoded.
#pragma once

#include "harness.h"
#include "packet.h"

#include <string>
#include <vector>

namespace terminus::test {

/// A packet builder's frame from the peer to us.
[[nodiscard]] inline Packet from_peer(Packet packet) {
    const Ends ends = ends_of(Family::ip4);
    return packet.ether(ends.their_mac, ends.our_mac);
}
/// Injects the frame and gives what came back, the link's own messages left out.
[[nodiscard]] inline std::vector<Datagram> ask(Harness& harness, const Bytes& frame) {
    harness.forget_sent();
    harness.inject(frame);
    std::vector<Datagram> answers;
    while (harness.has_sent())
        answers.push_back(harness.next_sent());
    return answers;
}
/// The text of each family: "198.18.0.1" or "2001:db8:18::1".
[[nodiscard]] inline const char* peer(Family family) {
    return family == Family::ip4 ? "198.18.0.1" : "2001:db8:18::1";
}
[[nodiscard]] inline const char* us(Family family) {
    return family == Family::ip4 ? "198.18.0.2" : "2001:db8:18::2";
}

}  // namespace terminus::test
