/// What a SYN offers and what two SYNs agree on.
#include "terminus/tcp/open.h"

#include "terminus/tcp/ecn.h"
#include "terminus/tcp/timeout.h"
#include "terminus/tcp/timestamps.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint8_t largest_scale = 14;  // RFC 7323 section 2.3
constexpr std::uint32_t largest_field = 65535;

void begin(Flow& flow, Seq iss, const Settings& settings, Tick now) {
    flow.clear_flags();
    flow.snd_una = iss;
    flow.snd_nxt = iss + 1;
    flow.snd_wnd = 0;
    flow.send_scale = 0;
    flow.backoff = 0;
    flow.quick = settings.delayed_ack_from_start ? 0 : 3;
    flow.srtt = flow.rttvar = ShortMicros{};
    flow.last_heard = now.ms();
    flow.time_from(now);
    await_answer(flow, settings, now);
    flow.timestamps = settings.timestamps ? 1 : 0;
    flow.sack = settings.sack ? 1 : 0;
    flow.window_scaling = settings.window_scaling ? 1 : 0;
}

// RFC 7323 section 2.2: the window of a SYN is never scaled.
std::uint16_t window_field(std::uint32_t window_bytes) {
    return static_cast<std::uint16_t>(std::min(window_bytes, largest_field));
}

// RFC 7323 section 3.2: both SYNs carry it. Else the clock of the record goes on.
void agree_on_timestamps(Flow& flow, const TcpOptions& options) {
    if (!options.timestamps) flow.timestamps = 0;
    if (flow.timestamps != 0) flow.keep_ts_recent(options.ts_value);
}

// RFC 7323 section 2.2: both SYNs carry it; section 2.3: a shift beyond 14 is taken as 14.
void agree_on_window_scaling(Flow& flow, const TcpOptions& options) {
    if (options.window_scale == 0xff) flow.window_scaling = 0;
    flow.send_scale =
        flow.window_scaling != 0 ? std::min(options.window_scale, largest_scale) & 15 : 0;
}

// RFC 3168 section 6.1.1. A SYN must not carry a codepoint: one that does has met a network that
// mangles them, and kernels refuse ECN then.
void agree_on_ecn(Flow& flow, const Segment& syn) {
    const bool mangled = !syn.has(tcp_flag::ack) && syn.ecn != ecn_codepoint::not_ect;
    if (!is_ecn_setup(syn) || mangled) flow.ecn = 0;
}

// RFC 9293 section 3.7.1. A tiny MSS would make us send many packets for few bytes: it has a floor.
void agree_on_mss(Flow& flow, const Segment& syn, const LinkLimits& link,
                  const Settings& settings) {
    const std::uint32_t said = std::max(peers_mss(syn, link), settings.mss_floor_bytes);
    const std::uint32_t most = std::min<std::uint32_t>(said, announced_mss(link, settings));
    // RFC 8201 section 3: who does not look for the path's MTU keeps to what every link carries.
    const bool may_be_large = flow.ip6 == 0 || settings.path_mtu_discovery;
    set_send_mss(flow, may_be_large ? most : std::min(most, default_mss6_bytes));
}

}  // namespace

void open_passive(Flow& flow, const Segment& syn, Seq iss, const LinkLimits& link,
                  const Settings& settings, Tick now) {
    begin(flow, iss, settings, now);
    enter(flow, State::syn_received);
    flow.ecn = settings.ecn != Ecn::off ? 1 : 0;
    flow.rcv_nxt = syn.seq + 1;
    flow.rcv_adv = flow.rcv_nxt + syn_window(settings);
    take_syn_options(flow, syn, link, settings);
}

void open_active(Flow& flow, Seq iss, const LinkLimits& link, const Settings& settings, Tick now) {
    begin(flow, iss, settings, now);
    enter(flow, State::syn_sent);
    flow.active = 1;
    flow.ecn = settings.ecn == Ecn::on ? 1 : 0;
    set_send_mss(flow, announced_mss(link, settings));
    flow.rcv_nxt = flow.rcv_adv = Seq{0};
}

void take_syn_options(Flow& flow, const Segment& syn, const LinkLimits& link,
                      const Settings& settings) {
    if (!syn.options.sack_permitted) flow.sack = 0;  // RFC 2018 section 2
    agree_on_timestamps(flow, syn.options);
    agree_on_window_scaling(flow, syn.options);
    agree_on_ecn(flow, syn);
    agree_on_mss(flow, syn, link, settings);
    flow.snd_wnd = syn.window;  // RFC 7323 section 2.2: a SYN's own window is never scaled
    flow.snd_wl1 = syn.seq;
}

Reply syn_of(const Flow& flow, const LinkLimits& link, const Settings& settings,
             std::uint32_t ts_now) {
    const bool answers = flow.state() == State::syn_received;
    const unsigned flags = tcp_flag::syn | (answers ? tcp_flag::ack : 0U) | ecn_setup_flags(flow);
    Reply reply{.seq = flow.snd_una,
                .ack = answers ? flow.rcv_nxt : Seq{0},
                .window = answers ? window_field(flow.rcv_wnd()) : syn_window(settings),
                .flags = static_cast<std::uint8_t>(flags)};
    reply.options.mss = announced_mss(link, settings);
    reply.options.sack_permitted = flow.sack != 0;
    if (flow.window_scaling != 0) reply.options.window_scale = settings.window_scale;
    if (flow.timestamps == 0) return reply;
    reply.options.timestamps = true;
    reply.options.ts_value = ts_now;
    reply.options.ts_echo = answers ? flow.ts_recent() : 0;  // RFC 7323 section 3.2
    return reply;
}

std::uint16_t announced_mss(const LinkLimits& link, const Settings& settings) {
    return static_cast<std::uint16_t>(
        std::min({link.mss_bytes, settings.mss_bytes, largest_field}));
}

std::uint32_t peers_mss(const Segment& syn, const LinkLimits& link) {
    const std::uint32_t unsaid = link.is_ip6 ? default_mss6_bytes : default_mss4_bytes;
    return syn.options.mss == 0 ? unsaid : syn.options.mss;
}

void set_send_mss(Flow& flow, std::uint32_t mss_bytes) {
    constexpr std::uint32_t least_text = 8;  // whoever wants less would get nothing
    const std::uint32_t options = flow.timestamps != 0 ? timestamps_only_bytes : 0;
    const std::uint32_t text =
        std::clamp(mss_bytes, options + least_text, largest_mss_bytes) - options;
    flow.mss_bits = static_cast<std::uint16_t>(text) & 0x3fff;
}

std::uint32_t send_mss(const Flow& flow) {
    return flow.mss_bytes() + (flow.timestamps != 0 ? timestamps_only_bytes : 0);
}

std::uint16_t syn_window(const Settings& settings) {
    return window_field(std::min(settings.receive_buffer_bytes, settings.receive_window_bytes));
}

std::uint8_t receive_scale(const Settings& settings) {
    if (settings.window_scale != Settings{}.window_scale) return settings.window_scale;
    const bool exact = settings.receive_window_bytes != Settings::none;
    const std::uint32_t most =
        exact ? settings.receive_window_bytes : settings.receive_buffer_bytes;
    std::uint8_t scale = exact ? std::uint8_t{0} : settings.window_scale;
    while (scale < largest_scale && largest_field << scale < most)
        ++scale;
    return scale;
}

}  // namespace terminus::tcp
