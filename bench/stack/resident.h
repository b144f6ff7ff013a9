/// Memory of this process as the kernel counts it.
#pragma once

#include <cstdint>

namespace terminus::bench {

struct Resident {
    std::uint64_t bytes = 0;       ///< VmRSS, and pages of hugetlbfs, which that leaves out
    std::uint64_t huge_bytes = 0;  ///< of which on pages of 2 MiB and more

    [[nodiscard]] double huge_percent() const {
        return bytes == 0 ? 0 : 100 * static_cast<double>(huge_bytes) / static_cast<double>(bytes);
    }
};

[[nodiscard]] Resident resident_now();

}  // namespace terminus::bench
