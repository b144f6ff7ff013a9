/// Configurations that the tests of this layer begin with.
#pragma once

namespace terminus::control {

/// Three lines: the least that runs.
inline constexpr const char* least =
    "[[interface]]\n"
    "device = \"net_null0\"\n"
    "addresses = [\"198.18.0.2/24\", \"2001:db8:18::2/64\"]\n";

/// The example of the contract.
inline constexpr const char* contract = R"(
[appliance]
workers = 1
flows = 1_000_000
cpus = [0, 1]
huge_pages = "auto"
idle = "auto"
table_full = "evict-time-wait"
drain_seconds = 5

[[interface]]
device = "net_tap0,iface=terminus0"
addresses = ["198.18.0.2/24", "2001:db8:18::2/64"]
prefixes = ["198.18.1.0/24", "2001:db8:18:1::/64"]
gateways = ["198.18.0.1", "2001:db8:18::1"]
mtu = 1500
vlan = 0

[[rule]]
name = "web"
protocol = "tcp"
sources = ["0.0.0.0/0"]
destinations = ["198.18.0.2", "198.18.1.0/24"]
ports = ["80", "8000-8099"]
action = "serve"
service = "http"

[service.http]
kind = "http"
body_bytes = 1024

[tcp]
rto_initial_ms = 1000
[icmp]
errors_per_second = 1000
[metrics]
listen = "127.0.0.1:9464"
[log]
level = "info"
)";

}  // namespace terminus::control
