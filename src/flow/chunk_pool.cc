/// The pool of chunks: construction.
#include "terminus/flow/chunk_pool.h"

#include <algorithm>

namespace terminus {

namespace {
/// 1.9 entries a flow, and what short flows leave behind.
std::uint32_t entries_for(std::uint32_t flows) {
    constexpr std::uint64_t left_behind = 1U
                                          << 21;  // two million flows a second, for one second each
    const std::uint64_t flow_count = flows;
    return static_cast<std::uint32_t>(flow_count * 19 / 10 +
                                      std::min(left_behind, 32 * flow_count));
}
std::uint32_t chunks_for(std::uint32_t flows) {
    constexpr std::uint32_t partly_filled = ChunkPool::wheel_lists + 2 * ChunkPool::most_fifos;
    return (entries_for(flows) + Chunk::entry_count - 1) / Chunk::entry_count + partly_filled;
}
}  // namespace

std::size_t ChunkPool::bytes_needed(std::uint32_t flows) {
    return cache_line_bytes + Slab<Chunk>::bytes_needed(chunks_for(flows));
}

ChunkPool::ChunkPool(std::span<std::byte> memory, std::uint32_t flows)
    : head_{reinterpret_cast<Head*>(memory.data())},
      chunks_{memory.subspan(cache_line_bytes), chunks_for(flows)} {
    *head_ = {.entries = 0, .capacity = entries_for(flows)};
}

ChunkPool::ChunkPool(std::span<std::byte> memory, Existing)
    : head_{reinterpret_cast<Head*>(memory.data())},
      chunks_{memory.subspan(cache_line_bytes), existing} {}

}  // namespace terminus
