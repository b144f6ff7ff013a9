// The short ways of what flows mostly receive and say: each means exactly what the long way does.
#include "terminus/tcp/congestion.h"
#include "terminus/tcp/input.h"
#include "terminus/tcp/open.h"
#include "terminus/tcp/output.h"

#include <gtest/gtest.h>

#include <array>
#include <cstring>
#include <vector>

namespace terminus::test {
namespace {

using tcp::Flow;
using tcp::Seq;
using tcp::State;
using tcp::Waits;

constexpr Seq peer_isn{0xffffff00}, our_isn{0xfffffff0};  // both wrap
constexpr Tick now{5'000'000};
constexpr tcp::Settings settings{.keepalive = true};

/// A segment as the wire has it, with room for timestamps behind the header.
struct Wire {
    TcpHeader header;
    std::array<std::byte, timestamps_only_bytes> options{};
};

struct Arriving {
    Seq seq, ack;
    std::uint32_t text_length = 0;
    std::uint16_t window = 1000;
    std::uint8_t flags = tcp_flag::ack;
    std::uint32_t ts_value = 0, ts_echo = 0;
    bool stamped = false;
};

Wire wire_of(const Arriving& s) {
    Wire wire;
    const std::size_t bytes = sizeof(TcpHeader) + (s.stamped ? timestamps_only_bytes : 0U);
    wire.header = {be16{1},
                   be16{2},
                   be32{s.seq.value},
                   be32{s.ack.value},
                   static_cast<std::uint8_t>(bytes << 2),
                   s.flags,
                   be16{s.window},
                   be16{},
                   be16{}};
    store(wire.options.data(), be32{timestamps_advised});
    store(wire.options.data() + 4, be32{s.ts_value});
    store(wire.options.data() + 8, be32{s.ts_echo});
    return wire;
}

tcp::Segment segment_of(const Arriving& s) {
    tcp::Segment segment{.seq = s.seq,
                         .ack = s.ack,
                         .text_length = s.text_length,
                         .window = s.window,
                         .flags = s.flags};
    segment.options.timestamps = s.stamped;
    segment.options.ts_value = s.ts_value;
    segment.options.ts_echo = s.ts_echo;
    return segment;
}

struct Shape {
    std::uint32_t in_flight = 0;
    Waits waits = Waits::silence;
    bool timestamps = false, pending = false, at_once = false, repeats = false;
    std::int32_t wl1 = 0;  ///< SND.WL1 relative to RCV.NXT
};

Flow flow_of(const Shape& shape) {
    Flow flow;
    flow.state_bits = static_cast<std::uint8_t>(State::established) & 15;
    flow.service = 0;
    flow.wait_for(shape.waits);
    flow.timestamps = shape.timestamps ? 1 : 0;
    flow.ack_pending = shape.pending ? 1 : 0;
    flow.ack_now = shape.at_once ? 1 : 0;
    flow.retransmitted = shape.repeats ? 1 : 0;
    flow.snd_una = our_isn;
    flow.snd_nxt = our_isn + shape.in_flight;
    flow.rcv_nxt = peer_isn;
    flow.rcv_adv = peer_isn + 500;
    flow.snd_wnd = 2000;
    flow.snd_wl1 = peer_isn + static_cast<std::uint32_t>(shape.wl1);
    flow.backoff = 2;
    flow.srtt = flow.rttvar = tcp::ShortMicros{30'000};
    flow.deadline = {9'000'000};
    flow.last_heard = {100};
    if (shape.timestamps)
        flow.keep_ts_recent(1000);
    else if (shape.in_flight > 0)
        flow.time_from({4'900'000});
    return flow;
}

std::vector<Shape> shapes() {
    std::vector<Shape> all;
    for (const std::uint32_t in_flight : {0U, 10U, 3000U})
        for (const Waits waits : {Waits::silence, Waits::answer, Waits::tail_probe, Waits::window})
            for (unsigned flags = 0; flags < 16; ++flags)
                for (const std::int32_t wl1 : {-5, 0, 5}) {
                    if ((in_flight == 0) != (waits == Waits::silence) && waits != Waits::window)
                        continue;
                    all.push_back({in_flight, waits, (flags & 1) != 0, (flags & 2) != 0,
                                   (flags & 4) != 0, (flags & 8) != 0 && in_flight > 0, wl1});
                }
    return all;
}

std::vector<Arriving> arrivals(const Flow& flow) {
    std::vector<Arriving> all;
    for (const std::uint32_t seq : {~0U, 0U, 1U})
        for (const std::uint32_t ack : {~0U, 0U, 5U, flow.in_flight(), flow.in_flight() + 1})
            for (const std::uint32_t length : {0U, 10U, 500U, 501U})
                for (const unsigned flags :
                     {0x10U, 0x18U, 0x11U, 0x30U, 0x50U, 0x90U, 0x12U, 0x04U})
                    for (const unsigned window : {2000U, 1000U})
                        for (const std::uint32_t ts : {999U, 1000U, 1007U})
                            all.push_back({flow.rcv_nxt + seq, flow.snd_una + ack, length,
                                           static_cast<std::uint16_t>(window),
                                           static_cast<std::uint8_t>(flags), ts, ts + 3000,
                                           flow.timestamps != 0});
    return all;
}

/// What take_expected() comes to is what on_segment() comes to; returns whether it was asked.
bool agrees(const Flow& flow, const Arriving& arriving) {
    const Wire wire = wire_of(arriving);
    Flow quick = flow, whole = flow;
    if (!tcp::is_expected(flow, wire.header, arriving.text_length)) return false;
    constexpr std::uint32_t ts_now = 4050;
    if (flow.timestamps != 0 && !tcp::take_expected_timestamp(quick, wire.header, ts_now))
        return false;
    const bool progress = tcp::take_expected(quick, wire.header, settings, now);
    const tcp::Context context{settings, {}, now, ts_now};
    const tcp::Arrival arrival = tcp::on_segment(whole, nullptr, segment_of(arriving), context);
    EXPECT_EQ(std::memcmp(&quick, &whole, sizeof quick), 0);
    EXPECT_EQ(progress, arrival.acked_bytes > 0);
    EXPECT_EQ(arrival.text_length, arriving.text_length);
    EXPECT_EQ(arrival.drop, Drop::none);
    EXPECT_TRUE(arrival.is_next && arrival.text_skip == 0);
    EXPECT_FALSE(arrival.duplicate_ack || arrival.retransmit || arrival.recovers);
    return true;
}

TEST(Expected, MeansWhatTheWholeWayMeans) {  // RFC 9293 section 3.10.7.4
    std::size_t asked = 0, all = 0;
    for (const Shape& shape : shapes()) {
        const Flow flow = flow_of(shape);
        for (const Arriving& arriving : arrivals(flow)) {
            ++all;
            asked += agrees(flow, arriving) ? 1 : 0;
            if (HasFailure()) FAIL() << "in flight " << shape.in_flight;
        }
    }
    EXPECT_GT(asked, 5000U);
    EXPECT_LT(asked, all / 10);
}

TEST(WholeRest, IsWhatIsPlanned) {  // RFC 9293 section 3.8.6.2.1; RFC 6928
    std::size_t whole = 0, all = 0;
    for (const State state : {State::established, State::close_wait, State::last_ack})
        for (const std::uint32_t in_flight : {0U, 10U, 500U, 5000U})
            for (const std::uint32_t unsent : {0U, 1U, 500U, 536U, 537U, 5000U})
                for (const std::uint32_t window : {0U, 9U, 510U, 536U, 537U, 5859U, 5860U, 65535U})
                    for (const bool repeats : {false, true}) {
                        Flow flow = flow_of({.in_flight = in_flight, .repeats = repeats});
                        tcp::enter(flow, state);
                        flow.snd_wnd = window & tcp::largest_window_bytes;
                        const auto plan = tcp::whole_rest(flow, unsent, settings);
                        ++all;
                        if (!plan) continue;
                        ++whole;
                        const auto same =
                            tcp::next_segment(flow, nullptr, {.unsent_bytes = unsent}, settings);
                        ASSERT_TRUE(same.has_value());
                        EXPECT_EQ(plan->seq, same->seq);
                        EXPECT_EQ(plan->length, same->length);
                        EXPECT_EQ(plan->flags, same->flags);
                        EXPECT_EQ(plan->length, unsent);
                        EXPECT_EQ((plan->flags & tcp_flag::fin) != 0, tcp::has_closed(state));
                    }
    EXPECT_GT(whole, 100U);
    EXPECT_LT(whole, all / 2);
}

/// Sends with one_more() and with next_segment() alone; returns how often the first knew.
std::size_t sends_alike(std::uint32_t unsent, std::uint32_t window, bool has_effort) {
    Flow flow = flow_of({.in_flight = 10, .waits = Waits::answer});
    flow.snd_wnd = window & tcp::largest_window_bytes;
    tcp::Effort effort;
    tcp::begin(effort, flow, settings);
    tcp::Effort* its = has_effort ? &effort : nullptr;
    std::size_t known = 0;
    for (tcp::Plan former;;) {
        const auto plan = tcp::next_segment(flow, its, {.unsent_bytes = unsent}, settings);
        if (const auto more = tcp::one_more(flow, former, unsent)) {
            ++known;
            EXPECT_TRUE(plan && plan->seq == more->seq && plan->length == more->length &&
                        plan->flags == more->flags && plan->room_bytes == more->room_bytes);
        }
        if (!plan) return known;
        tcp::sent(flow, its, *plan, settings, now);
        unsent -= plan->length;
        former = *plan;
    }
}

TEST(OneMore, IsWhatIsPlanned) {  // RFC 9293 section 3.8.6
    for (const bool has_effort : {false, true}) {
        EXPECT_EQ(sends_alike(3 * 536, 65535, has_effort), 1U);  // the last has PSH
        EXPECT_EQ(sends_alike(3 * 536 + 1, 65535, has_effort), 2U);
        EXPECT_EQ(sends_alike(20 * 536, 10 + 4 * 536, has_effort), 3U);
        EXPECT_EQ(sends_alike(20 * 536, 10 + 4 * 536 + 535, has_effort), 3U);
        EXPECT_EQ(sends_alike(20 * 536, 65535, has_effort), 8U);  // ten less what is in flight
    }
}

}  // namespace
}  // namespace terminus::test
