/// The timer wheel: where an entry goes, and which slot comes next.
#include "terminus/flow/wheel.h"

#include <algorithm>
#include <bit>
#include <limits>

namespace terminus {

namespace {
constexpr std::uint32_t nowhere = std::numeric_limits<std::uint32_t>::max();

/// The circular distance from bit `from` to the first set one, looking no farther than `limit`, or
/// as far as the word that holds it; `nowhere` when there is none. `bits` is a power of two.
std::uint32_t distance_to_set(const std::uint64_t* words, std::uint32_t bits, std::uint32_t from,
                              std::uint32_t limit) {
    for (std::uint32_t distance = 0; distance <= limit && distance < bits;) {
        const std::uint32_t bit = (from + distance) & (bits - 1);
        const std::uint64_t rest = words[bit / 64] >> (bit % 64);
        if (rest != 0) return distance + static_cast<std::uint32_t>(std::countr_zero(rest));
        distance += 64 - bit % 64;
    }
    return nowhere;
}
}  // namespace

std::size_t Wheel::bytes_needed() { return whole_lines(sizeof(State)); }

Wheel::Wheel(std::span<std::byte> memory, ChunkPool& pool, Existing)
    : state_{reinterpret_cast<State*>(memory.data())}, pool_{pool} {
    RequiredMemory{memory, bytes_needed()};
}

Wheel::Wheel(std::span<std::byte> memory, ChunkPool& pool, Millis now)
    : Wheel{memory, pool, existing} {
    *state_ = State{.cursor = now, .latest = now, .draining = {}, .filled = {}, .slots = {}};
}

bool Wheel::file(FlowId flow, std::uint8_t generation, Millis deadline) {
    if (!claim(flow)) return false;
    place(Entry{flow, generation}, slot_of(deadline));
    return true;
}

void Wheel::refile(FlowId flow, std::uint8_t generation, Millis deadline) {
    TERMINUS_ASSERT(flow == in_hand_);
    const bool filed = file(flow, generation, deadline);
    TERMINUS_ASSERT(filed);
}

/// The flow being looked at has its old entry's place; others need a new one.
bool Wheel::claim(FlowId flow) {
    if (flow != in_hand_) return pool_.reserve();
    in_hand_ = no_flow;
    return true;
}

/// What is due goes to the tick after the latest `now`, so that advance() does not meet it again at
/// once. Distances are taken from the cursor, since the slots before it are done: level 0 reaches
/// to the tick before its own slot comes round again.
std::uint32_t Wheel::slot_of(Millis deadline) const {
    const State& state = *state_;
    const Millis at = is_due(deadline, state.latest) ? state.latest + 1 : deadline;
    if (at.ms - state.cursor.ms < fine_slots) return at.ms & (fine_slots - 1);
    const std::uint32_t present = state.cursor.ms >> block_bits;
    constexpr std::uint32_t block_mask = nowhere >> block_bits;
    const std::uint32_t ahead = ((at.ms >> block_bits) - present) & block_mask;
    const std::uint32_t block = present + std::min(ahead, coarse_slots - 1);
    return fine_slots + (block & (coarse_slots - 1));
}

void Wheel::place(Entry entry, std::uint32_t slot) {
    List& list = state_->slots[slot];
    if (list.fill() % Chunk::entry_count == 0) {
        const std::uint32_t chunk = pool_.take();
        pool_[chunk].next = list.fill() == 0 ? no_slot : list.chunk();
        list = List{chunk, 0};
        state_->filled[slot / 64] |= std::uint64_t{1} << (slot % 64);
    }
    pool_[list.chunk()].entries[list.fill()] = entry;
    list = List{list.chunk(), list.fill() + 1};
}

/// Moves the cursor to the next slot that has entries and has come, and takes its list. At the tick
/// where both levels have one, level 1 comes first: its entries may belong to that very tick.
bool Wheel::step() {
    const std::uint32_t lag = state_->latest.ms - state_->cursor.ms;
    const std::uint32_t fine = ms_to_fine(lag), coarse = ms_to_coarse(lag);
    const std::uint32_t step_ms = std::min(fine, coarse);
    if (step_ms > lag) {
        state_->cursor = state_->latest;
        return false;
    }
    state_->cursor = state_->cursor + step_ms;
    const std::uint32_t ms = state_->cursor.ms;
    const bool is_coarse = coarse <= fine;
    detach(is_coarse ? fine_slots + ((ms >> block_bits) & (coarse_slots - 1))
                     : ms & (fine_slots - 1));
    return true;
}

std::uint32_t Wheel::ms_to_fine(std::uint32_t limit_ms) const {
    const std::uint32_t from = state_->cursor.ms & (fine_slots - 1);
    return distance_to_set(state_->filled.data(), fine_slots, from, limit_ms);
}

std::uint32_t Wheel::ms_to_coarse(std::uint32_t limit_ms) const {
    const std::uint32_t to_block = block_ms - (state_->cursor.ms & (block_ms - 1));
    if (to_block > limit_ms) return nowhere;
    const std::uint32_t from = ((state_->cursor.ms >> block_bits) + 1) & (coarse_slots - 1);
    const std::uint32_t blocks =
        distance_to_set(state_->filled.data() + fine_slots / 64, coarse_slots, from,
                        (limit_ms - to_block) >> block_bits);
    return blocks == nowhere ? nowhere : to_block + (blocks << block_bits);
}

void Wheel::detach(std::uint32_t slot) {
    state_->draining = state_->slots[slot];
    state_->slots[slot] = List{};
    state_->filled[slot / 64] &= ~(std::uint64_t{1} << (slot % 64));
}

std::uint32_t Wheel::lag_ms(Millis now) const {
    const std::int32_t lag = elapsed_ms(state_->cursor, now);
    return lag > 0 ? static_cast<std::uint32_t>(lag) : 0;
}

}  // namespace terminus
