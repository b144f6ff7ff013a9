/// The checks of the appliance, the services, the limits and the endpoint; interfaces and rules
/// have files of their own.
#include "control/validate.h"

#include "control/admin_socket.h"
#include "control/listen.h"
#include "control/validate_parts.h"
#include "control/value.h"

#include <algorithm>

namespace terminus::control {

void refuse(const Config& config, const Origin& origin, std::string_view table,
            std::string_view key, const std::string& problem, const std::string& remedy) {
    throw ConfigError(
        {config.file, origin.line_of(key), "[" + std::string{table} + "]." + std::string{key}},
        problem, remedy);
}

namespace {

void check_appliance(const Config& config) {
    const ApplianceConfig& it = config.appliance;
    const std::size_t wanted = it.workers + 1;
    if (!it.cpus.empty() && it.cpus.size() != wanted)
        refuse(config, it.origin, "appliance", "cpus",
               std::to_string(it.cpus.size()) + " CPUs for " + std::to_string(it.workers) +
                   " worker(s)",
               "name " + std::to_string(wanted) + ": the control core's, then one per worker");
    if (it.flows < it.workers)
        refuse(config, it.origin, "appliance", "flows", "fewer flows than workers", "raise it");
    if (it.flows / it.workers > 120'000'000)
        refuse(config, it.origin, "appliance", "flows", "more than 120000000 flows for one worker",
               "lower it or raise workers");
    if (it.ip6_flows && *it.ip6_flows > it.flows)
        refuse(config, it.origin, "appliance", "ip6_flows", "more than flows",
               "write at most " + std::to_string(it.flows));
}

/// Which kinds a key of a service is for.
struct Belongs {
    std::string_view key;
    ServiceKind to, or_to;
};
constexpr std::array belongings{
    Belongs{"body_bytes", ServiceKind::http, ServiceKind::http},
    Belongs{"bytes", ServiceKind::send, ServiceKind::send},
    Belongs{"after_ms", ServiceKind::close, ServiceKind::abort},
    Belongs{"file", ServiceKind::capture, ServiceKind::capture},
    Belongs{"file_bytes", ServiceKind::capture, ServiceKind::capture},
    Belongs{"one_of", ServiceKind::capture, ServiceKind::capture},
};

void complete_service(const Config& config, ServiceConfig& it) {
    const std::string table = "service." + it.name;
    const std::optional<ServiceKind> own = built_in_kind(it.name);
    if (it.name.empty() || it.name.size() > 64)
        refuse(config, it.origin, table, "kind", "the service's name is empty or longer than 64",
               "choose another name");
    if (!it.origin.has("kind")) {
        if (!own)
            refuse(config, it.origin, table, "kind", "missing",
                   "write " + alternatives(spellings<ServiceKind>()));
        it.kind = *own;
    }
    for (const Belongs& one : belongings)
        if (it.origin.has(one.key) && it.kind != one.to && it.kind != one.or_to)
            refuse(config, it.origin, table, one.key,
                   "a service of kind \"" + std::string{spelling(it.kind)} + "\" has none",
                   "remove it, or write kind = \"" + std::string{spelling(one.to)} + "\"");
    if (it.kind == ServiceKind::capture && it.file.empty())
        refuse(config, it.origin, table, "file", "missing in a service of kind \"capture\"",
               "name the file that the captures go to");
}

void check_services(Config& config) {
    constexpr std::size_t most = max_services - 5;  // the built-in ones have their places
    if (config.services.size() > most)
        refuse(config, config.services[most].origin, "service." + config.services[most].name,
               "kind", "more than " + std::to_string(most) + " services", "remove some");
    for (ServiceConfig& service : config.services)
        complete_service(config, service);
}

void check_tcp(const Config& config) {
    const TcpConfig& it = config.tcp;
    if (it.rto_min_ms > it.rto_max_ms)
        refuse(config, it.origin, "tcp", "rto_min_ms", "more than rto_max_ms",
               "write at most " + std::to_string(it.rto_max_ms));
    if (it.rto_initial_ms > it.rto_max_ms)
        refuse(config, it.origin, "tcp", "rto_initial_ms", "more than rto_max_ms",
               "write at most " + std::to_string(it.rto_max_ms));
    for (const auto& [key, limit] :
         {std::pair{"half_open_flows", it.half_open_flows}, std::pair{"busy_flows", it.busy_flows}})
        if (limit && (*limit > config.appliance.flows || *limit < config.appliance.workers))
            refuse(config, it.origin, "tcp", key, "more than flows or fewer than workers",
                   "write at most " + std::to_string(config.appliance.flows));
    for (const MssCeiling& one : it.mss_ceilings)
        if (std::ranges::count(it.mss_ceilings, one.prefix, &MssCeiling::prefix) > 1)
            refuse(config, it.origin, "tcp", "mss_ceilings",
                   to_string(one.prefix) + " stands there twice", "remove one");
    const std::uint64_t largest = std::uint64_t{65535} << it.window_scale;
    if (it.receive_buffer_bytes > largest)
        refuse(config, it.origin, "tcp", "receive_buffer_bytes",
               "no window of this size can be told with window_scale " +
                   std::to_string(it.window_scale),
               "write at most " + std::to_string(largest) + ", or raise window_scale");
}

void check_metrics(const Config& config) {
    const std::string& listen = config.metrics.listen;
    if (!listen.empty() && !parse_listen(listen))
        refuse(config, config.metrics.origin, "metrics", "listen",
               render(listen) + " is no ADDRESS:PORT",
               "write for example \"127.0.0.1:9464\", or \"\" for no metrics");
}

void check_admin(const Config& config) {
    const AdminConfig& it = config.admin;
    const bool is_path = it.socket.starts_with('/') && !it.socket.ends_with('/') &&
                         it.socket.size() <= longest_socket_path;
    if (!it.socket.empty() && !is_path)
        refuse(config, it.origin, "admin", "socket",
               render(it.socket) + " is no path that a socket may have",
               "write an absolute path of at most " + std::to_string(longest_socket_path) +
                   " bytes, or \"\" for none");
    if (!it.listen.empty() && !parse_listen(it.listen))
        refuse(config, it.origin, "admin", "listen", render(it.listen) + " is no ADDRESS:PORT",
               "write for example \"127.0.0.1:9465\", or \"\" for none");
}

}  // namespace

void validate(Config& config) {
    check_appliance(config);
    check_interfaces(config);
    check_services(config);
    check_rules(config);
    check_tcp(config);
    check_metrics(config);
    check_admin(config);
}

}  // namespace terminus::control
