/// Work on flows that live: each handshake goes through Stack::receive, then packets come to flows
/// in an order that no cache foresees. Text is checked by the peer's acknowledgement: an echo that
/// did not come would stall the next.
#pragma once

#include "rig.h"

#include <cstdint>
#include <vector>

namespace terminus::bench {

/// What the peers of a Live say in each packet.
enum class Saying : std::uint8_t {
    pure_ack,     ///< an ACK that acknowledges nothing new
    echo,         ///< ten bytes to the echo service, acknowledging the last echo
    data,         ///< ten bytes to the discard service
    ack_of_data,  ///< like echo, but only the ACKs of the echoes are measured
};

class Live {
public:
    /// Opens `flows` connections to `port`.
    Live(Rig& rig, std::uint32_t flows, std::uint16_t port);

    /// Cycles of `packets` packets, timers included.
    [[nodiscard]] Measured measure(const char* work, Saying saying, std::uint32_t packets);

private:
    struct Peer {
        std::uint32_t seq = 100, ack = 0;
    };
    static constexpr std::uint32_t text_bytes = 10;

    void open(std::uint32_t first, const Template& syn, const Template& ack);
    std::uint64_t burst(std::uint32_t first, const Template& from, Saying saying);
    [[nodiscard]] std::uint32_t number(std::uint32_t i) const;

    Rig& rig_;
    std::uint16_t port_;
    std::vector<Peer> peers_;
};

}  // namespace terminus::bench
