/// Every table and key of the configuration: one list that drives parsing, the check for unknown
/// keys, and conf/reference.toml. A default is what the struct's own initialiser says, so that none
/// is written twice.
#pragma once

#include "control/value.h"

#include <span>
#include <string>
#include <string_view>

namespace terminus::control {

/// What an operator may write at one place, in one line each.
struct Says {
    std::string_view help;
    std::string_view unit = {};
    Range range = {};
    std::string_view otherwise = {};  ///< what holds without the key, where no constant says it
    std::string_view example = {};    ///< TOML, for keys without a constant default
    bool required = false;
};

/// One key. The functions know the type of the struct's member; `owner` is the struct.
struct Key {
    std::string_view name;
    void (*read)(const Written& value, const Range& range, void* owner);
    std::string (*render_default)();
    std::string (*type)(const Range& range);
    bool (*same)(const void* one, const void* other);  ///< two owners' values
    Says says;
};

struct Table {
    std::string_view name;    ///< "appliance"
    std::string_view header;  ///< "[appliance]", "[[interface]]", "[service.NAME]"
    std::string_view help;
    std::span<const Key> keys;
};

/// All of them, in the order of the reference.
[[nodiscard]] std::span<const Table> tables();
[[nodiscard]] const Table& table_named(std::string_view name);

}  // namespace terminus::control
