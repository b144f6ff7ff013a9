/// A worker: the loop of one core. It owns its stack, its lanes and its outbox; nothing else
/// touches them between run()'s start and its end. Control speaks to it through CommandRings and
/// reads what it publishes.
#pragma once

#include "terminus/stack/lane.h"
#include "terminus/stack/outbox.h"
#include "terminus/stack/stack.h"
#include "terminus/stack/steering.h"

#include "worker/call_desk.h"
#include "worker/clock.h"
#include "worker/commands.h"
#include "worker/exchange.h"
#include "worker/handover.h"
#include "worker/proof.h"
#include "worker/published.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

namespace terminus {

inline constexpr std::size_t max_lanes = 16;
inline constexpr std::size_t burst_frames = 32;
/// What a worker takes off a ring at most, to see how much waits there.
inline constexpr std::size_t deep_frames = 512;

/// What an idle worker does: burn its core, or sleep in steps that rise from 20 to 500
/// microseconds. A sleeping worker answers the first frame after a pause up to 0.5 ms (and the
/// kernel's timer slack, 50 us) later.
enum class Idle : std::uint8_t { poll, sleep };

/// A worker's way to one device. A worker without queues there has a lane that receives nothing and
/// only gives and takes buffers; `sender` is the worker that sends for it.
struct WorkerLane {
    Lane* lane = nullptr;
    bool has_queue = true;
    std::uint16_t sender = 0;
    Proof* proof = nullptr;  ///< of the device, common to all workers; null: nothing to prove
};

struct WorkerSettings {
    std::uint16_t worker = 0;  ///< its index; Exchange::workers() tells how many there are
    Idle idle = Idle::poll;
    /// By lane, the same at every worker; not used where there is one worker only.
    std::shared_ptr<const Spreads> spreads{};
    HashKey port_key{};  ///< where searches for a free port begin
    std::size_t outbox_frames = 512;
    std::size_t max_rules = 65535;  ///< rule hits that can be published
    std::uint64_t publish_us = 250'000;
    CallRings* calls = nullptr;  ///< null: nobody makes user calls; else outlives the worker
    std::vector<Interface> interfaces{};  ///< of the stack: calls choose their source by them
    std::vector<WorkerLane> lanes;  ///< Frame::lane is the index; at most max_lanes, at least one
};

struct LaneCounters {
    std::uint64_t frames_received = 0, frames_sent = 0;
    std::uint64_t frames_unsent = 0;  ///< refused twice by the device, and released
    std::uint64_t missteered = 0;     ///< came on another queue than the device's key and table say
    LaneTally tally{};                ///< the lane's own
};

/// What a worker counts itself; the stack's Counters stand beside it. The frames that a lane gave
/// are those that the stack received from lanes, and those of Errand::steer, handed and lost.
struct WorkerCounters {
    std::uint64_t turns = 0, busy_turns = 0, sleeps = 0;
    std::uint64_t cycles = 0, busy_cycles = 0;  ///< the busy ratio; sleeping counts as idle
    HandOver::Counters handed{};                ///< to other workers, by Errand
    std::uint64_t passed_in = 0;                ///< from other workers, to receive
    std::uint64_t stock_short = 0;  ///< turns that could not fill the stock of fresh frames
    std::array<std::uint64_t, 32>
        turn_buckets{};  ///< busy turns: bucket i is below 2^i nanoseconds
    std::uint64_t turn_sum_ns = 0;
    std::array<LaneCounters, max_lanes> lanes{};
};

/// On lines of its own: no other worker's data lies beside its.
class alignas(64) Worker {
public:
    /// Everything given outlives the worker.
    Worker(WorkerSettings settings, Stack& stack, Clock& clock, CommandRings& commands,
           Exchange& exchange);
    Worker(const Worker&) = delete;
    Worker& operator=(const Worker&) = delete;

    /// Turns until a Stop command; then gives every frame back to the lanes and answers Stopped.
    void run();
    /// One turn; true when it received, sent, expired or obeyed something. For run() and for tests.
    bool turn();
    /// Releases what other workers passed here after this one had stopped. Call when all have
    /// stopped.
    void release_passed();

    // Any thread.
    [[nodiscard]] Counters stack_counters() const { return stack_published_.read(); }
    [[nodiscard]] WorkerCounters counters() const { return worker_published_.read(); }
    /// The epoch of the adopted policy, then the hits of its rules; empty before the first
    /// publication.
    [[nodiscard]] std::vector<std::uint64_t> rule_hits() const { return rules_published_.read(); }

private:
    void pass_captured();
    bool take_commands(Tick now);
    void obey(const AdoptPolicy& command, Tick now);
    void obey(const Drain& command, Tick now);
    void obey(const AbortAll& command, Tick now);
    void obey(const Stop& command, Tick now);
    void answer(const Answer& answer);
    bool take_passed(Tick now);
    std::size_t sort_passed(std::uint16_t from);
    bool receive(std::size_t lane, Tick now);
    std::size_t take_frames(std::size_t at, Tick now);
    void hear(std::span<Frame> frames, bool is_full, Tick now);
    std::size_t steer(std::size_t lane, std::span<Frame> frames);
    std::uint16_t owner_of(const Frame& frame, std::size_t lane, RssType type);
    std::uint16_t owner_of_other(const Frame& frame, const Spread& spread);
    void learn_of_device(const Frame& frame, std::size_t lane, RssType type, bool rightly);
    void share(const Frame& frame);
    bool share_with(std::uint16_t other, const Frame& frame);
    void hand_over();
    void answer_calls(Tick now);
    bool flush();
    void send(std::span<const Frame> frames);
    void send_run(std::span<const Frame> run);
    void release(std::span<const Frame> frames);
    void restock();
    void account(const Reading& reading);
    void publish(Tick now);
    void rest();
    void sleep_us(std::uint64_t us);
    void finish();

    WorkerSettings settings_;
    Stack& stack_;
    Clock& clock_;
    CommandRings& commands_;
    Exchange& exchange_;
    std::optional<CallDesk> calls_;
    Outbox outbox_;
    std::array<Frame, deep_frames> burst_;
    std::array<Passed, burst_frames> passed_;
    WorkerCounters counters_;
    HandOver handover_;
    Reading last_;
    Tick publish_at_;
    double ns_per_cycle_;
    std::uint64_t epoch_ = 0;
    std::uint32_t empty_turns_ = 0;
    bool busy_ = false;                                   ///< the turn before this one had work
    std::array<std::uint32_t, max_lanes> full_bursts_{};  ///< in a row
    Tick overloaded_until_;
    bool stopping_ = false;
    std::vector<std::uint64_t> rule_scratch_;
    Published<Counters> stack_published_;
    Published<WorkerCounters> worker_published_;
    PublishedWords rules_published_;
};

}  // namespace terminus
