/// Building, commanding and reading the appliance.
#include "control/appliance.h"

#include "control/blame.h"
#include "control/log.h"
#include "control/secrets.h"
#include "dpdk/doctor.h"

#include <algorithm>
#include <spdlog/spdlog.h>
#include <stdexcept>
#include <thread>
#include <utility>

namespace terminus::control {
namespace {

using std::chrono::steady_clock;

/// auto: a real NIC is worth a core that never sleeps.
terminus::Idle idle_of(const Config& config) {
    if (config.appliance.idle == Idle::poll) return terminus::Idle::poll;
    if (config.appliance.idle == Idle::sleep) return terminus::Idle::sleep;
    const bool real = std::ranges::any_of(
        config.interfaces, [](const InterfaceConfig& it) { return is_pci_address(it.device); });
    return real ? terminus::Idle::poll : terminus::Idle::sleep;
}

DeviceSnapshot snapshot_of(const Device& device, const Proof& proof) {
    const Link link = device.link();
    return {.name = device.facts().name,
            .link_up = link.is_up,
            .speed_mbps = link.speed_mbps,
            .stats = device.extended_stats(),
            .rss = proof.verdicts()};
}

std::string in_words(Verdict verdict) {
    if (verdict == Verdict::proven)
        return "RSS is proven: " + std::to_string(Proof::enough) +
               " frames came where key and table say, what arrives is kept";
    return "RSS is wrong: a frame came on another queue than key and table say, frames are steered "
           "in software";
}

}  // namespace

Appliance::Appliance(const Config& config, const Plan& plan)
    : plan_{plan}, posts_(plan.stack.workers) {
    reserve(config);
    start_dpdk(config);
    open_devices(config);
    find_interfaces();
    find_spreads();
    build_posts(config);
}

Appliance::~Appliance() { stop(); }

/// Each worker's tables are touched first, and so placed, from its own CPU.
void Appliance::reserve(const Config& config) {
    const bool huge = config.appliance.huge_pages != HugePages::never;
    std::vector<unsigned> cpus;
    blame(config, config.appliance.origin, "appliance", "cpus", [&] { cpus = place(plan_.eal); });
    blame(config, config.appliance.origin, "appliance", "flows", [&] {
        require_available("the tables", plan_.table_bytes(), "");
        for (std::size_t i = 0; i < posts_.size(); ++i)
            run_on(cpus[i + 1], [&] {
                posts_[i].memory.emplace("a worker's tables", plan_.table_bytes_per_worker, huge);
            });
    });
}

void Appliance::start_dpdk(const Config& config) {
    plan_.eal.log = log_dpdk;
    blame(config, config.appliance.origin, "appliance", "huge_pages",
          [&] { eal_ = std::make_unique<Eal>(plan_.eal); });
    for (std::uint16_t i = 0; i < posts_.size(); ++i)
        blame(config, config.appliance.origin, "appliance", "workers", [&] {
            posts_[i].pool =
                std::make_unique<Pool>(PoolPlan{.name = "terminus-" + std::to_string(i),
                                                .frames = plan_.frames_per_worker,
                                                .mtu_bytes = plan_.mtu_bytes,
                                                .socket = eal_->socket_of(i)});
        });
}

void Appliance::open_devices(const Config& config) {
    std::vector<Pool*> pools;
    for (const Post& post : posts_)
        pools.push_back(post.pool.get());
    for (const DevicePlan& device : plan_.devices) {
        blame(config, origin_of_device(config, device.device), "interface", "device", [&] {
            devices_.push_back(std::make_unique<Device>(device, pools));
            devices_.back()->start();
        });
        links_up_.push_back(false);
        for (const std::string& line : to_lines(devices_.back()->facts()))
            spdlog::info("{}", line);
    }
}

/// What only the opened device knows: its MAC and what it does with checksums.
void Appliance::find_interfaces() {
    for (Interface& interface : plan_.stack.interfaces) {
        const DeviceFacts& facts = devices_[interface.lane]->facts();
        interface.mac = facts.mac;
        interface.offers_ip_checksum = facts.finishes_ip4;
        interface.offers_l4_checksum = facts.finishes_tcp && facts.finishes_udp;
    }
}

/// By key and table where the device tells them and each worker has a queue; else by our own.
void Appliance::find_spreads() {
    const auto workers = static_cast<std::uint16_t>(posts_.size());
    auto spreads = std::make_shared<Spreads>();
    for (const auto& device : devices_) {
        const DeviceFacts& facts = device->facts();
        const auto claimed = facts.lanes == workers ? spread_of(facts.rss, workers) : std::nullopt;
        spreads->push_back(claimed ? *claimed
                                   : Spread::even(random_rss_key(Toeplitz::key_bytes), workers));
        proofs_.push_back(
            std::make_unique<Proof>(workers, claimed ? facts.rss.steers : Proof::Claims{}));
        verdicts_.push_back(proofs_.back()->verdicts());
    }
    plan_.stack.spreads = std::move(spreads);
}

void Appliance::build_posts(const Config& config) {
    exchange_ = std::make_unique<Exchange>(static_cast<std::uint16_t>(posts_.size()));
    StackSettings shared = plan_.stack;
    shared.table_key = fresh_key();
    shared.isn_key = fresh_key();
    shard_ = {.port_key = fresh_key(),
              .workers = exchange_->workers(),
              .interfaces = plan_.stack.interfaces,
              .spreads = plan_.stack.spreads};
    for (std::uint16_t i = 0; i < posts_.size(); ++i)
        eal_->run(i, [&] {
            build_post(config, i, shared);
            build_worker(config, i);
        });
}

void Appliance::build_worker(const Config& config, std::uint16_t index) {
    Post& post = posts_[index];
    post.worker = std::make_unique<Worker>(WorkerSettings{.worker = index,
                                                          .idle = idle_of(config),
                                                          .spreads = shard_.spreads,
                                                          .port_key = shard_.port_key,
                                                          .max_rules = Policy::most_rules,
                                                          .calls = post.calls.get(),
                                                          .interfaces = shard_.interfaces,
                                                          .lanes = lanes_of(index)},
                                           *post.stack, *post.clock, *post.rings, *exchange_);
}

void Appliance::build_post(const Config& config, std::uint16_t index, const StackSettings& shared) {
    Post& post = posts_[index];
    StackSettings settings = shared;
    settings.worker = index;
    settings.seed = fresh_key().words[0];
    post.clock = std::make_unique<TscClock>();
    post.rings = std::make_unique<CommandRings>();
    post.calls = std::make_unique<CallRings>(call_answers_);
    blame(config, config.appliance.origin, "appliance", "flows", [&] {
        post.stack = std::make_unique<Stack>(std::move(settings), post.memory->bytes(),
                                             post.clock->read().now);
    });
    for (const auto& device : devices_)
        post.lanes.push_back(device->lane(index));
}

std::vector<WorkerLane> Appliance::lanes_of(std::uint16_t index) {
    std::vector<WorkerLane> lanes;
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        const std::uint16_t queues = devices_[i]->facts().lanes;
        lanes.push_back({.lane = posts_[index].lanes[i].get(),
                         .has_queue = index < queues,
                         .sender = static_cast<std::uint16_t>(index % queues),
                         .proof = proofs_[i].get()});
    }
    return lanes;
}

void Appliance::launch(const std::shared_ptr<const Policy>& policy,
                       const std::shared_ptr<const Services>& services) {
    policy_ = policy;
    for (Post& post : posts_)
        post.stack->adopt(policy, services);
    running_ = true;
    for (std::uint16_t i = 0; i < posts_.size(); ++i)
        eal_->launch(i, [worker = posts_[i].worker.get()] { worker->run(); });
}

void Appliance::command(const Command& command) {
    for (Post& post : posts_)
        while (!post.rings->to_worker.push(command))
            std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

/// Each worker answers within a turn; a second is an age.
bool Appliance::await_adopted(CommandRings& rings, steady_clock::time_point limit) const {
    while (steady_clock::now() < limit) {
        Answer answer;
        while (rings.to_control.pop(answer))
            if (const auto* adopted = std::get_if<Adopted>(&answer))
                if (adopted->epoch == epoch_) return true;
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    return false;
}

bool Appliance::adopt(const std::shared_ptr<const Policy>& policy,
                      const std::shared_ptr<const Services>& services) {
    ++epoch_;
    command(AdoptPolicy{.epoch = epoch_, .policy = policy, .services = services});
    const auto limit = steady_clock::now() + std::chrono::seconds(5);
    for (Post& post : posts_)
        if (!await_adopted(*post.rings, limit)) return false;
    policy_ = policy;  // the old one ends here, on the control core
    return true;
}

void Appliance::drain() { command(Drain{}); }
void Appliance::abort_all() { command(AbortAll{}); }

void Appliance::stop() {
    if (!running_) return;
    running_ = false;
    command(Stop{});
    for (std::uint16_t i = 0; i < posts_.size(); ++i)
        eal_->wait(i);
    for (Post& post : posts_)
        post.worker->release_passed();
}

std::vector<CallRings*> Appliance::call_rings() const {
    std::vector<CallRings*> rings;
    for (const Post& post : posts_)
        rings.push_back(post.calls.get());
    return rings;
}

std::uint64_t Appliance::live_flows(bool with_time_wait) const {
    std::uint64_t live = 0;
    for (const Post& post : posts_) {
        const Counters counters = post.worker->stack_counters();
        for (std::size_t i = 0; i < tcp::state_count; ++i)
            if (with_time_wait || static_cast<tcp::State>(i) != tcp::State::time_wait)
                live += counters.flows[i];
    }
    return live;
}

Snapshot Appliance::snapshot() const {
    Snapshot snapshot;
    for (const Post& post : posts_) {
        WorkerSnapshot& worker = snapshot.workers.emplace_back();
        worker.stack = post.worker->stack_counters();
        worker.loop = post.worker->counters();
        worker.flow_capacity = plan_.stack.flows;
        worker.buffers = post.pool->capacity();
        worker.buffers_free = std::min<std::uint64_t>(post.pool->available(), worker.buffers);
    }
    for (std::size_t i = 0; i < devices_.size(); ++i)
        snapshot.devices.push_back(snapshot_of(*devices_[i], *proofs_[i]));
    return snapshot;
}

std::vector<std::uint64_t> Appliance::rule_hits(std::size_t worker) const {
    std::vector<std::uint64_t> hits = posts_[worker].worker->rule_hits();
    if (hits.empty() || hits.front() != epoch_) return {};
    hits.erase(hits.begin());
    return hits;
}

std::vector<std::string> Appliance::changes() {
    std::vector<std::string> lines;
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        add_link_change(i, lines);
        add_verdicts(i, lines);
    }
    return lines;
}

void Appliance::add_link_change(std::size_t device, std::vector<std::string>& lines) {
    const Link link = devices_[device]->link();
    if (link.is_up == links_up_[device]) return;
    links_up_[device] = link.is_up;
    std::string line = "device " + devices_[device]->facts().name + ": link is ";
    line += link.is_up ? "up" : "down";
    if (link.is_up && link.speed_mbps != 0)
        line += ", " + std::to_string(link.speed_mbps) + " Mbit/s";
    lines.push_back(line);
}

void Appliance::add_verdicts(std::size_t device, std::vector<std::string>& lines) {
    const auto now = proofs_[device]->verdicts();
    for (std::size_t type = 0; type < rss_types; ++type)
        if (now[type] != std::exchange(verdicts_[device][type], now[type]))
            lines.push_back("device " + devices_[device]->facts().name + ", " +
                            name(static_cast<RssType>(type)) + ": " + in_words(now[type]));
}

std::size_t Appliance::take_captured(const std::function<void(const Captured&)>& take) {
    std::size_t count = 0;
    for (Post& post : posts_)
        count += post.rings->captured.consume_all(take);
    return count;
}

std::string Appliance::name_of_pages() const {
    return name(posts_.front().memory->pages()) +
           (eal_->has_huge_pages() ? ", frames in huge pages" : "");
}

}  // namespace terminus::control
