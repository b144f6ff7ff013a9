/// What only several keys together can get wrong.
#pragma once

#include "control/config.h"

namespace terminus::control {

/// Completes what follows from other keys (rule names, codes, kinds) and throws ConfigError for
/// nonsense.
void validate(Config& config);

}  // namespace terminus::control
