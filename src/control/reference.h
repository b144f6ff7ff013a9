/// conf/reference.toml, made from the schema, so that the document cannot lie.
#pragma once

#include <string>

namespace terminus::control {

/// Every option with its help, what may be written, and its default, as TOML that parses once the
/// commented keys are filled in.
[[nodiscard]] std::string reference_toml();

}  // namespace terminus::control
