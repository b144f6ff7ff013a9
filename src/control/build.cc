/// The values come from Meson.
#include "control/build.h"

#include "build_values.h"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace terminus::control {

Build build() { return {TERMINUS_VERSION, TERMINUS_DPDK, TERMINUS_COMPILER, TERMINUS_CPU}; }

std::string build_text() {
    const Build it = build();
    return fmt::format("terminus {}\ndpdk {}\ncompiler {}\ncpu {}\n", it.version, it.dpdk,
                       it.compiler, it.cpu);
}

std::string build_json() {
    const Build it = build();
    const nlohmann::ordered_json json{
        {"version", it.version}, {"dpdk", it.dpdk}, {"compiler", it.compiler}, {"cpu", it.cpu}};
    return json.dump() + "\n";
}

}  // namespace terminus::control
