/// A flow whose path turned out to carry less than its segments hold (RFC 1191, RFC 8201), or may
/// carry more (RFC 4821).
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"

#include <cstdint>

namespace terminus::tcp {

/// The flow's MSS was `former_mss_bytes`; what is in flight and larger was too big, and output
/// sends it again in smaller segments. RFC 8201 section 5.4: the congestion window stays, counted
/// in segments.
void on_path_shrunk(Effort& effort, const Flow& flow, std::uint32_t former_mss_bytes);

/// A segment larger than the MSS left, and ends at `end`.
void begin_path_probe(Effort& effort, Seq end, std::uint32_t length);
/// Congestion, or a router, makes what becomes of it mean nothing: RFC 4821 section 7.6.4.
void forget_path_probe(Effort& effort);
/// RFC 4821 section 7.6.2: of all that is lost and due, all lies in the probe, and was sent once.
/// The path is to blame, and no congestion; notes it.
[[nodiscard]] bool is_path_probe_alone_lost(Effort& effort);

}  // namespace terminus::tcp
