/// The walk over IPv4 options: all but a broken one are passed over (RFC 9293 section 3.9.2,
/// MUST-50).
#include "ip4_options.h"

#include <cstdint>

namespace terminus {
namespace {

constexpr std::uint8_t option_end = 0, option_no_operation = 1;
constexpr std::uint8_t option_loose_route = 131, option_strict_route = 137;

std::size_t number(std::byte byte) { return std::to_integer<std::size_t>(byte); }

/// The bytes that the option at the front takes; 0 when they are impossible.
std::size_t option_bytes(std::span<const std::byte> rest) {
    if (number(rest[0]) == option_no_operation) return 1;
    if (rest.size() < 2) return 0;
    const std::size_t length = number(rest[1]);
    return length >= 2 && length <= rest.size() ? length : 0;
}

/// The pointer counts from 1 and names the next address; beyond the option, the route ends here.
Drop check_route(std::span<const std::byte> option) {
    constexpr std::size_t first_address = 4;
    if (option.size() < 3 || number(option[2]) < first_address) return Drop::ip_malformed;
    return number(option[2]) > option.size() ? Drop::none : Drop::ip_source_route;
}

Drop check_option(std::span<const std::byte> option) {
    const std::size_t type = number(option[0]);
    const bool is_route = type == option_loose_route || type == option_strict_route;
    return is_route ? check_route(option) : Drop::none;
}

}  // namespace

Drop check_ip4_options(std::span<const std::byte> options) {
    while (!options.empty() && number(options[0]) != option_end) {
        const std::size_t bytes = option_bytes(options);
        if (bytes == 0) return Drop::ip_malformed;
        const Drop verdict = check_option(options.first(bytes));
        if (verdict != Drop::none) return verdict;
        options = options.subspan(bytes);
    }
    return Drop::none;
}

}  // namespace terminus
