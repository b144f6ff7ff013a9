/// Base64, RFC 4648 section 4: with padding, without line breaks.
#pragma once

#include <cstddef>
#include <span>
#include <string>

namespace terminus::control {

[[nodiscard]] std::string base64(std::span<const std::byte> bytes);

}  // namespace terminus::control
