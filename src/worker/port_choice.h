/// Which local end an active open takes, so that the peer's answers come to the worker that opened.
#pragma once

#include "terminus/stack/interface.h"
#include "terminus/stack/stack.h"
#include "terminus/stack/steering.h"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>

namespace terminus {

/// Where a worker stands among all: what it needs to know whether a tuple is its own.
struct Shard {
    HashKey port_key{};  ///< where searches for a free port begin
    std::uint16_t worker = 0, workers = 1;
    std::vector<Interface> interfaces{};
    std::shared_ptr<const Spreads> spreads{};  ///< by lane; not used where there is one worker

    /// The worker that receives what `remote` sends to `local`.
    [[nodiscard]] std::uint16_t owner(const Endpoint& local, const Endpoint& remote) const;
    /// Our address that `remote` is spoken to from; nothing: no interface reaches it.
    [[nodiscard]] std::optional<Address> source_for(const Address& remote) const;
    /// The first port from `first` on, in turn, that makes the tuple ours. Tries at most
    /// `ephemeral_ports`; nothing: none does.
    [[nodiscard]] std::optional<std::uint16_t> own_port(const Address& local,
                                                        const Endpoint& remote,
                                                        std::uint32_t first) const;

private:
    /// The interface that `remote` is spoken to by; null: none reaches it.
    [[nodiscard]] const Interface* interface_for(const Address& remote) const;
};

inline constexpr std::uint16_t first_ephemeral_port = 49152;  ///< RFC 6335 section 6
inline constexpr std::uint32_t ephemeral_ports = 65536 - first_ephemeral_port;

}  // namespace terminus
