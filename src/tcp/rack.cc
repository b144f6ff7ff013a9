#include "terminus/tcp/rack.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

constexpr std::uint32_t duplicate_threshold = 3;  // RFC 8985 section 3.2: DupThresh
constexpr std::uint8_t rounds_without_duplicates = 16;
// Deliberate: RFC 8985 knows no lower bound; but no timer here is finer than a millisecond, and
// links faster than that reorder too.
constexpr std::uint32_t narrowest_us = 1000;

/// RACK_sent_after(): what was delivered left after the run.
bool left_before(const Rack& rack, const Run& run) {
    const auto later_us = static_cast<std::int32_t>(rack.sent_us - run.sent_at_us);
    return later_us > 0 || (later_us == 0 && rack.end > run.end);
}

std::int32_t remaining_us(const Rack& rack, const Run& run, std::uint32_t window_us, Tick now) {
    return static_cast<std::int32_t>(run.sent_at_us + rack.rtt_us + window_us - now.us32());
}

}  // namespace

std::uint32_t reordering_window_us(const Effort& effort, const Flow& flow) {
    const Rack& rack = effort.rack;
    if (rack.reordering_seen == 0) {
        if (effort.recovery >= Recovery::recovery) return 0;
        if (effort.sent.tally().sacked_segments >= duplicate_threshold) return 0;
    }
    const std::uint64_t window = std::uint64_t{rack.window_factor} * (rack.minimum_rtt_us / 4);
    const auto bounded = static_cast<std::uint32_t>(std::min(window, flow.srtt.us()));
    return std::max(bounded, narrowest_us);
}

Losses detect_losses(Effort& effort, const Flow& flow, Tick now) {
    Losses losses;
    const Rack& rack = effort.rack;
    const Tally sum = effort.sent.tally();
    const bool in_order = sum.sacked_bytes == 0 && sum.resent_segments == 0;
    if (rack.has_delivered == 0 || in_order) return losses;
    const std::uint32_t window = reordering_window_us(effort, flow);
    effort.sent.change(effort.sent.begin(), effort.sent.end(), [&](Seq left, Run& run) {
        if (!run.in_flight() || !left_before(rack, run)) return;
        const std::int32_t remaining = remaining_us(rack, run, window, now);
        if (remaining > 0) {
            losses.wait_us = std::max(losses.wait_us, static_cast<std::uint32_t>(remaining));
            return;
        }
        losses.lost_bytes += run.end - left;
        run.lose();
    });
    return losses;
}

void widen_reordering_window(Effort& effort, const Flow& flow, const Delivery& delivery) {
    Rack& rack = effort.rack;
    if (rack.has_duplicate_round != 0 && flow.snd_una >= rack.duplicate_round)
        rack.has_duplicate_round = 0;
    if (rack.has_duplicate_round != 0 || !delivery.duplicate_sack) return;
    rack.has_duplicate_round = 1;
    rack.duplicate_round = flow.snd_nxt;
    rack.window_factor = static_cast<std::uint8_t>(std::min(rack.window_factor + 1, 255));
    rack.window_persists = rounds_without_duplicates;
}

void narrow_reordering_window(Effort& effort) {
    Rack& rack = effort.rack;
    if (rack.window_persists > 0) --rack.window_persists;
    if (rack.window_persists == 0) rack.window_factor = 1;
}

void lose_on_timeout(Effort& effort, const Flow& flow, Tick now) {
    const Rack& rack = effort.rack;
    const std::uint32_t window = reordering_window_us(effort, flow);
    effort.sent.change(effort.sent.begin(), effort.sent.end(), [&](Seq left, Run& run) {
        // RFC 2018 section 8: a timeout may mean that the peer gave up what it had reported.
        const bool recent = flow.sack != 0 && run.in_flight() && rack.has_delivered != 0 &&
                            left != flow.snd_una && remaining_us(rack, run, window, now) > 0;
        if (recent) return;
        const bool held = run.has(run_flag::sacked);
        run.lose();
        if (held) run.flags |= run_flag::again;  // its coming again proves nothing
    });
}

}  // namespace terminus::tcp
