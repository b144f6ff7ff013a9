/// The FIFO for constant delays: TIME-WAIT and delayed ACKs. Whoever came first is due first, so
/// that a queue does what a wheel would, and the oldest TIME-WAIT is at its front. As with the
/// wheel, the deadline is in the record and an entry may be stale.
///
/// Memory: one line, see arena.h, and chunks from the pool (at most ChunkPool::most_fifos FIFOs for
/// a pool), which must live longer. One thread. Everything is O(1).
#pragma once

#include "terminus/flow/chunk_pool.h"

#include <cstdint>

namespace terminus {

class Fifo {
public:
    [[nodiscard]] static constexpr std::size_t bytes_needed() { return cache_line_bytes; }
    Fifo(std::span<std::byte> memory, ChunkPool& pool);
    Fifo(std::span<std::byte> memory, ChunkPool& pool, Existing);

    /// Queues an entry behind all others; false when the pool has no place left.
    [[nodiscard]] bool push(FlowId flow, std::uint8_t generation) {
        if (!pool_.reserve()) return false;
        State& state = *state_;
        if (state.size == 0 || state.last_at == Chunk::entry_count) add_chunk();
        pool_[state.last].entries[state.last_at++] = Entry{flow, generation};
        ++state.size;
        return true;
    }

    /// The oldest entry; there must be one.
    [[nodiscard]] Entry front() const {
        TERMINUS_ASSERT(state_->size > 0);
        return pool_[state_->first].entries[state_->first_at];
    }
    /// An entry soon to be at the front, for a prefetch: the one `distance` (at most 15) behind it,
    /// the front itself when the queue is shorter.
    [[nodiscard]] Entry ahead(std::uint32_t distance) const;
    /// Removes the oldest entry; there must be one.
    void pop();

    [[nodiscard]] std::uint32_t size() const { return state_->size; }
    [[nodiscard]] bool empty() const { return state_->size == 0; }

private:
    struct State {
        std::uint32_t size;
        std::uint32_t first, last;        ///< chunks, meaningful when there are entries
        std::uint32_t first_at, last_at;  ///< of the front in `first`; one past the back in `last`
    };

    void add_chunk();

    State* state_;
    ChunkPool& pool_;
};

}  // namespace terminus
