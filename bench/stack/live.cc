#include "live.h"

#include "terminus/wire/tcp.h"

namespace terminus::bench {
namespace {

using test::Packet;

const char* const us = "198.18.0.2";
const char* const them = "10.0.0.1";

}  // namespace

/// An odd multiplier permutes the numbers below a power of two; below others it comes close.
std::uint32_t Live::number(std::uint32_t i) const {
    return static_cast<std::uint32_t>((std::uint64_t{i} * 2654435761U) % peers_.size());
}

Live::Live(Rig& rig, std::uint32_t flows, std::uint16_t port)
    : rig_{rig}, port_{port}, peers_(flows / burst_packets * burst_packets) {
    const Template syn{Packet::tcp(them, 1, us, port).flags("S")};
    const Template ack{Packet::tcp(them, 1, us, port).flags(".")};
    for (std::uint32_t first = 0; first < peers_.size(); first += burst_packets)
        open(first, syn, ack);
}

void Live::open(std::uint32_t first, const Template& syn, const Template& ack) {
    for (std::uint32_t i = 0; i < burst_packets; ++i)
        syn.write(rig_.buffer(i, syn.size()), first + i, 99);
    (void)rig_.run();
    for (std::uint32_t i = 0; i < burst_packets; ++i)
        peers_[first + i].ack =
            reinterpret_cast<const TcpHeader*>(rig_.sent()[i].data + 34)->seq.host() + 1;
    rig_.clear();
    for (std::uint32_t i = 0; i < burst_packets; ++i)
        ack.write(rig_.buffer(i, ack.size()), first + i, 100, peers_[first + i].ack);
    (void)rig_.run();
    rig_.clear();
    rig_.pass_us(1);
    while (rig_.advance())
        continue;
}

std::uint64_t Live::burst(std::uint32_t first, const Template& from, Saying saying) {
    const bool says_text = saying == Saying::echo || saying == Saying::data;
    for (std::uint32_t i = 0; i < burst_packets; ++i) {
        const std::uint32_t which = number(first + i);
        Peer& peer = peers_[which];
        from.write(rig_.buffer(i, from.size()), which, peer.seq, peer.ack);
        if (says_text) peer.seq += text_bytes;
        if (saying == Saying::echo) peer.ack += text_bytes;
    }
    std::uint64_t cycles = rig_.run();
    rig_.clear();
    rig_.pass_us(1);
    const std::uint64_t began = tsc();
    (void)rig_.advance();
    cycles += tsc() - began;
    return cycles;
}

Measured Live::measure(const char* work, Saying saying, std::uint32_t packets) {
    const Template bare{Packet::tcp(them, 1, us, port_).flags(".")};
    const Template text{Packet::tcp(them, 1, us, port_).flags("P.").text("0123456789")};
    const bool acks_echoes = saying == Saying::ack_of_data;
    Measured result{.work = work};
    for (std::uint32_t done = 0; done < packets; done += burst_packets) {
        if (acks_echoes) (void)burst(done, text, Saying::echo);
        const bool says_text = saying == Saying::echo || saying == Saying::data;
        result.cycles += burst(done, says_text ? text : bare, saying);
        result.packets += burst_packets;
    }
    return result;
}

}  // namespace terminus::bench
