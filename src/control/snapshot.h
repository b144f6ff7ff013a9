/// Everything that metrics tell, at one moment, as plain data: taken from what workers publish and
/// devices say, so that metrics can be tested without either.
#pragma once

#include "terminus/stack/counters.h"
#include "terminus/stack/policy.h"

#include "worker/worker.h"

#include <array>
#include <cstdint>
#include <map>
#include <string>
#include <utility>
#include <vector>

namespace terminus::control {

struct WorkerSnapshot {
    Counters stack;
    WorkerCounters loop;
    std::vector<std::uint64_t> rule_hits;  ///< in the order of Snapshot::rules
    std::uint64_t flow_capacity = 0;
    double busy_ratio = 0;  ///< over about the last second
    std::uint64_t buffers = 0, buffers_free = 0;
};

struct DeviceSnapshot {
    std::string name;
    bool link_up = false;
    std::uint64_t speed_mbps = 0;                              ///< 0: unknown
    std::vector<std::pair<std::string, std::uint64_t>> stats;  ///< the device's own names
    std::array<Verdict, rss_types> rss{};                      ///< by RssType
};

struct RuleSnapshot {
    std::string name;
    Action action = Action::drop;
};

/// What was built and what it runs with: the info metrics.
struct Identity {
    std::string version, dpdk, compiler, cpu;
    std::string file, hash;
};

/// The call socket.
struct AdminSnapshot {
    std::uint64_t clients = 0;  ///< connected
    std::uint64_t handles = 0;  ///< of listeners and conversations
    /// How often each call ended how: {call, "ok" or the error's word}.
    std::map<std::pair<std::string, std::string>, std::uint64_t> calls;
};

struct Snapshot {
    std::vector<WorkerSnapshot> workers;
    std::vector<std::string> interfaces;  ///< labels, in the order of Counters::interfaces
    std::vector<RuleSnapshot> rules;
    std::vector<std::string> services;  ///< names by index; reloads may repeat a name
    std::vector<DeviceSnapshot> devices;
    Identity identity;
    AdminSnapshot admin;
    std::uint64_t reloads = 0, reloads_refused = 0;
    double start_seconds = 0;  ///< Unix time
};

}  // namespace terminus::control
