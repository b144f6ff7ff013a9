/// The owner's hash over candidate ports.
#include "worker/port_choice.h"

#include <algorithm>

namespace terminus {

namespace {

/// Nothing: it does not reach the peer, or has no address of that family.
std::optional<Address> source_at(const Interface& interface, const Address& remote) {
    const bool by_gateway = std::ranges::any_of(
        interface.gateways, [&](const Address& it) { return it.family() == remote.family(); });
    if (!by_gateway && !is_on_link(interface, remote)) return std::nullopt;
    if (remote.family() == Family::ip6 && remote.is_link_local()) return link_local_of(interface);
    const Address* source = source_address(interface, remote.family());
    return source == nullptr ? std::nullopt : std::optional{*source};
}

}  // namespace

const Interface* Shard::interface_for(const Address& remote) const {
    const auto found = std::ranges::find_if(
        interfaces, [&](const Interface& it) { return source_at(it, remote).has_value(); });
    return found == interfaces.end() ? nullptr : &*found;
}

std::uint16_t Shard::owner(const Endpoint& local, const Endpoint& remote) const {
    if (workers == 1) return 0;
    const Interface* by = interface_for(remote.address);
    const std::size_t lane = by == nullptr ? 0 : by->lane;
    return (*spreads)[lane].owner(Tuple::of(remote, local));
}

std::optional<Address> Shard::source_for(const Address& remote) const {
    const Interface* by = interface_for(remote);
    return by == nullptr ? std::nullopt : source_at(*by, remote);
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
