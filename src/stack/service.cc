#include "terminus/stack/service.h"

#include <algorithm>

namespace terminus {

Taken Service::begin(ServiceState&) const { return {}; }

/// A service that generates nothing is never asked; should it be, the text is defined all the same.
void Service::fill(const ServiceState&, tcp::Seq, std::span<std::byte> into) const {
    std::ranges::fill(into, std::byte{0});
}

std::size_t Service::datagram(std::span<std::byte>, std::size_t, std::uint64_t) const {
    return no_reply;
}

}  // namespace terminus
