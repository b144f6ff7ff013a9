#include "terminus/tcp/delivery.h"

#include <algorithm>
#include <array>
#include <span>

namespace terminus::tcp {
namespace {

/// The SACK blocks of an ACK that may be believed, in ascending order.
struct Blocks {
    std::array<SackedRange, 4> ranges{};
    std::size_t count = 0;

    [[nodiscard]] std::span<const SackedRange> all() const { return {ranges.data(), count}; }
};

SackedRange range_of(const SackBlock& block) { return {Seq{block.left}, Seq{block.right}}; }

/// RFC 2883 section 4: the first block reports a duplicate when it lies below the cumulative ACK,
/// or inside the second block.
bool reports_duplicate(const Segment& s) {
    if (s.options.sack_count == 0) return false;
    const SackedRange first = range_of(s.options.sack[0]);
    if (!(first.left < first.right)) return false;
    if (first.right <= s.ack) return true;
    if (s.options.sack_count < 2) return false;
    const SackedRange second = range_of(s.options.sack[1]);
    return second.left <= first.left && first.right <= second.right;
}

/// RFC 2018 section 5: what lies inside the flight, and not at its left edge, where an honest
/// receiver would have acknowledged it.
bool is_believable(const SackedRange& range, Seq una, Seq nxt) {
    return range.left < range.right && range.left > una && range.right <= nxt;
}

/// In order of their left edges.
void insert(Blocks& blocks, const SackedRange& range) {
    std::size_t at = blocks.count++;
    for (; at > 0 && range.left < blocks.ranges[at - 1].left; --at)
        blocks.ranges[at] = blocks.ranges[at - 1];
    blocks.ranges[at] = range;
}

Blocks believable_blocks(const Flow& flow, const Segment& s) {
    Blocks blocks;
    const Seq una = later(flow.snd_una, s.ack);
    for (std::size_t i = 0; i < s.options.sack_count; ++i) {
        const SackedRange range = range_of(s.options.sack[i]);
        if (is_believable(range, una, flow.snd_nxt)) insert(blocks, range);
    }
    return blocks;
}

/// RFC 8985 section 6.2, step 3: text that was sent once comes after later text did.
void notice_reordering(Effort& effort, const Flow& flow, Seq left, const Run& run) {
    Rack& rack = effort.rack;
    if (!rack.has_delivered || run.end > rack.forward) {
        rack.forward = run.end;
        return;
    }
    if (run.end == rack.forward || run.has(run_flag::again)) return;
    rack.reordering_seen = 1;
    const std::uint32_t segments = (rack.forward - left + flow.mss_bytes() - 1) / flow.mss_bytes();
    effort.reordering_segments = static_cast<std::uint16_t>(
        std::max<std::uint32_t>(effort.reordering_segments, std::min(segments, 300U)));
}

/// RFC 8985 section 6.2, steps 1 and 2.
void notice_time(Effort& effort, const Run& run, Delivery& delivery, Tick now) {
    Rack& rack = effort.rack;
    const auto passed = static_cast<std::int32_t>(now.us32() - run.sent_at_us);
    const auto rtt = static_cast<std::uint32_t>(std::max(passed, 1));
    if (run.has(run_flag::again)) {
        if (rack.minimum_rtt_us == 0 || rtt < rack.minimum_rtt_us) return;  // of the first copy
    } else {
        if (rack.minimum_rtt_us == 0 || rtt < rack.minimum_rtt_us) rack.minimum_rtt_us = rtt;
        if (delivery.rtt_us == 0) delivery.rtt_us = rtt;
    }
    rack.rtt_us = rtt;
    const auto later_us = static_cast<std::int32_t>(run.sent_at_us - rack.sent_us);
    if (rack.has_delivered != 0 && (later_us < 0 || (later_us == 0 && run.end <= rack.end))) return;
    rack.sent_us = run.sent_at_us;
    rack.end = run.end;
    rack.has_delivered = 1;
}

/// The handshake's round trip is the first: RFC 8985 section 6.2, step 1.
void begin_measuring(Effort& effort, const Flow& flow) {
    Rack& rack = effort.rack;
    if (rack.has_delivered == 0) rack.forward = effort.sent.begin();
    if (rack.minimum_rtt_us == 0 && effort.is_first_guess == 0)
        rack.minimum_rtt_us = static_cast<std::uint32_t>(flow.srtt.us());
}

/// A run arrived: for the first time, as it was not SACKed before.
void deliver(Effort& effort, const Flow& flow, Seq left, const Run& run, Delivery& delivery,
             Tick now) {
    const std::uint32_t bytes = run.end - left;
    delivery.delivered_bytes += bytes;
    effort.delivered_segments += run.segments(bytes);
    if (run.has(run_flag::again))
        delivery.second_copy = true;
    else if (run.end <= effort.recover)
        delivery.first_copy = true;
    notice_reordering(effort, flow, left, run);
    if (!run.is_due()) notice_time(effort, run, delivery, now);
}

/// RFC 2883 section 5: the peer got something twice.
void take_duplicate_report(Effort& effort, const Segment& s, Delivery& delivery) {
    const SackedRange range = range_of(s.options.sack[0]);
    delivery.duplicate_sack = true;
    ++effort.duplicate_sacks;
    delivery.proves_probe = effort.probing != 0 && range.right == effort.tail_probe_end;
    if (effort.undoable == 0 || range.left < effort.undo.from) return;
    effort.undo.unproved_bytes -= std::min(effort.undo.unproved_bytes, range.right - range.left);
}

}  // namespace

Delivery take_delivery(Effort& effort, const Flow& flow, const Segment& s, Tick now) {
    Delivery delivery{.flight_before_bytes = flow.in_flight()};
    begin_measuring(effort, flow);
    delivery.held_before_bytes = flow.sack != 0 ? effort.sent.sacked_bytes() : 0;
    if (s.ack > flow.snd_una) {
        delivery.acked_bytes = s.ack - flow.snd_una;
        effort.sent.acknowledge(s.ack, [&](Seq left, const Run& run) {
            if (!run.has(run_flag::sacked)) deliver(effort, flow, left, run, delivery, now);
        });
    }
    if (flow.sack == 0 || s.options.sack_count == 0) return delivery;
    if (reports_duplicate(s)) take_duplicate_report(effort, s, delivery);
    const Blocks blocks = believable_blocks(flow, s);  // it outlives the loop
    for (const SackedRange& range : blocks.all())
        effort.sent.change(range.left, range.right, [&](Seq left, Run& run) {
            if (run.has(run_flag::sacked)) return;
            deliver(effort, flow, left, run, delivery, now);
            delivery.sacked_bytes += run.end - left;
            run.take_sacked();
        });
    return delivery;
}

}  // namespace terminus::tcp
