/// The loop of one core: receive, act, send, account; and what it does while there is nothing to
/// do.
#include "worker/worker.h"

#include "terminus/base/assert.h"
#include "terminus/base/simd.h"

#include <algorithm>
#include <bit>
#include <cstring>
#include <ctime>
#include <poll.h>
#include <utility>

namespace terminus {

namespace {

constexpr std::uint32_t patient_turns = 100;  ///< empty turns before the first sleep
constexpr std::uint64_t shortest_sleep_us = 20, longest_sleep_us = 500;
constexpr std::uint32_t patient_bursts = 64;  ///< full ones, before we look how much waits
constexpr std::uint64_t overload_ms = 100;    ///< from the last look that found too much
constexpr int most_advances = 64;             ///< for what one turn's calls cause

/// Calls `act` with each longest run of frames for one of so many lanes.
template <typename Act>
void for_each_run(std::span<const Frame> frames, std::size_t lanes, Act act) {
    while (!frames.empty()) {
        std::size_t length = lanes == 1 ? frames.size() : 1;
        while (length < frames.size() && frames[length].lane == frames[0].lane)
            ++length;
        act(frames.first(length));
        frames = frames.subspan(length);
    }
}

}  // namespace

Worker::Worker(WorkerSettings settings, Stack& stack, Clock& clock, CommandRings& commands,
               Exchange& exchange)
    : settings_(std::move(settings)),
      stack_(stack),
      clock_(clock),
      commands_(commands),
      exchange_(exchange),
      outbox_(settings_.outbox_frames),
      handover_(exchange, settings_.worker, counters_.handed),
      last_(clock.read()),
      publish_at_(last_.now),
      ns_per_cycle_(1000 / clock.cycles_per_us()),
      rules_published_(settings_.max_rules + 1) {
    TERMINUS_ASSERT(!settings_.lanes.empty() && settings_.lanes.size() <= max_lanes);
    TERMINUS_ASSERT(settings_.worker < exchange_.workers());
    TERMINUS_ASSERT(exchange_.workers() == 1 ||
                    (settings_.spreads && settings_.spreads->size() == settings_.lanes.size()));
    rule_scratch_.reserve(settings_.max_rules + 1);
    if (settings_.calls != nullptr)
        calls_.emplace(*settings_.calls, stack_,
                       Shard{.port_key = settings_.port_key,
                             .worker = settings_.worker,
                             .workers = exchange_.workers(),
                             .interfaces = settings_.interfaces,
                             .spreads = settings_.spreads});
}

void Worker::run() {
    while (!stopping_) {
        if (turn())
            empty_turns_ = 0;
        else
            rest();
    }
    finish();
}

bool Worker::turn() {
    const Reading reading = clock_.read();
    account(reading);
    restock();  // before all else: the first turn speaks, too
    bool worked = take_commands(reading.now);
    worked |= take_passed(reading.now);
    for (std::size_t lane = 0; lane < settings_.lanes.size(); ++lane)
        worked |= receive(lane, reading.now);
    worked |= calls_ && calls_->serve(reading.now);  // they see what came before them
    worked |= stack_.advance(reading.now, outbox_);
    worked |= flush();
    pass_captured();
    if (calls_ && calls_->has_answers()) answer_calls(reading.now);
    if (reading.now >= publish_at_) publish(reading.now);
    busy_ = worked;
    return worked;
}

/// What capture services kept goes to control; what finds the ring full waits in the stack.
void Worker::pass_captured() {
    while (const Captured* captured = stack_.captured()) {
        if (!commands_.captured.push(*captured)) return;
        stack_.drop_captured();
    }
}

bool Worker::take_commands(Tick now) {
    bool any = false;
    for (Command command; commands_.to_worker.pop(command); any = true)
        std::visit([&](const auto& which) { obey(which, now); }, command);
    return any;
}

void Worker::obey(const AdoptPolicy& command, Tick) {
    stack_.adopt(command.policy, command.services);
    epoch_ = command.epoch;
    answer(Adopted{epoch_});
}

void Worker::obey(const Drain&, Tick) { stack_.drain(); }
void Worker::obey(const AbortAll&, Tick now) { stack_.abort_all(now); }
void Worker::obey(const Stop&, Tick) { stopping_ = true; }

/// Control reads its answers between commands, so that as many as there are commands always fit.
void Worker::answer(const Answer& answer) { TERMINUS_ASSERT(commands_.to_control.push(answer)); }

bool Worker::take_passed(Tick now) {
    bool worked = false;
    for (std::uint16_t from = 0; from < exchange_.workers(); ++from) {
        if (from == settings_.worker || exchange_.waiting(from, settings_.worker) == 0) continue;
        const std::size_t count = sort_passed(from);
        worked |= count != 0;
        counters_.passed_in += count;
        if (exchange_.waiting(from, settings_.worker) > Exchange::ring_entries / 2)
            overloaded_until_ = now.after_ms(overload_ms);
        if (count != 0) hear(std::span(burst_).first(count), count == burst_frames, now);
        worked |= flush();
    }
    return worked;
}

/// Takes up to a burst from one worker: what is to be received goes into the burst, whose size is
/// returned; what is to be sent goes into the outbox.
std::size_t Worker::sort_passed(std::uint16_t from) {
    std::size_t count = 0;
    const std::size_t taken = exchange_.take(from, settings_.worker, passed_);
    for (const Passed& passed : std::span(passed_).first(taken)) {
        if (passed.errand == Errand::send) {
            outbox_.send(passed.frame, passed.frame.lane);
        } else {
            burst_[count] = passed.frame;
            burst_[count].is_handed = true;
            burst_[count++].is_rebuilt = passed.errand == Errand::rebuilt;
        }
    }
    return count;
}

bool Worker::receive(std::size_t lane, Tick now) {
    std::span<Frame> frames = std::span(burst_).first(take_frames(lane, now));
    if (frames.empty()) return false;
    counters_.lanes[lane].frames_received += frames.size();
    while (!frames.empty()) {
        const auto part = frames.first(std::min(frames.size(), burst_frames));
        frames = frames.subspan(part.size());
        const std::size_t own = exchange_.workers() == 1 ? part.size() : steer(lane, part);
        if (own != 0) hear(part.first(own), part.size() == burst_frames, now);
        flush();
        if (!frames.empty()) restock();
    }
    return true;
}

/// A burst. Where many in a row were full, all that waits: overload is a ring that is half full,
/// for clients who wait for our answers keep bursts full, too, and lose nothing.
std::size_t Worker::take_frames(std::size_t at, Tick now) {
    Lane& lane = *settings_.lanes[at].lane;
    std::size_t count = lane.receive(std::span(burst_).first(burst_frames));
    full_bursts_[at] = count == burst_frames ? full_bursts_[at] + 1 : 0;
    if (full_bursts_[at] < patient_bursts) return count;
    full_bursts_[at] = 0;
    for (std::size_t more = count; more == burst_frames && count < burst_.size(); count += more)
        more = lane.receive(std::span(burst_).subspan(count, burst_frames));
    if (count == burst_.size()) overloaded_until_ = now.after_ms(overload_ms);
    return count;
}

/// Live flows go first while too much comes; `is_full`: more may wait where the burst came from.
void Worker::hear(std::span<Frame> frames, bool is_full, Tick now) {
    stack_.favour_flows(is_full && now < overloaded_until_);
    stack_.receive(frames, now, outbox_);
}

/// Hands away what belongs to other workers and closes the gaps, in order; returns what is left.
/// What a device that has proven itself steers by ports is ours, unless its own hash says
/// otherwise.
std::size_t Worker::steer(std::size_t lane, std::span<Frame> frames) {
    const Proof* proof = settings_.lanes[lane].proof;
    const auto verdict_on = [proof](RssType type) {
        return proof == nullptr ? Verdict::none : proof->verdict(type);
    };
    const Spread& spread = (*settings_.spreads)[lane];
    const auto is_claimed = [&](const Frame& frame) {
        return !frame.has_hash || spread.owner(frame.hash) == settings_.worker;
    };
    std::size_t at = 0;
    if (verdict_on(RssType::ip4_tcp) == Verdict::proven)
        while (at < frames.size() && is_plain_tcp4(frames[at]) && is_claimed(frames[at]))
            ++at;
    if (at == frames.size()) return at;
    std::size_t kept = at;
    for (; at < frames.size(); ++at) {
        const Frame& frame = frames[at];
        const RssType type = rss_type(frame.bytes());
        const bool is_ours = verdict_on(type) == Verdict::proven && is_claimed(frame);
        const std::uint16_t owner = is_ours ? settings_.worker : owner_of(frame, lane, type);
        if (owner != settings_.worker)
            handover_.add(owner, frame, Errand::steer);
        else if (kept++ != at)
            frames[kept - 1] = frame;
    }
    hand_over();
    return kept;
}

std::uint16_t Worker::owner_of(const Frame& frame, std::size_t lane, RssType type) {
    const Spread& spread = (*settings_.spreads)[lane];
    if (type == RssType::none) return owner_of_other(frame, spread);
    const std::uint16_t owner = spread.owner(frame, type);
    const Proof* proof = settings_.lanes[lane].proof;
    if (proof != nullptr && proof->verdict(type) != Verdict::none)
        learn_of_device(frame, lane, type, owner == settings_.worker);
    return owner;
}

/// Of what no device steers.
std::uint16_t Worker::owner_of_other(const Frame& frame, const Spread& spread) {
    Tuple tuple;
    const Concern concern = concern_of(frame.bytes(), tuple);
    if (concern == Concern::everyone) share(frame);
    return concern == Concern::the_owner ? spread.owner(tuple) : settings_.worker;
}

void Worker::learn_of_device(const Frame& frame, std::size_t lane, RssType type, bool rightly) {
    Proof& proof = *settings_.lanes[lane].proof;
    if (!is_evidence(frame, type)) return;
    proof.hear(type, settings_.worker, rightly);
    if (!rightly) ++counters_.lanes[lane].missteered;
}

void Worker::share(const Frame& frame) {
    for (std::uint16_t other = 0; other < exchange_.workers(); ++other) {
        if (other == settings_.worker) continue;
        if (!share_with(other, frame))
            ++counters_.handed[static_cast<std::size_t>(Errand::copy)].lost;
    }
}

bool Worker::share_with(std::uint16_t other, const Frame& frame) {
    Frame copy = outbox_.fresh();
    if (copy.handle == nullptr) return false;
    copy.lane = frame.lane;
    copy.length = frame.length;
    copy.ip_checksum = frame.ip_checksum;
    copy.l4_checksum = frame.l4_checksum;
    copy.is_copy = true;
    if (copy.length > copy.capacity) {
        release({&copy, 1});
        return false;
    }
    std::memcpy(copy.data, frame.data, frame.length);
    handover_.add(other, copy, Errand::copy);
    return true;
}

/// At the end of each burst.
void Worker::hand_over() { release(handover_.push()); }

/// A call is answered when the frames that it caused are with the device; a long text takes several
/// turns' worth of them.
void Worker::answer_calls(Tick now) {
    for (int i = 0; i < most_advances; ++i) {
        restock();
        const bool worked = stack_.advance(now, outbox_);
        if (!flush() && !worked) break;
    }
    calls_->answer();
}

bool Worker::flush() {
    const bool any =
        !outbox_.sent().empty() || !outbox_.released().empty() || !outbox_.handed().empty();
    if (!any) return false;
    send(outbox_.sent());
    release(outbox_.released());
    for (const Outbox::Handed& handed : outbox_.handed())
        handover_.add(handed.worker, handed.frame, Errand::rebuilt);
    hand_over();
    outbox_.clear();
    return true;
}

void Worker::send(std::span<const Frame> frames) {
    for_each_run(frames, settings_.lanes.size(),
                 [this](std::span<const Frame> run) { send_run(run); });
}

void Worker::send_run(std::span<const Frame> run) {
    const WorkerLane& lane = settings_.lanes[run[0].lane];
    if (!lane.has_queue) {
        for (const Frame& frame : run)
            handover_.add(lane.sender, frame, Errand::send);
        return;
    }
    std::size_t taken = lane.lane->transmit(run);
    if (taken < run.size()) taken += lane.lane->transmit(run.subspan(taken));
    LaneCounters& counters = counters_.lanes[run[0].lane];
    counters.frames_sent += taken;
    if (taken == run.size()) return;
    counters.frames_unsent += run.size() - taken;
    lane.lane->release(run.subspan(taken));
}

void Worker::release(std::span<const Frame> frames) {
    for_each_run(frames, settings_.lanes.size(), [this](std::span<const Frame> run) {
        settings_.lanes[run[0].lane].lane->release(run);
    });
}

/// All lanes of a worker draw on one pool of buffers, so that a frame from the first may leave by
/// any.
void Worker::restock() {
    const std::span<Frame> room = outbox_.stock_room();
    if (room.empty()) return;
    const std::size_t count = settings_.lanes[0].lane->fresh(room);
    outbox_.restock(count);
    if (count < room.size()) ++counters_.stock_short;
}

/// The time since the reading before belongs to the turn before, and to the rest after it.
void Worker::account(const Reading& reading) {
    const std::uint64_t cycles = reading.cycles - last_.cycles;
    last_ = reading;
    ++counters_.turns;
    counters_.cycles += cycles;
    if (!busy_) return;
    ++counters_.busy_turns;
    counters_.busy_cycles += cycles;
    const auto ns = static_cast<std::uint64_t>(static_cast<double>(cycles) * ns_per_cycle_);
    const std::size_t last_bucket = counters_.turn_buckets.size() - 1;
    ++counters_.turn_buckets[std::min<std::size_t>(std::bit_width(ns), last_bucket)];
    counters_.turn_sum_ns += ns;
}

void Worker::publish(Tick now) {
    publish_at_ = now.after_us(settings_.publish_us);
    for (std::size_t lane = 0; lane < settings_.lanes.size(); ++lane)
        counters_.lanes[lane].tally = settings_.lanes[lane].lane->tally();
    stack_published_.write(stack_.counters());
    worker_published_.write(counters_);
    const auto hits = stack_.rule_hits();
    rule_scratch_.assign(1, epoch_);
    rule_scratch_.insert(
        rule_scratch_.end(), hits.begin(),
        hits.begin() + static_cast<std::ptrdiff_t>(std::min(hits.size(), settings_.max_rules)));
    rules_published_.write(rule_scratch_);
}

/// After an empty turn. A sleep costs the next frame its length, unless a signal ends it sooner:
/// net_tap sends one with its frames. A turn with work ends the patience anew.
void Worker::rest() {
    spin_pause();
    if (settings_.idle == Idle::poll || ++empty_turns_ < patient_turns) return;
    const std::uint32_t steps = std::min((empty_turns_ - patient_turns) / 4, 5U);
    const std::uint64_t us = std::min(shortest_sleep_us << steps, longest_sleep_us);
    ++counters_.sleeps;
    sleep_us(us);
}

/// Calls wake it up.
void Worker::sleep_us(std::uint64_t us) {
    const timespec sleep{.tv_sec = 0, .tv_nsec = static_cast<long>(us) * 1000};
    if (!calls_) return (void)nanosleep(&sleep, nullptr);
    pollfd bell{.fd = calls_->bell().fd(), .events = POLLIN, .revents = 0};
    if (ppoll(&bell, 1, &sleep, nullptr) > 0) calls_->bell().silence();
}

void Worker::finish() {
    stack_.release_held(outbox_);
    flush();
    release(outbox_.unstock());
    publish(clock_.read().now);
    answer(Stopped{});
}

void Worker::release_passed() {
    for (std::uint16_t from = 0; from < exchange_.workers(); ++from)
        while (exchange_.take(from, settings_.worker, std::span(passed_).first(1)) != 0)
            release({&passed_[0].frame, 1});
}

}  // namespace terminus
