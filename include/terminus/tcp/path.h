/// A flow whose path turned out to carry less than its segments hold: RFC 1191, RFC 8201.
#pragma once

#include "terminus/tcp/effort.h"
#include "terminus/tcp/flow.h"

#include <cstdint>

namespace terminus::tcp {

/// The flow's MSS was `former_mss_bytes`; what is in flight and larger was too big, and output
/// sends it again in smaller segments. RFC 8201 section 5.4: the congestion window stays, counted
/// in segments.
void on_path_shrunk(Effort& effort, const Flow& flow, std::uint32_t former_mss_bytes);

}  // namespace terminus::tcp
