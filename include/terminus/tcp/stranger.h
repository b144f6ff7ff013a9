/// Segments that belong to no flow: RFC 9293 sections 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN).
#pragma once

#include "terminus/tcp/segment.h"

#include <optional>

namespace terminus::tcp {

/// What a segment without a connection deserves. Nothing: silence, for it was a reset.
[[nodiscard]] inline std::optional<Reply> refuse(const Segment& segment) {
    using namespace tcp_flag;
    if (segment.has(rst)) return std::nullopt;  // RFC 9293 section 3.10.7.1: an RST is discarded
    if (segment.has(ack)) return Reply{.seq = segment.ack, .flags = rst};
    return Reply{.seq = Seq{0}, .ack = segment.end(), .flags = rst | ack};
}

/// What a listener says to a segment.
enum class Opening : std::uint8_t {
    ignore,  ///< an RST, or neither SYN nor ACK
    refuse,  ///< an ACK: it gets the RST of refuse()
    accept,  ///< a SYN: a flow may begin
};
[[nodiscard]] inline Opening on_stranger(const Segment& segment) {
    using namespace tcp_flag;
    if (segment.has(rst)) return Opening::ignore;  // RFC 9293 section 3.10.7.2, first
    if (segment.has(ack)) return Opening::refuse;  // second
    // A SYN with FIN asks to end before it began. Deliberate: not accepted, as kernels do.
    if (segment.has(syn) && !segment.has(fin)) return Opening::accept;  // third
    return Opening::ignore;                                             // fourth
}

}  // namespace terminus::tcp
