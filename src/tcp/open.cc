#include "terminus/tcp/open.h"

#include "terminus/tcp/timeout.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint8_t largest_scale = 14;  // RFC 7323 section 2.3

void begin(Flow& flow, Seq iss, const Settings& settings, Tick now) {
    flow.clear_flags();
    flow.snd_una = iss;
    flow.snd_nxt = iss + 1;
    flow.snd_wnd = 0;
    flow.send_scale = 0;
    flow.backoff = 0;
    flow.srtt = flow.rttvar = ShortMicros{};
    flow.last_heard = now.ms();
    flow.time_from(now);
    await_answer(flow, settings, now);
}

}  // namespace

void open_passive(Flow& flow, const Segment& syn, Seq iss, const LinkLimits& link,
                  const Settings& settings, Tick now) {
    begin(flow, iss, settings, now);
    enter(flow, State::syn_received);
    flow.rcv_nxt = syn.seq + 1;
    take_syn_options(flow, syn, link, settings);
    flow.rcv_adv = flow.rcv_nxt + std::min<std::uint32_t>(settings.receive_buffer_bytes, 65535);
}

void open_active(Flow& flow, Seq iss, const LinkLimits& link, const Settings& settings, Tick now) {
    begin(flow, iss, settings, now);
    enter(flow, State::syn_sent);
    flow.active = 1;
    flow.window_scaling = 1;  // offered; the SYN-ACK decides
    flow.mss_bits =
        static_cast<std::uint16_t>(std::min(link.mss_bytes, largest_mss_bytes)) & 0x3fff;
    flow.rcv_nxt = flow.rcv_adv = Seq{0};
}

void take_syn_options(Flow& flow, const Segment& syn, const LinkLimits& link,
                      const Settings& settings) {
    const std::uint32_t unsaid = link.is_ip6 ? 1220 : 536;  // RFC 9293 section 3.7.1, MUST-15
    const std::uint32_t said = syn.options.mss == 0 ? unsaid : syn.options.mss;
    // A tiny MSS would make us send many packets for few bytes: it has a floor.
    const std::uint32_t mss = std::min(std::max(said, settings.mss_floor_bytes), link.mss_bytes);
    flow.mss_bits = static_cast<std::uint16_t>(std::min(mss, largest_mss_bytes)) & 0x3fff;
    const bool scaled = syn.options.window_scale != 0xff;
    flow.window_scaling = scaled ? 1 : 0;
    flow.send_scale = scaled ? std::min(syn.options.window_scale, largest_scale) & 15 : 0;
    flow.snd_wnd = syn.window;  // RFC 7323 section 2.2: a SYN's own window is never scaled
    flow.snd_wl1 = syn.seq;
}

Reply syn_of(const Flow& flow, const LinkLimits& link, const Settings& settings) {
    const bool answers = flow.state() == State::syn_received;
    Reply reply{
        .seq = flow.snd_una,
        .ack = answers ? flow.rcv_nxt : Seq{0},
        .window = static_cast<std::uint16_t>(std::min<std::uint32_t>(
            answers ? flow.rcv_wnd() : settings.receive_buffer_bytes, 65535)),
        .flags = static_cast<std::uint8_t>(tcp_flag::syn | (answers ? tcp_flag::ack : 0)),
    };
    reply.options.mss = static_cast<std::uint16_t>(std::min<std::uint32_t>(link.mss_bytes, 65535));
    if (flow.window_scaling != 0) reply.options.window_scale = settings.window_scale;
    return reply;
}

}  // namespace terminus::tcp
