/// The slab: a fixed number of equal slots, taken and given back by number in constant time. It
/// serves flow records (records.h), IPv6 keys, Effort records, blocks of text.
///
/// Memory: see arena.h; one line of bookkeeping, then the slots. One thread. A slot keeps its bytes
/// when it is given back, but for the four at `link_at`, which thread the free list; a taken slot
/// is not cleared, and one never taken before is as the memory was: zero.
#pragma once

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"
#include "terminus/base/simd.h"
#include "terminus/flow/arena.h"

#include <cstddef>
#include <cstdint>
#include <span>
#include <type_traits>

namespace terminus {

/// No slot at all.
inline constexpr std::uint32_t no_slot = 0xffffffffU;

template <typename T, std::size_t link_at = 0>
class Slab {
    static_assert(std::is_trivially_copyable_v<T> && alignof(T) <= cache_line_bytes);
    static_assert(sizeof(T) >= link_at + sizeof(std::uint32_t));

public:
    [[nodiscard]] static constexpr std::size_t bytes_needed(std::uint32_t slots) {
        return cache_line_bytes + sizeof(T) * slots;
    }

    Slab(std::span<std::byte> memory, std::uint32_t slots) : Slab{memory} {
        RequiredMemory{memory, bytes_needed(slots)};
        *head_ = {.slots = slots, .used = 0, .fresh = 0, .first_free = no_slot};
    }
    Slab(std::span<std::byte> memory, Existing) : Slab{memory} {
        RequiredMemory{memory, bytes_needed(head_->slots)};
    }

    /// The number of a free slot, the one given back last if any; no_slot when all are used.
    [[nodiscard]] std::uint32_t take() {
        const std::uint32_t id = head_->first_free;
        if (id == no_slot) return take_fresh();
        head_->first_free = load<std::uint32_t>(link_of(id));
        ++head_->used;
        return id;
    }

    /// Gives back a slot that take() named. Nobody may use it any longer.
    void give(std::uint32_t id) {
        TERMINUS_ASSERT(id < head_->fresh && head_->used > 0);
        store(link_of(id), head_->first_free);
        head_->first_free = id;
        --head_->used;
    }

    [[nodiscard]] T& operator[](std::uint32_t id) { return items_[id]; }
    [[nodiscard]] const T& operator[](std::uint32_t id) const { return items_[id]; }
    void prefetch(std::uint32_t id) const { terminus::prefetch(&items_[id]); }

    [[nodiscard]] std::uint32_t capacity() const { return head_->slots; }
    [[nodiscard]] std::uint32_t used() const { return head_->used; }
    [[nodiscard]] std::uint32_t available() const { return head_->slots - head_->used; }
    /// The most slots ever used at once: a fresh one is taken only when no other is free.
    [[nodiscard]] std::uint32_t high_water() const { return head_->fresh; }

private:
    struct Head {
        std::uint32_t slots, used, fresh, first_free;
    };

    explicit Slab(std::span<std::byte> memory)
        : head_{reinterpret_cast<Head*>(memory.data())},
          items_{reinterpret_cast<T*>(memory.data() + cache_line_bytes)} {
        RequiredMemory{memory, cache_line_bytes};
    }

    std::uint32_t take_fresh() {
        if (head_->fresh == head_->slots) return no_slot;
        ++head_->used;
        return head_->fresh++;
    }
    std::byte* link_of(std::uint32_t id) {
        return reinterpret_cast<std::byte*>(&items_[id]) + link_at;
    }

    Head* head_;
    T* items_;
};

}  // namespace terminus
