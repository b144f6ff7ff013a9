/// From the configuration to figures.
#include "control/plan.h"

#include "dpdk/doctor.h"
#include "dpdk/pool.h"

#include <algorithm>
#include <map>
#include <set>

namespace terminus::control {
namespace {

constexpr std::uint32_t block_bytes = 256;
constexpr std::uint64_t least_block_bytes_per_worker = std::uint64_t{4} << 20;
constexpr std::uint32_t stock_frames = 512, held_frames = 1024, cached_frames = 512,
                        taken_frames = 512;

std::uint32_t per_worker(std::uint32_t limit, std::uint32_t workers) {
    return static_cast<std::uint32_t>((std::uint64_t{limit} + workers - 1) / workers);
}

std::uint32_t blocks_of(const Config& config) {
    const std::uint64_t flows = share_of(config.appliance.flows, config.appliance.workers);
    const std::uint64_t bytes =
        std::max(flows * config.tcp.block_bytes_per_flow, least_block_bytes_per_worker);
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(bytes / block_bytes, 0xfffffffe));
}

/// All of one device's interfaces share a lane, whose index is the device's.
std::uint8_t lane_of(const std::vector<DevicePlan>& devices, const std::string& device) {
    const auto found = std::ranges::find(devices, device, &DevicePlan::device);
    return static_cast<std::uint8_t>(found - devices.begin());
}

Interface interface_of(const InterfaceConfig& it, std::uint8_t lane) {
    return {.lane = lane,
            .vlan = it.vlan,
            .mac = it.mac.value_or(Mac{}),
            .mtu_bytes = it.mtu_bytes,
            .addresses = it.addresses,
            .prefixes = it.prefixes,
            .gateways = it.gateways};
}

/// A list of groups for the device's filter: all nodes, and the solicited-node groups of our
/// addresses.
std::vector<Mac> groups_of(const InterfaceConfig& it) {
    std::vector<Mac> groups{multicast_mac(all_nodes())};
    for (const OwnAddress& own : it.addresses)
        if (own.address.family() == Family::ip6)
            groups.push_back(multicast_mac(solicited_node(own.address)));
    return groups;
}

/// We answer neighbour solicitations for whole prefixes where they are on-link, each to its own
/// group.
bool answers_on_link(const InterfaceConfig& it) {
    return std::ranges::any_of(it.prefixes, [&](const Prefix& prefix) {
        return prefix.address.family() == Family::ip6 &&
               std::ranges::any_of(it.addresses, [&](const OwnAddress& own) {
                   const Prefix network = Prefix::of(own.address, own.prefix_length);
                   return network.contains(prefix.address) || prefix.contains(own.address);
               });
    });
}

void add_device(std::vector<DevicePlan>& devices, const InterfaceConfig& it) {
    const std::uint8_t lane = lane_of(devices, it.device);
    if (lane == devices.size()) {
        DevicePlan& added = devices.emplace_back();
        added.device = it.device;
        added.mtu_bytes = 0;
        added.mac = it.mac;
        added.lane = lane;
    }
    DevicePlan& device = devices[lane];
    device.mtu_bytes = std::max(device.mtu_bytes, it.mtu_bytes);
    device.all_multicast |= answers_on_link(it);
    device.tso &= it.tso;
    for (const Mac& group : groups_of(it))
        if (std::ranges::find(device.groups, group) == device.groups.end())
            device.groups.push_back(group);
}

StackSettings stack_settings(const Config& config) {
    const std::uint32_t flows = config.appliance.flows, workers = config.appliance.workers;
    const TcpConfig& tcp = config.tcp;
    StackSettings stack;
    stack.flows = share_of(flows, workers);
    stack.ip6_flows = share_of(config.appliance.ip6_flows.value_or(flows / 4), workers);
    stack.busy_flows = share_of(tcp.busy_flows.value_or(std::max(flows / 16, workers)), workers);
    stack.hole_flows = std::max(stack.busy_flows / 4, 1U);
    stack.blocks = blocks_of(config);
    stack.half_open_flows =
        share_of(tcp.half_open_flows.value_or(std::max(flows / 4, workers)), workers);
    stack.table_full = config.appliance.table_full;
    stack.tcp = tcp;
    stack.mss_ceilings = tcp.mss_ceilings;
    stack.icmp = {
        .errors_per_second = per_worker(config.icmp.errors_per_second, workers),
        .burst = per_worker(config.icmp.burst, workers),
        .per_destination_per_second = per_worker(config.icmp.per_destination_per_second, workers)};
    stack.workers = static_cast<std::uint16_t>(workers);
    return stack;
}

/// What receive rings, transmit rings, the worker, its stock, the rings between workers, frames
/// that wait and the threads' caches can hold at once.
std::uint32_t frames_of(const Plan& plan) {
    std::uint32_t frames = stock_frames + held_frames + cached_frames + taken_frames;
    for (const DevicePlan& device : plan.devices)
        frames += 2U * device.descriptors;
    frames += 512U * (plan.stack.workers - 1U);
    return (frames + 1023U) / 1024U * 1024U;
}

terminus::HugePages to_eal(HugePages pages) {
    switch (pages) {
        case HugePages::require: return terminus::HugePages::require;
        case HugePages::never: return terminus::HugePages::never;
        default: return terminus::HugePages::automatic;
    }
}

EalPlan eal_plan(const Config& config, const Plan& plan) {
    EalPlan eal;
    eal.workers = plan.stack.workers;
    eal.cpus.assign(config.appliance.cpus.begin(), config.appliance.cpus.end());
    eal.huge_pages = to_eal(config.appliance.huge_pages);
    const auto queues = static_cast<unsigned>(plan.devices.size()) * plan.stack.workers;
    eal.memory_mib =
        frame_memory_mib(plan.frames_per_worker, plan.mtu_bytes, plan.stack.workers, queues);
    for (const DevicePlan& device : plan.devices) {
        if (is_pci_address(device.device)) eal.pci_devices.push_back(device.device);
        eal.needs_shared_segments |= device.device.find("zero-copy=yes") != std::string::npos;
    }
    return eal;
}

}  // namespace

std::uint32_t share_of(std::uint32_t limit, std::uint32_t workers) {
    if (workers == 1) return limit;
    const std::uint64_t share = (std::uint64_t{limit} + workers - 1) / workers;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(share + (share + 15) / 16, limit));
}

std::string label_of(const InterfaceConfig& interface) {
    const std::string name = device_name(interface.device);
    return interface.vlan == 0 ? name : name + "." + std::to_string(interface.vlan);
}

std::string device_name(const std::string& device) { return device.substr(0, device.find(',')); }

Plan make_plan(const Config& config) {
    Plan plan;
    plan.stack = stack_settings(config);
    for (const InterfaceConfig& it : config.interfaces)
        add_device(plan.devices, it);
    for (const InterfaceConfig& it : config.interfaces) {
        plan.stack.interfaces.push_back(interface_of(it, lane_of(plan.devices, it.device)));
        plan.mtu_bytes = std::max(plan.mtu_bytes, it.mtu_bytes);
    }
    plan.frames_per_worker = frames_of(plan);
    plan.table_bytes_per_worker = Stack::bytes_needed(plan.stack);
    plan.eal = eal_plan(config, plan);
    plan.frame_bytes = plan.eal.memory_mib << 20;
    return plan;
}

}  // namespace terminus::control
