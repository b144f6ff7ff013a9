/// Which metrics there are: one function per family or group of families. The names, labels and
/// units are a contract; the README lists them.
#include "control/metric.h"
#include "control/metrics.h"

#include <map>

namespace terminus::control {
namespace {

using Families = std::vector<prometheus::MetricFamily>;

/// Calls `act` with each worker's label and snapshot.
template <typename Act>
void for_each_worker(const Snapshot& snapshot, Act act) {
    for (std::size_t i = 0; i < snapshot.workers.size(); ++i)
        act(std::to_string(i), snapshot.workers[i]);
}

const HandedCounters& handed(const WorkerCounters& loop, Errand errand) {
    return loop.handed[static_cast<std::size_t>(errand)];
}

/// What the interfaces of all workers carried.
Families traffic(const Snapshot& snapshot) {
    Metric frames{"terminus_frames_total", "Frames received (rx) and sent (tx) by an interface."};
    Metric bytes{"terminus_bytes_total",
                 "Bytes received (rx) and sent (tx) by an interface, from the link header on."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        for (std::size_t i = 0; i < snapshot.interfaces.size(); ++i) {
            const InterfaceCounters& counts = it.stack.interfaces[i];
            const std::string& label = snapshot.interfaces[i];
            const auto labels = [&](const char* direction) {
                return Metric::Labels{
                    {"worker", worker}, {"interface", label}, {"direction", direction}};
            };
            frames.add(labels("rx"), counts.frames_received).add(labels("tx"), counts.frames_sent);
            bytes.add(labels("rx"), counts.bytes_received).add(labels("tx"), counts.bytes_sent);
        }
    });
    return {frames.take(), bytes.take()};
}

/// A worker's books: what came in is the sum of its ends. What the loop steers away never reaches
/// the stack, and is entered here.
Families books(const Snapshot& snapshot) {
    Metric in{"terminus_frames_in_total",
              "Frames that came to a worker, from devices or handed by other workers: the sum of "
              "terminus_frame_ends_total."};
    Metric ends{"terminus_frame_ends_total", "How received frames ended, each exactly once."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        const HandedCounters& unseen = handed(it.loop, Errand::steer);
        in.add({{"worker", worker}, {"from", "device"}},
               it.stack.frames_received + unseen.out + unseen.lost);
        in.add({{"worker", worker}, {"from", "worker"}}, it.stack.handed_in);
        for (std::size_t i = 0; i < end_count; ++i) {
            const auto end = static_cast<End>(i);
            std::uint64_t count = it.stack.ends[i];
            if (end == End::handed) count += unseen.out;
            if (end == End::dropped) count += unseen.lost;
            ends.add({{"worker", worker}, {"end", std::string{name(end)}}}, count);
        }
    });
    return {in.take(), ends.take()};
}

Families drops(const Snapshot& snapshot) {
    Metric drops{"terminus_drops_total",
                 "Frames dropped, by reason; include/terminus/base/drop.h explains each."};
    Metric unsent{
        "terminus_frames_unsent_total",
        "Frames to be sent that were lost: the device's or another worker's ring was full."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        for (std::size_t i = 1; i < drop_count; ++i) {
            const auto reason = static_cast<Drop>(i);
            std::uint64_t count = it.stack.drops[i];
            if (reason == Drop::ring_full)
                count +=
                    handed(it.loop, Errand::steer).lost + handed(it.loop, Errand::rebuilt).lost;
            drops.add({{"worker", worker}, {"reason", std::string{name(reason)}}}, count);
        }
        std::uint64_t refused = 0;
        for (const LaneCounters& lane : it.loop.lanes)
            refused += lane.frames_unsent;
        unsent.add({{"worker", worker}, {"reason", "device"}}, refused);
        unsent.add({{"worker", worker}, {"reason", "ring"}}, handed(it.loop, Errand::send).lost);
    });
    return {drops.take(), unsent.take()};
}

/// What goes from worker to worker.
Families shards(const Snapshot& snapshot) {
    Metric passed{
        "terminus_handed_frames_total",
        "Frames given to other workers: steered to their owner, copied (ARP, ND), rebuilt "
        "from fragments, or to be sent."};
    Metric missteered{"terminus_missteered_frames_total",
                      "Frames that came on another queue than the device's RSS key and table say."};
    constexpr std::pair<const char*, Errand> named[] = {{"steer", Errand::steer},
                                                        {"copy", Errand::copy},
                                                        {"rebuilt", Errand::rebuilt},
                                                        {"send", Errand::send}};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        for (const auto& [errand, which] : named) {
            const HandedCounters& count = handed(it.loop, which);
            passed.add({{"worker", worker}, {"errand", errand}, {"result", "handed"}}, count.out);
            passed.add({{"worker", worker}, {"errand", errand}, {"result", "lost"}}, count.lost);
        }
        for (std::size_t i = 0; i < snapshot.devices.size(); ++i)
            missteered.add({{"worker", worker}, {"device", snapshot.devices[i].name}},
                           it.loop.lanes[i].missteered);
    });
    return {passed.take(), missteered.take()};
}

Families rss(const Snapshot& snapshot) {
    Metric rss{"terminus_rss_state",
               "1 for what is known of a device's RSS and a flow type, else 0."};
    for (const DeviceSnapshot& device : snapshot.devices)
        for (std::size_t type = 0; type < rss_types; ++type)
            for (const auto state :
                 {Verdict::none, Verdict::trying, Verdict::proven, Verdict::wrong})
                rss.add({{"device", device.name},
                         {"type", name(static_cast<RssType>(type))},
                         {"state", name(state)}},
                        device.rss[type] == state ? 1.0 : 0.0);
    return {rss.take()};
}

Families rules(const Snapshot& snapshot) {
    Metric hits{"terminus_rule_hits_total",
                "Packets that a rule judged; begins anew when the rules are loaded."};
    for (std::size_t i = 0; i < snapshot.rules.size(); ++i) {
        std::uint64_t count = 0;
        for (const WorkerSnapshot& worker : snapshot.workers)
            count += i < worker.rule_hits.size() ? worker.rule_hits[i] : 0;
        const RuleSnapshot& rule = snapshot.rules[i];
        hits.add({{"rule", rule.name}, {"action", std::string{name(rule.action)}}}, count);
    }
    return {hits.take()};
}

Families tcp(const Snapshot& snapshot) {
    Metric events{"terminus_tcp_events_total", "What happened to TCP flows."};
    Metric flows{"terminus_flows", "Live TCP flows by state."};
    Metric resets{"terminus_resets_sent_total", "RST segments sent."};
    Metric half_open{"terminus_half_open_flows", "Flows that wait for the handshake's last ACK."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        for (std::size_t i = 0; i < tcp_event_count; ++i)
            events.add({{"worker", worker}, {"event", std::string{name(static_cast<TcpEvent>(i))}}},
                       it.stack.tcp[i]);
        for (std::size_t i = 0; i < tcp::state_count; ++i)
            flows.add(
                {{"worker", worker}, {"state", std::string{name(static_cast<tcp::State>(i))}}},
                it.stack.flows[i]);
        resets.add({{"worker", worker}}, it.stack.resets_sent);
        half_open.add({{"worker", worker}}, it.stack.half_open);
    });
    return {events.take(), flows.take(), resets.take(), half_open.take()};
}

/// How full the bounded things are.
Families resources(const Snapshot& snapshot) {
    Metric capacity{"terminus_flow_capacity", "TCP flows for which there is room."};
    Metric used{"terminus_resources_used", "How many of a bounded resource are in use."};
    Metric buffers{"terminus_buffers", "Frame buffers of a worker's pool."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        capacity.add({{"worker", worker}}, it.flow_capacity);
        const std::pair<const char*, std::uint64_t> gauges[] = {
            {"busy_flows", it.stack.busy_used},
            {"blocks", it.stack.blocks_used},
            {"hole_flows", it.stack.holes_used},
            {"timers", it.stack.timers_used},
            {"keys", it.stack.keys_used},
            {"neighbours", it.stack.neighbours},
            {"conversations", it.stack.details_used},
            {"paths", it.stack.paths_used},
            {"reassemblies", it.stack.reassembling}};
        for (const auto& [resource, count] : gauges)
            used.add({{"worker", worker}, {"resource", resource}}, count);
        buffers.add({{"worker", worker}, {"state", "free"}}, it.buffers_free);
        buffers.add({{"worker", worker}, {"state", "used"}}, it.buffers - it.buffers_free);
    });
    return {capacity.take(), used.take(), buffers.take()};
}

std::string family_label(Family family) { return family == Family::ip4 ? "ip4" : "ip6"; }

Families icmp(const Snapshot& snapshot) {
    Metric sent{"terminus_icmp_sent_total", "ICMP and ICMPv6 messages sent."};
    Metric suppressed{"terminus_icmp_suppressed_total", "ICMP errors not sent, by reason."};
    for (std::size_t i = 0; i < icmp_kinds.size(); ++i) {
        std::uint64_t count = 0;
        for (const WorkerSnapshot& worker : snapshot.workers)
            count += worker.stack.icmp_sent[i];
        sent.add({{"family", family_label(icmp_kinds[i].family)},
                  {"type", std::to_string(icmp_kinds[i].type)},
                  {"code", std::to_string(icmp_kinds[i].code)}},
                 count);
    }
    for (const auto family : {Family::ip4, Family::ip6})
        for (std::size_t reason = 0; reason < suppressed_count; ++reason) {
            std::uint64_t count = 0;
            for (const WorkerSnapshot& worker : snapshot.workers)
                count += worker.stack.icmp_suppressed[family == Family::ip6][reason];
            suppressed.add({{"family", family_label(family)},
                            {"reason", std::string{name(static_cast<Suppressed>(reason))}}},
                           count);
        }
    return {sent.take(), suppressed.take()};
}

/// A service keeps its old index for the flows that have it when a reload changes it: one name,
/// summed.
Families services(const Snapshot& snapshot) {
    std::map<std::string, ServiceCounters> sums;
    for (std::size_t i = 0; i < snapshot.services.size(); ++i)
        for (const WorkerSnapshot& worker : snapshot.workers) {
            ServiceCounters& sum = sums[snapshot.services[i]];
            const ServiceCounters& one = worker.stack.services[i];
            sum.connections += one.connections;
            sum.bytes_received += one.bytes_received;
            sum.bytes_sent += one.bytes_sent;
            sum.datagrams += one.datagrams;
            sum.captured += one.captured;
            sum.captures_lost += one.captures_lost;
        }
    Metric connections{"terminus_service_connections_total", "TCP connections established."};
    Metric bytes{
        "terminus_service_bytes_total",
        "Payload bytes that a service took (rx) and gave (tx), retransmissions not counted."};
    Metric datagrams{"terminus_service_datagrams_total", "UDP datagrams and pings received."};
    Metric captures{"terminus_service_captures_total",
                    "First texts and datagrams of peers, kept or lost for want of room."};
    for (const auto& [service, sum] : sums) {
        connections.add({{"service", service}}, sum.connections);
        bytes.add({{"service", service}, {"direction", "rx"}}, sum.bytes_received);
        bytes.add({{"service", service}, {"direction", "tx"}}, sum.bytes_sent);
        datagrams.add({{"service", service}}, sum.datagrams);
        captures.add({{"service", service}, {"result", "kept"}}, sum.captured);
        captures.add({{"service", service}, {"result", "lost"}}, sum.captures_lost);
    }
    return {connections.take(), bytes.take(), datagrams.take(), captures.take()};
}

Families loops(const Snapshot& snapshot) {
    constexpr double microseconds = 1e6, nanoseconds = 1e9;  // in a second
    Metric handshake{"terminus_handshake_seconds", "Time from SYN to ESTABLISHED, in seconds."};
    Metric turn{"terminus_turn_seconds", "Duration of a worker's turns with work, in seconds."};
    Metric turns{"terminus_turns_total", "Turns of a worker's loop, idle ones included."};
    Metric busy{"terminus_worker_busy_ratio", "Share of time in turns with work, 0 to 1."};
    Metric cycles{
        "terminus_worker_cycles_total",
        "TSC cycles of a worker: in turns with work (busy), in others and asleep (idle)."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        const Histogram& shakes = it.stack.handshake;
        handshake.histogram({{"worker", worker}}, shakes.buckets, microseconds, shakes.sum_us);
        turn.histogram({{"worker", worker}}, it.loop.turn_buckets, nanoseconds,
                       it.loop.turn_sum_ns);
        turns.add({{"worker", worker}}, it.loop.turns);
        busy.add({{"worker", worker}}, it.busy_ratio);
        const std::uint64_t in_work = it.loop.busy_cycles;
        cycles.add({{"worker", worker}, {"state", "busy"}}, in_work)
            .add({{"worker", worker}, {"state", "idle"}}, it.loop.cycles - in_work);
    });
    return {handshake.take(), turn.take(), turns.take(), busy.take(), cycles.take()};
}

Families devices(const Snapshot& snapshot) {
    Metric stats{"terminus_device_stat", "The device's own statistics, as its driver names them."};
    Metric up{"terminus_device_link_up", "Whether the link is up: 1 or 0."};
    Metric speed{"terminus_device_link_speed_bytes",
                 "The link's speed in bytes per second; 0: unknown."};
    for (const DeviceSnapshot& device : snapshot.devices) {
        for (const auto& [stat, value] : device.stats)
            stats.add({{"device", device.name}, {"name", stat}}, value);
        up.add({{"device", device.name}}, device.link_up ? 1.0 : 0.0);
        speed.add({{"device", device.name}}, device.speed_mbps * 125'000);
    }
    return {stats.take(), up.take(), speed.take()};
}

/// What only a lane sees.
Families lanes(const Snapshot& snapshot) {
    Metric unusable{"terminus_frames_unusable_total",
                    "Frames received that fit no buffer, and never reached a worker."};
    Metric chains{"terminus_tso_chains_total", "Packets that a device cut into segments (TSO)."};
    Metric segments{"terminus_tso_segments_total", "Segments in them; each is a frame sent, too."};
    for_each_worker(snapshot, [&](const std::string& worker, const WorkerSnapshot& it) {
        for (std::size_t i = 0; i < snapshot.devices.size(); ++i) {
            const Metric::Labels labels{{"worker", worker}, {"device", snapshot.devices[i].name}};
            unusable.add(labels, it.loop.lanes[i].tally.unusable);
            chains.add(labels, it.loop.lanes[i].tally.chains);
            segments.add(labels, it.loop.lanes[i].tally.chained_segments);
        }
    });
    return {unusable.take(), chains.take(), segments.take()};
}

Families calls(const Snapshot& snapshot) {
    Metric clients{"terminus_admin_clients", "Clients connected to the call socket."};
    Metric handles{"terminus_admin_handles", "Listeners and conversations opened by calls."};
    Metric calls{"terminus_admin_calls_total", "Calls from outside, by name and result."};
    clients.add({}, snapshot.admin.clients);
    handles.add({}, snapshot.admin.handles);
    for (const auto& [call, count] : snapshot.admin.calls)
        calls.add({{"call", call.first}, {"result", call.second}}, count);
    return {clients.take(), handles.take(), calls.take()};
}

Families identity(const Snapshot& snapshot) {
    const Identity& it = snapshot.identity;
    Metric build{"terminus_build_info", "What was built; the value is always 1."};
    build.add(
        {{"version", it.version}, {"dpdk", it.dpdk}, {"compiler", it.compiler}, {"cpu", it.cpu}},
        1.0);
    Metric config{"terminus_config_info", "The configuration adopted last; the value is always 1."};
    config.add({{"file", it.file}, {"hash", it.hash}}, 1.0);
    Metric reloads{"terminus_reloads_total", "Reloads of rules and services, by result."};
    reloads.add({{"result", "adopted"}}, snapshot.reloads);
    reloads.add({{"result", "refused"}}, snapshot.reloads_refused);
    Metric start{"terminus_start_time_seconds", "When the appliance started, in Unix time."};
    start.add({}, snapshot.start_seconds);
    return {build.take(), config.take(), reloads.take(), start.take()};
}

}  // namespace

std::vector<prometheus::MetricFamily> families_of(const Snapshot& snapshot) {
    Families all;
    for (auto* make : {identity, traffic, books, drops, shards, rss, rules, tcp, resources, icmp,
                       services, loops, devices, lanes, calls})
        for (prometheus::MetricFamily& family : make(snapshot))
            if (!family.metric.empty()) all.push_back(std::move(family));
    return all;
}

}  // namespace terminus::control
