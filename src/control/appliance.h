/// The appliance: everything that a plan runs, built in order and taken down in reverse. The
/// control core owns it and never touches a packet; workers run between launch() and stop().
#pragma once

#include "control/config.h"
#include "control/plan.h"
#include "control/snapshot.h"
#include "dpdk/clock.h"
#include "dpdk/device.h"
#include "dpdk/eal.h"
#include "dpdk/memory.h"
#include "dpdk/pool.h"
#include "worker/worker.h"

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace terminus::control {

class Appliance {
public:
    /// Reserves the memory, starts DPDK and opens the devices; no packet moves yet. Throws
    /// ConfigError with the key that asks for what the machine does not have.
    Appliance(const Config& config, const Plan& plan);
    Appliance(const Appliance&) = delete;
    Appliance& operator=(const Appliance&) = delete;
    /// Stops the workers that still run.
    ~Appliance();

    /// Lets the workers run with these rules and services.
    void launch(const std::shared_ptr<const Policy>& policy,
                const std::shared_ptr<const Services>& services);
    /// Swaps rules and services at every worker; returns when all have. False: a worker did not
    /// answer in time, and may still do so.
    [[nodiscard]] bool adopt(const std::shared_ptr<const Policy>& policy,
                             const std::shared_ptr<const Services>& services);
    /// To every worker: no new flows; resets for the live ones; the end.
    void drain();
    void abort_all();
    void stop();

    /// Live flows of all workers, as published last; `with_time_wait` counts those that only wait
    /// for their end too.
    [[nodiscard]] std::uint64_t live_flows(bool with_time_wait) const;
    /// Workers and devices as they are now. Any thread.
    [[nodiscard]] Snapshot snapshot() const;
    /// Hits of the rules of the policy that was adopted last, for one worker. Any thread.
    [[nodiscard]] std::vector<std::uint64_t> rule_hits(std::size_t worker) const;
    /// A line for each link that changed since the call before, and for each verdict on a device's
    /// RSS.
    [[nodiscard]] std::vector<std::string> changes();
    [[nodiscard]] std::string name_of_pages() const;
    /// Hands over what capture services kept; returns how many.
    std::size_t take_captured(const std::function<void(const Captured&)>& take);

    // For user calls: the way to each worker, the bell that they ring, and how they share tuples.
    [[nodiscard]] std::vector<CallRings*> call_rings() const;
    [[nodiscard]] const Bell& call_answers() const { return call_answers_; }
    [[nodiscard]] const Shard& shard() const { return shard_; }

private:
    /// What one worker has; the order is the order of building.
    struct Post {
        std::optional<Reservation> memory;
        std::unique_ptr<Pool> pool;
        std::unique_ptr<TscClock> clock;
        std::unique_ptr<Stack> stack;
        std::vector<std::unique_ptr<Lane>> lanes;
        std::unique_ptr<CommandRings> rings;
        std::unique_ptr<CallRings> calls;
        std::unique_ptr<Worker> worker;
    };

    void reserve(const Config& config);
    void start_dpdk(const Config& config);
    void open_devices(const Config& config);
    void find_interfaces();
    void find_spreads();
    void add_link_change(std::size_t device, std::vector<std::string>& lines);
    void add_verdicts(std::size_t device, std::vector<std::string>& lines);
    void build_post(const Config& config, std::uint16_t index, const StackSettings& shared);
    void build_posts(const Config& config);
    void build_worker(const Config& config, std::uint16_t index);
    void command(const Command& command);
    [[nodiscard]] bool await_adopted(CommandRings& rings,
                                     std::chrono::steady_clock::time_point limit) const;
    [[nodiscard]] std::vector<WorkerLane> lanes_of(std::uint16_t index);

    Plan plan_;
    Bell call_answers_;
    Shard shard_;  ///< common to all workers
    std::unique_ptr<Eal> eal_;
    std::vector<Post> posts_;  ///< their pools outlive the devices
    std::vector<std::unique_ptr<Device>> devices_;
    std::unique_ptr<Exchange> exchange_;
    std::vector<std::unique_ptr<Proof>> proofs_;  ///< by device
    std::vector<bool> links_up_;
    std::vector<std::array<Verdict, rss_types>> verdicts_;  ///< those that were told, by device
    std::atomic<std::uint64_t> epoch_{0};
    std::shared_ptr<const Policy> policy_;
    bool running_ = false;
};

}  // namespace terminus::control
