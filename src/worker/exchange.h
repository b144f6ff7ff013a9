/// The exchange: the rings that bring frames from one worker to another, a burst at a time. Each
/// ring has one writing and one reading worker, and no cache line of it is written by both.
#pragma once

#include "terminus/stack/frame.h"

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace terminus {

/// Why a frame goes to another worker.
enum class Errand : std::uint8_t {
    steer,    ///< received here, yours
    copy,     ///< of ARP and ND: learn from it
    rebuilt,  ///< a datagram whose fragments came here, yours
    send,     ///< yours to send: the sender has no queue on that device
};
inline constexpr std::size_t errands = 4;

/// A frame on its way to another worker, which then owns it: a cache line, so that a slot that one
/// writes never shares a line with a slot that the other reads.
struct alignas(64) Passed {
    Frame frame;
    Errand errand = Errand::steer;
};
static_assert(sizeof(Passed) == 64);

/// The rings between all pairs of workers. Made before the workers start, gone after they have
/// stopped.
class Exchange {
public:
    static constexpr std::size_t ring_entries = 512;

    explicit Exchange(std::uint16_t workers);

    /// Takes a prefix and returns its size; the ring is full for the rest, which the caller keeps.
    /// Called by worker `from`.
    std::size_t pass(std::uint16_t from, std::uint16_t to, std::span<const Passed> burst);
    /// Fills a prefix with the next frames from `from` and returns its size. Called by worker `to`.
    std::size_t take(std::uint16_t from, std::uint16_t to, std::span<Passed> burst);
    /// Frames on their way. Called by worker `to`.
    [[nodiscard]] std::size_t waiting(std::uint16_t from, std::uint16_t to) {
        return ring(from, to).read_available();
    }
    [[nodiscard]] std::uint16_t workers() const { return workers_; }

private:
    /// Its indices are 64 bytes apart, its slots begin on a line: alignas(64) of Passed makes it
    /// so.
    using Ring = boost::lockfree::spsc_queue<Passed, boost::lockfree::capacity<ring_entries>>;
    static_assert(alignof(Ring) == 64);
    [[nodiscard]] Ring& ring(std::uint16_t from, std::uint16_t to) {
        return *rings_[std::size_t{from} * workers_ + to];
    }

    std::uint16_t workers_;
    std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace terminus
