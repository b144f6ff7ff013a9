#include "terminus/tcp/path.h"

#include <algorithm>

namespace terminus::tcp {

void on_path_shrunk(Effort& effort, Flow& flow, std::uint32_t former_mss_bytes) {
    const std::uint64_t segments = std::max(effort.cwnd_bytes / former_mss_bytes, 1U);
    effort.cwnd_bytes = static_cast<std::uint32_t>(segments * flow.mss_bytes());
    effort.recovery = Recovery::loss;
    effort.recover = flow.snd_nxt;
    effort.send_again_from = flow.snd_una;
    effort.duplicate_acks = 0;
    flow.retransmitted = 1;  // RFC 6298 section 3: Karn's algorithm
    flow.stop_timing();
}

}  // namespace terminus::tcp
