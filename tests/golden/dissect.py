"""What tshark makes of a capture: complaints, and the fields that must not change.

Checksums are verified. What differs from run to run (initial sequence numbers, IPv4 identifiers,
flow labels, timestamps) is left out: sequence numbers are relative where a flow has its SYN.
"""

import subprocess
from pathlib import Path

PREFERENCES = ["ip.check_checksum:TRUE", "tcp.check_checksum:TRUE", "udp.check_checksum:TRUE",
               "tcp.relative_sequence_numbers:TRUE", "ip.defragment:TRUE", "ipv6.defragment:TRUE"]
# What a complaint is made of: expert groups (malformed, checksum) and statuses (0 is bad).
EXPERT, EXPERT_BAD = "_ws.expert.group", {"117440512", "16777216"}
STATUSES = [f"{name}.checksum.status" for name in ("ip", "tcp", "udp", "icmp", "icmpv6")]
FIELDS = """
    frame.len eth.src eth.dst eth.type vlan.id
    arp.opcode arp.src.hw_mac arp.src.proto_ipv4 arp.dst.hw_mac arp.dst.proto_ipv4
    ip.src ip.dst ip.ttl ip.dsfield ip.flags ip.frag_offset ip.len ip.proto
    ipv6.src ipv6.dst ipv6.hlim ipv6.plen ipv6.nxt ipv6.tclass
    ipv6.fraghdr.nxt ipv6.fraghdr.offset ipv6.fraghdr.more
    icmp.type icmp.code icmp.mtu icmp.ident icmp.seq
    icmpv6.type icmpv6.code icmpv6.echo.identifier icmpv6.echo.sequence_number
    icmpv6.nd.na.flag.r icmpv6.nd.na.flag.s icmpv6.nd.na.flag.o icmpv6.nd.na.target_address
    icmpv6.nd.ns.target_address icmpv6.opt.type icmpv6.opt.linkaddr icmpv6.pointer
    icmpv6.mldr.mar.record_type icmpv6.mldr.mar.multicast_address
    udp.srcport udp.dstport udp.length
    tcp.srcport tcp.dstport tcp.flags tcp.len tcp.seq tcp.ack tcp.urgent_pointer
    tcp.option_kind tcp.options.mss_val tcp.options.wscale.shift
    http.response.code http.content_length_header data.data echo.data""".split()
FIN, SYN, RST = 1, 2, 4
TALK_FIELDS = ["tcp.flags", "tcp.len", "tcp.seq", "http.response.code"]


def tshark(path: Path, *words: str) -> str:
    options = [word for preference in PREFERENCES for word in ("-o", preference)]
    done = subprocess.run(["tshark", "-n", "-r", str(path), *options, *words],
                          capture_output=True, text=True, timeout=60)
    if done.returncode:
        raise AssertionError(f"tshark: {done.stderr.strip().splitlines()[-1]}")
    return done.stdout


def known_fields() -> set[str]:
    out = subprocess.run(["tshark", "-G", "fields"], capture_output=True, text=True, check=True)
    return {line.split("\t")[2] for line in out.stdout.splitlines() if line.startswith("F\t")}


def rows(path: Path, fields: list[str], display_filter: str = "") -> list[list[str]]:
    """One list of values per frame, in the order of the fields."""
    chosen = ["-Y", display_filter] if display_filter else []
    wanted = [word for field in fields for word in ("-e", field)]
    out = tshark(path, *chosen, "-T", "fields", *wanted, "-E", "occurrence=a", "-E", "separator=|")
    return [line.split("|") for line in out.splitlines()]


def named(fields: list[str], values: list[str]) -> str:
    return " ".join(f"{field}={value}" for field, value in zip(fields, values) if value)


def complaint(values: list[str]) -> bool:
    """Malformed, or with a bad checksum; `values` are those of EXPERT and STATUSES."""
    experts, *statuses = values
    return bool(EXPERT_BAD & set(experts.split(","))) \
        or any("0" in status.split(",") for status in statuses)


def dissection(path: Path) -> tuple[list[str], list[str]]:
    """Every frame with all its fields; and of those, the ones that tshark complains about."""
    judged = rows(path, FIELDS + [EXPERT] + STATUSES)
    lines = [named(FIELDS, values) for values in judged]
    bad = [line for line, values in zip(lines, judged) if complaint(values[len(FIELDS):])]
    return lines, bad


def talk(path: Path, our_mac: str) -> list[str]:
    """Our side of a conversation with a real kernel, whose timing cuts the text and the FIN into
    segments as it likes: handshake and resets, then what came in all and where it ended."""
    lines, text, codes, end = [], {}, [], ""
    for flags, length, seq, code in rows(path, TALK_FIELDS, f"eth.src == {our_mac}"):
        bits = int(flags, 16)
        if bits & (SYN | RST):
            lines.append(f"flags={flags} seq={seq}")
        if int(length):
            text[int(seq)] = int(length)
        if bits & FIN:
            end = f"fin at {int(seq) + int(length)}"
        codes += [code] if code else []
    return lines + [f"text {sum(text.values())}", f"http {codes}", end]


def matches(path: Path, display_filter: str) -> int:
    return len(tshark(path, "-Y", display_filter).splitlines())
