#include "bulk.h"

#include "terminus/wire/ethernet.h"
#include "terminus/wire/tcp.h"

#include <algorithm>
#include <stdexcept>

namespace terminus::bench {
namespace {

constexpr std::size_t l3 = sizeof(EthernetHeader), l4 = l3 + sizeof(Ip4Header);

PeerOptions with_scaling(PeerOptions options) {
    if (options.family == Family::ip6) throw std::runtime_error("bulk_send is of IPv4");
    options.scaling = true;
    return options;
}

const TcpHeader& tcp_of(const Frame& frame) {
    return *reinterpret_cast<const TcpHeader*>(frame.data + l4);
}

}  // namespace

Bulk::Bulk(Rig& rig, const PeerOptions& options, std::uint32_t warm_up_frames)
    : rig_{rig}, frames_{with_scaling(options), port::chargen} {
    open();
    (void)send(warm_up_frames);
}

Bulk::~Bulk() {
    for (std::uint32_t i = 0; i < peers; ++i) {
        const std::uint32_t number = first_number + i;
        frames_.rst.write(rig_.buffer(i, frames_.rst.size()), number,
                          {.seq = Peers::iss(number) + 1});
    }
    (void)rig_.turn(peers);
    rig_.clear();
}

void Bulk::open() {
    for (std::uint32_t i = 0; i < peers; ++i) {
        const std::uint32_t number = first_number + i;
        frames_.syn.write(rig_.buffer(i, frames_.syn.size()), number,
                          {.seq = Peers::iss(number), .ts_value = rig_.now().ms().ms});
    }
    (void)rig_.turn(peers);
    for (std::uint32_t i = 0; i < peers; ++i) {
        peers_[i].next = tcp_of(rig_.sent()[i]).seq.host() + 1;
        acks_.push_back({i, peers_[i].next});
    }
    rig_.clear();
}

Measured Bulk::send(std::uint32_t frames) {
    Measured cost{.work = "bulk_send"};
    while (cost.packets < frames) {
        const std::uint64_t before = cost.packets;
        turn(cost);
        idle_turns_ = cost.packets == before ? idle_turns_ + 1 : 0;
        if (idle_turns_ > 1'000'000) throw std::runtime_error("nothing is sent any more");
    }
    return cost;
}

/// Up to a burst of ACKs in, whatever they let go out.
void Bulk::turn(Measured& cost) {
    const std::size_t count = std::min(acks_.size(), burst_packets);
    for (std::size_t i = 0; i < count; ++i) {
        const Ack ack = acks_.front();
        acks_.pop_front();
        const std::uint32_t number = first_number + ack.peer;
        frames_.ack.write(
            rig_.buffer(i, frames_.ack.size()), number,
            {.seq = Peers::iss(number) + 1, .ack = ack.ack, .ts_value = rig_.now().ms().ms});
    }
    const TurnTime turn = rig_.turn(count, turn_us);
    std::uint64_t segments = 0;
    for (const Frame& frame : rig_.sent()) {
        if (frame.text_length == 0 || !take(frame)) continue;
        ++segments;
        cost.text_bytes += frame.text_length;
    }
    cost.add(turn, segments);
    rig_.clear();
}

/// RFC 9293 section 3.8.6.3, SHLD-19: an ACK for every second segment. Who gets nothing more in
/// this turn would delay the last ACK; here the next segment comes first.
bool Bulk::take(const Frame& frame) {
    const auto& ip = *reinterpret_cast<const Ip4Header*>(frame.data + l3);
    const std::uint32_t which = (ip.destination.host() & 0xffffff) - first_number;
    if (which >= peers) return false;  // another bench's flow
    Peer& peer = peers_[which];
    if (tcp_of(frame).seq.host() != peer.next)
        throw std::runtime_error("a segment is missing or came twice");
    peer.next += frame.text_length;
    if (peer.owes) acks_.push_back({which, peer.next});
    peer.owes = !peer.owes;
    return true;
}

}  // namespace terminus::bench
