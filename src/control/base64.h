/// Base64, RFC 4648 section 4: with padding, without line breaks.
#pragma once

#include <cstddef>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace terminus::control {

[[nodiscard]] std::string base64(std::span<const std::byte> bytes);
/// Strict: the standard alphabet, whole groups, padding, and no bit that means nothing. Nothing for
/// anything else.
[[nodiscard]] std::optional<std::vector<std::byte>> from_base64(std::string_view text);

}  // namespace terminus::control
