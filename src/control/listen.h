/// ADDRESS:PORT, as `[metrics]` and `[admin]` write it in `listen`; an IPv6 address stands in
/// brackets.
#pragma once

#include "control/admin_text.h"

#include <optional>
#include <string_view>

namespace terminus::control {

[[nodiscard]] inline std::optional<Endpoint> parse_listen(std::string_view text) {
    const std::optional<Endpoint> endpoint = parse_endpoint(text);
    return endpoint && endpoint->port != 0 ? endpoint : std::nullopt;
}

}  // namespace terminus::control
