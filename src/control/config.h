/// The configuration file as plain structs. The names are a contract with the operator;
/// src/control/schema.cc lists them with types, ranges, units and help, and conf/reference.toml is
/// made from that list. Made and read on the control core only.
#pragma once

#include "terminus/stack/interface.h"
#include "terminus/stack/policy.h"
#include "terminus/stack/stack.h"
#include "terminus/tcp/settings.h"
#include "terminus/wire/address.h"
#include "terminus/wire/ethernet.h"

#include "control/config_error.h"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace terminus::control {

/// Where a table stands in the file, and each key that was written in it.
struct Origin {
    unsigned line = 0;
    std::map<std::string, unsigned, std::less<>> keys;

    [[nodiscard]] bool has(std::string_view key) const { return keys.contains(key); }
    /// The key's line, else the table's.
    [[nodiscard]] unsigned line_of(std::string_view key) const {
        const auto found = keys.find(key);
        return found == keys.end() ? line : found->second;
    }
};

enum class HugePages : std::uint8_t { automatic, require, never };
enum class Idle : std::uint8_t { automatic, poll, sleep };
enum class ServiceKind : std::uint8_t {
    echo,
    discard,
    chargen,
    http,
    ping,
    tarpit,
    idle,
    close,
    abort,
    send,
    capture,
};
enum class LogLevel : std::uint8_t { debug, info, warn, error };

struct ApplianceConfig {
    std::uint32_t workers = 1;
    std::uint32_t flows = 1'000'000;         ///< of all workers together
    std::optional<std::uint32_t> ip6_flows;  ///< nothing: a quarter of `flows`
    std::vector<std::uint32_t> cpus;  ///< the control core's, then one per worker; empty: any
    HugePages huge_pages = HugePages::automatic;
    Idle idle = Idle::automatic;
    TableFull table_full = TableFull::evict_time_wait;
    std::uint32_t drain_seconds = 5;
    Origin origin;
};

struct InterfaceConfig {
    std::string device;
    std::vector<OwnAddress> addresses;
    std::vector<Prefix> prefixes;
    std::vector<Address> gateways;
    std::uint16_t mtu_bytes = 1500;
    std::uint16_t vlan = 0;
    std::optional<Mac> mac;
    bool tso = true;
    Origin origin;
};

struct RuleConfig {
    std::string name;
    RuleProtocol protocol = RuleProtocol::any;
    std::vector<Prefix> sources, destinations;  ///< empty: any
    std::vector<PortRange> ports;               ///< empty: any
    Action action = Action::drop;
    std::string service;
    Unreachable code = Unreachable::port;
    Origin origin;
};

struct ServiceConfig {
    std::string name;
    ServiceKind kind = ServiceKind::echo;
    std::uint32_t body_bytes = 1024;           ///< of http
    std::uint32_t bytes = 1024;                ///< of send
    std::uint32_t after_ms = 0;                ///< of close and abort
    std::uint32_t one_of = 1;                  ///< of capture: so many peers
    std::uint32_t file_bytes = 1'000'000'000;  ///< of capture: the file's end
    std::string file;                          ///< of capture
    Origin origin;
};

/// Limits are the appliance's: a worker gets its share.
struct TcpConfig : tcp::Settings {
    std::optional<std::uint32_t> half_open_flows;  ///< nothing: a quarter of `flows`
    std::optional<std::uint32_t> busy_flows;       ///< nothing: a sixteenth of `flows`
    std::uint32_t block_bytes_per_flow = 64;
    std::vector<MssCeiling> mss_ceilings;
    Origin origin;
};

struct IcmpConfig : IcmpSettings {
    Origin origin;
};

struct MetricsConfig {
    std::string listen = "127.0.0.1:9464";  ///< empty: no metrics
    Origin origin;
};

/// The call socket: see CALLS.md.
struct AdminConfig {
    std::string socket;  ///< path of a Unix socket; empty: none
    std::string listen;  ///< ADDRESS:PORT, TCP; empty: none
    Origin origin;

    [[nodiscard]] bool is_on() const { return !socket.empty() || !listen.empty(); }
};

struct LogConfig {
    LogLevel level = LogLevel::info;
    Origin origin;
};

struct Config {
    std::string file;        ///< as the operator named it
    std::uint64_t hash = 0;  ///< of the text
    ApplianceConfig appliance;
    std::vector<InterfaceConfig> interfaces;
    std::vector<RuleConfig> rules;
    std::vector<ServiceConfig> services;  ///< the tables of the file, in the order of their names
    TcpConfig tcp;
    IcmpConfig icmp;
    MetricsConfig metrics;
    AdminConfig admin;
    LogConfig log;
};

/// Reads and checks a whole configuration. Throws ConfigError, and StartError when there is no such
/// file.
[[nodiscard]] Config read_config(const std::string& file);
/// The same of a text; `file` is for messages.
[[nodiscard]] Config parse_config(std::string_view text, const std::string& file);

/// The kind that a service's name has by itself: every kind's own, but capture needs a table.
[[nodiscard]] std::optional<ServiceKind> built_in_kind(std::string_view name);
/// The kind of a service by table or by built-in name; nothing: there is no such service.
[[nodiscard]] std::optional<ServiceKind> kind_of(const Config& config, std::string_view service);

}  // namespace terminus::control
