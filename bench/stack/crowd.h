/// A crowd of peers with live connections: each handshake goes through the stack, then packets come
/// to the flows in the order of a permutation. Nothing is kept of a peer: its numbers follow from
/// its own number, the stack's from the secret and the moment of the SYN (RFC 9293 section 3.4.1),
/// and how much text it has sent from how often all have had their turn.
#pragma once

#include "measured.h"
#include "rig.h"

#include <cstdint>

namespace terminus::bench {

class Crowd {
public:
    Crowd(Rig& rig, const PeerOptions& options, std::uint16_t port, std::uint32_t flows);

    /// The handshakes, two packets each, in the order of the numbers. Throws when the stack's ISN
    /// is another than foreseen.
    Measured open();
    /// ACKs that acknowledge nothing new.
    Measured touch(std::uint32_t packets);
    /// Text; the service answers or not.
    struct Talk {
        Measured text, acks;
    };
    /// Text to a service that answers with as much; its ACKs come up to 256 bursts later.
    Talk echo(std::uint32_t packets);
    /// Text to a service that says nothing.
    Measured say(std::uint32_t packets);
    /// FIN and the ACK of the stack's FIN, two packets each.
    Measured close();

    [[nodiscard]] std::uint32_t flows() const { return order_.size(); }

private:
    [[nodiscard]] std::uint32_t server_iss(std::uint32_t number) const;
    [[nodiscard]] std::uint32_t texts(std::uint32_t position) const;
    [[nodiscard]] Says says(std::uint32_t number, std::uint32_t texts) const;
    void open_burst(std::uint32_t first, std::uint32_t count, Measured& cost);
    Measured acknowledge(std::uint64_t first);

    Rig& rig_;
    Peers peers_;
    Permutation order_;
    Tick opened_;
    bool is_answered_;            ///< by as much text
    std::uint64_t touches_ = 0;   ///< pure ACKs, ever
    std::uint64_t said_ = 0;      ///< texts, ever
    std::uint64_t answered_ = 0;  ///< echoes acknowledged, ever
};

}  // namespace terminus::bench
