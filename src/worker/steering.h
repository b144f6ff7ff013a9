/// Steering between workers: which worker owns a frame, and the rings that bring it there. Hashing
/// is in software over the tuple, the same for both directions, so that no device has to be
/// trusted. Each Exchange ring has one writing and one reading worker; everything else here is
/// pure.
#pragma once

#include "terminus/base/hash.h"
#include "terminus/stack/frame.h"
#include "terminus/wire/address.h"

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace terminus {

/// What chooses the owner. Ports are zero where there are none; a fragment has its identification
/// instead.
struct Tuple {
    Address source, destination;
    std::uint16_t source_port = 0, destination_port = 0;
    std::uint32_t fragment_id = 0;
    friend bool operator==(const Tuple&, const Tuple&) = default;
};

/// Whom a frame concerns.
enum class Concern : std::uint8_t {
    whoever_has_it,  ///< not IP, or too broken to say: the worker that received it deals with it
    the_owner,       ///< of its tuple
    everyone,        ///< ARP and neighbour discovery: each worker learns from it
};

/// Reads just enough of a frame: link header, one 802.1Q tag, addresses, ports. An ICMP error gives
/// the tuple that it quotes, so that it finds the flow's owner. Reads inside `frame` only, whatever
/// it holds.
[[nodiscard]] Concern concern_of(std::span<const std::byte> frame, Tuple& tuple);

/// The worker that owns a tuple: equal for both directions. `workers` is at least 1. Active opens
/// choose their port with it.
[[nodiscard]] std::uint16_t owner_of(const Tuple& tuple, const HashKey& key, std::uint16_t workers);

/// A frame on its way from one worker to another, which then owns it.
struct Passed {
    Frame frame;
    bool to_send = false;  ///< "yours to send", else "yours to receive"
};

/// The rings between all pairs of workers. Made before the workers start, gone after they have
/// stopped.
class Exchange {
public:
    static constexpr std::size_t ring_entries = 512;

    explicit Exchange(std::uint16_t workers);

    /// False when the ring is full: the caller keeps the frame. Called by worker `from`.
    bool pass(std::uint16_t from, std::uint16_t to, const Passed& passed);
    /// The next frame from `from`; false when there is none. Called by worker `to`.
    bool take(std::uint16_t from, std::uint16_t to, Passed& passed);
    /// Frames on their way. Called by worker `to`.
    [[nodiscard]] std::size_t waiting(std::uint16_t from, std::uint16_t to) {
        return ring(from, to).read_available();
    }
    [[nodiscard]] std::uint16_t workers() const { return workers_; }

private:
    using Ring = boost::lockfree::spsc_queue<Passed, boost::lockfree::capacity<ring_entries>>;
    [[nodiscard]] Ring& ring(std::uint16_t from, std::uint16_t to) {
        return *rings_[std::size_t{from} * workers_ + to];
    }

    std::uint16_t workers_;
    std::vector<std::unique_ptr<Ring>> rings_;
};

}  // namespace terminus
