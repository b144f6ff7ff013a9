/// Timer entries and the chunks that lists of them are made of: what the wheel and the FIFOs share,
/// so that one reserve serves both.
///
/// A chunk is one line: 15 entries and the number of the next chunk. The pool promises `entries`
/// entries in all and holds enough chunks for them however they are spread over the lists: each
/// list leaves at most one chunk partly filled (a FIFO two), and that many chunks are there beyond
/// entries / 15. So whoever got reserve() never lacks a chunk. Memory: see arena.h. One thread.
#pragma once

#include "terminus/flow/flow_id.h"
#include "terminus/flow/slab.h"

#include <array>
#include <cstdint>

namespace terminus {

/// A flow's id (27 bits) and a generation (5 bits), by which its record tells a live entry from a
/// stale one.
class Entry {
public:
    static constexpr std::uint8_t generations = 32;

    constexpr Entry() = default;
    constexpr Entry(FlowId flow, std::uint8_t generation)
        : bits_{flow.value | static_cast<std::uint32_t>(generation) << 27} {}

    [[nodiscard]] constexpr FlowId flow() const { return FlowId{bits_ & (max_flows - 1)}; }
    [[nodiscard]] constexpr std::uint8_t generation() const {
        return static_cast<std::uint8_t>(bits_ >> 27);
    }
    friend constexpr bool operator==(Entry, Entry) = default;

private:
    std::uint32_t bits_ = 0;
};
static_assert(sizeof(Entry) == 4);

struct Chunk {
    static constexpr std::uint32_t entry_count = 15;

    std::uint32_t next;  ///< no_slot after the last
    std::array<Entry, entry_count> entries;
};
static_assert(sizeof(Chunk) == cache_line_bytes);

class ChunkPool {
public:
    /// Slots of a wheel and the list that it drains; and FIFOs beside it.
    static constexpr std::uint32_t wheel_lists = 2 * 4096 + 1, most_fifos = 8;

    /// Room for 1.9 entries a flow, since nearly no flow has its second one at the same time, and
    /// for two million that flows leave behind: who lives for a moment leaves an entry in the wheel
    /// for the second that its first timer would have taken. With what the wheel itself takes at
    /// most 8.5 bytes a flow from 32 million flows on; below, up to 9 MB more.
    [[nodiscard]] static std::size_t bytes_needed(std::uint32_t flows);
    ChunkPool(std::span<std::byte> memory, std::uint32_t flows);
    ChunkPool(std::span<std::byte> memory, Existing);

    /// Claims the place of one entry; false when all are claimed.
    [[nodiscard]] bool reserve() {
        if (head_->entries == head_->capacity) return false;
        ++head_->entries;
        return true;
    }
    void release() {
        TERMINUS_ASSERT(head_->entries > 0);
        --head_->entries;
    }

    /// A chunk for whoever has reserved a place.
    [[nodiscard]] std::uint32_t take() {
        const std::uint32_t id = chunks_.take();
        TERMINUS_ASSERT(id != no_slot);
        return id;
    }
    void give(std::uint32_t chunk) { chunks_.give(chunk); }
    [[nodiscard]] Chunk& operator[](std::uint32_t chunk) { return chunks_[chunk]; }
    [[nodiscard]] const Chunk& operator[](std::uint32_t chunk) const { return chunks_[chunk]; }

    [[nodiscard]] std::uint32_t entries() const { return head_->entries; }
    [[nodiscard]] std::uint32_t capacity() const { return head_->capacity; }
    [[nodiscard]] std::uint32_t chunks_used() const { return chunks_.used(); }

private:
    struct Head {
        std::uint32_t entries, capacity;
    };

    Head* head_;
    Slab<Chunk> chunks_;
};

}  // namespace terminus
