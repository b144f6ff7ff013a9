/// The timer wheel: for every flow the moment at which somebody should look at it. It holds ids,
/// never touches records, and knows no exact deadlines: those are in the records.
///
/// Level 0 has 4096 slots of 1 ms, level 1 has 4096 slots of 1.024 s (69.9 minutes; what lies
/// farther is looked at when that is over, and filed again). When an entry's slot comes,
/// `look(FlowId, generation)` is called. The callee compares with its record: a stale entry
/// (another generation) is forgotten by returning; a deadline that has come is acted upon; a
/// deadline still to come is filed again, which always succeeds. An entry of level 1 is looked at
/// when its slot begins, up to 1.024 s early, and filed again it is exact. So moving a deadline
/// later is a store into the record, and only an earlier one needs a second entry.
///
/// Never early; at most one tick late when advance() is called each millisecond with enough budget.
/// Filing is O(1). Work per advance() is bounded by its budget; what is left is done by the next
/// one, and lag_ms() tells how far behind that is. Empty slots cost a bit each, however long the
/// pause. Memory: see arena.h; 34 KB, and chunks from the pool, which must live longer. One thread.
#pragma once

#include "terminus/base/time.h"
#include "terminus/flow/chunk_pool.h"

#include <array>
#include <cstdint>

namespace terminus {

/// Prefetches nothing.
struct NoPrefetch {
    void operator()(FlowId) const {}
};

class Wheel {
public:
    /// The farthest slot begins this far ahead, or up to 1.024 s sooner.
    static constexpr std::uint32_t reach_ms = 4095 * 1024;

    [[nodiscard]] static std::size_t bytes_needed();
    Wheel(std::span<std::byte> memory, ChunkPool& pool, Millis now);
    Wheel(std::span<std::byte> memory, ChunkPool& pool, Existing);

    /// Files an entry. A deadline at or before the last advance()'s `now` goes to the tick after
    /// it. False when the pool has no place left; never inside look() for the very flow looked at,
    /// once.
    [[nodiscard]] bool file(FlowId flow, std::uint8_t generation, Millis deadline);
    /// Inside look(), for the flow looked at, at most once: always succeeds.
    void refile(FlowId flow, std::uint8_t generation, Millis deadline);

    /// Looks at what has come by `now`, at most `budget` entries; returns how many. `look` may file
    /// and refile, and must not call advance(). `prefetch(FlowId)` names flows that will be looked
    /// at soon.
    template <typename Look, typename Prefetch = NoPrefetch>
    std::size_t advance(Millis now, std::size_t budget, Look&& look, Prefetch&& prefetch = {});

    /// How long ago the tick was at which advance() is at work; 0 when it keeps up.
    [[nodiscard]] std::uint32_t lag_ms(Millis now) const;
    /// The last advance() ended for want of budget.
    [[nodiscard]] bool is_behind() const { return state_->draining.fill() != 0; }

    /// Entries and their bound, those of the pool's FIFOs included.
    [[nodiscard]] std::uint32_t entries() const { return pool_.entries(); }
    [[nodiscard]] std::uint32_t capacity() const { return pool_.capacity(); }

private:
    static constexpr std::uint32_t fine_slots = 4096, coarse_slots = 4096;
    static constexpr std::uint32_t block_bits = 10, block_ms = 1024;  ///< a slot of level 1
    /// Chunks whose flows are under way to the cache while one is drained: two looks may be as
    /// short as ten cycles, a miss takes three hundred and more.
    static constexpr unsigned prefetched_chunks = 4;
    static constexpr std::uint32_t all_slots = fine_slots + coarse_slots;
    static_assert(ChunkPool::wheel_lists == all_slots + 1);

    /// The first chunk of a list and how many entries it has; the chunks behind it are full. 0:
    /// empty.
    class List {
    public:
        constexpr List() = default;
        constexpr List(std::uint32_t chunk, std::uint32_t fill) : bits_{chunk << 4 | fill} {}
        constexpr std::uint32_t chunk() const { return bits_ >> 4; }
        constexpr std::uint32_t fill() const { return bits_ & 15; }

    private:
        std::uint32_t bits_ = 0;
    };
    struct State {
        Millis cursor;  ///< the tick being handled; all before it are done
        Millis latest;  ///< the latest `now` of advance()
        List draining;  ///< taken off its slot
        std::array<std::uint64_t, all_slots / 64> filled;  ///< a bit for each slot: has entries
        std::array<List, all_slots> slots;                 ///< level 0, then level 1
    };

    std::uint32_t slot_of(Millis deadline) const;
    bool claim(FlowId flow);
    void place(Entry entry, std::uint32_t slot);
    bool step();
    std::uint32_t ms_to_fine(std::uint32_t limit_ms) const;
    std::uint32_t ms_to_coarse(std::uint32_t limit_ms) const;
    void detach(std::uint32_t slot);
    template <typename Look, typename Prefetch>
    std::size_t drain(std::size_t budget, Look& look, Prefetch& prefetch);
    template <typename Prefetch>
    Entry pop(Prefetch& prefetch);
    template <typename Prefetch>
    void prefetch_first(Prefetch& prefetch);
    template <typename Prefetch>
    void prefetch_more(Prefetch& prefetch);

    State* state_;
    ChunkPool& pool_;
    std::uint32_t ahead_ = no_slot;  ///< the first chunk whose flows have not been named yet
    FlowId in_hand_ = no_flow;       ///< being looked at; its place in the pool is kept for it
};

template <typename Look, typename Prefetch>
std::size_t Wheel::advance(Millis now, std::size_t budget, Look&& look, Prefetch&& prefetch) {
    if (is_before(state_->latest, now)) state_->latest = now;
    std::size_t looked = drain(budget, look, prefetch);
    while (!is_behind() && step()) {
        prefetch_first(prefetch);
        looked += drain(budget - looked, look, prefetch);
    }
    return looked;
}

template <typename Look, typename Prefetch>
std::size_t Wheel::drain(std::size_t budget, Look& look, Prefetch& prefetch) {
    std::size_t looked = 0;
    for (; looked < budget && is_behind(); ++looked) {
        const Entry entry = pop(prefetch);
        in_hand_ = entry.flow();
        look(entry.flow(), entry.generation());
        if (in_hand_ != no_flow) pool_.release();
        in_hand_ = no_flow;
    }
    return looked;
}

/// Takes the last entry off the list being drained, and with the last of a chunk the chunk.
template <typename Prefetch>
Entry Wheel::pop(Prefetch& prefetch) {
    const std::uint32_t id = state_->draining.chunk();
    const std::uint32_t at = state_->draining.fill() - 1;
    const Chunk& chunk = pool_[id];
    const Entry entry = chunk.entries[at];
    if (at > 0) {
        state_->draining = List{id, at};
        return entry;
    }
    const std::uint32_t next = chunk.next;
    pool_.give(id);
    state_->draining = next == no_slot ? List{} : List{next, Chunk::entry_count};
    prefetch_more(prefetch);
    return entry;
}

/// A list is begun: names the flows of its first chunks.
template <typename Prefetch>
void Wheel::prefetch_first(Prefetch& prefetch) {
    const Chunk& chunk = pool_[state_->draining.chunk()];
    for (std::uint32_t at = state_->draining.fill(); at > 0; --at)
        prefetch(chunk.entries[at - 1].flow());
    ahead_ = chunk.next;
    for (unsigned i = 0; i < prefetched_chunks; ++i)
        prefetch_more(prefetch);
}

/// Names the flows of one more chunk, all at once: the processor then has many misses under way,
/// where one between two looks would be waited for alone.
template <typename Prefetch>
void Wheel::prefetch_more(Prefetch& prefetch) {
    if (ahead_ == no_slot) return;
    const Chunk& chunk = pool_[ahead_];
    ahead_ = chunk.next;
    if (ahead_ != no_slot) terminus::prefetch(&pool_[ahead_]);
    for (std::uint32_t at = Chunk::entry_count; at > 0; --at)
        prefetch(chunk.entries[at - 1].flow());
}

}  // namespace terminus
