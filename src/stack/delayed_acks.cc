#include "delayed_acks.h"

#include <utility>

namespace terminus {
namespace {

/// A moment in the 32 bits of an entry, and back.
Entry entry_of(Millis moment) {
    return {FlowId{moment.ms & (max_flows - 1)}, static_cast<std::uint8_t>(moment.ms >> 27)};
}
Millis moment_of(Entry entry) {
    return {entry.flow().value | std::uint32_t{entry.generation()} << 27};
}

}  // namespace

std::array<DelayedAcks::Queue, DelayedAcks::delays> DelayedAcks::make(Arena& arena,
                                                                      ChunkPool& pool) {
    const auto queue = [&](std::size_t) {
        return Queue{Fifo{arena.take(Fifo::bytes_needed()), pool}, 0};
    };
    return [&]<std::size_t... i>(std::index_sequence<i...>) {
        return std::array<Queue, delays>{queue(i)...};
    }
    (std::make_index_sequence<delays>{});
}

/// The queue of a delay, else one that nobody uses.
DelayedAcks::Queue* DelayedAcks::queue_for(std::uint32_t delay_ms) {
    Queue* unused = nullptr;
    for (Queue& queue : queues_) {
        if (queue.delay_ms == delay_ms) return &queue;
        if (queue.fifo.empty() && unused == nullptr) unused = &queue;
    }
    if (unused != nullptr) unused->delay_ms = delay_ms;
    return unused;
}

bool DelayedAcks::push(FlowId flow, Millis now, std::uint32_t delay_ms) {
    Queue* queue = queue_for(delay_ms);
    if (queue == nullptr || pool_.entries() + 2 > pool_.capacity()) return false;
    const Entry since = entry_of(now);
    return queue->fifo.push(flow, 0) && queue->fifo.push(since.flow(), since.generation());
}

DelayedAcks::Due DelayedAcks::pop_due(Millis now) {
    for (Queue& queue : queues_) {
        if (queue.fifo.empty()) continue;
        const Due due{queue.fifo.front().flow(), moment_of(queue.fifo.ahead(1))};
        if (!is_due(due.since + queue.delay_ms, now)) continue;
        queue.fifo.pop();
        queue.fifo.pop();
        return due;
    }
    return {no_flow, {}};
}

std::uint32_t DelayedAcks::size() const {
    std::uint32_t entries = 0;
    for (const Queue& queue : queues_)
        entries += queue.fifo.size();
    return entries;
}

}  // namespace terminus
