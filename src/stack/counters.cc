#include "terminus/stack/counters.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <bit>

namespace terminus {
namespace {

constexpr std::array<std::string_view, tcp_event_count> event_names{
#define TERMINUS_EVENT_TEXT(name, meaning) #name,
    TERMINUS_TCP_EVENTS(TERMINUS_EVENT_TEXT)
#undef TERMINUS_EVENT_TEXT
};
constexpr std::array<std::string_view, suppressed_count> suppressed_names{
    "silence_required", "per_destination", "global"};

}  // namespace

std::string_view name(TcpEvent event) { return event_names[static_cast<std::size_t>(event)]; }
std::string_view name(Suppressed reason) {
    return suppressed_names[static_cast<std::size_t>(reason)];
}

namespace {

/// The positions in `icmp_kinds`, found without a search.
struct IcmpPositions {
    static constexpr std::uint8_t none = 0xff;
    static constexpr std::size_t types = 144, codes = 16;
    std::array<std::uint8_t, 2 * types * codes> at{};

    static constexpr std::size_t place(Family family, std::uint8_t type, std::uint8_t code) {
        return ((family == Family::ip6 ? types : 0) + type) * codes + code;
    }
    constexpr IcmpPositions() {
        at.fill(none);
        for (std::size_t i = 0; i < icmp_kinds.size(); ++i)
            at[place(icmp_kinds[i].family, icmp_kinds[i].type, icmp_kinds[i].code)] =
                static_cast<std::uint8_t>(i);
    }
};
constexpr IcmpPositions icmp_positions;

}  // namespace

std::size_t icmp_kind(Family family, std::uint8_t type, std::uint8_t code) {
    const bool is_known = type < IcmpPositions::types && code < IcmpPositions::codes;
    TERMINUS_ASSERT(is_known);
    const std::uint8_t position = icmp_positions.at[IcmpPositions::place(family, type, code)];
    TERMINUS_ASSERT(position != IcmpPositions::none);
    return position;
}

void Histogram::add(std::uint64_t us) {
    const auto bucket = std::min<std::size_t>(std::bit_width(us), buckets.size() - 1);
    ++buckets[bucket];
    sum_us += us;
}

}  // namespace terminus
