/// The options of an IPv4 header, RFC 791 section 3.1.
#pragma once

#include "terminus/base/drop.h"

#include <cstddef>
#include <span>

namespace terminus {

/// Walks the bytes between the fixed header and the payload. Drop::ip_source_route where the route
/// does not end here: we are a host and forward nothing (RFC 1122 section 3.2.1.8). Other options
/// are ignored.
[[nodiscard]] Drop check_ip4_options(std::span<const std::byte> options);

}  // namespace terminus
