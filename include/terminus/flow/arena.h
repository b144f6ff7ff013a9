/// The arena: cuts one span of memory, which the caller reserved, into the aligned parts that
/// tables, wheels and slabs live in. Every such component says `bytes_needed(...)` beforehand, so
/// that a plan is exact: the sum of whole_lines(bytes_needed) is what an arena of them takes.
///
/// What lies in that memory holds ids and no pointers: it may be mapped elsewhere, or copied, and
/// gone on with (`existing`). It must be zero-filled at first, as mmap gives it; nothing clears it,
/// so that pages are touched only when they are used, or when the caller populates them. The caller
/// owns the memory and keeps it longer than the components. Used before the first packet only;
/// throws std::length_error when the span is too small or not aligned to a cache line.
#pragma once

#include <cstddef>
#include <span>

namespace terminus {

inline constexpr std::size_t cache_line_bytes = 64;

/// `bytes` rounded up to whole cache lines.
[[nodiscard]] constexpr std::size_t whole_lines(std::size_t bytes) {
    return (bytes + cache_line_bytes - 1) & ~(cache_line_bytes - 1);
}

/// Asks a component to go on with what its memory holds instead of starting afresh.
struct Existing {};
inline constexpr Existing existing{};

class Arena {
public:
    explicit Arena(std::span<std::byte> memory);

    /// The next `bytes` bytes, aligned to a cache line.
    [[nodiscard]] std::span<std::byte> take(std::size_t bytes);

    [[nodiscard]] std::size_t used_bytes() const { return used_bytes_; }
    [[nodiscard]] std::size_t left_bytes() const { return memory_.size() - used_bytes_; }

private:
    std::span<std::byte> memory_;
    std::size_t used_bytes_ = 0;
};

/// What components check first: constructing it throws unless `memory` has room for `bytes` and
/// begins on a cache line.
struct RequiredMemory {
    RequiredMemory(std::span<const std::byte> memory, std::size_t bytes);
};

}  // namespace terminus
