/// STATUS as JSON: one name for each field, unique over the whole object.
#pragma once

#include "terminus/stack/calls.h"

#include "control/admin_options.h"

namespace terminus::control {

/// All fields but the handle.
[[nodiscard]] Json json_of(const Status& status);

}  // namespace terminus::control
