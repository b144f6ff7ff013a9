/// A lane: one worker's pair of queues on one device. The stack never calls it; the worker does, a
/// burst at a time. src/dpdk implements it over an ethdev, the tests in memory.
#pragma once

#include "terminus/stack/frame.h"

#include <cstddef>
#include <cstdint>
#include <span>

namespace terminus {

/// What only a lane can count.
struct LaneTally {
    std::uint64_t unusable = 0;  ///< received, and dropped: they fit no frame with its headroom
    std::uint64_t chains = 0, chained_segments = 0;  ///< sent by TSO
};

class Lane {
public:
    Lane() = default;
    Lane(const Lane&) = delete;
    Lane& operator=(const Lane&) = delete;
    virtual ~Lane() = default;

    /// Fills a prefix of `frames` with what has arrived and returns its size. The caller owns those
    /// frames.
    virtual std::size_t receive(std::span<Frame> frames) = 0;
    /// Takes a prefix of `frames` to send and returns its size; the caller keeps the rest.
    virtual std::size_t transmit(std::span<const Frame> frames) = 0;
    /// Fills a prefix of `frames` with empty frames (length 0) to write into and returns its size.
    virtual std::size_t fresh(std::span<Frame> frames) = 0;
    /// Takes back frames that shall not be sent.
    virtual void release(std::span<const Frame> frames) = 0;
    [[nodiscard]] virtual LaneTally tally() const { return {}; }
};

}  // namespace terminus
