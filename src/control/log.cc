/// spdlog, set up once.
#include "control/log.h"

#include <memory>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

namespace terminus::control {
namespace {

spdlog::level::level_enum to_spdlog(LogLevel level) {
    switch (level) {
        case LogLevel::debug: return spdlog::level::debug;
        case LogLevel::warn: return spdlog::level::warn;
        case LogLevel::error: return spdlog::level::err;
        default: return spdlog::level::info;
    }
}

}  // namespace

void start_log(LogLevel level) {
    auto logger = std::make_shared<spdlog::logger>(
        "terminus", std::make_shared<spdlog::sinks::stderr_sink_mt>());
    logger->set_pattern("%Y-%m-%dT%H:%M:%S.%e%z %l %v");
    logger->set_level(to_spdlog(level));
    spdlog::set_default_logger(std::move(logger));
}

void log_dpdk(unsigned level, std::string_view line) {
    constexpr unsigned critical = 3, warning = 5;  // what it calls an error is often a wish denied
    if (level <= critical)
        spdlog::error("dpdk: {}", line);
    else if (level <= warning)
        spdlog::warn("dpdk: {}", line);
    else
        spdlog::debug("dpdk: {}", line);
}

}  // namespace terminus::control
