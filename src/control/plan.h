/// The plan: what a configuration would run and reserve, known before anything is started and
/// without DPDK. `terminus check` prints it, `terminus run` obeys it, so that their figures are the
/// same.
#pragma once

#include "terminus/stack/stack.h"

#include "control/config.h"
#include "dpdk/device.h"
#include "dpdk/eal.h"

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

namespace terminus::control {

struct Plan {
    /// Of one worker; `worker`, keys, seed, MACs and offloads are filled in when it runs.
    StackSettings stack;
    std::vector<DevicePlan> devices;  ///< Interface::lane is the index
    EalPlan eal;
    std::uint32_t frames_per_worker = 0;     ///< buffers of a worker's pool
    std::uint16_t mtu_bytes = 0;             ///< the greatest of all interfaces
    std::size_t table_bytes_per_worker = 0;  ///< Stack::bytes_needed()
    std::size_t frame_bytes = 0;  ///< DPDK's memory: pools and rings, all workers together

    [[nodiscard]] std::size_t table_bytes() const { return table_bytes_per_worker * stack.workers; }
    [[nodiscard]] std::size_t total_bytes() const { return table_bytes() + frame_bytes; }
};

[[nodiscard]] Plan make_plan(const Config& config);

/// A worker's share of an appliance's limit: with several workers each has a sixteenth more,
/// because flows do not spread evenly.
[[nodiscard]] std::uint32_t share_of(std::uint32_t limit, std::uint32_t workers);

/// The interface's label in metrics and logs: its device, with `.VLAN` when it has one.
[[nodiscard]] std::string label_of(const InterfaceConfig& interface);
/// The device without its arguments.
[[nodiscard]] std::string device_name(const std::string& device);

/// The plan for people, as a table; and for machines.
[[nodiscard]] std::string plan_text(const Config& config, const Plan& plan);
[[nodiscard]] std::string plan_json(const Config& config, const Plan& plan);

}  // namespace terminus::control
