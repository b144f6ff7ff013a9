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
    forget_path_probe(effort);
    effort.sent.change(effort.sent.begin(), effort.sent.end(), [&](Seq, Run& run) {
        if (run.size_bytes <= flow.mss_bytes() || run.has(run_flag::sacked)) return;
        run.lose();
        run.size_bytes = static_cast<std::uint16_t>(flow.mss_bytes());
    });
}

void begin_path_probe(Effort& effort, Seq end, std::uint32_t length) {
    effort.path_probe_end = end;
    effort.path_probe_bytes = static_cast<std::uint16_t>(length);
    effort.path_probe_lost = 0;
}

void forget_path_probe(Effort& effort) { effort.path_probe_bytes = effort.path_probe_lost = 0; }

bool is_path_probe_alone_lost(Effort& effort) {
    if (effort.path_probe_bytes == 0) return false;
    const Seq begin = effort.path_probe_end - effort.path_probe_bytes;
    const auto runs = effort.sent.runs();
    for (std::size_t i = 0; i < runs.size(); ++i) {
        const bool of_probe =
            effort.sent.left_of(i) >= begin && runs[i].end <= effort.path_probe_end;
        if (runs[i].is_due() && (!of_probe || runs[i].has(run_flag::again))) return false;
    }
    effort.path_probe_lost = 1;
    return true;
}

}  // namespace terminus::tcp
