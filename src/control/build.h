/// What was built, and from what.
#pragma once

#include <string>
#include <string_view>

namespace terminus::control {

struct Build {
    std::string_view version, dpdk, compiler, cpu;
};
[[nodiscard]] Build build();

/// For `terminus version`: lines for people, or JSON.
[[nodiscard]] std::string build_text();
[[nodiscard]] std::string build_json();

}  // namespace terminus::control
