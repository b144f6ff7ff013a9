/// Proportional rate reduction, RFC 9937: how much may leave for each ACK while the window shrinks
/// to its threshold.
#pragma once

#include <cstdint>

namespace terminus::tcp {

/// The variables of one episode: RFC 9937 section 5.
struct Prr {
    std::uint32_t delivered_bytes = 0;       ///< prr_delivered
    std::uint32_t out_bytes = 0;             ///< prr_out
    std::uint32_t recover_flight_bytes = 0;  ///< RecoverFS
};

/// What one ACK tells.
struct PrrAck {
    std::uint32_t delivered_bytes = 0;  ///< DeliveredData
    std::uint32_t flight_bytes = 0;     ///< inflight, after this ACK
    std::uint32_t ssthresh_bytes = 0;
    std::uint32_t mss_bytes = 0;
    bool is_safe = false;  ///< SafeACK: it advances SND.UNA and tells of no further loss
};

/// sndcnt: the bytes that may leave now. Rounded up to whole segments, so that the first of them
/// can leave at all.
[[nodiscard]] std::uint32_t prr_send_bytes(Prr& prr, const PrrAck& ack);

}  // namespace terminus::tcp
