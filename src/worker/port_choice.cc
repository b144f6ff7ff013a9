/// The owner's hash over candidate ports.
#include "worker/port_choice.h"

#include <algorithm>

namespace terminus {

std::uint16_t Shard::owner(const Endpoint& local, const Endpoint& remote) const {
    const Tuple tuple{.source = remote.address,
                      .destination = local.address,
                      .source_port = remote.port,
                      .destination_port = local.port};
    return owner_of(tuple, steering_key, workers);
}

std::optional<Address> Shard::source_for(const Address& remote) const {
    for (const Interface& interface : interfaces) {
        const bool by_gateway = std::ranges::any_of(
            interface.gateways, [&](const Address& it) { return it.family() == remote.family(); });
        if (!by_gateway && !is_on_link(interface, remote)) continue;
        if (remote.family() == Family::ip6 && remote.is_link_local())
            return link_local_of(interface);
        if (const Address* source = source_address(interface, remote.family())) return *source;
    }
    return std::nullopt;
}

std::optional<std::uint16_t> Shard::own_port(const Address& local, const Endpoint& remote,
                                             std::uint32_t first) const {
    for (std::uint32_t i = 0; i < ephemeral_ports; ++i) {
        const auto port =
            static_cast<std::uint16_t>(first_ephemeral_port + (first + i) % ephemeral_ports);
        if (owner({local, port}, remote) == worker) return port;
    }
    return std::nullopt;
}

}  // namespace terminus
