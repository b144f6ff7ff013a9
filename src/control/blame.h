/// Start-up errors of the machine, told at the key that asks for what the machine does not have.
#pragma once

#include "control/config.h"

#include <algorithm>
#include <exception>
#include <string>
#include <string_view>

namespace terminus::control {

[[nodiscard]] inline Place place_of(const Config& config, const Origin& origin,
                                    std::string_view table, std::string_view key) {
    return {config.file, std::max(origin.line_of(key), 1U),
            "[" + std::string{table} + "]." + std::string{key}};
}

/// The first interface that names the device.
[[nodiscard]] inline const Origin& origin_of_device(const Config& config, std::string_view device) {
    const auto found = std::ranges::find(config.interfaces, device, &InterfaceConfig::device);
    return found == config.interfaces.end() ? config.appliance.origin : found->origin;
}

/// Runs `act`; what it throws becomes a ConfigError at `[table].key`.
template <typename Act>
void blame(const Config& config, const Origin& origin, std::string_view table, std::string_view key,
           Act act) {
    try {
        act();
    } catch (const std::exception& error) {
        throw ConfigError(place_of(config, origin, table, key), error.what());
    }
}

}  // namespace terminus::control
