#include "core.h"

#include "terminus/tcp/congestion.h"

#include <algorithm>
#include <stdexcept>

namespace terminus {
namespace {

constexpr std::size_t scratch_bytes = 66 * 1024;  // holds any datagram with its headers

HashKey derived(const HashKey& key, std::uint64_t purpose) {
    return {{key.words[0] ^ purpose, key.words[1] + purpose}};
}

LimiterRates rates(const IcmpSettings& icmp) {
    return {icmp.errors_per_second, icmp.burst, icmp.per_destination_per_second};
}

ReassemblyLimits reassembly_limits(const StackSettings& settings) {
    ReassemblyLimits limits;
    for (const Interface& interface : settings.interfaces)
        limits.fragment_bytes =
            std::max<std::uint32_t>(limits.fragment_bytes, interface.mtu_bytes + 18U);
    return limits;
}

void require(bool holds, const char* what) {
    if (!holds) throw std::invalid_argument(what);
}

StackSettings checked(StackSettings settings) {
    require(settings.flows > 0 && settings.flows <= max_flows, "flows: 1 to 2^27 for a worker");
    require(!settings.interfaces.empty(), "interfaces: at least one");
    require(settings.interfaces.size() <= max_interfaces, "interfaces: too many");
    require(settings.workers == 1 || settings.spreads != nullptr, "spreads: with several workers");
    require(settings.busy_flows > 0 && settings.blocks > 0 && settings.conversations > 0,
            "busy_flows, blocks and conversations: at least one");
    settings.tcp.window_scale = tcp::receive_scale(settings.tcp);
    return settings;
}

/// RFC 7527 section 4.1: random at each start; one for all addresses of the interface and for all
/// workers, which hear each other's detection.
Nonce nonce_of(const Interface& interface, const HashKey& key) {
    const auto random = std::bit_cast<std::array<std::uint8_t, 8>>(
        keyed_hash(derived(key, 7), interface.lane, interface.vlan));
    Nonce nonce;
    std::copy_n(random.begin(), nonce.size(), nonce.begin());
    return nonce;
}

InterfaceState begin(const Interface& interface, const HashKey& key, Tick now) {
    const std::uint32_t mtu = interface.mtu_bytes;
    InterfaceState state{interface};
    state.link4 = {.mss_bytes = mtu - 40, .is_ip6 = false};
    state.link6 = {.mss_bytes = mtu - 60, .is_ip6 = true};
    state.announce_at = now;
    state.nonce = nonce_of(interface, key);
    state.announced.push_back(link_local_of(interface));
    for (const OwnAddress& own : interface.addresses)
        if (own.address != state.announced.front()) state.announced.push_back(own.address);
    for (const Address& address : state.announced)
        if (address.family() == Family::ip6) state.groups.push_back(solicited_node(address));
    std::ranges::sort(state.groups);
    state.groups.erase(std::unique(state.groups.begin(), state.groups.end()), state.groups.end());
    return state;
}

void add_plain_link(std::span<PlainLink> links, const Interface& interface, std::uint8_t index) {
    PlainLink& link = links[interface.lane];
    if (interface.vlan != 0 || link.mac != PlainLink::nobody) return;
    std::array<std::uint8_t, 8> word{};
    std::ranges::copy(interface.mac.bytes, word.begin());
    link = {load<std::uint64_t>(word.data()), index};
}

}  // namespace

std::size_t Core::bytes_needed(const StackSettings& settings) {
    return Flows::bytes_needed(settings) +
           whole_lines(BusySlab::bytes_needed(settings.busy_flows)) +
           whole_lines(DetailsSlab::bytes_needed(settings.conversations)) +
           whole_lines(Blocks::bytes_needed(settings.blocks)) +
           whole_lines(Pieces::bytes_needed(settings.hole_flows));
}

Core::Core(StackSettings given, std::span<std::byte> memory, Tick now)
    : settings{checked(std::move(given))},
      arena{memory},
      flows{settings, arena, counters, now},
      busy{arena.take(BusySlab::bytes_needed(settings.busy_flows)), settings.busy_flows},
      details{arena.take(DetailsSlab::bytes_needed(settings.conversations)),
              settings.conversations},
      blocks{arena.take(Blocks::bytes_needed(settings.blocks)), settings.blocks},
      pieces{arena.take(Pieces::bytes_needed(settings.hole_flows)), settings.hole_flows, blocks},
      rng{settings.seed},
      limiter{rates(settings.icmp), derived(settings.table_key, 1)},
      neighbours{NeighbourLimits{}, derived(settings.table_key, 2)},
      paths{derived(settings.table_key, 5)},
      reassembly{reassembly_limits(settings), derived(settings.table_key, 3)},
      captures{settings.captures, derived(settings.table_key, 4)},
      mss_ceilings{settings.mss_ceilings},
      ts_key{tcp::ts_key(settings.isn_key)},
      datagram_paths{derived(settings.table_key, 6)},
      policy{std::make_shared<const Policy>()},
      services{std::make_shared<const Services>()},
      scratch(scratch_bytes),
      configured{settings.tcp},
      latest{now} {
    for (std::uint8_t index = 0; index < settings.interfaces.size(); ++index) {
        interfaces.push_back(begin(interface(index), settings.table_key, now));
        add_plain_link(plain_links, interface(index), index);
        for (const Address& gateway : interface(index).gateways)
            neighbours.pin({gateway, index});
    }
    next_ip_id = static_cast<std::uint16_t>(rng.next());
    started = now;
}

Busy* Core::borrow(FlowId id) {
    tcp::Flow& flow = flows[id];
    if (Busy* record = busy_of(flow)) return record;
    const std::uint32_t slot = busy.take();
    if (slot == no_slot) {
        counters.count(TcpEvent::busy_refused);
        pressure.is_felt = true;
        return nullptr;
    }
    Busy& record = busy[slot];
    record = Busy{};
    tcp::begin(record.effort, flow, settings_of(flow));
    // What is owed an ACK already counts as one segment.
    record.effort.last_ack_sent = flow.rcv_nxt - (flow.ack_pending != 0 ? flow.mss_bytes() : 0);
    record.flow = id;
    record.unread = flow.rcv_nxt;
    if (flow.holds() == tcp::Held::mark) record.mark = flow.held;
    if (flow.holds() == tcp::Held::text) record.send = blocks.whole(flow.held);
    flow.hold(tcp::Held::busy, slot);
    return &record;
}

bool Core::make_conversation(Busy& record, const tcp::Settings& with) {
    record.details = details.take();
    if (record.details == no_slot) return false;
    const tcp::Flow& flow = flows[record.flow];
    Details& kept = details[record.details];
    kept = Details{};
    kept.settings = with;
    kept.iss = flow.snd_una;
    kept.irs = flow.rcv_nxt - 1;
    kept.settings.window_scale = tcp::receive_scale(with);
    kept.advertised_mss_bytes = tcp::announced_mss(link(flow), with);
    const Key key = flows.key(record.flow);
    const Ends ends = ends_of(key);
    kept.local = {local_address(key), ends.local_port.host()};
    kept.remote = {remote_address(key), ends.remote_port.host()};
    kept.active = flow.active != 0;
    kept.history.data_received = kept.history.data_sent = latest;
    kept.history.ack_received = kept.history.paced_since = latest;
    record.serial = next_serial++;
    return true;
}

void Core::note_syn(const tcp::Flow& flow, const tcp::Segment& syn) {
    Details* told = details_of(flow);
    if (told == nullptr || !syn.has(tcp_flag::syn)) return;
    told->irs = syn.seq;
    told->peer_mss_bytes = static_cast<std::uint16_t>(tcp::peers_mss(syn, link(flow)));
}

void Core::note_ecn(const tcp::Flow& flow) {
    if (Details* told = details_of(flow)) told->ecn_seen = true;
}

void Core::give_back_if_quiet(FlowId id, bool silent) {
    tcp::Flow& flow = flows[id];
    const Busy* record = busy_of(flow);
    if (record == nullptr || record->serial != 0) return;
    // What a service's flow learned of its path is kept between its answers, while others have
    // plenty of records left. After a silence RFC 5681 section 4.1 lets it begin anew anyway.
    const bool plenty = busy.used() <= busy.capacity() / 2;
    if (!silent && plenty && tcp::has_learned(record->effort, flow, settings.tcp)) return;
    if (flow.in_flight() != 0 || !record->send.empty() || !record->receive.empty()) return;
    if (record->pieces != no_slot) return;
    if (record->effort.fin_held != 0 || flow.waits() == tcp::Waits::window) return;
    const std::uint32_t slot = flow.held;
    flow.hold(tcp::Held::mark, record->mark);
    busy.give(slot);
}

void Core::end_flow(FlowId id, CallError why) {
    tcp::Flow& flow = flows[id];
    if (flow.holds() == tcp::Held::text) {
        Chain chain = blocks.whole(flow.held);
        blocks.free_all(chain);
    }
    if (Busy* record = busy_of(flow)) {
        blocks.free_all(record->send);
        pieces.free_all(record->pieces);
        record->flow = no_flow;
        if (record->serial != 0 && record->error == CallError::none) record->error = why;
        const bool never_shown = record->listener != no_slot && !record->queued;
        if (never_shown) remove(listeners[record->listener].list_of(*record), flow.held);
        if (record->serial == 0 || record->detached || never_shown) forget(flow.held);
    }
    flow.hold(tcp::Held::mark, 0);
    flows.erase(id);
}

void Core::forget(std::uint32_t slot) {
    Busy& record = busy[slot];
    if (record.queued) remove(listeners[record.listener].accepted, slot);
    blocks.free_all(record.send);
    blocks.free_all(record.receive);
    record.serial = 0;
    if (record.details != no_slot) details.give(record.details);
    record.details = no_slot;
    busy.give(slot);
}

void Core::append(BusyList& list, std::uint32_t slot) {
    busy[slot].previous = list.last;
    busy[slot].next = no_slot;
    if (list.last == no_slot)
        list.first = slot;
    else
        busy[list.last].next = slot;
    list.last = slot;
    ++list.size;
}

void Core::remove(BusyList& list, std::uint32_t slot) {
    const Busy& record = busy[slot];
    if (record.previous == no_slot)
        list.first = record.next;
    else
        busy[record.previous].next = record.next;
    if (record.next == no_slot)
        list.last = record.previous;
    else
        busy[record.next].previous = record.previous;
    --list.size;
}

}  // namespace terminus
