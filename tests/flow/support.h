/// What the flow layer's tests share: zeroed memory that can be copied elsewhere, and seeds that
/// are printed.
#pragma once

#include "terminus/flow/arena.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace terminus::test {

/// Zero-filled and aligned to a cache line, as mmap gives it.
class Memory {
public:
    explicit Memory(std::size_t bytes) : store_(bytes + cache_line_bytes), bytes_{bytes} {}

    [[nodiscard]] std::span<std::byte> span() {
        const auto at = reinterpret_cast<std::uintptr_t>(store_.data());
        return std::span{store_}.subspan(whole_lines(at) - at, bytes_);
    }
    /// The same bytes at another place; these are scribbled over.
    [[nodiscard]] Memory moved() {
        Memory other{bytes_};
        std::memcpy(other.span().data(), span().data(), bytes_);
        std::memset(span().data(), 0xa5, bytes_);
        return other;
    }

private:
    std::vector<std::byte> store_;
    std::size_t bytes_;
};

/// The seeds of a property test: TERMINUS_SEED alone when it is set, else 1 to `count`.
inline std::vector<std::uint64_t> seeds(std::uint64_t count) {
    if (const char* given = std::getenv("TERMINUS_SEED")) return {std::strtoull(given, nullptr, 0)};
    std::vector<std::uint64_t> all;
    for (std::uint64_t seed = 1; seed <= count; ++seed)
        all.push_back(seed);
    return all;
}

/// Said when a property test fails.
inline std::string seed_text(std::uint64_t seed) { return "TERMINUS_SEED=" + std::to_string(seed); }

/// A fixed mixing of 64 bits (a finaliser of MurmurHash3), where a test needs a hash but no key.
inline std::uint64_t mixed(std::uint64_t value) {
    value ^= value >> 33;
    value *= 0xff51afd7ed558ccdULL;
    value ^= value >> 33;
    value *= 0xc4ceb9fe1a85ec53ULL;
    return value ^ value >> 33;
}

}  // namespace terminus::test
