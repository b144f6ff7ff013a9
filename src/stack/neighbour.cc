/// The neighbour cache: a set-associative table of RFC 4861 states, and the frames that wait for an
/// answer.
#include "terminus/stack/neighbour.h"

#include "terminus/base/assert.h"
#include "terminus/base/endian.h"

#include <algorithm>
#include <bit>

namespace terminus {
namespace {

using State = NeighbourState;

constexpr std::size_t ways = 8;
constexpr std::uint64_t scan_interval_ms = 20;  ///< between two walks over the table
constexpr std::uint64_t failed_memory_ms =
    60'000;  ///< for how long failures in a row are counted as such
constexpr Tick never{~std::uint64_t{0}};

/// A state that ends by itself.
bool is_timed(State state) {
    return state == State::incomplete || state == State::delay || state == State::probe ||
           state == State::failed;
}

bool has_mac(State state) {
    return state == State::reachable || state == State::stale || state == State::delay ||
           state == State::probe;
}

/// The lower, the sooner an entry is given up for another: what a scan of the subnet leaves behind
/// (RFC 6583 section 6.1) before what was of use.
int worth(State state) {
    switch (state) {
        case State::free: return 0;
        case State::failed: return 1;
        case State::incomplete: return 2;
        case State::stale: return 3;
        default: return 4;
    }
}

}  // namespace

Neighbours::Neighbours(const NeighbourLimits& limits, const HashKey& key)
    : limits_{limits},
      key_{key},
      entries_(std::bit_ceil(std::max(limits.entries, ways))),
      waiting_(limits.frames) {
    for (std::size_t i = 0; i < waiting_.size(); ++i)
        waiting_[i].next = static_cast<std::uint16_t>(i + 1);
}

Neighbours::Entry* Neighbours::bucket(const NeighbourKey& key) {
    const auto low = load<std::uint64_t>(key.address.bytes.data());
    const auto high = load<std::uint64_t>(key.address.bytes.data() + 8);
    const auto hash = keyed_hash(key_, low ^ key.interface, high);
    return &entries_[hash % (entries_.size() / ways) * ways];
}

Neighbours::Entry* Neighbours::find(const NeighbourKey& key) {
    Entry* first = bucket(key);
    Entry* found = std::find_if(first, first + ways, [&key](const Entry& entry) {
        return entry.state != State::free && entry.key == key;
    });
    return found == first + ways ? nullptr : found;
}

NeighbourState Neighbours::state(const NeighbourKey& key) const {
    const Entry* entry = const_cast<Neighbours*>(this)->find(key);
    return entry == nullptr ? State::free : entry->state;
}

/// A new entry, in place of the bucket's least worth; null when all are gateways or have frames
/// waiting. The caller sets its state.
Neighbours::Entry* Neighbours::create(const NeighbourKey& key, Tick now) {
    Entry* first = bucket(key);
    Entry* victim = nullptr;
    for (Entry* entry = first; entry != first + ways; ++entry) {
        if (entry->state != State::free && (entry->pinned || entry->frames != 0)) continue;
        const auto rank = [](const Entry& e) { return std::pair{worth(e.state), e.used}; };
        if (victim == nullptr || rank(*entry) < rank(*victim)) victim = entry;
    }
    if (victim == nullptr) return nullptr;
    if (victim->state == State::free) ++size_;
    *victim = {};
    victim->key = key;
    victim->used = now;
    return victim;
}

void Neighbours::set(Entry& entry, State state, Tick deadline) {
    entry.state = state;
    entry.deadline = deadline;
    if (is_timed(state)) next_due_ = std::min(next_due_, deadline);
}

void Neighbours::set_reachable(Entry& entry, Tick now) {
    entry.failures = 0;
    set(entry, State::reachable, now.after_ms(limits_.reachable_ms));
}

Neighbours::Found Neighbours::lookup(const NeighbourKey& key, Tick now) {
    Entry* entry = find(key);
    const bool is_new = entry == nullptr;
    if (is_new) entry = create(key, now);
    if (entry == nullptr) return {};
    entry->used = now;
    if (is_new || (entry->state == State::failed && entry->deadline <= now)) {
        entry->tries = 1;
        set(*entry, State::incomplete, now.after_ms(limits_.retransmit_ms));
        return {.mac = nullptr, .wants_solicitation = true};
    }
    if (entry->state == State::reachable && entry->deadline <= now) entry->state = State::stale;
    if (entry->state == State::stale) set(*entry, State::delay, now.after_ms(limits_.delay_ms));
    return {.mac = has_mac(entry->state) ? &entry->mac : nullptr};
}

Drop Neighbours::hold(const NeighbourKey& key, const Frame& frame, NeighbourSink& sink) {
    Entry* entry = find(key);
    if (entry == nullptr) return Drop::neighbour_queue_full;  // the table had no room for it
    if (entry->state != State::incomplete) return Drop::neighbour_unreachable;
    if (entry->frames >= limits_.frames_per_neighbour && entry->frames > 0)
        sink.abandoned(take_first(*entry), Drop::neighbour_queue_full);
    if (held_ == waiting_.size()) return Drop::neighbour_queue_full;
    const std::uint16_t at = free_waiting_;
    free_waiting_ = waiting_[at].next;
    waiting_[at] = {frame, 0};
    std::uint16_t* end = &entry->first;
    for (std::uint16_t i = 0; i < entry->frames; ++i)
        end = &waiting_[*end].next;
    *end = at;
    ++entry->frames;
    ++held_;
    return Drop::none;
}

Frame Neighbours::take_first(Entry& entry) {
    TERMINUS_ASSERT(entry.frames > 0);
    const std::uint16_t at = entry.first;
    entry.first = waiting_[at].next;
    --entry.frames;
    --held_;
    waiting_[at].next = free_waiting_;
    free_waiting_ = at;
    return waiting_[at].frame;
}

void Neighbours::abandon(Entry& entry, Drop reason, NeighbourSink& sink) {
    while (entry.frames != 0)
        sink.abandoned(take_first(entry), reason);
}

void Neighbours::learn(const NeighbourKey& key, const NeighbourClaim& claim, Tick now,
                       NeighbourSink& sink) {
    if (claim.has_mac && claim.mac.is_group())
        return;  // RFC 1122 section 2.3.2: no host has such a MAC
    Entry* entry = find(key);
    if (entry == nullptr && (!claim.creates || !claim.has_mac)) return;
    if (entry == nullptr) entry = create(key, now);
    if (entry == nullptr) return;
    if (has_mac(entry->state)) return update(*entry, claim, now);
    if (claim.has_mac) resolve(*entry, claim, now, sink);
}

/// The MAC of a neighbour that had none: RFC 4861 section 7.2.5, INCOMPLETE. The frames that waited
/// leave.
void Neighbours::resolve(Entry& entry, const NeighbourClaim& claim, Tick now, NeighbourSink& sink) {
    entry.mac = claim.mac;
    entry.failures = 0;
    if (claim.solicited)
        set_reachable(entry, now);
    else
        set(entry, State::stale, never);
    while (entry.frames != 0)
        sink.resolved(take_first(entry), entry.mac);
}

/// RFC 4861 section 7.2.5, any other state.
void Neighbours::update(Entry& entry, const NeighbourClaim& claim, Tick now) {
    const bool differs = claim.has_mac && claim.mac != entry.mac;
    if (differs && !claim.overrides) {
        if (entry.state == State::reachable) set(entry, State::stale, never);
        return;
    }
    if (differs) entry.mac = claim.mac;
    if (claim.solicited)
        set_reachable(entry, now);
    else if (differs)
        set(entry, State::stale, never);
}

void Neighbours::confirm(const NeighbourKey& key, Tick now) {
    Entry* entry = find(key);
    if (entry != nullptr && has_mac(entry->state)) set_reachable(*entry, now);
}

void Neighbours::pin(const NeighbourKey& key) {
    Entry* entry = find(key);
    if (entry == nullptr) {
        entry = create(key, Tick{});
        if (entry == nullptr) return;  // eight gateways in one bucket: this one goes unpinned
        entry->state = State::failed;  // with its time over: the first lookup asks
    }
    entry->pinned = true;
}

void Neighbours::advance(Tick now, NeighbourSink& sink) {
    if (now < next_due_) return;
    next_due_ = never;
    for (Entry& entry : entries_) {
        if (is_timed(entry.state) && entry.deadline <= now) expire(entry, now, sink);
        if (is_timed(entry.state) && entry.deadline > now)
            next_due_ = std::min(next_due_, entry.deadline);
    }
    if (next_due_ != never) next_due_ = std::max(next_due_, now.after_ms(scan_interval_ms));
}

void Neighbours::expire(Entry& entry, Tick now, NeighbourSink& sink) {
    switch (entry.state) {
        case State::delay:
            entry.tries = 0;
            retry(entry, now, sink);
            return;
        case State::incomplete:
        case State::probe:
            if (entry.tries < limits_.tries) return retry(entry, now, sink);
            return fail(entry, now, sink);
        default:  // failed: what is not asked for again is forgotten
            if (!entry.pinned && entry.deadline.after_ms(failed_memory_ms) <= now) forget(entry);
    }
}

/// Asks again: all when the MAC is unknown, else the neighbour alone (RFC 4861 section 7.3.3).
void Neighbours::retry(Entry& entry, Tick now, NeighbourSink& sink) {
    ++entry.tries;
    const bool is_known = entry.state != State::incomplete;
    set(entry, is_known ? State::probe : State::incomplete, now.after_ms(limits_.retransmit_ms));
    sink.solicit(entry.key, is_known ? &entry.mac : nullptr);
}

/// A known neighbour is forgotten, so that the next frame asks all; an unknown one is left alone
/// for a while.
void Neighbours::fail(Entry& entry, Tick now, NeighbourSink& sink) {
    const bool was_known = entry.state == State::probe;
    if (was_known && !entry.pinned) return forget(entry);
    const auto doublings = std::min<unsigned>(entry.failures, 3);
    entry.failures = static_cast<std::uint8_t>(std::min(entry.failures + 1, 255));
    set(entry, State::failed,
        was_known ? now : now.after_ms(std::uint64_t{limits_.negative_ms} << doublings));
    abandon(entry, Drop::neighbour_unreachable, sink);
}

void Neighbours::forget(Entry& entry) {
    TERMINUS_ASSERT(entry.frames == 0);
    entry = {};
    --size_;
}

void Neighbours::release_all(NeighbourSink& sink) {
    for (Entry& entry : entries_)
        abandon(entry, Drop::neighbour_unreachable, sink);
}

}  // namespace terminus
