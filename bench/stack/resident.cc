#include "resident.h"

#include <fstream>
#include <sstream>
#include <string>

namespace terminus::bench {
namespace {

/// The value of a line "name:   123 kB", in bytes; 0 where there is none.
std::uint64_t value_in(const char* file, const std::string& name) {
    std::ifstream lines{file};
    for (std::string line; std::getline(lines, line);) {
        if (!line.starts_with(name + ":")) continue;
        std::uint64_t kilobytes = 0;
        std::istringstream{line.substr(name.size() + 1)} >> kilobytes;
        return kilobytes * 1024;
    }
    return 0;
}

}  // namespace

Resident resident_now() {
    const std::uint64_t reserved = value_in("/proc/self/status", "HugetlbPages");
    const std::uint64_t transparent = value_in("/proc/self/smaps_rollup", "AnonHugePages");
    return {value_in("/proc/self/status", "VmRSS") + reserved, transparent + reserved};
}

}  // namespace terminus::bench
