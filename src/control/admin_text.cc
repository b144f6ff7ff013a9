/// ADDRESS:PORT, both ways.
#include "control/admin_text.h"

#include <charconv>

namespace terminus::control {

namespace {

std::optional<std::uint16_t> parse_port(std::string_view text) {
    std::uint16_t port = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), port);
    if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
    return port;
}

}  // namespace

std::optional<Endpoint> parse_endpoint(std::string_view text) {
    const std::size_t colon = text.rfind(':');
    if (colon == std::string_view::npos) return std::nullopt;
    std::string_view host = text.substr(0, colon);
    const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
    if (bracketed) host = host.substr(1, host.size() - 2);
    const auto address = parse_address(host);
    const auto port = parse_port(text.substr(colon + 1));
    if (!address || !port || bracketed != (address->family() == Family::ip6)) return std::nullopt;
    return Endpoint{*address, *port};
}

std::string to_string(const Endpoint& endpoint) {
    const std::string port = ":" + std::to_string(endpoint.port);
    const std::string host = terminus::to_string(endpoint.address);
    return endpoint.address.family() == Family::ip6 ? "[" + host + "]" + port : host + port;
}

}  // namespace terminus::control
