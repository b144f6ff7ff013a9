#include "choices.h"

#include <algorithm>
#include <array>

namespace terminus::test {
namespace {

void choose_timers(tcp::Settings& tcp, const Dice& dice) {
    tcp.time_wait_ms = 30'000;  // longer than the bad weather lasts
    tcp.fin_wait_2_ms = 5000;
    tcp.give_up_ms = 300'000;
    tcp.syn_give_up_ms = 300'000;
    tcp.syn_ack_retries = 8;
    tcp.rto_max_ms = 5000;
    tcp.rto_min_ms = dice.any_of("rto minimum", {20U, 200U, 1000U});
    tcp.delayed_ack_ms = dice.any_of("delayed ack time", {10U, 40U, 200U, 500U});
    tcp.keepalive_idle_ms = 1000 + dice.below("keepalive idle", 5000);
    tcp.keepalive_interval_ms = 1500 + dice.below("keepalive interval", 1000);
    tcp.keepalive_count = 10 + dice.below("keepalive count", 5);  // none ends by loss alone
}

void choose_sizes(tcp::Settings& tcp, const Dice& dice) {
    const auto buffer = [&](std::string_view which) {
        const Dice own = dice.child(which);
        return 2000 + own.below("bytes", own.any_of("bound", {1000U, 10'000U, 100'000U}));
    };
    tcp.receive_buffer_bytes = buffer("receive buffer");
    tcp.send_buffer_bytes = buffer("send buffer");
    tcp.window_scale = static_cast<std::uint8_t>(dice.below("window scale", 8));
    tcp.initial_window_segments = dice.any_of("initial window", {1U, 2U, 10U});
    tcp.reassembly_pieces = dice.any_of("pieces", {1U, 4U, 64U});
    if (dice.flip("small mss", 0.2)) tcp.mss_bytes = 88 + dice.below("mss", 1300);
}

}  // namespace

tcp::Settings settings_of(const Dice& dice) {
    tcp::Settings tcp;
    choose_timers(tcp, dice);
    choose_sizes(tcp, dice);
    tcp.congestion_control =
        dice.flip("cubic") ? tcp::CongestionControl::cubic : tcp::CongestionControl::newreno;
    tcp.ecn = dice.any_of("ecn", {tcp::Ecn::off, tcp::Ecn::accept, tcp::Ecn::on});
    // Never `always`: the ACK of a cookie may be lost, and a client that has nothing to say then
    // waits for a server that has forgotten it (RFC 4987 section 3.6).
    tcp.syn_cookies = dice.any_of("cookies", {tcp::SynCookies::automatic, tcp::SynCookies::never});
    tcp.nagle = dice.flip("nagle", 0.8);
    tcp.keepalive = dice.flip("keepalive");
    tcp.delayed_ack = dice.flip("delayed ack", 0.8);
    tcp.delayed_ack_from_start = dice.flip("delayed ack from start");
    tcp.timestamps = dice.flip("timestamps", 0.7);
    tcp.sack = dice.flip("sack", 0.7);
    tcp.window_scaling = dice.flip("window scaling", 0.8);
    tcp.tail_loss_probe = dice.flip("tail loss probe", 0.7);
    tcp.slow_start_after_idle = dice.flip("slow start after idle");
    return tcp;
}

Weather weather_of(const Dice& dice) {
    Weather weather;
    weather.loss = 0.05 * dice.below("loss", 4);
    weather.duplication = 0.05 * dice.below("duplication", 3);
    weather.reordering = 0.2 * dice.below("reordering", 3);
    weather.corruption = 0.02 * dice.below("corruption", 3);
    weather.burst = dice.flip("burst", 0.3) ? 0.02 : 0;
    weather.burst_frames = 2 + dice.below("burst frames", 20);
    weather.delay_us = 100 + dice.below("delay", 50'000);
    weather.jitter_us = 1 + dice.below("jitter", 60'000);
    return weather;
}

Bottleneck bottleneck_of(const Dice& dice, Family family, Tick start) {
    if (!dice.flip("narrows", 0.25)) return {};
    const std::uint16_t mtu_bytes =
        family == Family::ip6 ? dice.any_of<std::uint16_t>("mtu", {1280, 1400, 1492})
                              : dice.any_of<std::uint16_t>("mtu", {600, 1006, 1400, 1492});
    return {.mtu_bytes = mtu_bytes,
            .says_too_big = dice.flip("says too big", 0.8),
            .from = start.after_us(dice.below("narrows at", 8'000'000))};
}

std::uint32_t length_of(Rng& rng) {
    constexpr std::array bounds{1U, 10U, 1000U, 3000U, 20'000U, 20'000U, 60'000U, 60'000U};
    return rng.below(bounds[rng.below(bounds.size())] + 1);
}

Manners manners_of(const Dice& dice, bool is_ip6) {
    Manners m;
    const std::uint16_t usual = is_ip6 ? 1440 : 1460;
    m.mss_bytes = dice.any_of<std::uint16_t>("mss", {usual, usual, 0, 536, 1220, 88, 300});
    m.window_scaling = dice.flip("wscale");
    m.window_scale = m.window_scaling ? static_cast<std::uint8_t>(dice.below("scale", 15)) : 0;
    m.timestamps = dice.flip("timestamps");
    m.clock_start = dice.flip("clock wraps") ? 0xffffffff - dice.below("clock", 3000)
                                             : dice.below("clock", 1U << 31);
    m.sack = dice.flip("sack");
    m.reports_duplicates = dice.flip("dsack");
    m.ack_every = dice.any_of("ack every", {1U, 2U, 2U, 4U, 0U});
    m.ack_delay_us = dice.any_of("ack delay", {1000U, 40'000U, 200'000U});
    m.buffer_bytes = dice.any_of("buffer", {1500U, 4000U, 20'000U, 65535U, 200'000U});
    m.buffer_bytes = std::max(m.buffer_bytes, 2U << m.window_scale);
    m.read_bytes = dice.any_of("read", {500U, 5000U, 100'000U});
    m.read_every_us = dice.any_of("read every", {1000U, 1000U, 50'000U, 1'000'000U});
    m.silly_windows = dice.flip("silly", 0.2);
    m.one_by_one = dice.flip("one by one");
    m.fast = dice.flip("fast");
    m.fin_with_text = dice.flip("fin with text");
    m.urgent = dice.flip("urgent", 0.2);
    m.probes_idle = dice.flip("probes idle", 0.3);
    m.waits_for_end = dice.flip("waits for end", 0.3);
    m.flight_bytes = dice.any_of("flight", {1000U, 6000U, 20'000U, 100'000U});
    m.rto_us = dice.any_of("rto", {150'000U, 400'000U, 1'000'000U});
    return m;
}

}  // namespace terminus::test
