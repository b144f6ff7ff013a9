/// The keyed hashes. Prediction, at 3 GHz: three AES rounds of 4 cycles and two moves make an IPv4
/// tuple take 5 ns when each waits for the last, and about 1.5 ns in a loop in which they overlap;
/// seven rounds make IPv6 10 ns. SipHash of 20 bytes: 3 words of 2 rounds and 4 more, 10 rounds of
/// about 4 cycles, 15 ns.
#include "terminus/base/hash.h"

#include <benchmark/benchmark.h>

#include <array>

namespace terminus {
namespace {

const HashKey key{{0x0706050403020100U, 0x0f0e0d0c0b0a0908U}};

void hash_ip4_latency(benchmark::State& state) {
    std::uint64_t value = 1;
    for (auto _ : state)
        value = keyed_hash(key, value, 80);
    benchmark::DoNotOptimize(value);
}
BENCHMARK(hash_ip4_latency);

void hash_ip4_burst_of_32(benchmark::State& state) {
    std::array<std::uint64_t, 32> tuples{}, hashes{};
    for (auto _ : state) {
        benchmark::DoNotOptimize(tuples.data());
        for (std::size_t i = 0; i < tuples.size(); ++i)
            hashes[i] = keyed_hash(key, tuples[i], i);
        benchmark::DoNotOptimize(hashes.data());
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * tuples.size()));
}
BENCHMARK(hash_ip4_burst_of_32);

void hash_ip6_latency(benchmark::State& state) {
    std::array<std::uint64_t, 5> words{};
    for (auto _ : state)
        words[0] = keyed_hash(key, words);
    benchmark::DoNotOptimize(words);
}
BENCHMARK(hash_ip6_latency);

void hash_ip4_portable(benchmark::State& state) {
    const KeyedHash<PortableAes> hash{key};
    std::uint64_t value = 1;
    for (auto _ : state)
        value = hash(value, 80);
    benchmark::DoNotOptimize(value);
}
BENCHMARK(hash_ip4_portable);

void siphash_20_bytes(benchmark::State& state) {
    std::array<std::uint64_t, 3> words{};
    const auto bytes = std::as_bytes(std::span{words}).first(20);
    for (auto _ : state)
        words[0] = siphash(key, bytes);
    benchmark::DoNotOptimize(words);
}
BENCHMARK(siphash_20_bytes);

}  // namespace
}  // namespace terminus
