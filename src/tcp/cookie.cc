#include "terminus/tcp/cookie.h"

#include "terminus/tcp/isn.h"

#include <algorithm>
#include <array>

namespace terminus::tcp {
namespace {

constexpr unsigned bucket_us_bits = 26;  // 2^24 steps of 4 microseconds
constexpr unsigned low_bits = 24, class_bits = 3;
constexpr std::uint32_t low_mask = (1U << low_bits) - 1, isn_mask = low_mask >> class_bits;
// How far behind its SYN a peer can have sent that knows only the window of our SYN-ACK.
constexpr std::uint32_t first_window_bytes = 65535;

// What peers announce: the least that is worth a packet, the defaults of RFC 9293 section 3.7.1,
// tunnels, Ethernet with IPv6 and IPv4, jumbo frames.
constexpr std::array<std::uint16_t, 1U << class_bits> classes{64,   536,  1220, 1360,
                                                              1400, 1440, 1460, 8940};

std::uint64_t bucket_of(Tick now) { return now.us >> bucket_us_bits; }

// F(tuple): the ISN less its clock.
std::uint32_t offset_of(const CookieTuple& from) {
    return initial_seq(from.key, std::as_bytes(from.tuple), Tick{0}).value;
}

// What hides the peer's ISN in a cookie, and vouches for all of it.
std::uint32_t mac_of(const CookieTuple& from, std::uint64_t bucket, std::uint32_t mss_class) {
    std::array<std::uint64_t, 8> words{};
    std::ranges::copy(from.tuple, words.begin());
    words[6] = bucket;
    words[7] = mss_class;
    const std::span<const std::uint64_t> all{words};
    return static_cast<std::uint32_t>(siphash(from.key, std::as_bytes(all)));
}

// The stamp: 4 bits of window scale (15: none), SACK-permitted, ECN.
constexpr std::uint32_t stamp_mask = 63, scale_mask = 15, no_scale = 15, sack_bit = 16,
                        ecn_bit = 32;

}  // namespace

Seq make_cookie(const CookieTuple& from, std::uint32_t mss_bytes, Tick now) {
    const auto above = std::ranges::upper_bound(classes, mss_bytes);
    const auto below = std::max<std::ptrdiff_t>(above - classes.begin(), 1) - 1;
    const std::uint64_t bucket = bucket_of(now);
    const auto mss_class = static_cast<std::uint32_t>(below);
    const std::uint32_t hidden = mac_of(from, bucket, mss_class) + from.peer_isn.value;
    const std::uint32_t low = (hidden << class_bits | mss_class) & low_mask;
    return Seq{offset_of(from) + (static_cast<std::uint32_t>(bucket) << low_bits | low)};
}

OpenedCookie open_cookie(const CookieTuple& from, Seq cookie, Tick now,
                         std::uint64_t most_buckets) {
    const std::uint32_t content = cookie.value - offset_of(from);
    const std::uint64_t age = (bucket_of(now) - (content >> low_bits)) & 0xff;
    if (age > most_buckets) return {};
    const std::uint32_t mss_class = content & (classes.size() - 1);
    const std::uint32_t mac = mac_of(from, bucket_of(now) - age, mss_class);
    const std::uint32_t isn = (content & low_mask) >> class_bits;
    const std::uint32_t behind = (from.peer_isn.value + mac - isn) & isn_mask;
    if (behind != 0) return {.is_ours = behind <= first_window_bytes};
    return {.is_ours = true, .mss_bytes = classes[mss_class]};
}

std::uint32_t stamp_options(std::uint32_t value, const Flow& negotiated) {
    const std::uint32_t stamp =
        (negotiated.window_scaling != 0 ? negotiated.send_scale : no_scale) |
        (negotiated.sack != 0 ? sack_bit : 0) | (negotiated.ecn != 0 ? ecn_bit : 0);
    const std::uint32_t stamped = (value & ~stamp_mask) | stamp;
    return stamped - (stamped > value ? stamp_mask + 1 : 0);
}

Segment syn_behind(const Segment& ack, std::uint16_t mss_bytes) {
    Segment syn{.seq = ack.seq - 1, .ack = {}, .window = ack.window, .flags = tcp_flag::syn};
    syn.options.mss = mss_bytes;
    if (!ack.options.timestamps) return syn;
    syn.options.timestamps = true;
    syn.options.ts_value = ack.options.ts_value;
    const std::uint32_t stamp = ack.options.ts_echo & stamp_mask;
    if ((stamp & scale_mask) != no_scale)
        syn.options.window_scale = static_cast<std::uint8_t>(stamp & scale_mask);
    syn.options.sack_permitted = (stamp & sack_bit) != 0;
    if ((stamp & ecn_bit) != 0) syn.flags |= tcp_flag::ece | tcp_flag::cwr;
    return syn;
}

}  // namespace terminus::tcp
