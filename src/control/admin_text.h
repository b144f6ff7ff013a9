/// ADDRESS:PORT, an IPv6 address in brackets.
#pragma once

#include "terminus/stack/calls.h"

#include <optional>
#include <string>
#include <string_view>

namespace terminus::control {

/// `198.18.0.2:80`, `[2001:db8::1]:80`; port 0 may stand for none.
[[nodiscard]] std::optional<Endpoint> parse_endpoint(std::string_view text);
[[nodiscard]] std::string to_string(const Endpoint& endpoint);

}  // namespace terminus::control
