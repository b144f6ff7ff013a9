/// The FIFO of entries: see the header.
#include "terminus/flow/fifo.h"

namespace terminus {

Fifo::Fifo(std::span<std::byte> memory, ChunkPool& pool, Existing)
    : state_{reinterpret_cast<State*>(memory.data())}, pool_{pool} {
    RequiredMemory{memory, bytes_needed()};
}

Fifo::Fifo(std::span<std::byte> memory, ChunkPool& pool) : Fifo{memory, pool, existing} {
    *state_ = State{.size = 0, .first = no_slot, .last = no_slot, .first_at = 0, .last_at = 0};
}

void Fifo::add_chunk() {
    State& state = *state_;
    const std::uint32_t chunk = pool_.take();
    pool_[chunk].next = no_slot;
    if (state.size > 0) pool_[state.last].next = chunk;
    if (state.size == 0) state.first = chunk;
    if (state.size == 0) state.first_at = 0;
    state.last = chunk;
    state.last_at = 0;
}

Entry Fifo::ahead(std::uint32_t distance) const {
    TERMINUS_ASSERT(distance <= Chunk::entry_count);
    if (distance >= state_->size) return front();
    const std::uint32_t at = state_->first_at + distance;
    const Chunk& chunk = pool_[state_->first];
    if (at < Chunk::entry_count) return chunk.entries[at];
    return pool_[chunk.next].entries[at - Chunk::entry_count];
}

void Fifo::pop() {
    State& state = *state_;
    TERMINUS_ASSERT(state.size > 0);
    --state.size;
    ++state.first_at;
    pool_.release();
    if (state.size != 0 && state.first_at != Chunk::entry_count) return;
    const std::uint32_t empty = state.first;
    state.first = pool_[empty].next;
    state.first_at = 0;
    pool_.give(empty);
}

}  // namespace terminus
