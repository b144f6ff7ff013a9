/// The parts of validate(), one per file.
#pragma once

#include "control/config.h"

#include <string>
#include <string_view>

namespace terminus::control {

/// Throws a ConfigError that stands at `[table].key`.
[[noreturn]] void refuse(const Config& config, const Origin& origin, std::string_view table,
                         std::string_view key, const std::string& problem,
                         const std::string& remedy);

void check_interfaces(const Config& config);
/// Services are complete before.
void check_rules(Config& config);

}  // namespace terminus::control
