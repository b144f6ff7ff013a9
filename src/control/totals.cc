/// Sums over workers, in words.
#include "control/totals.h"

#include <fmt/format.h>

namespace terminus::control {
namespace {

std::string row(std::string_view what, std::uint64_t count) {
    return count == 0 ? std::string{} : fmt::format("  {:<28}{:>16}\n", what, count);
}

/// `value` of each worker, summed.
template <typename Value>
std::uint64_t sum(const Snapshot& snapshot, Value value) {
    std::uint64_t total = 0;
    for (const WorkerSnapshot& worker : snapshot.workers)
        total += value(worker);
    return total;
}

std::string interfaces_text(const Snapshot& snapshot) {
    std::string text;
    for (std::size_t i = 0; i < snapshot.interfaces.size(); ++i) {
        const auto of = [&](auto member) {
            return sum(snapshot,
                       [&](const WorkerSnapshot& it) { return it.stack.interfaces[i].*member; });
        };
        text +=
            fmt::format("  {}: received {} frames, {} bytes; sent {} frames, {} bytes\n",
                        snapshot.interfaces[i], of(&InterfaceCounters::frames_received),
                        of(&InterfaceCounters::bytes_received), of(&InterfaceCounters::frames_sent),
                        of(&InterfaceCounters::bytes_sent));
    }
    return text;
}

std::string rules_text(const Snapshot& snapshot) {
    std::string text;
    for (std::size_t i = 0; i < snapshot.rules.size(); ++i)
        text += row(snapshot.rules[i].name, sum(snapshot, [&](const WorkerSnapshot& it) {
                        return i < it.rule_hits.size() ? it.rule_hits[i] : 0;
                    }));
    return text;
}

}  // namespace

std::string totals_text(const Snapshot& snapshot) {
    std::string text = "totals\n" + interfaces_text(snapshot) + "frames received ended\n";
    for (std::size_t i = 0; i < end_count; ++i)
        text += row(name(static_cast<End>(i)),
                    sum(snapshot, [&](const WorkerSnapshot& it) { return it.stack.ends[i]; }));
    text += "tcp\n";
    for (std::size_t i = 0; i < tcp_event_count; ++i)
        text += row(name(static_cast<TcpEvent>(i)),
                    sum(snapshot, [&](const WorkerSnapshot& it) { return it.stack.tcp[i]; }));
    text += row("resets_sent",
                sum(snapshot, [](const WorkerSnapshot& it) { return it.stack.resets_sent; }));
    text += "drops\n";
    for (std::size_t i = 1; i < drop_count; ++i)
        text += row(name(static_cast<Drop>(i)),
                    sum(snapshot, [&](const WorkerSnapshot& it) { return it.stack.drops[i]; }));
    return text + "rules\n" + rules_text(snapshot);
}

}  // namespace terminus::control
