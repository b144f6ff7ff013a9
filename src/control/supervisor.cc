/// The life of an appliance, as its operator sees it.
#include "control/supervisor.h"

#include "control/blame.h"
#include "control/build.h"
#include "control/reload.h"
#include "control/totals.h"
#include "dpdk/doctor.h"

#include <chrono>
#include <cstdio>
#include <fmt/format.h>
#include <spdlog/spdlog.h>

namespace terminus::control {
namespace {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

double unix_seconds() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch())
        .count();
}

/// Where the doctor's finding stands in the file: the device that it names, else the memory.
Place place_of_finding(const Config& config, const std::string& line) {
    for (const InterfaceConfig& it : config.interfaces)
        if (line.find(device_name(it.device)) != std::string::npos)
            return place_of(config, it.origin, "interface", "device");
    return place_of(config, config.appliance.origin, "appliance", "flows");
}

double busy_ratio(const WorkerCounters& before, const WorkerCounters& now) {
    const std::uint64_t cycles = now.cycles - before.cycles;
    if (cycles == 0) return 0;
    return static_cast<double>(now.busy_cycles - before.busy_cycles) / static_cast<double>(cycles);
}

}  // namespace

Supervisor::Supervisor(Config config, const Signals& signals)
    : config_{std::move(config)}, signals_{signals}, start_seconds_{unix_seconds()} {
    const Plan plan = make_plan(config_);
    first_policy_ = compile_policy(config_, book_);
    captures_.open(book_.entries());
    consult_doctor(plan);
    if (!config_.metrics.listen.empty()) metrics_.emplace(config_);
    if (config_.admin.is_on()) admin_.emplace(config_);
    appliance_ = std::make_unique<Appliance>(config_, plan);
    observed_.resize(plan.stack.workers);
    shared_.busy_ratios.resize(plan.stack.workers);
    show_adopted(config_);
    spdlog::info("memory: {} bytes of tables ({}), {} bytes of frames", plan.table_bytes(),
                 appliance_->name_of_pages(), plan.frame_bytes);
}

void Supervisor::consult_doctor(const Plan& plan) const {
    CheckUp check_up;
    for (const DevicePlan& device : plan.devices)
        check_up.devices.push_back(device.device);
    check_up.workers = plan.stack.workers;
    check_up.huge_pages = plan.eal.huge_pages;
    check_up.frame_bytes = plan.frame_bytes;
    check_up.table_bytes = plan.table_bytes();
    for (const Finding& finding : examine(check_up)) {
        if (finding.severity == Severity::error)
            throw ConfigError(place_of_finding(config_, finding.line), finding.line);
        if (finding.severity == Severity::warning)
            spdlog::warn("doctor: {}", finding.line);
        else
            spdlog::info("doctor: {}", finding.line);
    }
}

/// What scrapes tell of the rules and services from now on.
void Supervisor::show_adopted(const Config& config) {
    const Build it = build();
    const std::lock_guard lock{mutex_};
    shared_.rules.clear();
    for (const RuleConfig& rule : config.rules)
        shared_.rules.push_back({rule.name, rule.action});
    shared_.services.clear();
    for (const ServiceBook::Entry& entry : book_.entries())
        shared_.services.push_back(entry.name);
    shared_.identity = {
        std::string{it.version}, std::string{it.dpdk}, std::string{it.compiler},
        std::string{it.cpu},     config.file,          fmt::format("{:016x}", config.hash)};
}

void Supervisor::run() {
    appliance_->launch(first_policy_, book_.services());
    first_policy_.reset();
    if (admin_)
        admin_->start(appliance_->call_rings(), appliance_->shard(), appliance_->call_answers());
    if (metrics_) metrics_->show([this] { return snapshot(); });
    spdlog::info("running: {} worker(s), {} flows, {} rule(s), metrics on {}",
                 config_.appliance.workers, config_.appliance.flows, config_.rules.size(),
                 config_.metrics.listen.empty() ? "no port" : config_.metrics.listen);
    for (auto observe_at = steady_clock::now();;) {
        const std::optional<Signal> signal = signals_.wait(captures_.empty() ? 1000ms : 50ms);
        if (signal == Signal::stop) break;
        if (signal == Signal::reload) reload();
        write_captures();
        if (steady_clock::now() < observe_at) continue;
        observe();
        observe_at += 1s;
    }
    say_goodbye();
}

void Supervisor::reload() {
    try {
        const Config read = read_config(config_.file);
        for (const std::string& line : needs_restart(config_, read))
            spdlog::warn("{}", line);
        adopt(read);
    } catch (const std::exception& error) {
        spdlog::error("reload refused, nothing is changed: {}", error.what());
        const std::lock_guard lock{mutex_};
        ++shared_.reloads_refused;
    }
}

/// Whole or not at all: the book is kept only when the rules compile.
void Supervisor::adopt(const Config& read) {
    ServiceBook book = book_;
    const std::shared_ptr<const Policy> policy = compile_policy(read, book);
    captures_.open(book.entries());
    book_ = std::move(book);
    if (!appliance_->adopt(policy, book_.services()))
        spdlog::error(
            "a worker has not adopted the rules within 5 seconds; it will with its next turn");
    config_.rules = read.rules;
    config_.services = read.services;
    config_.hash = read.hash;
    show_adopted(config_);
    spdlog::info("reloaded: {} rule(s), {} service(s)", read.rules.size(), read.services.size());
    const std::lock_guard lock{mutex_};
    ++shared_.reloads;
}

/// Once a second: links, RSS, and how busy the workers were.
void Supervisor::observe() {
    for (const std::string& line : appliance_->changes())
        spdlog::info("{}", line);
    const Snapshot now = appliance_->snapshot();
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < observed_.size(); ++i) {
        const WorkerCounters& loop = now.workers[i].loop;
        if (loop.cycles == observed_[i].cycles) continue;
        shared_.busy_ratios[i] = busy_ratio(observed_[i], loop);
        observed_[i] = loop;
    }
}

/// The workers' time, CLOCK_MONOTONIC, tells how long ago a text came; the calendar when that was.
void Supervisor::write_captures() {
    if (captures_.empty()) return;
    const std::chrono::duration<double> monotonic = steady_clock::now().time_since_epoch();
    const double began = unix_seconds() - monotonic.count();
    const auto written = appliance_->take_captured([&](const Captured& captured) {
        captures_.write(captured, began + static_cast<double>(captured.at.us) / 1e6);
    });
    if (written > 0) captures_.flush();
}

/// A second signal ends the patience.
void Supervisor::wait_for_flows(std::chrono::milliseconds patience, bool with_time_wait) {
    const auto limit = steady_clock::now() + patience;
    constexpr auto published = 300ms;  // what was counted before is published by then
    (void)signals_.wait(std::min<std::chrono::milliseconds>(published, patience));
    while (steady_clock::now() < limit && appliance_->live_flows(with_time_wait) != 0)
        if (signals_.wait(100ms) == Signal::stop) return;
}

void Supervisor::say_goodbye() {
    spdlog::info("stopping: no new flows; live ones have {} seconds",
                 config_.appliance.drain_seconds);
    appliance_->drain();
    wait_for_flows(std::chrono::seconds(config_.appliance.drain_seconds), false);
    appliance_->abort_all();
    wait_for_flows(1s, true);
    if (admin_) admin_->stop();
    appliance_->stop();
    write_captures();
    const std::string totals = totals_text(snapshot());
    std::fputs(totals.c_str(), stdout);
    std::fflush(stdout);
}

Snapshot Supervisor::snapshot() const {
    Snapshot snapshot = appliance_->snapshot();
    for (const InterfaceConfig& it : config_.interfaces)
        snapshot.interfaces.push_back(label_of(it));
    if (admin_) snapshot.admin = admin_->snapshot();
    const std::lock_guard lock{mutex_};
    for (std::size_t i = 0; i < snapshot.workers.size(); ++i) {
        snapshot.workers[i].rule_hits = appliance_->rule_hits(i);
        snapshot.workers[i].busy_ratio = shared_.busy_ratios[i];
    }
    snapshot.rules = shared_.rules;
    snapshot.services = shared_.services;
    snapshot.identity = shared_.identity;
    snapshot.reloads = shared_.reloads;
    snapshot.reloads_refused = shared_.reloads_refused;
    snapshot.start_seconds = start_seconds_;
    return snapshot;
}

}  // namespace terminus::control
