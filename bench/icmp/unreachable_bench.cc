/// ICMP errors: a destination unreachable written before the packet that it quotes, and the quote
/// of one that came read. 32 frames in the first two caches.
///
/// Prediction, at 2.45 GHz: an unreachable for a UDP datagram of 64 bytes 15 ns (two headers, two
/// checksums), for one of 1400 bytes, cut to 576, 25 ns, over IPv6 (1280) 40 ns; whether it may be
/// sent 3 ns; parse_quote() 8 ns.
#include "terminus/icmp/quote.h"
#include "terminus/icmp/unreachable.h"

#include "packet.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>
#include <cstring>

namespace terminus {
namespace {

using test::Bytes;
using test::Packet;

constexpr std::size_t burst = 32, headroom = 64, link_bytes = 14;

Packet question(bool is_ip6, std::size_t text_bytes) {
    const Packet packet = is_ip6 ? Packet::udp("2001:db8::1", 4000, "2001:db8:18::2", 9)
                                 : Packet::udp("192.0.2.1", 4000, "198.18.0.2", 9);
    return Packet{packet}.text(Bytes(text_bytes));
}

void each(benchmark::State& state) {
    state.counters["each"] = benchmark::Counter(
        burst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void prepend_unreachable(benchmark::State& state, bool is_ip6) {
    const Bytes frame = question(is_ip6, static_cast<std::size_t>(state.range(0))).bytes();
    View view;
    if (parse(frame, Checked::unknown, Checked::unknown, view) != Drop::none) std::abort();
    const IcmpError error = unreachable(view, Unreachable::port);
    std::array<std::array<std::byte, 2048>, burst> buffers;
    for (auto& buffer : buffers)
        std::memcpy(buffer.data() + headroom, frame.data() + link_bytes, frame.size() - link_bytes);
    const auto length = static_cast<std::uint32_t>(frame.size() - link_bytes);
    for (auto step : state)
        for (auto& buffer : buffers)
            benchmark::DoNotOptimize(prepend_error(
                {.l3 = buffer.data() + headroom, .length = length, .headroom = headroom}, error,
                {}));
    each(state);
}
BENCHMARK_CAPTURE(prepend_unreachable, ip4, false)->ArgName("text")->Arg(22)->Arg(1400);
BENCHMARK_CAPTURE(prepend_unreachable, ip6, true)->ArgName("text")->Arg(2)->Arg(1400);

void silence(benchmark::State& state) {
    const Bytes frame = question(false, 22).bytes();
    View view;
    if (parse(frame, Checked::unknown, Checked::unknown, view) != Drop::none) std::abort();
    for (auto step : state)
        for (std::size_t i = 0; i < burst; ++i) {
            benchmark::DoNotOptimize(view);
            benchmark::DoNotOptimize(silence_required(view, frame, {}));
        }
    each(state);
}
BENCHMARK(silence);

void quote(benchmark::State& state) {
    const Bytes datagram = question(false, 22).datagram();
    for (auto step : state)
        for (std::size_t i = 0; i < burst; ++i) {
            std::span<const std::byte> quoted{datagram};
            benchmark::DoNotOptimize(quoted);
            benchmark::DoNotOptimize(parse_quote(Family::ip4, quoted));
        }
    each(state);
}
BENCHMARK(quote);

}  // namespace
}  // namespace terminus
