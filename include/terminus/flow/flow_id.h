/// The name of a flow on its worker: the number of its record. Ids, not pointers, are what tables
/// keep.
#pragma once

#include <cstdint>

namespace terminus {

struct FlowId {
    std::uint32_t value = 0xffffffffU;

    friend constexpr bool operator==(FlowId, FlowId) = default;
};
static_assert(sizeof(FlowId) == 4);

/// No flow at all.
inline constexpr FlowId no_flow{};
/// Some flow perhaps: who wants to know must ask.
inline constexpr FlowId unsure_flow{no_flow.value - 1};
/// Whether it is one flow's, neither of these two.
[[nodiscard]] constexpr bool names_a_flow(FlowId id) { return id.value < unsure_flow.value; }

/// The most flows of one worker: a timer entry has 27 bits for the id (chunk_pool.h).
inline constexpr std::uint32_t max_flows = 1U << 27;

}  // namespace terminus
