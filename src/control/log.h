/// Log lines on stderr: time, level, text.
#pragma once

#include "control/config.h"

#include <string_view>

namespace terminus::control {

/// Begins logging; lines below `level` are dropped.
void start_log(LogLevel level);
/// A line of DPDK's log with its level, 1 (emergency) to 8 (debug). Its informational chatter is
/// debug here.
void log_dpdk(unsigned level, std::string_view line);

}  // namespace terminus::control
