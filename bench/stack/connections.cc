#include "connections.h"

#include "terminus/wire/ethernet.h"
#include "terminus/wire/tcp.h"

#include <stdexcept>

namespace terminus::bench {

Connections::Connections(Rig& rig, const PeerOptions& options, std::uint32_t peers)
    : rig_{rig},
      order_{peers},
      is_ip6_{options.family == Family::ip6},
      brief_{options, port::brief_echo},
      sent_{options, port::send_and_close},
      server_(wave) {}

/// Flows, but for those in TIME-WAIT, which make room for others.
std::uint64_t Connections::lasting() const {
    const auto& flows = rig_.stack().counters().flows;
    return rig_.stack().flows() - flows[static_cast<std::size_t>(tcp::State::time_wait)];
}

Measured Connections::client_closes(std::uint32_t connections) {
    constexpr std::uint32_t after = 1 + Peers::text_bytes;
    const std::array<Step, 6> steps{{{brief_.syn, 0, 0},
                                     {brief_.ack, 1, 1},
                                     {brief_.text, 1, 1},
                                     {brief_.ack, after, after},
                                     {brief_.fin, after, after},
                                     {brief_.ack, after + 1, after + 1}}};
    const std::uint64_t before = lasting();
    const Measured cost = run("connection", steps, connections);
    if (lasting() != before) throw std::runtime_error("a connection did not end");
    return cost;
}

Measured Connections::server_closes(std::uint32_t connections) {
    constexpr std::uint32_t after = 1 + Peers::text_bytes + 1;  // text and FIN
    const std::array<Step, 3> steps{{{sent_.syn, 0, 0}, {sent_.ack, 1, 1}, {sent_.fin, 1, after}}};
    return run("connection_server_closes", steps, connections);
}

Measured Connections::run(const char* work, std::span<const Step> steps,
                          std::uint32_t connections) {
    Measured cost{.work = work};
    for (; cost.connections < connections; cost.connections += wave, begun_ += wave) {
        for (const Step& step : steps)
            for (std::uint32_t first = 0; first < wave; first += burst_packets)
                cost.add(burst(first, step), burst_packets);
    }
    return cost;
}

/// A peer that comes again begins above all that it has used: RFC 9293 section 3.10.7.4, TIME-WAIT.
TurnTime Connections::burst(std::uint32_t first, const Step& step) {
    for (std::uint32_t i = 0; i < burst_packets; ++i) {
        const std::uint64_t which = begun_ + first + i;
        const std::uint32_t number = order_(static_cast<std::uint32_t>(which % order_.size()));
        const auto rounds = static_cast<std::uint32_t>(which / order_.size());
        step.frame.write(rig_.buffer(i, step.frame.size()), number,
                         {.seq = Peers::iss(number) + (rounds << 8) + step.seq,
                          .ack = step.ack == 0 ? 0 : server_[first + i] + step.ack,
                          .ts_value = rig_.now().ms().ms});
    }
    const TurnTime turn = rig_.turn();
    const std::size_t l4 = sizeof(EthernetHeader) + (is_ip6_ ? 40 : 20);
    for (std::uint32_t i = 0; step.ack == 0 && i < burst_packets; ++i)
        server_[first + i] =
            reinterpret_cast<const TcpHeader*>(rig_.sent()[i].data + l4)->seq.host();
    rig_.clear();
    return turn;
}

}  // namespace terminus::bench
