/// `terminus run`: builds the appliance, then stands by: signals, reloads, links, metrics; takes it
/// down again.
#pragma once

#include "control/admin.h"
#include "control/appliance.h"
#include "control/capture_files.h"
#include "control/config.h"
#include "control/metrics.h"
#include "control/policies.h"
#include "control/signals.h"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace terminus::control {

class Supervisor {
public:
    /// Everything that can fail, fails here. Signals are blocked before.
    Supervisor(Config config, const Signals& signals);
    Supervisor(const Supervisor&) = delete;
    Supervisor& operator=(const Supervisor&) = delete;

    /// Until SIGTERM or SIGINT; then drains, resets what is left, and prints totals.
    void run();

private:
    /// What scrapes and reloads share.
    struct Shared {
        std::vector<RuleSnapshot> rules;
        std::vector<std::string> services;
        Identity identity;
        std::vector<double> busy_ratios;
        std::uint64_t reloads = 0, reloads_refused = 0;
    };

    void consult_doctor(const Plan& plan) const;
    void show_adopted(const Config& config);
    void reload();
    void adopt(const Config& read);
    void observe();
    void write_captures();
    void say_goodbye();
    void wait_for_flows(std::chrono::milliseconds patience, bool with_time_wait);
    [[nodiscard]] Snapshot snapshot() const;

    Config config_;  ///< as it runs: a reload changes its rules and services only
    const Signals& signals_;
    ServiceBook book_;
    CaptureFiles captures_;
    std::shared_ptr<const Policy> first_policy_;
    std::unique_ptr<Appliance> appliance_;
    std::optional<Admin> admin_;  ///< its socket is bound before the first packet
    mutable std::mutex mutex_;    ///< of shared_
    Shared shared_;
    std::vector<WorkerCounters> observed_;
    double start_seconds_;
    std::optional<MetricsEndpoint> metrics_;  ///< the last: nobody scrapes what is half gone
};

}  // namespace terminus::control
