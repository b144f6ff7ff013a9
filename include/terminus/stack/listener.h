/// A listener: who may open a connection to us, and what stands behind it.
#pragma once

#include "terminus/stack/service.h"
#include "terminus/wire/address.h"

#include <cstdint>
#include <optional>

namespace terminus {

/// RFC 9293 section 3.9.1.1, passive OPEN: by a rule (`service` set) or by a call (`service` null:
/// an accept queue of `backlog` conversations).
struct Listener {
    std::optional<Address> address{};  ///< our address; nothing: any that we answer for
    std::uint16_t port = 0;
    std::optional<Address> remote{};  ///< nothing: any peer
    std::uint16_t remote_port = 0;    ///< 0: any
    std::uint16_t backlog = 128;      ///< connections not yet accepted, embryonic ones included
    std::uint8_t service = 0;         ///< index into the stack's services, with `serves`
    bool serves = false;              ///< a service stands behind it, else an accept queue
};

}  // namespace terminus
