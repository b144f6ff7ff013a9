/// Text that waits: in order until it is read, beyond a hole until the hole is filled; and what the
/// peer is told of it.
#include "terminus/tcp/input.h"

#include "steps.h"

#include <algorithm>
#include <array>

namespace terminus {
namespace {

using tcp::Flow;
using tcp::Seq;

/// RFC 2883 section 4: one duplicate is told of, the first.
void note_duplicate(Packet& packet, const Stretch& duplicate) {
    if (duplicate == Stretch{}) return;
    packet.wants_ack = true;
    if (packet.duplicate == Stretch{}) packet.duplicate = duplicate;
}

void hold_in_order(Core& core, Packet& packet, Flow& flow, Busy& record,
                   std::span<const std::byte> text) {
    if (record.receive.empty()) record.unread = flow.rcv_nxt;
    const bool had_hole = record.pieces != no_slot;
    const auto result = core.pieces.fill(record.pieces, record.receive, flow.rcv_nxt, text);
    packet.held = packet.held || result.stored > 0;
    note_duplicate(packet, result.duplicate);
    tcp::taken(flow, &record.effort, result.stored, core.settings_of(flow));
    // RFC 5681 section 4.2: at once, when a hole is filled, in whole or in part.
    if (had_hole || result.refused) flow.ack_now = 1;
    if (result.refused && result.stored == 0) packet.drop = Drop::memory_full;
}

/// A user who has shut the receiving half: text is acknowledged and thrown away, and with it what
/// waited beyond a hole. What came before that stays unread.
void throw_away(Core& core, Packet& packet, Flow& flow, Busy& record,
                std::span<const std::byte> text) {
    const bool nothing_unread = record.receive.empty();
    const bool had_hole = record.pieces != no_slot;
    auto bytes = static_cast<std::uint32_t>(text.size());
    if (had_hole) {
        Chain thrown;
        const auto result = core.pieces.fill(record.pieces, thrown, flow.rcv_nxt, text);
        core.blocks.free_all(thrown);
        note_duplicate(packet, result.duplicate);
        bytes = result.stored;
    }
    tcp::taken(flow, &record.effort, bytes, core.settings_of(flow));
    if (had_hole) flow.ack_now = 1;
    if (nothing_unread) record.unread = flow.rcv_nxt;
}

void hold_beyond(Core& core, Packet& packet, Flow& flow, Busy& record, Seq seq,
                 std::span<const std::byte> text) {
    const std::uint32_t most = core.settings_of(flow).reassembly_pieces;
    const auto result = core.pieces.insert(record.pieces, seq, text, most);
    packet.held = packet.held || result.stored > 0;
    packet.wants_ack = true;
    note_duplicate(packet, result.duplicate);
    flow.ack_now = 1;  // RFC 5681 section 4.2: a duplicate ACK, at once
    core.counters.count(result.refused ? TcpEvent::out_of_order_refused
                                       : TcpEvent::out_of_order_held);
}

}  // namespace

void hold_text(Core& core, Packet& packet, FlowId id, Seq seq, std::span<const std::byte> text) {
    Busy* record = core.borrow(id);
    Flow& flow = core.flows[id];
    const bool in_order = seq == flow.rcv_nxt;
    if (record == nullptr) {
        flow.ack_now = 1;  // it is as if it had been lost: the peer sends it again
        packet.drop = Drop::memory_full;
        if (!in_order) core.counters.count(TcpEvent::out_of_order_refused);
        return;
    }
    if (in_order && record->discards)
        throw_away(core, packet, flow, *record, text);
    else if (in_order)
        hold_in_order(core, packet, flow, *record, text);
    else
        hold_beyond(core, packet, flow, *record, seq, text);
}

void hold_fin(Core& core, Packet& packet, FlowId id, Seq fin_seq) {
    core.flows[id].ack_now = 1;  // RFC 5681 section 4.2
    packet.wants_ack = true;
    Busy* record = core.borrow(id);
    if (record == nullptr || record->effort.fin_held != 0) return;  // the peer sends it again
    record->effort.fin_held = 1;
    record->effort.fin_seq = fin_seq;
}

void report_holes(const Core& core, const Flow& flow, const Packet* packet, TcpOptions& options) {
    if (flow.sack == 0) return;
    const Busy* record = core.busy_of(flow);
    const bool doubled = packet != nullptr && packet->duplicate != Stretch{};
    if (!doubled && (record == nullptr || record->pieces == no_slot)) return;
    std::array<Stretch, 4> blocks;
    std::size_t count = 0;
    if (doubled) blocks[count++] = packet->duplicate;
    // RFC 2018 section 3: three fit beside timestamps, four without them.
    const std::span fitting{blocks.data(), flow.timestamps != 0 ? 3U : 4U};
    if (record != nullptr) count += core.pieces.recent(record->pieces, fitting.subspan(count));
    options.sack_count = static_cast<std::uint8_t>(count);
    for (std::size_t i = 0; i < count; ++i)
        options.sack[i] = {blocks[i].left.value, blocks[i].right.value};
}

}  // namespace terminus
