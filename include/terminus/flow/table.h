/// The index: finds the flow of a hash in one cache line, seldom two. It holds ids only; the caller
/// compares keys.
///
/// A bucket is a line: 12 tags of one byte, a count of those who had to go elsewhere, 12 ids, each
/// with five more bits of its flow's hash: so a stranger is taken for a flow once in a thousand
/// times, and a record that is none's is hardly ever touched. A flow lies in its primary bucket,
/// or, when that was full, in its secondary one, which is asked only while the primary counts
/// somebody there. Both follow from the hash by multiplication. Sized for 7.5 bytes a flow (load
/// 0.71 when all have come), full not before 0.85 of the slots: when both buckets are full, one or
/// two others move to their other bucket, or the flow is refused. Never rehashed, never moved under
/// a reader's feet.
///
/// Memory: see arena.h. One thread. The hash must be keyed (key.h): chosen tuples then spread like
/// others.
#pragma once

#include "terminus/base/simd.h"
#include "terminus/flow/arena.h"
#include "terminus/flow/flow_id.h"

#include <array>
#include <bit>
#include <cstdint>
#include <span>

namespace terminus {

class Table {
public:
    static constexpr std::uint32_t bucket_slots = 12;

    /// 64 bytes, and 7.5 for each flow.
    [[nodiscard]] static std::size_t bytes_needed(std::uint32_t flows);
    Table(std::span<std::byte> memory, std::uint32_t flows);
    Table(std::span<std::byte> memory, Existing);

    /// First step of a burst: brings the primary bucket near.
    void prefetch(std::uint64_t hash) const { terminus::prefetch(&buckets_[primary_of(hash)]); }

    /// Second step: whom the primary bucket names, whose record is worth a prefetch; no_flow: there
    /// is no flow of this hash; unsure_flow: the secondary bucket, which is being brought near now,
    /// must be asked.
    [[nodiscard]] FlowId likely(std::uint64_t hash) const;
    /// Third step, for those: whom the secondary bucket names, or no_flow.
    [[nodiscard]] FlowId likely_elsewhere(std::uint64_t hash) const {
        return likely_in(buckets_[secondary_of(hash)], hash);
    }

    /// The flow for which `matches(FlowId)` holds, no_flow when there is none: for one packet, or
    /// where what is likely is not right, or the table has changed since.
    template <typename Matches>
    [[nodiscard]] FlowId find(std::uint64_t hash, Matches&& matches) const;

    /// Files a flow that is not there yet. False when it is refused: there is no room within two
    /// moves. `hash_of(FlowId)` gives the hash of another flow, asked only when both buckets are
    /// full (load 0.71: about once in a thousand inserts).
    template <typename HashOf>
    [[nodiscard]] bool insert(std::uint64_t hash, FlowId id, HashOf&& hash_of);

    /// Removes a flow filed under this hash; false when it is not there.
    bool erase(std::uint64_t hash, FlowId id);

    [[nodiscard]] std::uint32_t size() const { return head_->size; }
    [[nodiscard]] std::uint64_t slots() const {
        return std::uint64_t{bucket_count_} * bucket_slots;
    }
    /// Flows that lie in their secondary bucket.
    [[nodiscard]] std::uint32_t overflowed() const { return head_->overflowed; }

private:
    /// A flow's id, and above it the seal: five bits of its hash, of those that choose no bucket.
    struct Name {
        static constexpr std::uint32_t id_bits = max_flows - 1, seal_bits = ~id_bits;
        static constexpr std::uint32_t seal_of(std::uint64_t hash) {
            return static_cast<std::uint32_t>(hash >> 5) & seal_bits;
        }

        std::uint32_t bits;

        Name() = default;
        Name(std::uint64_t hash, FlowId id) : bits{id.value | seal_of(hash)} {}
        [[nodiscard]] FlowId id() const { return FlowId{bits & id_bits}; }
        [[nodiscard]] bool has(std::uint32_t seal) const {
            return ((bits ^ seal) & seal_bits) == 0;
        }
        friend bool operator==(Name, Name) = default;
    };
    struct Bucket {
        std::array<std::uint8_t, bucket_slots> tags;  ///< 0: free
        std::uint16_t overflowed;  ///< flows of this bucket that lie in their secondary one
        std::uint16_t unused;
        std::array<Name, bucket_slots> names;
    };
    static_assert(sizeof(Bucket) == cache_line_bytes);
    struct Head {
        std::uint32_t buckets, size, overflowed;
    };
    struct Places {
        std::uint32_t primary, secondary;
    };
    static constexpr std::uint32_t slots_mask = (1U << bucket_slots) - 1;

    explicit Table(std::span<std::byte> memory);

    /// Never 0, which means free. The bits lie below those that choose a bucket.
    static std::uint8_t tag_of(std::uint64_t hash) {
        const auto low = static_cast<std::uint8_t>(hash);
        return low == 0 ? 1 : low;
    }
    std::uint32_t primary_of(std::uint64_t hash) const {
        return static_cast<std::uint32_t>((hash >> 32) * bucket_count_ >> 32);
    }
    /// Never the primary one.
    std::uint32_t secondary_of(std::uint64_t hash) const {
        const std::uint64_t at = (hash & 0xffffffffU) * bucket_count_ >> 32;
        if (at != primary_of(hash)) [[likely]]
            return static_cast<std::uint32_t>(at);
        return static_cast<std::uint32_t>(at + 1 == bucket_count_ ? 0 : at + 1);
    }
    Places places_of(std::uint64_t hash) const { return {primary_of(hash), secondary_of(hash)}; }
    static std::uint32_t slot_in(std::uint32_t mask) {
        return static_cast<std::uint32_t>(std::countr_zero(mask));
    }
    /// The tags are read with the four bytes that follow them, which the mask hides.
    static std::uint32_t tagged(const Bucket& bucket, std::uint8_t tag) {
        return match16(bucket.tags.data(), tag) & slots_mask;
    }

    template <typename Matches>
    static FlowId find_in(const Bucket& bucket, std::uint64_t hash, Matches&& matches);
    static FlowId likely_in(const Bucket& bucket, std::uint64_t hash) {
        return find_in(bucket, hash, [](FlowId) { return true; });
    }
    template <typename HashOf>
    bool make_room(std::uint32_t at, unsigned moves, HashOf&& hash_of);

    bool has_room(std::uint32_t bucket) const { return tagged(buckets_[bucket], 0) != 0; }
    bool insert_without_moving(std::uint64_t hash, FlowId id);
    bool put(std::uint32_t bucket, std::uint8_t tag, Name name);
    bool take(std::uint32_t bucket, std::uint8_t tag, Name name);
    bool move(std::uint32_t from, std::uint32_t slot, Places places);
    void count_overflow(std::uint32_t primary, int change);

    Head* head_;
    Bucket* buckets_;
    std::uint64_t bucket_count_ = 0;
};

inline FlowId Table::likely(std::uint64_t hash) const {
    const Bucket& bucket = buckets_[primary_of(hash)];
    const FlowId id = likely_in(bucket, hash);
    if (id != no_flow || bucket.overflowed == 0) return id;
    terminus::prefetch(&buckets_[secondary_of(hash)]);
    return unsure_flow;
}

template <typename Matches>
FlowId Table::find(std::uint64_t hash, Matches&& matches) const {
    const Bucket& primary = buckets_[primary_of(hash)];
    const FlowId id = find_in(primary, hash, matches);
    if (id != no_flow || primary.overflowed == 0) [[likely]]
        return id;
    return find_in(buckets_[secondary_of(hash)], hash, matches);
}

template <typename Matches>
FlowId Table::find_in(const Bucket& bucket, std::uint64_t hash, Matches&& matches) {
    const std::uint32_t seal = Name::seal_of(hash);
    for (std::uint32_t mask = tagged(bucket, tag_of(hash)); mask != 0; mask &= mask - 1) {
        const Name name = bucket.names[slot_in(mask)];
        if (name.has(seal) && matches(name.id())) [[likely]]
            return name.id();
    }
    return no_flow;
}

template <typename HashOf>
bool Table::insert(std::uint64_t hash, FlowId id, HashOf&& hash_of) {
    if (insert_without_moving(hash, id)) [[likely]]
        return true;
    const Places places = places_of(hash);
    for (unsigned moves = 1; moves <= 2; ++moves) {
        if (make_room(places.primary, moves, hash_of) ||
            make_room(places.secondary, moves, hash_of))
            return insert_without_moving(hash, id);
    }
    return false;
}

/// Frees a slot of the full bucket `at` by moving one flow to its other bucket, where `moves` - 1
/// further moves may make room first. At most 12 hashes are asked for one move, 156 for two.
template <typename HashOf>
bool Table::make_room(std::uint32_t at, unsigned moves, HashOf&& hash_of) {
    for (std::uint32_t slot = 0; slot < bucket_slots; ++slot) {
        if (buckets_[at].tags[slot] == 0) continue;
        const Places places = places_of(hash_of(buckets_[at].names[slot].id()));
        const std::uint32_t other = places.primary == at ? places.secondary : places.primary;
        if (!has_room(other) && (moves == 1 || !make_room(other, moves - 1, hash_of))) continue;
        if (move(at, slot, places)) return true;
    }
    return false;
}

}  // namespace terminus
