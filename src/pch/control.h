/// The libraries that the control core reads and writes with, compiled once: they are most of its
/// build's time. Every source still includes what it uses.

#include "control/value.h"
#include "pch/standard.h"

#include <nlohmann/json.hpp>
#include <spdlog/spdlog.h>
