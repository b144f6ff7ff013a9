/// ACKs that wait, RFC 9293 section 3.8.6.3: whoever came first with a delay is due first, so a
/// queue for each delay does what a wheel would. Nearly all flows have the device's delay; a few
/// others may be in use at a time, and for one more the answer is to send the ACK at once.
///
/// An entry is a flow and since when it owes an ACK, as two entries of a Fifo (flow/fifo.h, which
/// says whose the memory is). It may be stale: the ACK went with text meanwhile. One thread, O(1).
#pragma once

#include "terminus/base/time.h"
#include "terminus/flow/arena.h"
#include "terminus/flow/fifo.h"

#include <array>
#include <cstddef>
#include <cstdint>

namespace terminus {

class DelayedAcks {
public:
    static constexpr std::size_t delays = 4;
    static constexpr std::size_t bytes_needed = delays * cache_line_bytes;

    DelayedAcks(Arena& arena, ChunkPool& pool) : pool_{pool}, queues_{make(arena, pool)} {}

    /// Queues an ACK that is owed from now on and due in `delay_ms`; false: it must be sent now.
    [[nodiscard]] bool push(FlowId flow, Millis now, std::uint32_t delay_ms);

    struct Due {
        FlowId flow;
        Millis since;
    };
    /// Removes the next one that is due by `now`; no_flow: none is.
    [[nodiscard]] Due pop_due(Millis now);

    /// Entries of the Fifos: two for each ACK.
    [[nodiscard]] std::uint32_t size() const;

private:
    struct Queue {
        Fifo fifo;
        std::uint32_t delay_ms;
    };
    static std::array<Queue, delays> make(Arena& arena, ChunkPool& pool);
    [[nodiscard]] Queue* queue_for(std::uint32_t delay_ms);

    ChunkPool& pool_;
    std::array<Queue, delays> queues_;
};

}  // namespace terminus
