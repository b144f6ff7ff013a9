/// What SIGHUP may change: [[rule]] and [service.*]. The pure part.
#pragma once

#include "control/config.h"

#include <string>
#include <vector>

namespace terminus::control {

/// The keys that differ elsewhere, one line each with file, line and what to do: they keep their
/// old values until a restart.
[[nodiscard]] std::vector<std::string> needs_restart(const Config& running, const Config& read);

}  // namespace terminus::control
