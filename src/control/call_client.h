/// `terminus call`: speaks to the call socket from the shell.
#pragma once

#include <string>

namespace terminus::control {

/// Sends each line of `file` ("-": standard input) that is neither empty nor begins with '#', and
/// prints each answer. Returns 0 when all were ok, 1 when any was not. Throws StartError when the
/// file cannot be read or nobody answers.
[[nodiscard]] int call(const std::string& file, const std::string& socket);

}  // namespace terminus::control
