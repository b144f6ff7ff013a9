#include "terminus/stack/paths.h"

#include <algorithm>
#include <array>
#include <bit>
#include <utility>

namespace terminus {

namespace {

// RFC 4821 section 7.3: a search that gains less ends. The pause between two probes of a path keeps
// those that are lost rare among its segments.
constexpr std::uint32_t worthwhile_bytes = 16;
constexpr std::uint64_t pause_us = 200'000;
constexpr std::uint16_t nothing_failed = 0xffff;

}  // namespace

Paths::Paths(const HashKey& key) : key_{key}, entries_(sets * ways) {}

std::size_t Paths::set_of(const NeighbourKey& remote) const {
    const auto words = std::bit_cast<std::array<std::uint64_t, 2>>(remote.address.bytes);
    return keyed_hash(key_, words[0] ^ remote.interface, words[1]) % sets * ways;
}

std::size_t Paths::find(const NeighbourKey& remote) const {
    const std::size_t first = set_of(remote);
    for (std::size_t place = first; place < first + ways; ++place)
        if (entries_[place].used && entries_[place].remote == remote) return place;
    return none;
}

const Paths::Entry* Paths::find_fresh(const NeighbourKey& remote, Tick now) const {
    const std::size_t place = find(remote);
    if (place == none || now.us - entries_[place].learnt.us >= lifetime_us) return nullptr;
    return &entries_[place];
}

/// The address's own place, else a free one, else the one that was learnt first.
Paths::Entry& Paths::place_for(const NeighbourKey& remote) {
    if (const std::size_t known = find(remote); known != none) return entries_[known];
    const auto first = entries_.begin() + static_cast<std::ptrdiff_t>(set_of(remote));
    Entry& place = *std::min_element(first, first + ways, [](const Entry& a, const Entry& b) {
        return std::pair{a.used, a.learnt} < std::pair{b.used, b.learnt};
    });
    if (!place.used) ++used_;
    place = Entry{};
    place.remote = remote;
    place.used = true;
    return place;
}

void Paths::learn(const NeighbourKey& remote, std::uint32_t mss_bytes,
                  std::uint32_t former_mss_bytes, bool fragments, Tick now) {
    Entry& entry = place_for(remote);
    const auto former = static_cast<std::uint16_t>(former_mss_bytes);
    if (entry.former_mss_bytes == 0)
        entry.former_mss_bytes = former;
    else if (former != entry.mss_bytes)  // else it is as small as the last lesson made it
        entry.former_mss_bytes = std::min(entry.former_mss_bytes, former);
    entry.mss_bytes = static_cast<std::uint16_t>(mss_bytes);
    entry.fragments = fragments;
    entry.learnt = now;
    entry.failed_mss_bytes = nothing_failed;
}

Paths::Entry* Paths::entry_of(const NeighbourKey& remote) {
    const std::size_t place = find(remote);
    return place == none ? nullptr : &entries_[place];
}

std::uint32_t Paths::found(const NeighbourKey& remote, std::uint32_t ceiling_bytes,
                           Tick now) const {
    const std::size_t place = find(remote);
    if (place == none || now.us - entries_[place].learnt.us >= 2 * lifetime_us)
        return ceiling_bytes;
    return std::min<std::uint32_t>(entries_[place].mss_bytes, ceiling_bytes);
}

std::uint32_t Paths::next_probe(const NeighbourKey& remote, std::uint32_t mss_bytes,
                                std::uint32_t ceiling_bytes, Tick now) const {
    const std::size_t place = find(remote);
    if (place == none || mss_bytes >= ceiling_bytes) return 0;
    const Entry& entry = entries_[place];
    if (now.us - entry.probed.us < pause_us) return 0;
    // RFC 1191 section 6.3, RFC 8201 section 5.3: what failed may arrive ten minutes later.
    if (now.us - entry.learnt.us >= lifetime_us || entry.failed_mss_bytes > ceiling_bytes)
        return ceiling_bytes;
    if (entry.failed_mss_bytes < mss_bytes + worthwhile_bytes) return 0;
    return (mss_bytes + entry.failed_mss_bytes) / 2;
}

void Paths::probe_sent(const NeighbourKey& remote, Tick now) {
    Entry* entry = entry_of(remote);
    if (entry == nullptr) return;
    if (now.us - entry->learnt.us >= lifetime_us) entry->failed_mss_bytes = nothing_failed;
    entry->probed = now;
}

void Paths::probe_arrived(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now) {
    Entry* entry = entry_of(remote);
    if (entry == nullptr || mss_bytes <= entry->mss_bytes) return;
    entry->mss_bytes = static_cast<std::uint16_t>(mss_bytes);
    if (entry->failed_mss_bytes <= mss_bytes) entry->failed_mss_bytes = nothing_failed;
    entry->learnt = now;
}

void Paths::fails(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now) {
    Entry* entry = entry_of(remote);
    if (entry == nullptr || mss_bytes <= entry->mss_bytes) return;
    entry->failed_mss_bytes =
        std::min(entry->failed_mss_bytes, static_cast<std::uint16_t>(mss_bytes));
    entry->learnt = now;
}

std::uint32_t Paths::fit(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now) {
    const std::size_t place = find(remote);
    if (place == none) return mss_bytes;
    Entry& entry = entries_[place];
    const std::uint64_t age_us = now.us - entry.learnt.us;
    if (age_us >= 2 * lifetime_us) {
        entry = Entry{};
        --used_;
        return mss_bytes;
    }
    if (age_us >= lifetime_us)
        return mss_bytes == entry.mss_bytes ? entry.former_mss_bytes : mss_bytes;
    if (mss_bytes <= entry.mss_bytes) return mss_bytes;
    entry.former_mss_bytes =
        std::min(entry.former_mss_bytes, static_cast<std::uint16_t>(mss_bytes));
    return entry.mss_bytes;
}

std::uint32_t Paths::known_mss_bytes(const NeighbourKey& remote, Tick now) const {
    const Entry* entry = find_fresh(remote, now);
    return entry == nullptr ? 0 : entry->mss_bytes;
}

bool Paths::fragments(const NeighbourKey& remote, Tick now) const {
    const Entry* entry = find_fresh(remote, now);
    return entry != nullptr && entry->fragments;
}

void Paths::forget_all() {
    std::ranges::fill(entries_, Entry{});
    used_ = 0;
}

}  // namespace terminus
