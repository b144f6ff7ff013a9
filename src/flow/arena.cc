/// The arena: see the header.
#include "terminus/flow/arena.h"

#include <cstdint>
#include <stdexcept>
#include <string>

namespace terminus {

RequiredMemory::RequiredMemory(std::span<const std::byte> memory, std::size_t bytes) {
    if (memory.size() < bytes)
        throw std::length_error("memory for flows is too small: " + std::to_string(memory.size()) +
                                " bytes where " + std::to_string(bytes) + " are needed");
    if (reinterpret_cast<std::uintptr_t>(memory.data()) % cache_line_bytes != 0)
        throw std::length_error("memory for flows must begin on a cache line");
}

Arena::Arena(std::span<std::byte> memory) : memory_{memory} { RequiredMemory{memory, 0}; }

std::span<std::byte> Arena::take(std::size_t bytes) {
    const auto part = memory_.subspan(used_bytes_);
    const std::size_t lines = whole_lines(bytes);
    RequiredMemory{part, lines};
    used_bytes_ += lines;
    return part.first(bytes);
}

}  // namespace terminus
