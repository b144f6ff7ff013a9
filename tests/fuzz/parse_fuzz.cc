/// Fuzzes parse() and the TCP options: whatever a frame holds, every offset lies inside it and in
/// order, the same bytes give the same view, and options survive being written and read again.
#include "terminus/base/assert.h"
#include "terminus/wire/tcp.h"
#include "terminus/wire/tcp_options.h"
#include "terminus/wire/view.h"

#include "fuzz.h"

#include <algorithm>
#include <array>
#include <cstring>

namespace terminus {
namespace {

using Bytes = std::span<const std::byte>;

bool is_equal(const Ip6Problem& a, const Ip6Problem& b) {
    return a.wanted == b.wanted && a.code == b.code && a.pointer == b.pointer &&
           a.even_multicast == b.even_multicast;
}

bool is_equal(const View& a, const View& b) {
    const auto places = [](const View& v) {
        return std::array<std::uint32_t, 7>{
            v.l3, v.l4, v.end, v.vlan, v.next_header_at, v.payload, v.fragment_offset};
    };
    const auto marks = [](const View& v) {
        return std::array{v.link_group, v.ip4_options, v.is_fragment, v.more_fragments};
    };
    return places(a) == places(b) && marks(a) == marks(b) && a.family == b.family &&
           a.kind == b.kind && a.protocol == b.protocol && a.hop_limit == b.hop_limit &&
           a.fragment_id == b.fragment_id && is_equal(a.problem, b.problem);
}

void check_offsets(Bytes frame, const View& view) {
    TERMINUS_ASSERT(view.l3 < view.l4);
    TERMINUS_ASSERT(view.l4 <= view.payload);
    TERMINUS_ASSERT(view.payload <= view.end);
    TERMINUS_ASSERT(view.end <= frame.size());
    TERMINUS_ASSERT(view.kind == Kind::arp || view.next_header_at > view.l3);
    TERMINUS_ASSERT(view.next_header_at < view.l4);
    TERMINUS_ASSERT(!view.is_fragment || view.kind == Kind::other);
    TERMINUS_ASSERT(!view.is_fragment || view.l4 < view.end);
    TERMINUS_ASSERT(!view.problem.wanted);
}

/// A complaint names a byte of the packet, and only IPv6 has any.
void check_problem(Bytes frame, const View& view) {
    if (!view.problem.wanted) return;
    TERMINUS_ASSERT(view.family == Family::ip6);
    TERMINUS_ASSERT(view.problem.code <= 3);
    TERMINUS_ASSERT(std::size_t{view.l3} + view.problem.pointer < frame.size());
}

bool is_equal(const TcpOptions& a, const TcpOptions& b) {
    return a.mss == b.mss && a.window_scale == b.window_scale &&
           a.sack_permitted == b.sack_permitted && a.timestamps == b.timestamps &&
           a.ts_value == b.ts_value && a.ts_echo == b.ts_echo;
}

/// What was written reads as it was; of the SACK blocks those that fit.
void check_options(Bytes options) {
    const TcpOptions first = parse_tcp_options(options);
    std::array<std::byte, tcp_options_bytes_max> room{};
    const std::size_t bytes = write_tcp_options(first, room);
    TERMINUS_ASSERT(bytes <= room.size() && bytes % 4 == 0);
    const TcpOptions second = parse_tcp_options(std::span{room}.first(bytes));
    TERMINUS_ASSERT(is_equal(first, second));
    TERMINUS_ASSERT(second.sack_count <= first.sack_count);
    for (std::size_t i = 0; i < second.sack_count; ++i) {
        TERMINUS_ASSERT(first.sack[i].left == second.sack[i].left);
        TERMINUS_ASSERT(first.sack[i].right == second.sack[i].right);
    }
}

void check_parse(Bytes frame, Checked verdict) {
    View view, again;
    std::memset(static_cast<void*>(&again), 0x5a, 16);  // what a View held before must not matter
    again.fragment_id = 7;
    const Drop drop = parse(frame, verdict, verdict, view);
    TERMINUS_ASSERT(parse(frame, verdict, verdict, again) == drop);
    TERMINUS_ASSERT(is_equal(view, again));
    TERMINUS_ASSERT(parse_any(frame, verdict, verdict, again) == drop);  // the longer way of all
    TERMINUS_ASSERT(drop != Drop::none || is_equal(view, again));
    if (drop == Drop::none)
        check_offsets(frame, view);
    else
        check_problem(frame, view);
    if (drop == Drop::none && view.kind == Kind::tcp)
        check_options(
            frame.subspan(view.l4 + sizeof(TcpHeader), view.payload - view.l4 - sizeof(TcpHeader)));
}

}  // namespace

/// With the device's good verdict, so that mutated bytes get past the checksums, and without.
void fuzz(std::span<const std::byte> input) {
    check_parse(input, Checked::good);
    check_parse(input, Checked::unknown);
    check_options(input.first(std::min(input.size(), tcp_options_bytes_max)));
}

}  // namespace terminus
