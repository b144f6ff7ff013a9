#include "flows.h"

#include <bit>

namespace terminus {

using tcp::State;

namespace {

/// Delayed ACKs whose text went with an ACK stay queued until they would have been due: few flows
/// with much text leave many. The pool has four times this room beyond one entry for each flow.
std::uint32_t stale_acks(std::uint32_t flows) {
    constexpr std::uint32_t most = 1U << 18, for_each = 2;
    return flows < most / for_each ? flows * for_each : most;
}

}  // namespace

std::size_t Flows::bytes_needed(const StackSettings& settings) {
    return whole_lines(Records<tcp::Flow>::bytes_needed(settings.flows)) +
           whole_lines(Table::bytes_needed(settings.flows)) +
           whole_lines(Ip6Slab::bytes_needed(settings.ip6_flows)) +
           whole_lines(ChunkPool::bytes_needed(settings.flows)) +
           whole_lines(Wheel::bytes_needed()) + 3 * whole_lines(Fifo::bytes_needed()) +
           DelayedAcks::bytes_needed;
}

Flows::Flows(const StackSettings& settings, Arena& arena, Counters& counters, Tick now)
    : key_{settings.table_key},
      tcp_{settings.tcp},
      counters_{counters},
      records_{arena.take(Records<tcp::Flow>::bytes_needed(settings.flows)), settings.flows},
      table_{arena.take(Table::bytes_needed(settings.flows)), settings.flows},
      keys_{arena.take(Ip6Slab::bytes_needed(settings.ip6_flows)), settings.ip6_flows},
      pool_{arena.take(ChunkPool::bytes_needed(settings.flows)), settings.flows},
      wheel_{arena.take(Wheel::bytes_needed()), pool_, now.ms()},
      time_wait_shift_{static_cast<std::uint32_t>(std::bit_width(settings.tcp.time_wait_ms / 4))},
      time_wait4_{.queue = {arena.take(Fifo::bytes_needed()), pool_}, .last = {}},
      time_wait6_{.queue = {arena.take(Fifo::bytes_needed()), pool_}, .last = {}},
      ready_{arena.take(Fifo::bytes_needed()), pool_},
      delayed_acks_{arena, pool_},
      most_delayed_acks_{settings.flows / 2 + stale_acks(settings.flows)} {}

FlowId Flows::create(const Key& key, std::uint64_t hash) {
    const FlowId id = records_.allocate();
    if (id == no_flow) return no_flow;
    if (!write_key(&records_[id], key, keys_)) {
        records_.free(id);
        return no_flow;
    }
    const auto hash_of = [&](FlowId other) { return this->hash(this->key(other)); };
    has_newcomers_ = true;
    if (table_.insert(hash, id, hash_of)) return id;
    release_key(&records_[id], keys_);
    records_.free(id);
    return no_flow;
}

void Flows::erase(FlowId id) {
    tcp::Flow& flow = records_[id];
    const bool was_there = table_.erase(hash(key(id)), id);
    TERMINUS_ASSERT(was_there);
    count(flow.state(), -1);
    tcp::enter(flow, State::closed);
    flow.generation = (flow.generation + 1U) & 3;  // what is still filed under this id is stale
    release_key(&flow, keys_);
    records_.free(id);
}

void Flows::count(State state, int change) {
    if (state == State::closed) return;
    counters_.flows[static_cast<std::size_t>(state)] += static_cast<std::uint64_t>(change);
}

void Flows::settle_change(FlowId id, const Before& before) {
    tcp::Flow& flow = records_[id];
    if (flow.state() != before.state) {
        count(before.state, -1);
        count(flow.state(), +1);
        if (flow.state() == State::time_wait && queue_time_wait(id)) return;
    }
    if (!is_before(flow.deadline, before.deadline) || file(id)) return;
    flow.deadline = before.deadline;  // what is filed comes later than it should, but it comes
}

/// The queue is in the order of its deadlines: who stays in TIME-WAIT longer than the device says,
/// or less long than who came before, goes into the wheel.
bool Flows::queue_time_wait(FlowId id) {
    tcp::Flow& flow = records_[id];
    const auto longest = static_cast<std::int32_t>(tcp_.time_wait_ms + 1);  // rounded up
    if (elapsed_ms(flow.last_heard, flow.deadline) > longest) return false;
    TimeWait& kept = flow.ip6 != 0 ? time_wait6_ : time_wait4_;
    if (!kept.queue.empty() && is_before(flow.deadline, kept.last)) return false;
    const std::uint16_t former = flow.generation;
    flow.generation = (former + 1U) & 3;
    if (!kept.queue.push(id, time_wait_mark(flow))) {  // what is filed in the wheel finds it
        flow.generation = former & 3;
        return false;
    }
    kept.last = flow.deadline;
    return true;
}

bool Flows::file(FlowId id) {
    tcp::Flow& flow = records_[id];
    const auto generation = static_cast<std::uint8_t>((flow.generation + 1U) & 3);
    if (!wheel_.file(id, generation, flow.deadline)) {
        counters_.count(TcpEvent::timers_refused);
        return false;
    }
    flow.generation = generation & 3;
    return true;
}

bool Flows::begin(FlowId id) {
    tcp::Flow& flow = records_[id];
    count(flow.state(), +1);
    flow.generation = (flow.generation + 1U) & 3;
    return wheel_.file(id, flow.generation, flow.deadline);
}

void Flows::refile(FlowId id, Millis again) {
    tcp::Flow& flow = records_[id];
    flow.deadline = again;
    flow.generation = (flow.generation + 1U) & 3;
    wheel_.refile(id, flow.generation, again);
}

void Flows::make_ready(FlowId id) {
    tcp::Flow& flow = records_[id];
    if (flow.ready != 0) return;
    if (!ready_.push(id, flow.generation)) {
        counters_.count(TcpEvent::timers_refused);
        unasked_ = 0;
        return;
    }
    flow.ready = 1;
}

bool Flows::delay_ack(FlowId id, std::uint32_t delay_ms, Tick now) {
    // A flow that sends much may leave many entries behind one that waits: timers need room too.
    if (delayed_acks_.size() / 2 >= most_delayed_acks_) return false;
    return delayed_acks_.push(id, now.deadline_ms(), delay_ms);
}

FlowId Flows::oldest_time_wait(bool ip6) {
    Fifo& queue = time_wait(ip6);
    while (!queue.empty()) {
        const Entry entry = queue.front();
        const tcp::Flow& flow = records_[entry.flow()];
        if (flow.state() == State::time_wait && entry.generation() == time_wait_mark(flow))
            return entry.flow();
        queue.pop();
    }
    return no_flow;
}

FlowId Flows::oldest_time_wait() {
    const FlowId ip4 = oldest_time_wait(false), ip6 = oldest_time_wait(true);
    if (ip4 == no_flow || ip6 == no_flow) return ip4 == no_flow ? ip6 : ip4;
    return is_before(records_[ip4].deadline, records_[ip6].deadline) ? ip4 : ip6;
}

}  // namespace terminus
