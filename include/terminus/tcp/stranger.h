/// Segments that belong to no flow: RFC 9293 sections 3.10.7.1 (CLOSED) and 3.10.7.2 (LISTEN).
#pragma once

#include "terminus/tcp/segment.h"

#include <optional>

namespace terminus::tcp {

/// What a segment without a connection deserves. Nothing: silence, for it was a reset.
[[nodiscard]] std::optional<Reply> refuse(const Segment& segment);

/// What a listener says to a segment.
enum class Opening : std::uint8_t {
    ignore,  ///< an RST, or neither SYN nor ACK
    refuse,  ///< an ACK: it gets the RST of refuse()
    accept,  ///< a SYN: a flow may begin
};
[[nodiscard]] Opening on_stranger(const Segment& segment);

}  // namespace terminus::tcp
