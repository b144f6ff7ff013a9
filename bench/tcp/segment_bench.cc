/// SEGMENT ARRIVES by itself, without a table, a timer or a frame: flows and segments lie in the
/// first-level cache, 32 of each.
///
/// Prediction, at 2.45 GHz: a pure ACK that says nothing new 15 ns; text in order, taken, with its
/// delayed ACK 30 ns; the same with timestamps 35 ns; an ACK that acknowledges text 35 ns; a SYN
/// that begins a flow 30 ns; refuse() of a SYN 3 ns.
#include "terminus/tcp/input.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/stranger.h"

#include <benchmark/benchmark.h>

#include <array>
#include <cstdlib>

namespace terminus::tcp {
namespace {

constexpr std::size_t burst = 32;
constexpr LinkLimits link{.mss_bytes = 1460, .is_ip6 = false};
const Settings settings;

Segment syn_of_peer(bool timestamps) {
    Segment syn;
    syn.seq = Seq{99};
    syn.window = 65535;
    syn.flags = tcp_flag::syn;
    syn.options.mss = 1460;
    syn.options.timestamps = timestamps;
    syn.options.ts_value = 1;
    return syn;
}

/// What the peer says after its SYN, with or without text.
Segment segment_of_peer(const Flow& flow, std::uint32_t text_bytes) {
    Segment segment;
    segment.seq = flow.rcv_nxt;
    segment.ack = flow.snd_nxt;
    segment.text_length = text_bytes;
    segment.window = 65535;
    segment.flags = tcp_flag::ack;
    segment.options.timestamps = flow.timestamps != 0;
    segment.options.ts_value = 2;
    return segment;
}

Flow established(bool timestamps) {
    Flow flow;
    open_passive(flow, syn_of_peer(timestamps), Seq{1000}, link, settings, Tick{1'000'000});
    const Arrival arrival =
        on_segment(flow, nullptr, segment_of_peer(flow, 0), {settings, link, Tick{1'001'000}});
    if (!arrival.established) std::abort();
    return flow;
}

void each(benchmark::State& state) {
    state.counters["each"] = benchmark::Counter(
        burst, benchmark::Counter::kIsIterationInvariantRate | benchmark::Counter::kInvert);
}

void on_segment_pure_ack(benchmark::State& state) {
    std::array<Flow, burst> flows;
    flows.fill(established(state.range(0) != 0));
    const Segment ack = segment_of_peer(flows[0], 0);
    const Context context{settings, link, Tick{2'000'000}};
    for (auto step : state)
        for (Flow& flow : flows)
            benchmark::DoNotOptimize(on_segment(flow, nullptr, ack, context));
    each(state);
}
BENCHMARK(on_segment_pure_ack)->ArgName("timestamps")->Arg(0)->Arg(1);

/// The window never fills: what a service takes at once opens it again.
void on_segment_text(benchmark::State& state) {
    std::array<Flow, burst> flows;
    flows.fill(established(state.range(0) != 0));
    const Context context{settings, link, Tick{2'000'000}};
    constexpr std::uint32_t bytes = 100;
    for (auto step : state)
        for (Flow& flow : flows) {
            const Arrival arrival =
                on_segment(flow, nullptr, segment_of_peer(flow, bytes), context);
            if (arrival.text_length != bytes) std::abort();
            taken(flow, nullptr, bytes, settings);
            flow.rcv_adv = flow.rcv_nxt + 65535;
            flow.ack_now = 0;
        }
    each(state);
}
BENCHMARK(on_segment_text)->ArgName("timestamps")->Arg(0)->Arg(1);

/// Text of ours that is acknowledged by the very next segment.
void on_segment_ack_of_text(benchmark::State& state) {
    std::array<Flow, burst> flows;
    flows.fill(established(false));
    const Context context{settings, link, Tick{2'000'000}};
    for (auto step : state)
        for (Flow& flow : flows) {
            sent(flow, nullptr, {.seq = flow.snd_nxt, .length = 10, .flags = tcp_flag::ack},
                 settings, Tick{1'999'000});
            const Arrival arrival = on_segment(flow, nullptr, segment_of_peer(flow, 0), context);
            if (arrival.acked_bytes != 10) std::abort();
        }
    each(state);
}
BENCHMARK(on_segment_ack_of_text);

void open_passive_syn(benchmark::State& state) {
    std::array<Flow, burst> flows{};
    const Segment syn = syn_of_peer(true);
    for (auto step : state) {
        for (Flow& flow : flows)
            open_passive(flow, syn, Seq{1000}, link, settings, Tick{1'000'000});
        benchmark::ClobberMemory();
    }
    each(state);
}
BENCHMARK(open_passive_syn);

void refuse_syn(benchmark::State& state) {
    std::array<Segment, burst> segments;
    segments.fill(syn_of_peer(false));
    for (auto step : state)
        for (const Segment& segment : segments)
            benchmark::DoNotOptimize(refuse(segment));
    each(state);
}
BENCHMARK(refuse_syn);

}  // namespace
}  // namespace terminus::tcp
