/// Received text: taken by the service at once where it can be, else held in blocks, beyond a hole
/// too (RFC 9293 section 3.10.7.4, SHLD-31); the FIN behind it.
#include "terminus/tcp/output.h"

#include "steps.h"

#include <algorithm>

namespace terminus {
namespace {

using tcp::Flow;
using tcp::Held;
using tcp::Seq;

ServiceState state_of(const Core& core, const Flow& flow) {
    return {.mark = core.mark_of(flow), .phase = static_cast<std::uint8_t>(flow.phase)};
}

bool all_acknowledged(const Core& core, const Flow& flow) {
    return flow.in_flight() == 0 && unsent_bytes(core, flow) == 0;
}

/// The flow's chain of text to be sent, wherever its head is kept.
Chain send_chain(Core& core, const Flow& flow) {
    if (const Busy* record = core.busy_of(flow)) return record->send;
    return flow.holds() == Held::text ? core.blocks.whole(flow.held) : Chain{};
}

void keep_send_chain(Core& core, Flow& flow, const Chain& chain) {
    if (Busy* record = core.busy_of(flow))
        record->send = chain;
    else
        flow.hold(chain.empty() ? Held::mark : Held::text, chain.empty() ? 0 : chain.head);
}

/// Queues text to be sent back; returns how much found room.
std::size_t echo(Core& core, Flow& flow, std::span<const std::byte> text) {
    Chain chain = send_chain(core, flow);
    const std::uint32_t most = core.settings_of(flow).send_buffer_bytes;
    const std::size_t room = most > chain.bytes ? most - chain.bytes : 0;
    const Seq end = chain.empty() ? flow.snd_nxt : core.blocks.end(chain);
    const std::size_t stored =
        core.blocks.append(chain, end, text.first(std::min(text.size(), room)));
    keep_send_chain(core, flow, chain);
    return stored;
}

/// Asks a service that makes its own text.
[[gnu::noinline]] Taken ask(Core& core, FlowId id, const Service& service,
                            std::span<const std::byte> text) {
    Flow& flow = core.flows[id];
    // What is promised stays bounded: a peer that asks and never acknowledges has to wait.
    const std::uint32_t promised = flow.in_flight() + unsent_bytes(core, flow);
    if (promised >= core.settings_of(flow).send_buffer_bytes && service.text() == Text::generated)
        return {};
    ServiceState state = state_of(core, flow);
    const Taken taken = service.take(state, text, promised == 0);
    if (taken.capture) capture_text(core, id, text, core.latest);
    keep_service_state(core, flow, state);
    return taken;
}

/// Gives text to the service. Nothing is left of it that the service took.
[[gnu::always_inline]] inline Taken serve(Core& core, FlowId id, std::span<const std::byte> text) {
    Flow& flow = core.flows[id];
    if (tcp::has_closed(flow.state()))
        return {.bytes = text.size()};  // it has said its last: thrown away
    const Service& service = *core.service_of(flow);
    const Taken taken = service.text() == Text::echoed ? Taken{.bytes = echo(core, flow, text)}
                                                       : ask(core, id, service, text);
    core.counters.services[flow.service].bytes_received += taken.bytes;
    return taken;
}

void obey(Core& core, FlowId id, const Taken& taken) {
    if (taken.close) tcp::close(core.flows[id]);
}

/// RFC 2525 section 2.17: text for a user who has closed is answered with RST. Returns false: the
/// flow ended.
bool reset_if_nobody_reads(Core& core, const Turn& turn, FlowId id) {
    const Flow& flow = core.flows[id];
    const Busy* record = core.busy_of(flow);
    const bool detached =
        flow.service == Flow::no_service && (record == nullptr || record->detached);
    if (!detached) return true;
    send_reset(core, turn, id);
    core.counters.count(TcpEvent::aborted);
    core.end_flow(id, CallError::connection_reset);
    return false;
}

bool has_nothing_waiting(const Busy& record) {
    return record.receive.empty() && record.pieces == no_slot;
}

/// Text that continues what was received, into an empty queue: the service may take it from the
/// frame.
std::size_t take_directly(Core& core, FlowId id, std::span<const std::byte> text) {
    Flow& flow = core.flows[id];
    if (core.service_of(flow) == nullptr) return 0;
    const Taken taken = serve(core, id, text);
    tcp::taken(flow, core.effort_of(flow), static_cast<std::uint32_t>(taken.bytes),
               core.settings_of(flow));
    if (Busy* record = core.busy_of(flow)) record->unread = flow.rcv_nxt;
    obey(core, id, taken);
    return taken.bytes;
}

/// The text of the queue that is in order and not yet taken, in one piece.
std::span<const std::byte> linearise(Core& core, const Flow& flow, const Busy& record) {
    const std::size_t length =
        std::min<std::size_t>(flow.rcv_nxt - record.unread, core.scratch.size());
    const std::span<std::byte> into{core.scratch.data(), length};
    return into.first(core.blocks.read(record.receive, record.unread, into));
}

/// Offers the queue to the service until it takes no more.
void offer_queue(Core& core, FlowId id) {
    Flow& flow = core.flows[id];
    Busy* record = core.busy_of(flow);
    while (record != nullptr && record->unread < flow.rcv_nxt && !record->receive.empty()) {
        const Taken taken = serve(core, id, linearise(core, flow, *record));
        record->unread += static_cast<std::uint32_t>(taken.bytes);
        core.blocks.drop_before(record->receive, record->unread);
        obey(core, id, taken);
        if (taken.bytes == 0) return;
    }
}

/// A FIN counts once all text before it is in.
void take_due_fin(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    if (Busy* record = core.busy_of(flow)) {
        core.pieces.free_all(record->pieces);  // nothing comes after a FIN
        record->effort.fin_held = 0;
        record->end = true;
        if (record->unread == flow.rcv_nxt) record->unread += 1;  // nothing is unread but the FIN
    }
    tcp::take_fin(flow, core.context(flow, turn.now));
}

}  // namespace

void keep_service_state(Core& core, Flow& flow, const ServiceState& state) {
    flow.phase = state.phase & 7U;
    if (Busy* record = core.busy_of(flow))
        record->mark = state.mark.value;
    else if (flow.holds() == Held::mark)
        flow.held = state.mark.value;
}

namespace {

/// What a flow may hold unread. A service that answers in its own time leaves little: no more is
/// offered than is held for it, so that nothing which was offered has to be thrown away.
std::uint32_t buffer_bytes(const Core& core, const Flow& flow) {
    const tcp::Settings& tcp = core.settings_of(flow);
    const Service* service = core.service_of(flow);
    if (service == nullptr || service->text() != Text::generated) return tcp.receive_buffer_bytes;
    const std::uint32_t most = std::max(tcp.unread_limit_bytes, 2 * flow.mss_bytes());
    return std::min(tcp.receive_buffer_bytes, most);
}

std::uint32_t held_bytes(const Core& core, const Flow& flow) {
    const Busy* record = core.busy_of(flow);
    if (record == nullptr) return 0;
    const std::uint32_t received = record->receive.bytes + record->unreleased;
    // Text to be echoed was received too. A user's own text was not: counting it would let two
    // users with much to say close each other's windows for ever.
    return received + (flow.service != Flow::no_service ? record->send.bytes : 0);
}

}  // namespace

std::uint32_t receive_room(const Core& core, const Flow& flow) {
    const Service* service = core.service_of(flow);
    if (service != nullptr && service->manner().closes_window) return 0;
    const auto& settings = core.settings_of(flow);
    const std::uint32_t buffer = buffer_bytes(core, flow), held = held_bytes(core, flow);
    const std::uint32_t left = buffer > held ? buffer - held : 0;
    const std::uint32_t largest = tcp::largest_window(flow, settings);
    const std::uint32_t room = std::min({left, largest, settings.receive_window_bytes});
    // Never more than half of what the blocks could still hold: others need room too.
    const std::uint64_t free = std::uint64_t{core.blocks.free_blocks()} * Blocks::text_bytes / 2;
    return static_cast<std::uint32_t>(std::min<std::uint64_t>(room, free));
}

namespace {

/// Finds a place for text inside the window: with the service, in the queue or beyond a hole.
void place(Core& core, Packet& packet, FlowId id, Seq seq, std::span<const std::byte> text) {
    Flow& flow = core.flows[id];
    const bool owed_before = flow.ack_pending != 0;
    const Busy* record = core.busy_of(flow);
    if (seq == flow.rcv_nxt && (record == nullptr || has_nothing_waiting(*record))) {
        const std::size_t bytes = take_directly(core, id, text);
        seq += static_cast<std::uint32_t>(bytes);
        text = text.subspan(bytes);
    }
    if (!text.empty()) hold_text(core, packet, id, seq, text);
    packet.owes_ack = !owed_before && flow.ack_pending != 0;
}

/// Of a flow that may have text waiting, or whose peer has closed.
[[gnu::noinline]] void offer_waiting(Core& core, const Turn& turn, FlowId id) {
    Flow& flow = core.flows[id];
    const Busy* held = core.busy_of(flow);
    if (held != nullptr && held->effort.fin_held != 0 && held->effort.fin_seq == flow.rcv_nxt)
        take_due_fin(core, turn, id);
    if (core.service_of(flow) == nullptr) return;
    offer_queue(core, id);
    const Busy* record = core.busy_of(flow);
    const bool nothing_waits = record == nullptr || record->receive.empty();
    // The peer will say no more: a service that took all of it has nothing to add. What it left
    // untaken while nothing is outstanding is the beginning of a request that never ends.
    if (flow.state() == tcp::State::close_wait && (nothing_waits || all_acknowledged(core, flow)))
        tcp::close(flow);
}

}  // namespace

void take_next_text(Core& core, const Turn& turn, Packet& packet, FlowId id) {
    Flow& flow = core.flows[id];
    const std::span text = packet.payload();
    const bool owed_before = flow.ack_pending != 0;
    const Taken taken = serve(core, id, text);
    tcp::taken(flow, nullptr, static_cast<std::uint32_t>(taken.bytes), core.settings.tcp);
    obey(core, id, taken);
    if (taken.bytes < text.size())
        hold_text(core, packet, id, flow.rcv_nxt, text.subspan(taken.bytes));
    packet.owes_ack = !owed_before && flow.ack_pending != 0;
    offer_text(core, turn, id);
}

bool take_text(Core& core, const Turn& turn, Packet& packet, FlowId id,
               const tcp::Arrival& arrival) {
    const Seq begin{packet.header_at<TcpHeader>(packet.view.l4).seq.host()};
    if (arrival.text_length > 0) {
        if (!reset_if_nobody_reads(core, turn, id)) return false;
        place(core, packet, id, begin + arrival.text_skip,
              packet.payload().subspan(arrival.text_skip, arrival.text_length));
    }
    if (arrival.fin) {
        const Seq fin_seq = begin + static_cast<std::uint32_t>(packet.payload().size());
        if (fin_seq == core.flows[id].rcv_nxt)
            take_due_fin(core, turn, id);
        else
            hold_fin(core, packet, id, fin_seq);
    }
    offer_text(core, turn, id);
    return true;
}

void offer_text(Core& core, const Turn& turn, FlowId id) {
    const Flow& flow = core.flows[id];
    const bool is_quiet = core.busy_of(flow) == nullptr && flow.state() == tcp::State::established;
    if (!is_quiet) offer_waiting(core, turn, id);
}

}  // namespace terminus
