/// The flows of one shard: records, index, IPv6 keys, timers and queues behind one face, with the
/// gauges that count them. Every change of a flow's state or deadline is settled here.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/flow/arena.h"
#include "terminus/flow/fifo.h"
#include "terminus/flow/key.h"
#include "terminus/flow/records.h"
#include "terminus/flow/table.h"
#include "terminus/flow/wheel.h"
#include "terminus/stack/counters.h"
#include "terminus/stack/stack.h"
#include "terminus/tcp/flow.h"

#include "delayed_acks.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

class Flows {
public:
    [[nodiscard]] static std::size_t bytes_needed(const StackSettings& settings);
    Flows(const StackSettings& settings, Arena& arena, Counters& counters, Tick now);

    [[nodiscard]] std::uint64_t hash(const Key& key) const { return terminus::hash(key_, key); }
    void prefetch(std::uint64_t hash) const { table_.prefetch(hash); }
    /// Second step of a burst: see Table::likely().
    [[nodiscard]] FlowId likely(std::uint64_t hash) {
        has_newcomers_ = false;
        return table_.likely(hash);
    }
    /// Third step, for those of whom likely() was unsure.
    [[nodiscard]] FlowId likely_elsewhere(std::uint64_t hash) const {
        return table_.likely_elsewhere(hash);
    }
    /// Behind both: brings the record near.
    void prefetch_record(FlowId likely) const {
        records_.prefetch(names_a_flow(likely) ? likely : FlowId{0});
    }
    /// Whether the flow that was likely is the one, whatever has become of it meanwhile.
    [[nodiscard]] bool is_right(FlowId likely, const Key& key) const {
        return names_a_flow(likely) && is_named(likely, key) &&
               records_[likely].state() != tcp::State::closed;
    }
    /// Whether none was likely, and still none is.
    [[nodiscard]] bool is_nobody(FlowId likely) const {
        return likely == no_flow && !has_newcomers_;
    }
    /// The flow itself, where neither is sure.
    [[nodiscard]] FlowId find(const Key& key, std::uint64_t hash) const {
        return table_.find(hash, [&](FlowId id) { return matches(&records_[id], key, keys_); });
    }
    /// A record with its key written, all else as its last flow left it; no_flow when there is no
    /// room.
    [[nodiscard]] FlowId create(const Key& key, std::uint64_t hash);
    /// CLOSED: out of the index, and the record is free.
    void erase(FlowId id);

    [[nodiscard]] tcp::Flow& operator[](FlowId id) { return records_[id]; }
    [[nodiscard]] const tcp::Flow& operator[](FlowId id) const { return records_[id]; }
    [[nodiscard]] Key key(FlowId id) const { return key(records_[id]); }
    /// Of one of the records here.
    [[nodiscard]] Key key(const tcp::Flow& flow) const { return key_of(&flow, keys_); }

    /// What settle() compares with: taken before a flow is changed.
    struct Before {
        tcp::State state;
        Millis deadline;
    };
    [[nodiscard]] Before before(FlowId id) const {
        return {records_[id].state(), records_[id].deadline};
    }
    /// After a change: counts the state, queues TIME-WAIT, files a deadline that has come earlier.
    void settle(FlowId id, const Before& before) {
        const tcp::Flow& flow = records_[id];
        if (flow.state() != before.state || is_before(flow.deadline, before.deadline))
            settle_change(id, before);
    }
    /// The first deadline of a flow that create() made; its state is counted. False: no timer is
    /// left, and the flow must be erased.
    [[nodiscard]] bool begin(FlowId id);

    [[nodiscard]] Wheel& wheel() { return wheel_; }
    /// TIME-WAIT of one family.
    [[nodiscard]] Fifo& time_wait(bool ip6) { return ip6 ? time_wait6_.queue : time_wait4_.queue; }
    [[nodiscard]] DelayedAcks& delayed_acks() { return delayed_acks_; }
    [[nodiscard]] Fifo& ready() { return ready_; }
    /// True when the entry is this flow's own and not a former one's.
    [[nodiscard]] bool is_current(Entry entry) const {
        return records_[entry.flow()].generation == entry.generation();
    }
    /// What an entry of the TIME-WAIT queues has for a generation. The flow's own, of two bits, may
    /// come back while an entry waits, for a SYN may take TIME-WAIT over; so it tells the deadline,
    /// too, to a quarter of 2 MSL or a half. An entry that is taken for another is late by no more.
    [[nodiscard]] std::uint8_t time_wait_mark(const tcp::Flow& flow) const {
        const std::uint32_t when = flow.deadline.ms >> time_wait_shift_ & 7;
        return static_cast<std::uint8_t>(flow.generation | when << 2);
    }
    /// Entries that flows have outrun fill less than a quarter of the pool.
    [[nodiscard]] bool has_room_for_stale_timers() const {
        return pool_.entries() < size() + pool_.capacity() / 4;
    }
    /// Files a look that wheel().advance() asked for.
    void refile(FlowId id, Millis again);
    /// Puts a flow into the ready queue, once.
    void make_ready(FlowId id);
    /// Files the flow's deadline in the wheel, where it is the only entry that counts; false: no
    /// place.
    [[nodiscard]] bool file(FlowId id);
    /// make_ready() found no place for some flow since: all records are to be asked, once.
    [[nodiscard]] bool has_unasked() const { return unasked_ < records_.high_water(); }
    /// The next of them.
    [[nodiscard]] FlowId next_unasked() { return FlowId{unasked_++}; }
    /// Queues an ACK to be sent in so many milliseconds; false: it must be sent now.
    [[nodiscard]] bool delay_ack(FlowId id, std::uint32_t delay_ms, Tick now);
    /// True while the record is the flow's that `key` names.
    [[nodiscard]] bool is_named(FlowId id, const Key& key) const {
        return matches(&records_[id], key, keys_);
    }

    /// The oldest flow in TIME-WAIT, for eviction; no_flow when none is. Of one family, or any.
    [[nodiscard]] FlowId oldest_time_wait(bool ip6);
    [[nodiscard]] FlowId oldest_time_wait();

    [[nodiscard]] std::uint32_t size() const { return records_.used(); }
    [[nodiscard]] std::uint32_t capacity() const { return records_.capacity(); }
    /// Ids from 0 to below this have been used at some time.
    [[nodiscard]] std::uint32_t high_water() const { return records_.high_water(); }
    [[nodiscard]] std::uint32_t keys_used() const { return keys_.used(); }
    [[nodiscard]] std::uint32_t timers_used() const { return pool_.entries(); }

private:
    void count(tcp::State state, int change);
    void settle_change(FlowId id, const Before& before);
    [[nodiscard]] bool queue_time_wait(FlowId id);

    HashKey key_;
    const tcp::Settings& tcp_;  ///< the device's
    Counters& counters_;
    Records<tcp::Flow, 4> records_;
    Table table_;
    Ip6Slab keys_;
    ChunkPool pool_;
    Wheel wheel_;
    struct TimeWait {
        Fifo queue;
        Millis last;  ///< the deadline of its last entry
    };
    std::uint32_t time_wait_shift_;
    TimeWait time_wait4_, time_wait6_;  ///< apart, as IPv6 keys may run out alone
    Fifo ready_;
    DelayedAcks delayed_acks_;
    std::uint32_t most_delayed_acks_;
    std::uint32_t unasked_ = no_slot;
    bool has_newcomers_ = false;  ///< flows have begun since likely() was asked
};

}  // namespace terminus
