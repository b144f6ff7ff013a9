#include "terminus/tcp/cubic.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

// Beyond 2^18 ms from the plateau the curve is far above any window.
constexpr std::int64_t longest_ms = 1 << 18;
constexpr std::uint64_t largest_bytes = 1U << 30;

void begin_epoch(Cubic& cubic, std::uint32_t cwnd, const CubicAck& ack) {
    cubic.in_epoch = true;
    cubic.epoch = cubic.seen = ack.now;
    const bool below = cwnd < cubic.w_max_bytes;
    cubic.origin_bytes = below ? cubic.w_max_bytes : cwnd;
    cubic.k_ms = below ? cubic_k_ms(cubic.w_max_bytes - cwnd, ack.mss_bytes) : 0;
    cubic.w_est_bytes = cwnd;
    cubic.est_acked_bytes = 0;
}

std::uint64_t window_at(const Cubic& cubic, std::int64_t since_epoch_ms, std::uint32_t mss) {
    const std::int64_t offset = cubic_offset_bytes(since_epoch_ms - cubic.k_ms, mss);
    return static_cast<std::uint64_t>(std::max<std::int64_t>(0, cubic.origin_bytes + offset));
}

/// RFC 9438 section 4.3: alpha is 3 * (1 - 0.7) / (1 + 0.7) = 9/17 segments for each window, and 1
/// once the old window is reached again.
void grow_estimate(Cubic& cubic, std::uint32_t cwnd, const CubicAck& ack) {
    const bool regained = cubic.w_est_bytes >= cubic.prior_cwnd_bytes;
    const std::uint64_t step = regained ? cwnd : std::uint64_t{cwnd} * 17 / 9;
    std::uint64_t acked = std::uint64_t{cubic.est_acked_bytes} + ack.acked_bytes;
    if (acked >= step) {
        acked -= step;
        cubic.w_est_bytes += ack.mss_bytes;
    }
    cubic.est_acked_bytes = static_cast<std::uint32_t>(std::min(acked, largest_bytes));
}

}  // namespace

std::uint32_t cube_root(std::uint64_t value) {
    std::uint64_t root = 0;
    for (std::uint64_t bit = 1U << 21; bit != 0; bit >>= 1) {
        const std::uint64_t more = root + bit;
        if (more <= 2'642'245 && more * more * more <= value) root = more;
    }
    return static_cast<std::uint32_t>(root);
}

std::uint32_t cubic_k_ms(std::uint32_t below_bytes, std::uint32_t mss_bytes) {
    // In seconds K is the cube root of segments / 0.4; a thousand cubed makes milliseconds of it.
    const std::uint64_t below = std::min<std::uint64_t>(below_bytes, largest_bytes);
    return cube_root(below * 2'500'000'000ULL / std::max(mss_bytes, 1U));
}

std::int64_t cubic_offset_bytes(std::int64_t since_plateau_ms, std::uint32_t mss_bytes) {
    const std::int64_t t = std::clamp(since_plateau_ms, -longest_ms, longest_ms);
    return t * t * t / 1000 * 4 * static_cast<std::int64_t>(mss_bytes) / 10'000'000;
}

std::uint32_t cubic_reduced(std::uint32_t bytes) {
    return static_cast<std::uint32_t>(std::uint64_t{bytes} * 7 / 10);
}

void on_reduction(Cubic& cubic, std::uint32_t cwnd_bytes) {
    cubic.prior_cwnd_bytes = cwnd_bytes;
    // Fast convergence: who shrinks twice leaves room for others. (1 + 0.7) / 2 is 17/20.
    const bool shrinks = cwnd_bytes < cubic.w_max_bytes;
    cubic.w_max_bytes =
        shrinks ? static_cast<std::uint32_t>(std::uint64_t{cwnd_bytes} * 17 / 20) : cwnd_bytes;
    cubic.in_epoch = false;
}

void pause(Cubic& cubic, Millis now) {
    if (!cubic.in_epoch) return;
    const std::int32_t idle = std::max(0, elapsed_ms(cubic.seen, now));
    cubic.epoch = cubic.epoch + static_cast<std::uint32_t>(idle);
    cubic.seen = now;
}

std::uint32_t grow(Cubic& cubic, std::uint32_t cwnd_bytes, std::uint32_t& carry_bytes,
                   const CubicAck& ack) {
    if (!cubic.in_epoch) begin_epoch(cubic, cwnd_bytes, ack);
    cubic.seen = ack.now;
    grow_estimate(cubic, cwnd_bytes, ack);
    const std::int64_t t = elapsed_ms(cubic.epoch, ack.now);
    if (window_at(cubic, t, ack.mss_bytes) < cubic.w_est_bytes)  // section 4.3
        return std::max(cwnd_bytes, cubic.w_est_bytes);
    // Section 4.2: the target lies one round trip ahead, and at most half a window away.
    const std::uint64_t target = std::min<std::uint64_t>(
        window_at(cubic, t + ack.srtt_ms, ack.mss_bytes), std::uint64_t{cwnd_bytes} * 3 / 2);
    if (target <= cwnd_bytes) return cwnd_bytes;
    // Sections 4.4 and 4.5: a window's ACKs bring it to the target, a segment at a time.
    const std::uint64_t step = std::max<std::uint64_t>(
        std::uint64_t{cwnd_bytes} * ack.mss_bytes / (target - cwnd_bytes), 1);
    const std::uint64_t acked = std::uint64_t{carry_bytes} + ack.acked_bytes;
    const std::uint64_t segments = std::min<std::uint64_t>(acked / step, 2);
    carry_bytes = static_cast<std::uint32_t>(
        segments < 2 ? std::min(acked - segments * step, largest_bytes) : 0);
    return cwnd_bytes + static_cast<std::uint32_t>(segments) * ack.mss_bytes;
}

}  // namespace terminus::tcp
