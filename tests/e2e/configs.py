"""Configurations of the end-to-end tests. World fills in DEVICE and HUGE."""

APPLIANCE = """
[appliance]
workers = 1
flows = 20_000
huge_pages = "HUGE"
drain_seconds = 1
"""

INTERFACE = """
[[interface]]
device = "DEVICE"
addresses = ["198.18.0.2/24", "2001:db8:18::2/64"]
prefixes = ["198.18.1.0/24", "2001:db8:18:1::/64"]
gateways = ["198.18.0.1", "2001:db8:18::1"]
"""

BODY_BYTES = 10_000_000
SERVICES = f"""
[service.http]
kind = "http"
body_bytes = 1024

[service.big]
kind = "http"
body_bytes = {BODY_BYTES}

[icmp]
errors_per_second = 0
per_destination_per_second = 0
"""


def rule(name: str, protocol: str, ports: str, action: str, extra: str = "") -> str:
    where = f"ports = [{ports}]\n" if ports else ""
    return (f'\n[[rule]]\nname = "{name}"\nprotocol = "{protocol}"\n{where}'
            f'action = "{action}"\n{extra}\n')


def serve(name: str, protocol: str, ports: str, service: str) -> str:
    return rule(name, protocol, ports, "serve", f'service = "{service}"')


CODES = ("net", "host", "protocol", "port", "admin")
# Ports 1001 to 1005 are unreachable with one code each; 9999 is silent; the others are closed.
RULES = (
    rule("ping", "icmp-echo", "", "serve")
    + serve("web", "tcp", '"80"', "http") + serve("big", "tcp", '"8080"', "big")
    + "".join(serve(f"{name}-{p}", p, f'"{port}"', name) for p in ("tcp", "udp")
              for name, port in (("echo", 7), ("discard", 9), ("chargen", 19)))
    + "".join(rule(f"{code}-{p}", p, f'"{1001 + i}"', "unreachable", f'code = "{code}"')
              for p in ("tcp", "udp") for i, code in enumerate(CODES))
    + rule("silent-tcp", "tcp", '"9999"', "drop") + rule("silent-udp", "udp", '"9999"', "drop")
    + rule("closed", "tcp", "", "reset")
    + rule("closed-udp", "udp", "", "unreachable", 'code = "port"')
    + rule("no-protocol", "other", "", "unreachable", 'code = "protocol"'))

FULL = APPLIANCE + INTERFACE + RULES + SERVICES
TWO_WORKERS = FULL.replace("workers = 1", "workers = 2")
