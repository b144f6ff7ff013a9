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

std::size_t icmp_kind(Family family, std::uint8_t type, std::uint8_t code) {
    const auto found = std::ranges::find_if(icmp_kinds, [&](const IcmpKind& kind) {
        return kind.family == family && kind.type == type && kind.code == code;
    });
    TERMINUS_ASSERT(found != icmp_kinds.end());
    return static_cast<std::size_t>(found - icmp_kinds.begin());
}

void Histogram::add(std::uint64_t us) {
    const auto bucket = std::min<std::size_t>(std::bit_width(us), buckets.size() - 1);
    ++buckets[bucket];
    sum_us += us;
}

}  // namespace terminus
