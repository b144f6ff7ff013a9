#include "terminus/tcp/prr.h"

#include <algorithm>

namespace terminus::tcp {
namespace {

std::uint64_t whole_segments(std::uint64_t bytes, std::uint32_t mss) {
    return (bytes + mss - 1) / mss * mss;
}

std::uint64_t less(std::uint64_t a, std::uint64_t b) { return a > b ? a - b : 0; }

}  // namespace

std::uint32_t prr_send_bytes(Prr& prr, const PrrAck& ack) {
    prr.delivered_bytes += ack.delivered_bytes;
    const std::uint32_t mss = std::max(ack.mss_bytes, 1U);
    std::uint64_t count = 0;
    if (ack.flight_bytes > ack.ssthresh_bytes) {  // in proportion
        const std::uint64_t flight = std::max(prr.recover_flight_bytes, 1U);
        const std::uint64_t share =
            (std::uint64_t{prr.delivered_bytes} * ack.ssthresh_bytes + flight - 1) / flight;
        count = less(whole_segments(share, mss), prr.out_bytes);
    } else {  // PRR-CRB, and PRR-SSRB while recovery makes good progress
        count =
            std::max<std::uint64_t>(less(prr.delivered_bytes, prr.out_bytes), ack.delivered_bytes);
        if (ack.is_safe) count += mss;
        count = std::min<std::uint64_t>(count, ack.ssthresh_bytes - ack.flight_bytes);
    }
    // The fast retransmit itself always leaves.
    if (prr.out_bytes == 0) count = std::max<std::uint64_t>(count, mss);
    return static_cast<std::uint32_t>(count);
}

}  // namespace terminus::tcp
