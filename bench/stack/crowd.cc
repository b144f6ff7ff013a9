#include "crowd.h"

#include "terminus/tcp/isn.h"
#include "terminus/wire/ethernet.h"
#include "terminus/wire/tcp.h"

#include <algorithm>
#include <stdexcept>

namespace terminus::bench {
namespace {

constexpr std::uint32_t burst = burst_packets;

std::uint32_t seq_of(const Frame& sent, bool is_ip6) {
    const std::size_t l4 = sizeof(EthernetHeader) + (is_ip6 ? 40 : 20);
    return reinterpret_cast<const TcpHeader*>(sent.data + l4)->seq.host();
}

}  // namespace

Crowd::Crowd(Rig& rig, const PeerOptions& options, std::uint16_t port, std::uint32_t flows)
    : rig_{rig}, peers_{options, port}, order_{flows}, is_answered_{port == port::echo} {}

/// Each burst of the opening takes two turns, the first of which has the SYNs.
std::uint32_t Crowd::server_iss(std::uint32_t number) const {
    const Tick at = opened_.after_us(std::uint64_t{number / burst} * 2 * Rig::turn_us);
    const Key key = peers_.syn.key(number);
    return tcp::initial_seq(Rig::isn_key(), bytes_of(key), at).value;
}

/// How often the peer at this position of the order has spoken.
std::uint32_t Crowd::texts(std::uint32_t position) const {
    const std::uint64_t rounds = said_ / flows();
    return static_cast<std::uint32_t>(rounds + (position < said_ % flows() ? 1 : 0));
}

/// The numbers of a peer that has said, and been answered, so many texts.
Says Crowd::says(std::uint32_t number, std::uint32_t texts) const {
    const std::uint32_t bytes = texts * Peers::text_bytes;
    return {.seq = Peers::iss(number) + 1 + bytes,
            .ack = server_iss(number) + 1 + (is_answered_ ? bytes : 0),
            .ts_value = rig_.now().ms().ms};
}

Measured Crowd::open() {
    Measured cost{.work = "handshake"};
    opened_ = rig_.now();
    for (std::uint32_t first = 0; first < flows(); first += burst)
        open_burst(first, std::min(burst, flows() - first), cost);
    return cost;
}

void Crowd::open_burst(std::uint32_t first, std::uint32_t count, Measured& cost) {
    for (std::uint32_t i = 0; i < count; ++i)
        peers_.syn.write(rig_.buffer(i, peers_.syn.size()), first + i,
                         {.seq = Peers::iss(first + i), .ts_value = rig_.now().ms().ms});
    cost.add(rig_.turn(count), count);
    const bool is_ip6 = peers_.syn.key(first).is_ip6();
    if (rig_.sent().size() < count || seq_of(rig_.sent()[0], is_ip6) != server_iss(first))
        throw std::runtime_error("a SYN was not answered as foreseen");
    rig_.clear();
    for (std::uint32_t i = 0; i < count; ++i)
        peers_.ack.write(rig_.buffer(i, peers_.ack.size()), first + i, says(first + i, 0));
    cost.add(rig_.turn(count), count);
    rig_.clear();
    cost.connections += count;
}

Measured Crowd::touch(std::uint32_t packets) {
    Measured cost{.work = "pure_ack"};
    while (cost.packets < packets) {
        for (std::uint32_t i = 0; i < burst; ++i) {
            const auto position = static_cast<std::uint32_t>(touches_++ % flows());
            const std::uint32_t number = order_(position);
            peers_.ack.write(rig_.buffer(i, peers_.ack.size()), number,
                             says(number, texts(position)));
        }
        cost.add(rig_.turn(), burst);
        rig_.clear();
    }
    return cost;
}

Measured Crowd::say(std::uint32_t packets) {
    Measured cost{.work = is_answered_ ? "echo" : "data"};
    while (cost.packets < packets) {
        for (std::uint32_t i = 0; i < burst; ++i, ++said_) {
            const auto position = static_cast<std::uint32_t>(said_ % flows());
            const std::uint32_t number = order_(position);
            peers_.text.write(rig_.buffer(i, peers_.text.size()), number,
                              says(number, texts(position)));
        }
        cost.add(rig_.turn(), burst);
        rig_.clear();
    }
    return cost;
}

/// ACKs of the echoes of one burst of texts, which were the texts number `first` on.
Measured Crowd::acknowledge(std::uint64_t first) {
    for (std::uint32_t i = 0; i < burst; ++i) {
        const auto position = static_cast<std::uint32_t>((first + i) % flows());
        const std::uint32_t number = order_(position);
        peers_.ack.write(rig_.buffer(i, peers_.ack.size()), number,
                         says(number, static_cast<std::uint32_t>((first + i) / flows()) + 1));
    }
    Measured cost{.work = "ack_of_data"};
    cost.add(rig_.turn(), burst);
    rig_.clear();
    return cost;
}

Crowd::Talk Crowd::echo(std::uint32_t packets) {
    const std::uint64_t behind = std::min<std::uint64_t>(256, flows() / burst / 2) * burst;
    Talk cost{{.work = "echo"}, {.work = "ack_of_data"}};
    while (cost.text.packets < packets) {
        cost.text += say(burst);
        for (; said_ - answered_ > behind; answered_ += burst)
            cost.acks += acknowledge(answered_);
    }
    for (; answered_ < said_; answered_ += burst)
        cost.acks += acknowledge(answered_);
    return cost;
}

Measured Crowd::close() {
    Measured cost{.work = "close"};
    for (std::uint32_t first = 0; first < flows(); first += burst) {
        const std::uint32_t count = std::min(burst, flows() - first);
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::uint32_t number = order_(first + i);
            peers_.fin.write(rig_.buffer(i, peers_.fin.size()), number,
                             says(number, texts(first + i)));
        }
        cost.add(rig_.turn(count), count);
        rig_.clear();
        for (std::uint32_t i = 0; i < count; ++i) {
            const std::uint32_t number = order_(first + i);
            Says last = says(number, texts(first + i));
            ++last.seq;  // the FINs take a number each
            ++last.ack;
            peers_.ack.write(rig_.buffer(i, peers_.ack.size()), number, last);
        }
        cost.add(rig_.turn(count), count);
        rig_.clear();
        cost.connections += count;
    }
    return cost;
}

}  // namespace terminus::bench
