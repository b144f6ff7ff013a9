/// What control and a worker say to each other: plain structs over two bounded single-producer
/// single-consumer rings per worker. A full ring refuses; whoever speaks then tries again later.
#pragma once

#include "terminus/stack/stack.h"

#include "worker/bell.h"
#include "worker/call.h"

#include <boost/lockfree/policies.hpp>
#include <boost/lockfree/spsc_queue.hpp>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <variant>

namespace terminus {

/// Judge by this policy from the next burst on. Control keeps the old one until every worker has
/// answered Adopted, so that none is destroyed on a worker.
struct AdoptPolicy {
    std::uint64_t epoch = 0;
    std::shared_ptr<const Policy> policy;
    std::shared_ptr<const Services> services;
};
/// Take no new flow from now on.
struct Drain {};
/// RST to every flow; the resets leave with the next turns.
struct AbortAll {};
/// Leave the loop after this turn.
struct Stop {};
using Command = std::variant<AdoptPolicy, Drain, AbortAll, Stop>;

/// The worker judges by the policy of this epoch.
struct Adopted {
    std::uint64_t epoch = 0;
};
/// The worker has left its loop and touches nothing any more.
struct Stopped {};
using Answer = std::variant<Adopted, Stopped>;

inline constexpr std::size_t command_ring_entries = 64;

/// The two rings between control and one worker.
struct CommandRings {
    template <typename T>
    using Ring = boost::lockfree::spsc_queue<T, boost::lockfree::capacity<command_ring_entries>>;

    Ring<Command> to_worker;
    Ring<Answer> to_control;
    Ring<Captured> captured;  ///< what capture services kept
};

inline constexpr std::size_t call_ring_entries = 1024;

/// The two rings between the user calls' desk in control and one worker. Control has at most
/// `call_ring_entries` calls with one worker, so that their answers always fit.
struct CallRings {
    using Ring =
        boost::lockfree::spsc_queue<CallPointer, boost::lockfree::capacity<call_ring_entries>>;

    explicit CallRings(const Bell& answered) : answers{answered} {}

    Ring to_worker;
    Ring to_control;
    Bell calls;           ///< control rings it: there are calls; an idle worker wakes up
    const Bell& answers;  ///< the worker rings it: there are answers; one for all workers
};

}  // namespace terminus
