/// parse(). Prediction, at 3 GHz, in a burst of 32 whose frames lie in the first-level cache: an
/// IPv4 SYN of 54 bytes with both checksums verified 10 ns, with the device's verdicts 6 ns; IPv6
/// 12 ns; a segment of 1460 bytes verified 40 ns. The target for a whole SYN -> RST is 30 ns.
#include "terminus/wire/view.h"

#include "packet.h"

#include <benchmark/benchmark.h>

#include <array>
#include <vector>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

constexpr std::size_t burst = 32;

/// Parses 32 copies of the packet, each at its own place, over and over.
void parse_burst(benchmark::State& state, const Packet& packet, Checked verdict) {
    const std::vector<Bytes> frames(burst, packet.bytes());
    std::array<View, burst> views;
    for (auto _ : state) {
        for (std::size_t i = 0; i < burst; ++i)
            benchmark::DoNotOptimize(parse(frames[i], verdict, verdict, views[i]));
        benchmark::ClobberMemory();
    }
    state.SetItemsProcessed(static_cast<std::int64_t>(state.iterations() * burst));
    state.counters["ns"] =
        benchmark::Counter(static_cast<double>(state.iterations()) * burst * 1e-9,
                           benchmark::Counter::kIsRate | benchmark::Counter::kInvert);
}

Packet syn4() { return Packet::tcp("192.0.2.1", 4000, "198.18.0.2", 80).flags("S"); }
Packet syn6() { return Packet::tcp("2001:db8::1", 4000, "2001:db8:18::2", 80).flags("S"); }
Packet linux_syn4() {
    return syn4().tcp_options(test::from_hex("020405b4 0402 080a 01020304 00000000 01 030307"));
}

BENCHMARK_CAPTURE(parse_burst, syn4, syn4(), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, syn4_device_checked, syn4(), Checked::good);
BENCHMARK_CAPTURE(parse_burst, syn4_with_options, linux_syn4(), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, syn4_tagged, syn4().vlan(7), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, syn6, syn6(), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, syn6_device_checked, syn6(), Checked::good);
BENCHMARK_CAPTURE(parse_burst, syn6_behind_options, syn6().extension(60, {}), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, text_1460, syn4().text(Bytes(1460)), Checked::unknown);
BENCHMARK_CAPTURE(parse_burst, text_1460_device_checked, syn4().text(Bytes(1460)), Checked::good);
BENCHMARK_CAPTURE(parse_burst, ip4_options, syn4().ip_options(test::from_hex("94040000")),
                  Checked::unknown);

}  // namespace
}  // namespace terminus
