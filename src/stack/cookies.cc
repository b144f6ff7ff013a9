#include "cookies.h"

#include "terminus/tcp/cookie.h"

#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::CookieTuple;
using tcp::Segment;
using tcp::Seq;

/// RFC 4987 section 3.6 takes their keys from its server's secret: ours is that of the ISNs.
CookieTuple tuple_of(const Core& core, const Packet& packet, Seq peer_isn) {
    return {core.settings.isn_key, packet.key.words, peer_isn};
}

tcp::LinkLimits link_of(const Core& core, const Packet& packet) {
    const InterfaceState& state = core.interfaces[packet.interface];
    tcp::LinkLimits limits = packet.key.is_ip6() ? state.link6 : state.link4;
    limits.mss_bytes = std::min(limits.mss_bytes, core.mss_ceilings.of(packet.key));
    return limits;
}

/// What a timestamp cannot carry back is not negotiated: RFC 4987 section 3.6.
Segment what_comes_back(Segment syn, const tcp::Settings& settings) {
    if (syn.options.timestamps && settings.timestamps) return syn;
    syn.options = TcpOptions{.mss = syn.options.mss};
    syn.flags = tcp_flag::syn;  // without the ECN setup
    return syn;
}

/// Cookies that went out lately may come back: others are not worth a hash.
bool is_expected(const Core& core, Tick now) {
    return core.cookie_sent_at && now.us - core.cookie_sent_at->us <= tcp::cookie_lifetime_us;
}

}  // namespace

const tcp::Settings& settings_for(const Core& core, const Standing& standing) {
    return standing.listener == no_slot ? core.settings.tcp
                                        : core.listeners[standing.listener].settings;
}

bool wants_cookie(const tcp::Settings& settings, bool is_full) {
    switch (settings.syn_cookies) {
        case tcp::SynCookies::automatic: return is_full;
        case tcp::SynCookies::always: return true;
        case tcp::SynCookies::never: break;
    }
    return false;
}

void send_cookie(Core& core, const Turn& turn, Packet& packet, const Standing& standing,
                 const Segment& syn) {
    const tcp::Settings& settings = settings_for(core, standing);
    const tcp::LinkLimits link = link_of(core, packet);
    tcp::Flow flow;  // lives as long as its SYN-ACK needs
    tcp::open_passive(flow, what_comes_back(syn, settings), Seq{0}, link, settings, turn.now);
    if (keeps_nothing(core, standing)) flow.rcv_adv = flow.rcv_nxt;
    tcp::Reply reply = tcp::syn_of(flow, link, settings, core.ts_now(packet.hash, turn.now));
    reply.seq = tcp::make_cookie(tuple_of(core, packet, syn.seq), tcp::send_mss(flow), turn.now);
    if (flow.window_scaling != 0) reply.options.window_scale = tcp::receive_scale(settings);
    if (flow.timestamps != 0)
        reply.options.ts_value = tcp::stamp_options(reply.options.ts_value, flow);
    packet.drop = Drop::none;
    answer_segment(core, turn, packet, reply, settings);
    core.cookie_sent_at = turn.now;
    core.counters.count(TcpEvent::syn_cookies_sent);
}

std::optional<Beginning> read_cookie(Core& core, const Turn& turn, Packet& packet,
                                     const Standing& standing, const Segment& ack) {
    const tcp::Settings& settings = settings_for(core, standing);
    if (settings.syn_cookies == tcp::SynCookies::never || !is_expected(core, turn.now))
        return std::nullopt;
    const Seq cookie = ack.ack - 1;
    const auto opened = tcp::open_cookie(tuple_of(core, packet, ack.seq - 1), cookie, turn.now);
    if (opened.mss_bytes != 0) return Beginning{tcp::syn_behind(ack, opened.mss_bytes), cookie};
    if (opened.is_ours)  // what lies before it was lost, and comes again
        packet.drop = Drop::tcp_out_of_window;
    else
        core.counters.count(TcpEvent::syn_cookies_refused);
    return std::nullopt;
}

bool keeps_nothing(const Core& core, const Standing& standing) {
    return standing.service != tcp::Flow::no_service &&
           (*core.services)[standing.service]->manner().closes_window;
}

bool hold_stateless(Core& core, const Turn& turn, Packet& packet, const Segment& segment) {
    constexpr std::uint64_t recognised_buckets = 254;  // 4.7 hours
    const auto is_ours = [&](Seq isn) {
        return tcp::open_cookie(tuple_of(core, packet, isn), segment.ack - 1, turn.now,
                                recognised_buckets)
                   .mss_bytes != 0;
    };
    // A probe is the first byte of text, or a segment from before it: RFC 9293 section 3.8.6.1.
    const bool is_before = is_ours(segment.seq);
    if (!is_before && !is_ours(segment.seq - 1)) return false;
    if (!is_before && segment.length() == 0) return true;  // the handshake's ACK
    answer_segment(core, turn, packet,
                   {.seq = segment.ack,
                    .ack = is_before ? segment.seq + 1 : segment.seq,
                    .flags = tcp_flag::ack},
                   core.settings.tcp);
    return true;
}

}  // namespace terminus
