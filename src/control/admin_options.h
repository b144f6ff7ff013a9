/// The options of the call socket: their names, types and ranges, each bound to one member of
/// tcp::Settings. The names are a contract; CALLS.md explains each.
#pragma once

#include "terminus/tcp/settings.h"

#include <nlohmann/json.hpp>
#include <span>
#include <string_view>

namespace terminus::control {

using Json = nlohmann::ordered_json;

struct Option {
    std::string_view name;
    /// True when `value` is of the option's type and range; then it stands in `settings`.
    bool (*read)(const Json& value, tcp::Settings& settings);
    Json (*write)(const tcp::Settings& settings);
    std::string_view says;  ///< what may be written, in words
};

[[nodiscard]] std::span<const Option> options();
/// Null: there is no such option.
[[nodiscard]] const Option* option_named(std::string_view name);

}  // namespace terminus::control
