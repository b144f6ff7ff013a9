/// The index: construction and the steps that change it.
#include "terminus/flow/table.h"

#include <algorithm>
#include <limits>

namespace terminus {

namespace {
/// 7.5 bytes a flow in buckets of 64; two at least, so that everybody has a second one.
std::uint32_t buckets_for(std::uint32_t flows) {
    const std::uint64_t bytes = (std::uint64_t{flows} * 15 + 1) / 2;
    return static_cast<std::uint32_t>(std::max<std::uint64_t>(2, (bytes + 63) / 64));
}
}  // namespace

std::size_t Table::bytes_needed(std::uint32_t flows) {
    return cache_line_bytes + std::size_t{buckets_for(flows)} * sizeof(Bucket);
}

Table::Table(std::span<std::byte> memory)
    : head_{reinterpret_cast<Head*>(memory.data())},
      buckets_{reinterpret_cast<Bucket*>(memory.data() + cache_line_bytes)} {
    RequiredMemory{memory, cache_line_bytes};
}

Table::Table(std::span<std::byte> memory, std::uint32_t flows) : Table{memory} {
    RequiredMemory{memory, bytes_needed(flows)};
    *head_ = {.buckets = buckets_for(flows), .size = 0, .overflowed = 0};
    bucket_count_ = head_->buckets;
}

Table::Table(std::span<std::byte> memory, Existing) : Table{memory} {
    bucket_count_ = head_->buckets;
    RequiredMemory{memory, cache_line_bytes + bucket_count_ * sizeof(Bucket)};
}

bool Table::erase(std::uint64_t hash, FlowId id) {
    const Name name{hash, id};
    const std::uint32_t primary = primary_of(hash);
    if (!take(primary, tag_of(hash), name)) {
        if (buckets_[primary].overflowed == 0) return false;
        if (!take(secondary_of(hash), tag_of(hash), name)) return false;
        count_overflow(primary, -1);
    }
    --head_->size;
    return true;
}

bool Table::insert_without_moving(std::uint64_t hash, FlowId id) {
    const Name name{hash, id};
    const std::uint32_t primary = primary_of(hash);
    if (!put(primary, tag_of(hash), name)) {
        constexpr auto most = std::numeric_limits<std::uint16_t>::max();
        if (buckets_[primary].overflowed == most) return false;
        if (!put(secondary_of(hash), tag_of(hash), name)) return false;
        count_overflow(primary, +1);
    }
    ++head_->size;
    return true;
}

bool Table::put(std::uint32_t bucket, std::uint8_t tag, Name name) {
    Bucket& line = buckets_[bucket];
    const std::uint32_t room = tagged(line, 0);
    if (room == 0) return false;
    line.tags[slot_in(room)] = tag;
    line.names[slot_in(room)] = name;
    return true;
}

bool Table::take(std::uint32_t bucket, std::uint8_t tag, Name name) {
    Bucket& line = buckets_[bucket];
    for (std::uint32_t mask = tagged(line, tag); mask != 0; mask &= mask - 1) {
        if (line.names[slot_in(mask)] != name) continue;
        line.tags[slot_in(mask)] = 0;
        return true;
    }
    return false;
}

/// Moves a flow from one of its places to the other, if there is room.
bool Table::move(std::uint32_t from, std::uint32_t slot, Places places) {
    const bool leaves_primary = from == places.primary;
    constexpr auto most = std::numeric_limits<std::uint16_t>::max();
    if (leaves_primary && buckets_[from].overflowed == most) return false;
    Bucket& line = buckets_[from];
    const std::uint32_t to = leaves_primary ? places.secondary : places.primary;
    if (!put(to, line.tags[slot], line.names[slot])) return false;
    line.tags[slot] = 0;
    count_overflow(places.primary, leaves_primary ? +1 : -1);
    return true;
}

void Table::count_overflow(std::uint32_t primary, int change) {
    std::uint16_t& count = buckets_[primary].overflowed;
    count = static_cast<std::uint16_t>(count + change);
    head_->overflowed =
        static_cast<std::uint32_t>(static_cast<std::int64_t>(head_->overflowed) + change);
}

}  // namespace terminus
