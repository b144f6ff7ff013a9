#include "wire.h"

namespace terminus::test {

/// Bits flip behind the link header only: a real link's own check sum guards what no checksum of
/// ours does.
void Wire::send(Bytes frame, Tick now) {
    constexpr std::size_t link_bytes = 14;
    const bool is_arp = frame[12] == std::byte{8} && frame[13] == std::byte{6};
    if (rng_.chance(weather_.loss)) return;
    if (rng_.chance(weather_.duplication)) launch(frame, now);
    if (!is_arp && rng_.chance(weather_.corruption)) {
        const auto room = static_cast<std::uint32_t>(frame.size() - link_bytes);
        frame[link_bytes + rng_.below(room)] ^= std::byte{1} << rng_.below(8);
    }
    launch(std::move(frame), now);
}

void Wire::launch(Bytes frame, Tick now) {
    std::uint64_t delay = weather_.delay_us;
    if (weather_.jitter_us > 0 && rng_.chance(weather_.reordering))
        delay += rng_.below(weather_.jitter_us);
    flying_.push({now.after_us(delay), order_++, std::move(frame)});
}

std::vector<Bytes> Wire::arrived(Tick now) {
    std::vector<Bytes> frames;
    while (!flying_.empty() && flying_.top().due <= now) {
        frames.push_back(flying_.top().frame);
        flying_.pop();
    }
    return frames;
}

}  // namespace terminus::test
