#include "path_mtu.h"

#include "terminus/tcp/open.h"
#include "terminus/tcp/output.h"
#include "terminus/tcp/path.h"
#include "terminus/tcp/timeout.h"

#include "steps.h"

#include <algorithm>
#include <array>
#include <utility>

namespace terminus {
namespace {

using tcp::Flow;

constexpr std::uint32_t least_mtu4 = 68;  // RFC 791: every link carries so much
constexpr std::uint32_t least_mtu6 = ip6_minimum_mtu;

/// The headers before a segment's options and text. An MSS here is of both (tcp::send_mss).
std::uint32_t header_bytes(Family family) { return family == Family::ip6 ? 60 : 40; }
std::uint32_t header_bytes(const Flow& flow) {
    return header_bytes(flow.ip6 != 0 ? Family::ip6 : Family::ip4);
}

NeighbourKey remote_of(const Core& core, FlowId id) {
    return {remote_address(core.flows.key(id)), core.flows[id].interface};
}

/// RFC 1191 section 7.1: the sizes that paths are known to have. The next below `length_bytes`.
std::uint32_t plateau_below(std::uint32_t length_bytes) {
    constexpr std::array<std::uint16_t, 10> plateaus{32000, 17914, 8166, 4352, 2002,
                                                     1492,  1006,  508,  296,  68};
    for (const std::uint16_t plateau : plateaus)
        if (plateau < length_bytes) return plateau;
    return least_mtu4;
}

/// What the claim means for packets of `used_bytes`; 0: it is not to be believed.
std::uint32_t believable_mtu(const tcp::Settings& settings, const QuotedPacket& quote,
                             std::uint32_t used_bytes, std::uint32_t claimed_bytes) {
    if (quote.remote.family() == Family::ip6) {  // RFC 8201 section 4
        const bool plausible = claimed_bytes >= least_mtu6 && claimed_bytes < used_bytes;
        return plausible ? claimed_bytes : 0;
    }
    // RFC 1191 section 5: an old router does not say. Some quote a length without the header.
    if (claimed_bytes == 0) claimed_bytes = plateau_below(std::min(quote.length, used_bytes));
    if (claimed_bytes < least_mtu4) return 0;  // RFC 1191 section 3
    const std::uint32_t mtu_bytes = std::max(claimed_bytes, settings.path_mtu_floor_bytes);
    return mtu_bytes < used_bytes ? mtu_bytes : 0;  // RFC 5927 section 7.2: maxsizesent
}

/// The flow knows what it might use on a wider path: it looks for one by itself, where SACK tells
/// which segment was lost.
bool is_searching(const Core& core, const Flow& flow, const PathState& path) {
    return path.ceiling_mss_bytes > tcp::send_mss(flow) && path.former_mss_bytes == 0 &&
           path.claimed_mss_bytes == 0 && flow.sack != 0 && core.settings_of(flow).path_mtu_probing;
}

/// The MSS changes by what is known of the path.
void set_mss(Core& core, FlowId id, std::uint32_t mss_bytes) {
    Flow& flow = core.flows[id];
    const auto former = static_cast<std::uint16_t>(tcp::send_mss(flow));
    Busy* record = core.busy_of(flow);
    if (mss_bytes < former && record != nullptr)
        record->path.ceiling_mss_bytes = std::max(record->path.ceiling_mss_bytes, former);
    tcp::set_send_mss(flow, mss_bytes);
}

void shrink(Core& core, FlowId id, std::uint32_t mss_bytes, bool fragments, Tick now) {
    Flow& flow = core.flows[id];
    core.paths.learn(remote_of(core, id), mss_bytes, tcp::send_mss(flow), fragments, now);
    core.paths.fails(remote_of(core, id), mss_bytes + 1, now);
    set_mss(core, id, mss_bytes);
    core.counters.count(TcpEvent::path_mtu_lowered);
}

/// What is in flight in larger pieces was lost on its way: it is sent again at once, and no
/// congestion is to blame (RFC 1191 section 6.4, RFC 8201 section 5.4).
void send_again_smaller(Core& core, const Turn& turn, FlowId id, std::uint32_t former_mss_bytes) {
    Flow& flow = core.flows[id];
    if (flow.in_flight() <= flow.mss_bytes() || flow.waits() == tcp::Waits::window) return;
    tcp::Effort* effort = core.effort_of(flow);
    if (effort == nullptr) return retransmit(core, turn, id, nullptr);
    tcp::on_path_shrunk(*effort, flow, former_mss_bytes);
    const Flows::Before before = core.flows.before(id);
    tcp::await_answer(flow, core.settings_of(flow), turn.now, effort);
    core.flows.settle(id, before);
    core.flows.make_ready(id);
}

/// The segment sizes that arrive through every black hole known: RFC 4821 section 7.2.
std::uint32_t safe_mss_bytes(const Flow& flow, bool second_try) {
    if (flow.ip6 != 0) return least_mtu6 - header_bytes(flow);
    return second_try ? 512 : 1024;
}

/// R1, RFC 9293 section 3.8.3, MUST-20, SHLD-10: after so many timeouts in a row the path itself is
/// doubted; two later a still smaller size is tried; two later small ones and such as before take
/// turns, until something arrives that tells a black hole from an outage.
constexpr std::uint8_t first_doubt = 4, second_doubt = 6, doubts_end = 8;

/// Text of the segment that would be sent again.
std::uint32_t oldest_bytes(Core& core, const Flow& flow) {
    return tcp::oldest_segment(flow, core.effort_of(flow)).length;
}

/// RFC 4821 section 7.7: large segments vanish and no router says why. Nothing is learnt until a
/// small one arrives.
void try_smaller(Core& core, FlowId id, bool second_try) {
    Flow& flow = core.flows[id];
    // What everybody's links carry is not too large for this path.
    if (tcp::send_mss(flow) + header_bytes(flow) <= least_mtu6 && !second_try) return;
    const std::uint32_t mss_bytes = safe_mss_bytes(flow, second_try);
    const std::uint32_t former = tcp::send_mss(flow), options = former - flow.mss_bytes();
    const bool is_large = oldest_bytes(core, flow) + options > mss_bytes;
    Busy* record = is_large ? core.borrow(id) : nullptr;
    if (record == nullptr || mss_bytes >= former) return;
    if (record->path.former_mss_bytes == 0)
        record->path.former_mss_bytes = static_cast<std::uint16_t>(former);
    tcp::set_send_mss(flow, mss_bytes);
}

void look_for_black_hole(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    Busy* record = core.busy_of(flow);
    const bool trying = record != nullptr && record->path.former_mss_bytes != 0;
    if (flow.backoff == first_doubt) return try_smaller(core, id, false);
    // IPv4 has paths for which even a first try, or segments of its size, are too large.
    if (flow.backoff == second_doubt && (trying || flow.ip6 == 0))
        return try_smaller(core, id, true);
    if (flow.backoff < doubts_end) return;
    if (flow.backoff % 2 != 0 && !trying) return try_smaller(core, id, true);
    if (flow.backoff % 2 != 0 || !trying) return;
    tcp::set_send_mss(flow, record->path.former_mss_bytes);  // small ones vanish as well
    record->path.former_mss_bytes = 0;
}

/// A router says what the probe was too big for: it need not be searched.
bool limits_search(Core& core, FlowId id, const QuotedPacket& quote, std::uint32_t mtu_bytes,
                   Tick now) {
    const Flow& flow = core.flows[id];
    const Busy* record = core.busy_of(flow);
    if (record == nullptr || record->path.probe_mss_bytes == 0) return false;
    const tcp::Effort& effort = record->effort;
    const std::uint32_t mss_bytes = mtu_bytes - std::min(mtu_bytes, header_bytes(flow));
    if (tcp::Seq{quote.seq} != effort.path_probe_end - effort.path_probe_bytes) return false;
    if (mss_bytes < tcp::send_mss(flow) || mss_bytes >= record->path.probe_mss_bytes) return false;
    core.paths.fails(remote_of(core, id), mss_bytes + 1, now);
    return true;
}

/// What became of a probe: RFC 4821 section 7.6.
void settle_probe(Core& core, FlowId id, Tick now) {
    Flow& flow = core.flows[id];
    Busy& record = *core.busy_of(flow);
    tcp::Effort& effort = record.effort;
    const bool is_out = effort.path_probe_bytes != 0;
    if (is_out && flow.snd_una < effort.path_probe_end) return;
    const std::uint32_t mss_bytes = std::exchange(record.path.probe_mss_bytes, std::uint16_t{0});
    if (!is_out) return;  // RFC 4821 section 7.6.4: nobody knows
    if (effort.path_probe_lost != 0) {
        core.paths.fails(remote_of(core, id), mss_bytes, now);
        core.counters.count(TcpEvent::path_probes_lost);
    } else {
        core.paths.probe_arrived(remote_of(core, id), mss_bytes, now);
        set_mss(core, id, mss_bytes);
        core.counters.count(TcpEvent::path_mtu_raised);
    }
    tcp::forget_path_probe(effort);
}

}  // namespace

void receive_too_big(Core& core, const Turn& turn, FlowId id, const QuotedPacket& quote,
                     std::uint32_t mtu_bytes) {
    Flow& flow = core.flows[id];
    // A segment that may be cut is never too big; nor is a SYN.
    const bool may_be_cut = flow.ip6 == 0 && !core.settings_of(flow).path_mtu_discovery;
    const bool possible = !may_be_cut && tcp::is_synchronised(flow.state());
    const std::uint32_t used_bytes = tcp::send_mss(flow) + header_bytes(flow);
    const std::uint32_t believed =
        possible ? believable_mtu(core.settings_of(flow), quote, used_bytes, mtu_bytes) : 0;
    if (believed == 0) {
        if (possible && limits_search(core, id, quote, mtu_bytes, turn.now)) return;
        return core.counters.count(TcpEvent::path_mtu_disbelieved);
    }
    const std::uint32_t former = flow.mss_bytes();
    const std::uint32_t mss_bytes = believed - header_bytes(flow);
    const std::uint32_t option_bytes = tcp::send_mss(flow) - former;
    const std::uint32_t text_bytes = mss_bytes > option_bytes ? mss_bytes - option_bytes : 1;
    const bool fragments = mtu_bytes != 0 && mtu_bytes < believed;
    Busy* record = flow.in_flight() > text_bytes ? core.borrow(id) : core.busy_of(flow);
    if (record != nullptr && record->path.acked_bytes > text_bytes) {
        // RFC 5927 section 7.2: larger ones did arrive. It is believed when a timeout agrees.
        record->path.claimed_mss_bytes = static_cast<std::uint16_t>(mss_bytes);
        record->path.claimed_of = tcp::Seq{quote.seq};
        return;
    }
    shrink(core, id, mss_bytes, fragments, turn.now);
    send_again_smaller(core, turn, id, former);
}

void follow_path(Core& core, FlowId id, Tick now) {
    Flow& flow = core.flows[id];
    if (core.paths.empty() || !core.settings_of(flow).path_mtu_discovery) return;
    const std::uint32_t before = tcp::send_mss(flow);
    const NeighbourKey remote = remote_of(core, id);
    const Busy* record = core.busy_of(flow);
    const std::uint32_t mss_bytes =
        record != nullptr && is_searching(core, flow, record->path)
            ? core.paths.found(remote, record->path.ceiling_mss_bytes, now)
            : core.paths.fit(remote, before, now);
    if (mss_bytes != before) set_mss(core, id, mss_bytes);
    if (mss_bytes > before) core.counters.count(TcpEvent::path_mtu_raised);
}

std::uint32_t path_probe_bytes(const Core& core, FlowId id, Tick now) {
    if (core.paths.empty()) return 0;
    const Flow& flow = core.flows[id];
    const Busy* record = core.busy_of(flow);
    if (record == nullptr || !is_searching(core, flow, record->path)) return 0;
    const tcp::Effort& effort = record->effort;
    const bool is_calm = effort.recovery == tcp::Recovery::open && effort.probe_due == 0;
    if (record->path.probe_mss_bytes != 0 || !is_calm) return 0;
    const std::uint32_t mss_bytes = tcp::send_mss(flow);
    const std::uint32_t next =
        core.paths.next_probe(remote_of(core, id), mss_bytes, record->path.ceiling_mss_bytes, now);
    return next == 0 ? 0 : next - (mss_bytes - flow.mss_bytes());
}

void begin_path_probe(Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    Busy& record = *core.busy_of(flow);
    if (record.effort.path_probe_bytes == 0) return;  // SACK took the room
    const std::uint32_t option_bytes = tcp::send_mss(flow) - flow.mss_bytes();
    record.path.probe_mss_bytes =
        static_cast<std::uint16_t>(record.effort.path_probe_bytes + option_bytes);
    core.paths.probe_sent(remote_of(core, id), now);
    core.counters.count(TcpEvent::path_probes_sent);
}

void note_progress(Core& core, FlowId id, std::uint32_t acked_bytes, Tick now) {
    const Flow& flow = core.flows[id];
    Busy* record = core.busy_of(flow);
    if (record == nullptr) return;
    forget_soft_error(core, *record);
    PathState& path = record->path;
    if (path.probe_mss_bytes != 0) settle_probe(core, id, now);
    const auto bytes = static_cast<std::uint16_t>(std::min(acked_bytes, flow.mss_bytes()));
    path.acked_bytes = std::max(path.acked_bytes, bytes);
    // RFC 5927 section 7.2: what was said to be too big has arrived.
    if (path.claimed_mss_bytes != 0 && flow.snd_una > path.claimed_of) path.claimed_mss_bytes = 0;
    if (path.former_mss_bytes == 0) return;
    const NeighbourKey remote = remote_of(core, id);
    core.paths.learn(remote, tcp::send_mss(flow), path.former_mss_bytes, false, now);
    core.paths.fails(remote, path.former_mss_bytes, now);  // and what is between may arrive
    core.counters.count(TcpEvent::black_holes_found);
    path.ceiling_mss_bytes = std::max(path.ceiling_mss_bytes, path.former_mss_bytes);
    path.former_mss_bytes = 0;
    path.acked_bytes = bytes;
}

void doubt_path(Core& core, FlowId id, Tick now) {
    Flow& flow = core.flows[id];
    if (!tcp::is_synchronised(flow.state()) || !core.settings_of(flow).path_mtu_discovery) return;
    Busy* record = core.busy_of(flow);
    if (record != nullptr && record->path.claimed_mss_bytes != 0) {
        const std::uint32_t mss_bytes = record->path.claimed_mss_bytes;
        record->path.claimed_mss_bytes = 0;
        record->path.acked_bytes = 0;
        if (mss_bytes < tcp::send_mss(flow)) shrink(core, id, mss_bytes, false, now);
        return;
    }
    follow_path(core, id, now);
    look_for_black_hole(core, id);
}

std::uint32_t path_mtu_bytes(const Core& core, FlowId id, Tick now) {
    const Flow& flow = core.flows[id];
    const std::uint32_t known =
        core.paths.empty() ? 0 : core.paths.known_mss_bytes(remote_of(core, id), now);
    return known != 0 ? known + header_bytes(flow) : core.interface(flow.interface).mtu_bytes;
}

bool forbids_fragments(const Core& core, FlowId id, Tick now) {
    if (!core.settings_of(core.flows[id]).path_mtu_discovery) return false;
    if (core.paths.empty()) return true;
    return !core.paths.fragments(remote_of(core, id), now);
}

std::uint32_t datagram_mtu_bytes(const Core& core, const NeighbourKey& remote,
                                 const tcp::Settings& settings, Tick now) {
    const std::uint32_t link_bytes = core.interface(remote.interface).mtu_bytes;
    const bool is_ip6 = remote.address.family() == Family::ip6;
    // RFC 8200 section 5: who does not discover sends what every link carries.
    if (!settings.path_mtu_discovery) return is_ip6 ? least_mtu6 : link_bytes;
    std::uint32_t mtu_bytes = link_bytes;
    for (const Paths* paths : {&core.paths, &core.datagram_paths})
        if (const std::uint32_t known = paths->known_mss_bytes(remote, now); known != 0)
            mtu_bytes = std::min(mtu_bytes, known + header_bytes(remote.address.family()));
    return mtu_bytes;
}

bool forbids_fragments(const Core& core, const NeighbourKey& remote, const tcp::Settings& settings,
                       Tick now) {
    return settings.path_mtu_discovery && !core.paths.fragments(remote, now) &&
           !core.datagram_paths.fragments(remote, now);
}

void receive_too_big_datagram(Core& core, const QuotedPacket& quote, std::uint8_t interface,
                              std::uint32_t mtu_bytes, Tick now) {
    const DatagramConversation* conversation =
        core.datagrams.receiver({quote.local, quote.local_port}, {quote.remote, quote.remote_port});
    if (conversation == nullptr || !quote.has_ports) return;
    const tcp::Settings& settings = conversation->settings;
    const NeighbourKey remote{quote.remote, interface};
    const std::uint32_t former = datagram_mtu_bytes(core, remote, settings, now);
    const std::uint32_t believed =
        settings.path_mtu_discovery
            ? believable_mtu(settings, quote, std::min(former, quote.length), mtu_bytes)
            : 0;
    if (believed == 0) return core.counters.count(TcpEvent::path_mtu_disbelieved);
    const std::uint32_t headers = header_bytes(quote.remote.family());
    const bool fragments = mtu_bytes != 0 && mtu_bytes < believed;
    core.datagram_paths.learn(remote, believed - headers, former - headers, fragments, now);
    core.counters.count(TcpEvent::path_mtu_lowered);
}

}  // namespace terminus
