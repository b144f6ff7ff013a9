/// What one worker knows of paths: the largest packet that reaches a remote address, where a router
/// or a black hole taught us (RFC 1191, RFC 8201, RFC 4821). Bounded: each address has four places,
/// chosen by a secret hash; the oldest gives way. Not knowing costs a lost segment, nothing else.
///
/// What was learnt holds for ten minutes. In the ten minutes after that, flows that it made smaller
/// try larger segments, one at a time, or, where they cannot, are given back the size they had:
/// that is how a larger path is found again. In a black hole the search begins at once (RFC 4821).
#pragma once

#include "terminus/base/hash.h"
#include "terminus/base/time.h"
#include "terminus/stack/neighbour.h"

#include <cstddef>
#include <cstdint>
#include <vector>

namespace terminus {

class Paths {
public:
    static constexpr std::size_t sets = 256, ways = 4;
    /// RFC 1191 section 6.3, RFC 8201 section 5.3: how long an estimate is kept.
    static constexpr std::uint64_t lifetime_us = std::uint64_t{600} * 1'000'000;

    /// Allocates its table.
    explicit Paths(const HashKey& key);

    /// A flow of `former_mss_bytes` learnt that only segments of `mss_bytes` arrive. `fragments`:
    /// the path is narrower still, and routers may cut our segments.
    void learn(const NeighbourKey& remote, std::uint32_t mss_bytes, std::uint32_t former_mss_bytes,
               bool fragments, Tick now);
    /// The MSS for a flow to `remote` that has used `mss_bytes` so far: less while a smaller one is
    /// known, what it was when that has been forgotten, else the same.
    [[nodiscard]] std::uint32_t fit(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now);
    /// The MSS for a flow that searches, and may use up to `ceiling_bytes`.
    [[nodiscard]] std::uint32_t found(const NeighbourKey& remote, std::uint32_t ceiling_bytes,
                                      Tick now) const;

    // The search for a larger MSS: RFC 4821 section 7.3.
    /// The MSS that a flow of `mss_bytes` tries next; 0: none now.
    [[nodiscard]] std::uint32_t next_probe(const NeighbourKey& remote, std::uint32_t mss_bytes,
                                           std::uint32_t ceiling_bytes, Tick now) const;
    /// Something that large left to try the path.
    void probe_sent(const NeighbourKey& remote, Tick now);
    void probe_arrived(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now);
    /// So much does not arrive, and what is less may.
    void fails(const NeighbourKey& remote, std::uint32_t mss_bytes, Tick now);

    /// The MSS that is known for the path; 0: none is.
    [[nodiscard]] std::uint32_t known_mss_bytes(const NeighbourKey& remote, Tick now) const;
    /// Whether routers may cut our segments on this path.
    [[nodiscard]] bool fragments(const NeighbourKey& remote, Tick now) const;

    /// True when nothing is known at all: the common case, asked before anything else.
    [[nodiscard]] bool empty() const { return used_ == 0; }
    [[nodiscard]] std::size_t size() const { return used_; }
    void forget_all();

private:
    struct Entry {
        NeighbourKey remote;
        bool used = false, fragments = false;
        std::uint16_t mss_bytes = 0;
        std::uint16_t former_mss_bytes = 0;  ///< the smallest of those that the flows had before
        std::uint16_t failed_mss_bytes = 0;  ///< the smallest known not to arrive: search_high
        Tick learnt, probed;
    };
    static_assert(sizeof(Entry) == 48);
    static constexpr std::size_t none = ~std::size_t{0};

    [[nodiscard]] std::size_t set_of(const NeighbourKey& remote) const;
    /// The place of an address; `none`.
    [[nodiscard]] std::size_t find(const NeighbourKey& remote) const;
    [[nodiscard]] Entry* entry_of(const NeighbourKey& remote);
    [[nodiscard]] const Entry* find_fresh(const NeighbourKey& remote, Tick now) const;
    [[nodiscard]] Entry& place_for(const NeighbourKey& remote);

    HashKey key_;
    std::vector<Entry> entries_;
    std::size_t used_ = 0;
};

}  // namespace terminus
