/// The list of all options.
#include "control/schema.h"

#include "terminus/base/assert.h"

#include <algorithm>
#include <array>

namespace terminus::control {
namespace {

/// Binds a key to the member of the struct that holds it.
template <typename Owner, auto Member>
constexpr Key key(std::string_view name, Says says) {
    using Type = std::remove_cvref_t<decltype(Owner{}.*Member)>;
    return {name,
            [](const Written& value, const Range& range, void* owner) {
                read_value(value, range, static_cast<Owner*>(owner)->*Member);
            },
            [] { return render(Owner{}.*Member); },
            [](const Range& range) { return words(As<Type>{}, range); },
            [](const void* one, const void* other) {
                return same_value(static_cast<const Owner*>(one)->*Member,
                                  static_cast<const Owner*>(other)->*Member);
            },
            says};
}

constexpr Range positive{1, 4'294'967'295};
constexpr Range milliseconds{1, 86'400'000};

using Appliance = ApplianceConfig;
const std::array appliance_keys{
    key<Appliance, &Appliance::workers>(
        "workers", {.help = "worker threads; each owns a shard of the flows", .range = {1, 64}}),
    key<Appliance, &Appliance::flows>(
        "flows", {.help = "capacity, all workers together; the memory is reserved at start",
                  .unit = "flows",
                  .range = {64, 4'000'000'000}}),
    key<Appliance, &Appliance::ip6_flows>("ip6_flows", {.help = "of which IPv6 at most",
                                                        .unit = "flows",
                                                        .range = {0, 4'000'000'000},
                                                        .otherwise = "a quarter of flows",
                                                        .example = "250_000"}),
    key<Appliance, &Appliance::cpus>(
        "cpus", {.help = "the control core's CPU first, then one per worker; they may repeat",
                 .range = {0, 1023},
                 .otherwise = "the first CPUs that this process may use",
                 .example = "[0, 1]"}),
    key<Appliance, &Appliance::huge_pages>(
        "huge_pages", {.help = "what backs the memory; auto: huge pages where there are enough"}),
    key<Appliance, &Appliance::idle>(
        "idle",
        {.help = "whether an idle worker burns its core; auto: poll on real NICs, else sleep"}),
    key<Appliance, &Appliance::table_full>(
        "table_full",
        {.help = "for a new flow when the table is full: give up the oldest TIME-WAIT "
                 "flow, answer with RST, or stay silent"}),
    key<Appliance, &Appliance::drain_seconds>(
        "drain_seconds",
        {.help = "after SIGTERM: how long live flows may go on before they are reset",
         .unit = "seconds",
         .range = {0, 86'400}}),
};

const std::array interface_keys{
    key<InterfaceConfig, &InterfaceConfig::device>(
        "device", {.help = "any ethdev: a PCI address, or a vdev with its arguments",
                   .example = "\"net_tap0,iface=terminus0\"",
                   .required = true}),
    key<InterfaceConfig, &InterfaceConfig::addresses>(
        "addresses", {.help = "our own: ARP and ND, ping, the source of ICMP errors",
                      .otherwise = "none",
                      .example = "[\"198.18.0.2/24\", \"2001:db8:18::2/64\"]"}),
    key<InterfaceConfig, &InterfaceConfig::prefixes>(
        "prefixes", {.help = "whole ranges that we answer for as well",
                     .otherwise = "none",
                     .example = "[\"198.18.1.0/24\", \"2001:db8:18:1::/64\"]"}),
    key<InterfaceConfig, &InterfaceConfig::gateways>(
        "gateways", {.help = "the next hop for what is not on-link, at most one of each family",
                     .otherwise = "none",
                     .example = "[\"198.18.0.1\", \"2001:db8:18::1\"]"}),
    key<InterfaceConfig, &InterfaceConfig::mtu_bytes>(
        "mtu", {.help = "the largest IP packet", .unit = "bytes", .range = {576, 9000}}),
    key<InterfaceConfig, &InterfaceConfig::vlan>(
        "vlan", {.help = "802.1Q id, 0 for untagged; several tables may name one device with "
                         "different ids",
                 .range = {0, 4094}}),
    key<InterfaceConfig, &InterfaceConfig::mac>("mac", {.help = "our MAC address",
                                                        .otherwise = "the device's own",
                                                        .example = "\"02:00:00:00:00:01\""}),
    key<InterfaceConfig, &InterfaceConfig::tso>(
        "tso", {.help = "the device cuts long texts into segments (TSO), where it offers that"}),
};

const std::array rule_keys{
    key<RuleConfig, &RuleConfig::name>("name",
                                       {.help = "names the rule in metrics; no two are equal",
                                        .otherwise = "rule-N, N the position from 1",
                                        .example = "\"web\""}),
    key<RuleConfig, &RuleConfig::protocol>("protocol",
                                           {.help = "what it judges; other: neither TCP, "
                                                    "UDP nor ICMP echo",
                                            .example = "\"tcp\"",
                                            .required = true}),
    key<RuleConfig, &RuleConfig::sources>(
        "sources", {.help = "who asks", .otherwise = "anybody", .example = "[\"0.0.0.0/0\"]"}),
    key<RuleConfig, &RuleConfig::destinations>("destinations",
                                               {.help = "which of our addresses is asked",
                                                .otherwise = "any",
                                                .example = "[\"198.18.0.2\", \"198.18.1.0/24\"]"}),
    key<RuleConfig, &RuleConfig::ports>("ports", {.help = "destination ports, for tcp and udp only",
                                                  .otherwise = "any",
                                                  .example = "[\"80\", \"8000-8099\"]"}),
    key<RuleConfig, &RuleConfig::action>(
        "action", {.help = "serve: tcp, udp and icmp-echo; reset: tcp; unreachable and drop: all",
                   .example = "\"serve\"",
                   .required = true}),
    key<RuleConfig, &RuleConfig::service>(
        "service", {.help = "for serve: a built-in name or that of a [service.NAME]",
                    .otherwise = "\"ping\" for icmp-echo; others must say it",
                    .example = "\"http\""}),
    key<RuleConfig, &RuleConfig::code>(
        "code", {.help = "for unreachable: its code, with IPv6 the RFC 4443 counterpart",
                 .otherwise = "\"port\" for tcp and udp, \"protocol\" for other, else \"admin\"",
                 .example = "\"port\""}),
};

const std::array service_keys{
    key<ServiceConfig, &ServiceConfig::kind>("kind", {.help = "what it does",
                                                      .otherwise = "its name, if that is a kind",
                                                      .example = "\"http\""}),
    key<ServiceConfig, &ServiceConfig::body_bytes>(
        "body_bytes", {.help = "for http: the length of the answer's body",
                       .unit = "bytes",
                       .range = {0, 1'000'000'000}}),
    key<ServiceConfig, &ServiceConfig::bytes>("bytes", {.help = "for send: what it sends on accept",
                                                        .unit = "bytes",
                                                        .range = {0, 1'000'000'000}}),
    key<ServiceConfig, &ServiceConfig::after_ms>(
        "after_ms", {.help = "for close and abort: how long a connection may live",
                     .unit = "milliseconds",
                     .range = {0, 86'400'000}}),
    key<ServiceConfig, &ServiceConfig::file>(
        "file", {.help = "for capture, which must say it: the first text of each peer goes there, "
                         "one JSON object a line",
                 .example = "\"/var/lib/terminus/capture.jsonl\""}),
    key<ServiceConfig, &ServiceConfig::file_bytes>(
        "file_bytes", {.help = "for capture: nothing is written beyond this length of the file",
                       .unit = "bytes",
                       .range = {1024, 4'294'967'295}}),
    key<ServiceConfig, &ServiceConfig::one_of>(
        "one_of", {.help = "for capture: one of so many peers is kept; which one is chance",
                   .unit = "peers",
                   .range = {1, 1'000'000}}),
};

const std::array tcp_keys{
    key<TcpConfig, &TcpConfig::rto_initial_ms>(
        "rto_initial_ms", {.help = "retransmission timeout before the first measurement",
                           .unit = "milliseconds",
                           .range = milliseconds}),
    key<TcpConfig, &TcpConfig::rto_min_ms>("rto_min_ms",
                                           {.help = "the least retransmission timeout",
                                            .unit = "milliseconds",
                                            .range = milliseconds}),
    key<TcpConfig, &TcpConfig::rto_max_ms>("rto_max_ms",
                                           {.help = "the greatest retransmission timeout",
                                            .unit = "milliseconds",
                                            .range = milliseconds}),
    key<TcpConfig, &TcpConfig::syn_give_up_ms>(
        "syn_give_up_ms", {.help = "an active open without an answer ends after this",
                           .unit = "milliseconds",
                           .range = milliseconds}),
    key<TcpConfig, &TcpConfig::give_up_ms>(
        "give_up_ms", {.help = "a flow whose text gets no answer ends after this",
                       .unit = "milliseconds",
                       .range = milliseconds}),
    key<TcpConfig, &TcpConfig::syn_ack_retries>(
        "syn_ack_retries", {.help = "a SYN-ACK is sent again so often", .range = {0, 15}}),
    key<TcpConfig, &TcpConfig::half_open_flows>("half_open_flows",
                                                {.help = "flows in SYN-RECEIVED at most",
                                                 .unit = "flows",
                                                 .range = positive,
                                                 .otherwise = "a quarter of flows",
                                                 .example = "250_000"}),
    key<TcpConfig, &TcpConfig::syn_cookies>(
        "syn_cookies", {.help = "whether a SYN is answered without keeping anything of it; auto: "
                                "when too many flows are half open"}),
    key<TcpConfig, &TcpConfig::time_wait_ms>("time_wait_ms",
                                             {.help = "how long TIME-WAIT lasts: twice the MSL",
                                              .unit = "milliseconds",
                                              .range = milliseconds}),
    key<TcpConfig, &TcpConfig::fin_wait_2_ms>(
        "fin_wait_2_ms", {.help = "silence allowed in FIN-WAIT-2 after a full close",
                          .unit = "milliseconds",
                          .range = milliseconds}),
    key<TcpConfig, &TcpConfig::delayed_ack_ms>("delayed_ack_ms",
                                               {.help = "how long an ACK may wait for company",
                                                .unit = "milliseconds",
                                                .range = {0, 500}}),
    key<TcpConfig, &TcpConfig::mss_floor_bytes>(
        "mss_floor_bytes",
        {.help = "a smaller MSS of a peer is taken as this", .unit = "bytes", .range = {28, 1460}}),
    key<TcpConfig, &TcpConfig::path_mtu_discovery>(
        "path_mtu_discovery",
        {.help = "segments may not be cut on their way, and shrink where a router asks for it"}),
    key<TcpConfig, &TcpConfig::path_mtu_probing>(
        "path_mtu_probing",
        {.help = "larger segments are tried where smaller ones were asked for (RFC 4821)"}),
    key<TcpConfig, &TcpConfig::path_mtu_floor_bytes>(
        "path_mtu_floor_bytes",
        {.help = "IPv4: a router that asks for less gets this, and may cut it",
         .unit = "bytes",
         .range = {68, 1500}}),
    key<TcpConfig, &TcpConfig::mss_ceilings>(
        "mss_ceilings",
        {.help = "the largest MSS to and from hosts below a prefix; the longest prefix counts",
         .range = {64, 65'535},
         .otherwise = "none: the MTU decides",
         .example = "[{prefix = \"198.18.2.0/24\", bytes = 1200}]"}),
    key<TcpConfig, &TcpConfig::timestamps>(
        "timestamps", {.help = "timestamps (RFC 7323), where the peer has them too"}),
    key<TcpConfig, &TcpConfig::sack>(
        "sack", {.help = "selective acknowledgement (RFC 2018), where the peer has it too"}),
    key<TcpConfig, &TcpConfig::window_scaling>(
        "window_scaling", {.help = "window scaling (RFC 7323), where the peer has it too"}),
    key<TcpConfig, &TcpConfig::ecn>(
        "ecn", {.help = "explicit congestion notification (RFC 3168); accept: where the peer asks "
                        "for it, on: our SYNs ask too"}),
    key<TcpConfig, &TcpConfig::traffic_class>(
        "traffic_class",
        {.help = "of the IP header; its two lowest bits are ECN's", .range = {0, 255}}),
    key<TcpConfig, &TcpConfig::hop_limit>("hop_limit",
                                          {.help = "of the IP header", .range = {1, 255}}),
    key<TcpConfig, &TcpConfig::initial_window_segments>(
        "initial_window_segments",
        {.help = "the initial congestion window (RFC 6928)", .unit = "segments", .range = {1, 10}}),
    key<TcpConfig, &TcpConfig::window_scale>(
        "window_scale",
        {.help = "our window's shift (RFC 7323)", .unit = "bits", .range = {0, 14}}),
    key<TcpConfig, &TcpConfig::receive_buffer_bytes>(
        "receive_buffer_bytes",
        {.help = "the largest window offered", .unit = "bytes", .range = {2048, 1'073'725'440}}),
    key<TcpConfig, &TcpConfig::send_buffer_bytes>("send_buffer_bytes",
                                                  {.help = "text that a conversation may queue",
                                                   .unit = "bytes",
                                                   .range = {2048, 1'073'725'440}}),
    key<TcpConfig, &TcpConfig::unread_limit_bytes>("unread_limit_bytes",
                                                   {.help = "text that a service may leave untaken",
                                                    .unit = "bytes",
                                                    .range = {1024, 1'073'725'440}}),
    key<TcpConfig, &TcpConfig::busy_flows>(
        "busy_flows", {.help = "flows with much in flight or with text held, at the same time",
                       .unit = "flows",
                       .range = positive,
                       .otherwise = "a sixteenth of flows",
                       .example = "62_500"}),
    key<TcpConfig, &TcpConfig::block_bytes_per_flow>(
        "block_bytes_per_flow",
        {.help =
             "memory for text that waits, on average over all flows; a worker gets 4 MiB at least",
         .unit = "bytes",
         .range = {0, 1'048'576}}),
};

const std::array icmp_keys{
    key<IcmpConfig, &IcmpConfig::errors_per_second>(
        "errors_per_second",
        {.help = "how many ICMP errors leave, 0: no limit", .unit = "errors per second"}),
    key<IcmpConfig, &IcmpConfig::burst>(
        "burst", {.help = "errors that may leave at once", .unit = "errors", .range = positive}),
    key<IcmpConfig, &IcmpConfig::per_destination_per_second>(
        "per_destination_per_second",
        {.help = "how many of them go to one destination, 0: no limit",
         .unit = "errors per second"}),
};

const std::array metrics_keys{
    key<MetricsConfig, &MetricsConfig::listen>(
        "listen", {.help = "where Prometheus scrapes /metrics: ADDRESS:PORT; \"\" for none"}),
};

const std::array admin_keys{
    key<AdminConfig, &AdminConfig::socket>(
        "socket", {.help = "path of a Unix socket (mode 0600) that takes user calls, as CALLS.md "
                           "says, for example \"/run/terminus/terminus.sock\"; \"\" for none"}),
    key<AdminConfig, &AdminConfig::listen>(
        "listen", {.help = "the same over TCP: ADDRESS:PORT, open to whoever reaches it; \"\" for "
                           "none"}),
};

const std::array log_keys{
    key<LogConfig, &LogConfig::level>("level", {.help = "the least level that is logged"}),
};

const std::array all_tables{
    Table{"appliance", "[appliance]", "The process: its threads and its memory.", appliance_keys},
    Table{"interface", "[[interface]]", "One device, or one VLAN on it. At least one is needed.",
          interface_keys},
    Table{"rule", "[[rule]]",
          "What becomes of packets that belong to no flow: the first match wins; no match: drop.",
          rule_keys},
    Table{"service", "[service.NAME]",
          "What stands behind serve rules. A kind is a service of that name too, without a table; "
          "only capture needs one.",
          service_keys},
    Table{"tcp", "[tcp]", "Timers and limits. Limits are the appliance's: a worker gets its share.",
          tcp_keys},
    Table{"icmp", "[icmp]",
          "Limits of ICMP errors. They are the appliance's: a worker gets its share.", icmp_keys},
    Table{"metrics", "[metrics]", "Prometheus.", metrics_keys},
    Table{"admin", "[admin]", "The call socket: user calls from outside.", admin_keys},
    Table{"log", "[log]", "Lines on stderr.", log_keys},
};

}  // namespace

std::span<const Table> tables() { return all_tables; }

const Table& table_named(std::string_view name) {
    const auto found = std::ranges::find(all_tables, name, &Table::name);
    TERMINUS_ASSERT(found != all_tables.end());
    return *found;
}

}  // namespace terminus::control
