/// Captures: the first text or datagram of each peer of a capture service, kept until the worker
/// takes it. Bounded three ways: so many bytes of each, a ring of so many, and one of so many
/// peers. A peer is remembered in a table where a later one may push it out, so that a peer that
/// comes often is captured rarely, not never again.
///
/// One thread. Nothing is allocated after construction.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/stack/calls.h"

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

namespace terminus {

/// One of them: a plain copy, which may cross a ring.
struct Captured {
    static constexpr std::size_t most_bytes = 512;

    Tick at;
    Endpoint local, remote;
    std::uint32_t length = 0;  ///< of the text or datagram; `kept` of its bytes are here
    std::uint16_t kept = 0;
    std::uint8_t service = 0;  ///< index
    bool is_udp = false;
    std::array<std::byte, most_bytes> bytes;

    [[nodiscard]] std::span<const std::byte> text() const { return std::span{bytes}.first(kept); }
};

struct CaptureSettings {
    std::uint32_t ring = 256;             ///< captures that wait at most
    std::uint32_t remembered = 1U << 14;  ///< peers, a power of two
};

/// What became of a text that was to be kept.
enum class Kept : std::uint8_t { kept, known, not_sampled, full };

class Captures {
public:
    Captures(const CaptureSettings& settings, const HashKey& key);

    /// Keeps a copy of `text` unless the peer's address was seen, or is not the one of `one_of`.
    Kept offer(const Captured& about, std::span<const std::byte> text, std::uint32_t one_of);
    /// The oldest that waits; null: none does.
    [[nodiscard]] const Captured* front() const { return count_ == 0 ? nullptr : &ring_[first_]; }
    void pop();

private:
    [[nodiscard]] bool is_new(std::uint64_t mark);

    CaptureSettings settings_;
    HashKey key_;
    std::vector<Captured> ring_;
    std::vector<std::uint64_t> seen_;
    std::size_t first_ = 0, count_ = 0;
};

}  // namespace terminus
