/// What an appliance did in its life, as one readable block.
#pragma once

#include "control/snapshot.h"

#include <string>

namespace terminus::control {

/// Zero rows are left out.
[[nodiscard]] std::string totals_text(const Snapshot& snapshot);

}  // namespace terminus::control
