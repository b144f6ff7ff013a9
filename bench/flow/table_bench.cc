/// The index and the record store, in bursts of 32 as the stack uses them: hash and prefetch the
/// buckets, read the buckets and prefetch the records, compare.
///
/// Prediction, on the EPYC 7003 guest of 2.45 GHz (32 MB of L3, shared) with transparent huge
/// pages: two batched cache misses cost 23 ns, hash and compare 7 ns. So find: 9 ns at 1 k, 15 ns
/// at 1 M (index in L3, records half), 30 ns at 16 M, 33 ns at 64 M. A stranger (no tag, or one
/// bucket in ten with a second probe): 8 ns at 1 k, 20 ns at 64 M. Insert and erase touch the
/// bucket only: 10 ns at 1 k, 25 ns at 64 M.
#include "terminus/flow/key.h"
#include "terminus/flow/records.h"
#include "terminus/flow/table.h"

#include "huge_memory.h"
#include "sizes.h"

#include <benchmark/benchmark.h>

#include <array>
#include <chrono>
#include <cstdlib>
#include <memory>

namespace terminus {
namespace {

constexpr std::size_t burst = 32;
struct alignas(64) Record {
    std::array<std::uint64_t, 8> words;
};
using Store = Records<Record, 60>;

/// The tuple of client number n; the tuples of absent clients come from another network.
Key key_of_client(std::uint32_t n, std::uint32_t network = 0x0a000000) {
    const auto port = static_cast<std::uint16_t>(1024 + (n & 0x3fff));
    return ip4_key(be32{0xc6120002}, be32{network + (n >> 2)}, {be16{80}, be16{port}, 1});
}

/// N flows, a power of two, filed under a secret key, visited in the order of a multiplicative
/// permutation.
class Population {
public:
    explicit Population(std::uint32_t flows)
        : flows_{flows},
          index_memory_{Table::bytes_needed(flows)},
          store_memory_{Store::bytes_needed(flows)},
          address_memory_{Ip6Slab::bytes_needed(1)},
          table{index_memory_.span(), flows},
          store{store_memory_.span(), flows},
          addresses{address_memory_.span(), 1} {
        for (std::uint32_t n = 0; n < flows; ++n) {
            const FlowId id = store.allocate();
            (void)write_key(&store[id], key_of_client(n), addresses);
            if (!insert(n)) std::abort();
        }
    }

    std::uint32_t next() { return (visited_++ * 0x9e3779b1U) & (flows_ - 1); }
    std::uint64_t hash_of(const Key& key) const { return hash(secret, key); }
    bool insert(std::uint32_t n) {
        return table.insert(hash_of(key_of_client(n)), FlowId{n}, [&](FlowId other) {
            return hash_of(key_of(&store[other], addresses));
        });
    }

    static Population& of(std::uint32_t flows) {
        static std::unique_ptr<Population> kept;
        if (!kept || kept->flows_ != flows) kept.reset();
        if (!kept) kept = std::make_unique<Population>(flows);
        return *kept;
    }

private:
    std::uint32_t flows_, visited_ = 0;
    bench::HugeMemory index_memory_, store_memory_, address_memory_;

public:
    static constexpr HashKey secret{{0x8a5cd789635d2dffU, 0x121fd2155c472f96U}};
    Table table;
    Store store;
    Ip6Slab addresses;
};

/// One burst of finds; returns how many were found. Prefetches have loops of their own, without a
/// load that could miss: one that waits for its page walk holds up all that stands behind it. The
/// few that must ask their secondary bucket do so last.
std::size_t find_burst(Population& flows, const std::array<Key, burst>& keys) {
    std::array<std::uint64_t, burst> hashes;
    for (std::size_t i = 0; i < burst; ++i)
        hashes[i] = flows.hash_of(keys[i]);
    for (const std::uint64_t hash : hashes)
        flows.table.prefetch(hash);
    std::array<FlowId, burst> likely;
    for (std::size_t i = 0; i < burst; ++i)
        likely[i] = flows.table.likely(hashes[i]);
    const auto bring_near = [&](FlowId id) {
        flows.store.prefetch(names_a_flow(id) ? id : FlowId{0});
    };
    for (const FlowId id : likely)
        bring_near(id);
    for (std::size_t i = 0; i < burst; ++i) {
        if (likely[i] != unsure_flow) continue;
        likely[i] = flows.table.likely_elsewhere(hashes[i]);
        bring_near(likely[i]);
    }
    std::size_t found = 0;
    for (std::size_t i = 0; i < burst; ++i) {
        const auto is_it = [&](FlowId id) {
            return matches(&flows.store[id], keys[i], flows.addresses);
        };
        if (likely[i] == no_flow) continue;
        const bool sure = is_it(likely[i]) || flows.table.find(hashes[i], is_it) != no_flow;
        found += sure ? 1 : 0;
    }
    return found;
}

void table_find(benchmark::State& state, std::uint32_t network, std::size_t expected) {
    Population& flows = Population::of(static_cast<std::uint32_t>(state.range(0)));
    std::array<Key, burst> keys;
    for (auto step : state) {
        for (Key& key : keys)
            key = key_of_client(flows.next(), network);
        const std::size_t found = find_burst(flows, keys);
        if (found != expected) state.SkipWithError("found the wrong number of flows");
    }
    state.counters["each"] = benchmark::Counter(
        burst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
void table_find_known(benchmark::State& state) { table_find(state, 0x0a000000, burst); }
void table_find_stranger(benchmark::State& state) { table_find(state, 0xac000000, 0); }

/// Erases a burst and files it again; only one of both is timed, clock included (about 1 ns each).
template <bool time_erase>
void table_change(benchmark::State& state) {
    using Clock = std::chrono::steady_clock;
    Population& flows = Population::of(static_cast<std::uint32_t>(state.range(0)));
    std::array<std::uint32_t, burst> clients;
    std::array<std::uint64_t, burst> hashes;
    for (auto step : state) {
        for (std::uint32_t& client : clients)
            client = flows.next();
        const auto begin = Clock::now();
        for (std::size_t i = 0; i < burst; ++i) {
            hashes[i] = flows.hash_of(key_of_client(clients[i]));
            flows.table.prefetch(hashes[i]);
        }
        for (std::size_t i = 0; i < burst; ++i)
            if (!flows.table.erase(hashes[i], FlowId{clients[i]})) state.SkipWithError("not there");
        const auto middle = Clock::now();
        for (const std::uint32_t client : clients)
            if (!flows.insert(client)) state.SkipWithError("refused");
        const auto spent = time_erase ? middle - begin : Clock::now() - middle;
        state.SetIterationTime(std::chrono::duration<double>(spent).count());
    }
    state.counters["each"] = benchmark::Counter(
        burst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}
/// Erase with its bucket's cache miss.
void table_erase(benchmark::State& state) { table_change<true>(state); }
/// Insert where the bucket was just looked at, as after a find that found nothing.
void table_insert(benchmark::State& state) { table_change<false>(state); }

/// One population after the other: all benches of a size share it.
[[maybe_unused]] const int registered = [] {
    constexpr std::int64_t bytes_per_flow = 80;
    for (const std::int64_t flows : bench::flow_counts) {
        const auto add = [&](const char* name, auto run) {
            return bench::register_sized(name, flows, bytes_per_flow, run);
        };
        add("table_find", table_find_known);
        add("table_find_stranger", table_find_stranger);
        add("table_erase", table_erase)->UseManualTime();
        add("table_insert", table_insert)->UseManualTime();
    }
    return 0;
}();

}  // namespace
}  // namespace terminus
