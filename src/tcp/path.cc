#include "terminus/tcp/path.h"

#include <algorithm>

namespace terminus::tcp {

void on_path_shrunk(Effort& effort, const Flow& flow, std::uint32_t former_mss_bytes) {
    const std::uint64_t segments = std::max(effort.cwnd_bytes / former_mss_bytes, 1U);
    effort.cwnd_bytes = static_cast<std::uint32_t>(segments * flow.mss_bytes());
    effort.recovery = Recovery::loss;  // as after a timeout, but that nothing is reduced
    effort.recover = flow.snd_nxt;
    effort.duplicate_acks = 0;
    effort.doubts_timeout = effort.undoable = 0;
    effort.probing = effort.probe_due = effort.prefers_new = 0;
    effort.sent.change(effort.sent.begin(), effort.sent.end(), [&](Seq, Run& run) {
        if (run.size_bytes <= flow.mss_bytes() || run.has(run_flag::sacked)) return;
        run.lose();
        run.size_bytes = static_cast<std::uint16_t>(flow.mss_bytes());
    });
}

}  // namespace terminus::tcp
