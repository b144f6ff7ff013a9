/// Options and fields of STATUS by the names that scripts and the call socket give them.
#pragma once

#include "terminus/stack/calls.h"
#include "terminus/tcp/settings.h"

#include <cstdint>
#include <string>
#include <string_view>

namespace terminus::test {

/// Sets an option; "none" is no limit. False: there is no such option.
[[nodiscard]] bool choose(tcp::Settings& settings, std::string_view name, std::string_view value);

/// What sequence numbers of STATUS are relative to.
struct Origins {
    std::uint32_t ours = 0, theirs = 0;
};
/// A field as text; sequence numbers relative. Empty: there is no such field.
[[nodiscard]] std::string field_of(const Status& status, std::string_view name,
                                   const Origins& origins);

}  // namespace terminus::test
