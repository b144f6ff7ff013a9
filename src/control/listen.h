/// ADDRESS:PORT, as `[metrics] listen` writes it; an IPv6 address stands in brackets.
#pragma once

#include "terminus/stack/calls.h"

#include <charconv>
#include <optional>
#include <string_view>

namespace terminus::control {

[[nodiscard]] inline std::optional<Endpoint> parse_listen(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const std::string_view port = text.substr(colon + 1);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const std::optional<Address> address = parse_address(host);
    if (!address || bracketed != (address->family() == Family::ip6)) return std::nullopt;
    Endpoint endpoint{*address, 0};
    const auto [end, error] =
        std::from_chars(port.data(), port.data() + port.size(), endpoint.port);
    if (error != std::errc{} || end != port.data() + port.size() || endpoint.port == 0)
        return std::nullopt;
    return endpoint;
}

}  // namespace terminus::control
