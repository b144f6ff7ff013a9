/// The doctor: looks at the machine before anything is opened and says, a line each, what is
/// missing and what to do about it. Reads files only; `root` lets a test bring a tree of its own.
#pragma once

#include "dpdk/device.h"
#include "dpdk/eal.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace terminus {

enum class Severity : std::uint8_t {
    hint,     ///< it runs, but could run better
    warning,  ///< it runs, but not as an operator may expect
    error,    ///< it cannot run
};

struct Finding {
    Severity severity = Severity::hint;
    std::string line;
};

/// What is going to run.
struct CheckUp {
    std::string root;  ///< prefix of /sys, /proc and /dev; "" for the machine itself
    std::vector<std::string> devices;  ///< as configured
    std::uint16_t workers = 1;
    HugePages huge_pages = HugePages::automatic;
    std::size_t frame_bytes = 0;  ///< DPDK's memory
    std::size_t table_bytes = 0;  ///< the tables' memory, all workers together
};

/// True for "03:00.0" and "0000:03:00.0": a PCI device, not a virtual one.
[[nodiscard]] bool is_pci_address(const std::string& device);
/// Before the start. The gravest first.
[[nodiscard]] std::vector<Finding> examine(const CheckUp& check_up);
/// After the start: what an opened device lacks.
[[nodiscard]] std::vector<Finding> examine(const DeviceFacts& facts, std::uint16_t workers);

}  // namespace terminus
