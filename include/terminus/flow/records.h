/// The record store: one cache line for each flow, named by FlowId. A slab with the flow's own type
/// of name.
///
/// A freed record keeps its bytes but for the four at `link_at` (the first of its key, unless said
/// otherwise): the generation that tells stale timer entries from live ones must survive.
/// allocate() clears nothing.
#pragma once

#include "terminus/flow/flow_id.h"
#include "terminus/flow/slab.h"

namespace terminus {

template <typename Record, std::size_t link_at = 0>
class Records {
    static_assert(sizeof(Record) == cache_line_bytes);
    using Lines = Slab<Record, link_at>;

public:
    /// `flows` is at most max_flows.
    [[nodiscard]] static constexpr std::size_t bytes_needed(std::uint32_t flows) {
        return Lines::bytes_needed(flows);
    }

    Records(std::span<std::byte> memory, std::uint32_t flows) : lines_{memory, flows} {
        TERMINUS_ASSERT(flows <= max_flows);
    }
    Records(std::span<std::byte> memory, Existing) : lines_{memory, existing} {}

    /// no_flow when all records are used.
    [[nodiscard]] FlowId allocate() { return FlowId{lines_.take()}; }
    void free(FlowId id) { lines_.give(id.value); }

    [[nodiscard]] Record& operator[](FlowId id) { return lines_[id.value]; }
    [[nodiscard]] const Record& operator[](FlowId id) const { return lines_[id.value]; }
    void prefetch(FlowId id) const { lines_.prefetch(id.value); }

    [[nodiscard]] std::uint32_t used() const { return lines_.used(); }
    [[nodiscard]] std::uint32_t capacity() const { return lines_.capacity(); }
    [[nodiscard]] std::uint32_t high_water() const { return lines_.high_water(); }

private:
    static_assert(no_slot == no_flow.value);

    Lines lines_;
};

}  // namespace terminus
