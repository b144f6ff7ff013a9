/// The neighbour cache of one stack: which MAC an on-link address has, by ARP (RFC 826, RFC 1122
/// section 2.3.2) and by Neighbour Discovery with its reachability states (RFC 4861 section 7.3),
/// for both families alike. One thread. The constructor allocates; the cache owns the frames that
/// wait, until a sink gets them back.
#pragma once

#include "terminus/base/drop.h"
#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/stack/frame.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ethernet.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace terminus {

struct NeighbourKey {
    Address address;
    std::uint8_t interface = 0;  ///< index of the interface

    friend constexpr bool operator==(const NeighbourKey&, const NeighbourKey&) = default;
};

enum class NeighbourState : std::uint8_t {
    free,
    incomplete,  ///< solicited, no answer yet
    reachable,   ///< confirmed lately
    stale,       ///< known, not confirmed lately, not used since
    delay,       ///< used while stale: an upper layer may still confirm it
    probe,       ///< asked again, unicast
    failed,      ///< did not answer; not asked again before a while has passed
};

struct NeighbourLimits {
    std::size_t entries = 4096;               ///< rounded up to a power of two, at least 8
    std::size_t frames = 256;                 ///< that wait, all told
    std::uint32_t frames_per_neighbour = 16;  ///< an initial window, RFC 6928, and more
    std::uint32_t reachable_ms = 30'000;      ///< RFC 4861 section 10, REACHABLE_TIME
    std::uint32_t delay_ms = 5'000;           ///< DELAY_FIRST_PROBE_TIME
    std::uint32_t retransmit_ms =
        1'000;                ///< RETRANS_TIMER; RFC 1122 section 2.3.2.1: one a second at most
    std::uint32_t tries = 3;  ///< MAX_MULTICAST_SOLICIT, MAX_UNICAST_SOLICIT
    std::uint32_t negative_ms =
        3'000;  ///< after a failure; doubles with each one in a row, up to eightfold
};

/// What a received message says about a neighbour.
struct NeighbourClaim {
    Mac mac;
    bool has_mac = true;     ///< false: an advertisement without its target link-layer address
    bool solicited = false;  ///< it answers us: the way there and back works
    bool overrides = false;  ///< it may replace another MAC
    bool creates = false;    ///< it asked for us, so that we shall answer: worth an entry
};

/// Where the cache puts what leaves it. Called inside learn(), hold(), advance() and release_all()
/// only.
class NeighbourSink {
public:
    NeighbourSink() = default;
    NeighbourSink(const NeighbourSink&) = delete;
    NeighbourSink& operator=(const NeighbourSink&) = delete;
    virtual ~NeighbourSink() = default;

    /// Send an ARP request or neighbour solicitation: to all (null), or to this MAC only.
    virtual void solicit(const NeighbourKey& key, const Mac* to) = 0;
    /// Send a frame that has waited; the MAC is its destination.
    virtual void resolved(const Frame& frame, const Mac& mac) = 0;
    /// Release a frame that waited in vain.
    virtual void abandoned(const Frame& frame, Drop reason) = 0;
};

class Neighbours {
public:
    /// `key` is secret, so that nobody can choose addresses that crowd one bucket.
    Neighbours(const NeighbourLimits& limits, const HashKey& key);

    struct Found {
        const Mac* mac = nullptr;         ///< valid until the next call; null: not known (yet)
        bool wants_solicitation = false;  ///< the caller sends the first one now, to all
    };
    /// For a frame about to be sent. Begins the resolution of an unknown neighbour.
    [[nodiscard]] Found lookup(const NeighbourKey& key, Tick now);
    /// Takes a frame that lookup() found no MAC for. Drop::none: the cache owns it now; else the
    /// caller still does. A neighbour's oldest frame makes room for its newest: RFC 4861
    /// section 7.2.2.
    [[nodiscard]] Drop hold(const NeighbourKey& key, const Frame& frame, NeighbourSink& sink);
    /// A received ARP packet, solicitation or advertisement, already validated: RFC 4861
    /// sections 7.2.3 and 7.2.5.
    void learn(const NeighbourKey& key, const NeighbourClaim& claim, Tick now, NeighbourSink& sink);
    /// An upper layer had an answer by way of this neighbour: RFC 4861 section 7.3.1.
    void confirm(const NeighbourKey& key, Tick now);
    /// A gateway: its entry is never given up for another.
    void pin(const NeighbourKey& key);
    /// Due timers. Cheap when none is due; a deadline is met at most 20 ms late.
    void advance(Tick now, NeighbourSink& sink);
    /// Abandons all frames, at the end.
    void release_all(NeighbourSink& sink);

    [[nodiscard]] std::size_t size() const {
        return size_;
    }  ///< entries in use, failed ones included
    [[nodiscard]] std::size_t frames_held() const { return held_; }
    /// For tests and the operator; `free` when absent.
    [[nodiscard]] NeighbourState state(const NeighbourKey& key) const;

private:
    struct Entry {
        NeighbourKey key;
        NeighbourState state = NeighbourState::free;
        std::uint8_t tries = 0, failures = 0;
        bool pinned = false;
        Mac mac;
        std::uint16_t frames = 0;  ///< that wait
        std::uint16_t first = 0;   ///< of them, index into waiting_; meaningful with frames
        Tick deadline, used;
    };
    struct Waiting {
        Frame frame;
        std::uint16_t next = 0;
    };

    [[nodiscard]] Entry* bucket(const NeighbourKey& key);
    [[nodiscard]] Entry* find(const NeighbourKey& key);
    [[nodiscard]] Entry* create(const NeighbourKey& key, Tick now);
    void set(Entry& entry, NeighbourState state, Tick deadline);
    void set_reachable(Entry& entry, Tick now);
    void resolve(Entry& entry, const NeighbourClaim& claim, Tick now, NeighbourSink& sink);
    void update(Entry& entry, const NeighbourClaim& claim, Tick now);
    void expire(Entry& entry, Tick now, NeighbourSink& sink);
    void retry(Entry& entry, Tick now, NeighbourSink& sink);
    void fail(Entry& entry, Tick now, NeighbourSink& sink);
    void forget(Entry& entry);
    [[nodiscard]] Frame take_first(Entry& entry);
    void abandon(Entry& entry, Drop reason, NeighbourSink& sink);

    NeighbourLimits limits_;
    HashKey key_;
    std::vector<Entry> entries_;
    std::vector<Waiting> waiting_;
    std::uint16_t free_waiting_ = 0;  ///< head of the free list
    std::size_t size_ = 0, held_ = 0;
    Tick next_due_{~std::uint64_t{0}};
};

}  // namespace terminus
