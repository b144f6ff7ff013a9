/// Whole connections, a thousand at a time, beside the flows that stay: each is a handful of frames
/// of the peer and the stack's answers, with a wave of 128 us between two frames of one connection.
#pragma once

#include "measured.h"
#include "rig.h"

#include <cstdint>
#include <vector>

namespace terminus::bench {

class Connections {
public:
    /// Peers come in the order of a permutation of `peers`; a peer that comes again has closed.
    Connections(Rig& rig, const PeerOptions& options, std::uint32_t peers);

    /// SYN, ACK, request, ACK of the reply, FIN, last ACK: the client closes first, and TIME-WAIT
    /// is its own. Throws when one is left over.
    Measured client_closes(std::uint32_t connections);
    /// SYN, ACK that is answered with text and FIN, FIN with the ACK of both: the server closes
    /// first, and TIME-WAIT stays here. The oldest make room.
    Measured server_closes(std::uint32_t connections);

private:
    static constexpr std::uint32_t wave = 1024;
    /// One frame of the peer, its numbers counted from both ISNs.
    struct Step {
        const Template& frame;
        std::uint32_t seq, ack;
    };

    Measured run(const char* work, std::span<const Step> steps, std::uint32_t connections);
    [[nodiscard]] std::uint64_t lasting() const;
    [[nodiscard]] TurnTime burst(std::uint32_t first, const Step& step);

    Rig& rig_;
    Permutation order_;
    bool is_ip6_;
    Peers brief_, sent_;
    std::uint64_t begun_ = 0;            ///< connections, ever
    std::vector<std::uint32_t> server_;  ///< the stack's ISNs of the wave
};

}  // namespace terminus::bench
