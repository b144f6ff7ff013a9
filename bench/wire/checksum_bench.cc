/// The Internet checksum. Prediction, at 3 GHz: 20 bytes are three loads, 2 ns; 192 bytes by words
/// of eight 8 ns; 1460 bytes in lanes of 32 bytes, at about 1.5 cycles a lane, 25 ns, which is 60
/// GB/s.
#include "terminus/wire/checksum.h"

#include <benchmark/benchmark.h>

#include <vector>

namespace terminus {
namespace {

std::vector<std::byte> counting(std::size_t count) {
    std::vector<std::byte> bytes(count);
    for (std::size_t i = 0; i < count; ++i)
        bytes[i] = static_cast<std::byte>(i * 7);
    return bytes;
}

template <auto add>
void sum(benchmark::State& state) {
    const auto bytes = counting(static_cast<std::size_t>(state.range(0)));
    for (auto _ : state) {
        std::span<const std::byte> span{bytes};
        benchmark::DoNotOptimize(span);
        benchmark::DoNotOptimize(checksum_finish(add(0, span)));
    }
    state.SetBytesProcessed(state.iterations() * state.range(0));
}
BENCHMARK(sum<checksum_add>)
    ->Name("checksum")
    ->Arg(8)
    ->Arg(20)
    ->Arg(40)
    ->Arg(64)
    ->Arg(576)
    ->Arg(1460)
    ->Arg(8960);
BENCHMARK(sum<checksum_add_short>)->Name("checksum_short")->DenseRange(64, 320, 64);
BENCHMARK(sum<checksum_add_long>)->Name("checksum_long")->DenseRange(64, 320, 64);

void checksum_ip4_header(benchmark::State& state) {
    const Ip4Header ip{.version_ihl = 0x45,
                       .traffic_class = 0,
                       .total_length = be16{40},
                       .id = be16{7},
                       .fragment = {},
                       .ttl = 64,
                       .protocol = 6,
                       .checksum = {},
                       .source = be32{0xc0000201},
                       .destination = be32{0xc6120002}};
    for (auto _ : state) {
        const auto* at = &ip;
        benchmark::DoNotOptimize(at);
        benchmark::DoNotOptimize(ip4_header_checksum(*at));
    }
}
BENCHMARK(checksum_ip4_header);

}  // namespace
}  // namespace terminus
