"""The questions, made by hand with Scapy, and what their answers must be.

A question comes from a host that does not exist but in these frames, so that the kernel at this end
of the link keeps out of it. Each has a name, frames, and tshark filters: each filter must match as
many frames as it says.
"""

from typing import NamedTuple

from scapy.layers.inet import ICMP, IP, TCP, UDP, fragment
from scapy.layers.inet6 import (ICMPv6EchoRequest, ICMPv6ND_NS, ICMPv6NDOptSrcLLAddr, IPv6,
                                IPv6ExtHdrDestOpt, IPv6ExtHdrFragment, HBHOptUnknown, fragment6)
from scapy.layers.l2 import ARP, Ether
from scapy.packet import Packet, Raw

OUR_MAC, HOST_MAC = "02:00:00:00:18:02", "02:00:00:00:18:09"
OUR4, OUR6 = "198.18.0.2", "2001:db8:18::2"
RANGE4, RANGE6 = "198.18.1.77", "2001:db8:18:1::77"
HOST4, HOST6 = "198.18.0.9", "2001:db8:18::9"
TEXT = b"golden text"
OURS = f"eth.src == {OUR_MAC}"


class Question(NamedTuple):
    name: str
    frames: list[Packet]
    answer: str  # a tshark filter for the answer
    answers: int = 1  # how many frames it matches
    to_group: bool = False  # the answer goes to all nodes, as announcements do


def ether(destination: str = OUR_MAC) -> Packet:
    return Ether(src=HOST_MAC, dst=destination)


def ip4(destination: str = OUR4, **fields) -> Packet:
    return ether() / IP(src=HOST4, dst=destination, id=4711, ttl=64, **fields)


def ip6(destination: str = OUR6, **fields) -> Packet:
    return ether() / IPv6(src=HOST6, dst=destination, hlim=64, **fields)


def both(name: str, upper: Packet, filter4: str, filter6: str) -> list[Question]:
    return [Question(f"{name}-v4", [ip4() / upper], f"{OURS} && {filter4}"),
            Question(f"{name}-v6", [ip6() / upper], f"{OURS} && {filter6}")]


def arp_questions() -> list[Question]:
    """RFC 826, and the probe of RFC 5227."""
    everybody = "ff:ff:ff:ff:ff:ff"

    def ask(sender: str, target: str) -> list[Packet]:
        return [ether(everybody) / ARP(op=1, hwsrc=HOST_MAC, psrc=sender, pdst=target)]

    return [Question("arp", ask(HOST4, OUR4), f"{OURS} && arp.opcode == 2"),
            Question("arp-range", ask(HOST4, RANGE4), f"{OURS} && arp.opcode == 2"),
            Question("arp-probe", ask("0.0.0.0", OUR4), f"{OURS} && arp.opcode == 2")]


def neighbour_questions() -> list[Question]:
    """RFC 4861 section 7.2.4; from the unspecified address, duplicate address detection."""
    def ask(source: str, target: str, last: str, *options: Packet) -> list[Packet]:
        packet = Ether(src=HOST_MAC, dst=f"33:33:ff:00:00:{last}") \
            / IPv6(src=source, dst=f"ff02::1:ff00:{last}", hlim=255) \
            / ICMPv6ND_NS(tgt=target)
        for option in options:
            packet = packet / option
        return [packet]

    lladdr = ICMPv6NDOptSrcLLAddr(lladdr=HOST_MAC)
    advert = f"{OURS} && icmpv6.type == 136"
    return [Question("neighbour", ask(HOST6, OUR6, "02", lladdr), advert),
            Question("neighbour-range", ask(HOST6, RANGE6, "77", lladdr), advert),
            Question("neighbour-duplicate", ask("::", OUR6, "02"),
                     f"{advert} && ipv6.dst == ff02::1", to_group=True)]


def echo_questions() -> list[Question]:
    big = bytes(range(256)) * 16
    ping4 = ip4() / ICMP(type=8, id=7, seq=1)
    ping6 = ip6() / ICMPv6EchoRequest(id=7, seq=1, data=TEXT)
    parts4 = fragment(ip4() / ICMP(type=8, id=7, seq=1) / Raw(big), fragsize=1480)
    parts6 = fragment6(ip6() / IPv6ExtHdrFragment(id=4711)
                       / ICMPv6EchoRequest(id=7, seq=1, data=big), 1514)
    return [Question("ping-v4", [ping4 / Raw(TEXT)], f"{OURS} && icmp.type == 0"),
            Question("ping-v6", [ping6], f"{OURS} && icmpv6.type == 129"),
            Question("ping-fragments-v4", parts4, f"{OURS} && ip", len(parts4)),
            Question("ping-fragments-v6", parts6, f"{OURS} && ipv6.fraghdr.nxt == 58",
                     len(parts6))]


def reset_questions() -> list[Question]:
    """RFC 9293 section 3.10.7.1, both forms: SYN and FIN count, and an ACK takes its own number."""
    def tcp(flags: str, ack: int = 0) -> Packet:
        return TCP(sport=4000, dport=81, flags=flags, seq=1000, ack=ack, window=1024)

    without_ack = "tcp.flags == 0x0014 && tcp.seq_raw == 0 && tcp.ack_raw == "
    with_ack = "tcp.flags == 0x0004 && tcp.seq_raw == 5000"
    questions = []
    for name, upper, wanted in [
            ("reset-syn", tcp("S"), without_ack + "1001"),
            ("reset-syn-fin-text", tcp("SF") / Raw(TEXT), without_ack + str(1002 + len(TEXT))),
            ("reset-fin", tcp("F"), without_ack + "1001"),
            ("reset-nothing", tcp(""), without_ack + "1000"),
            ("reset-ack", tcp("A", 5000), with_ack),
            ("reset-syn-ack", tcp("SA", 5000), with_ack),
            ("reset-fin-ack-text", tcp("FA", 5000) / Raw(TEXT), with_ack)]:
        questions += both(name, upper, wanted, wanted)
    return questions


def syn_questions() -> list[Question]:
    upper = TCP(sport=4001, dport=80, flags="S", seq=1000, window=1024,
                options=[("MSS", 1460), ("SAckOK", b""), ("NOP", None), ("WScale", 7)])
    wanted = "tcp.flags == 0x0012 && tcp.ack_raw == 1001"
    plain = TCP(sport=4002, dport=80, flags="S", seq=1000, window=1024)
    return both("syn-ack", upper, wanted, wanted) + both("syn-ack-plain", plain, wanted, wanted)


def unreachable_questions() -> list[Question]:
    """Each code by its rule, RFC 792 and RFC 4443, for UDP and TCP; and unknown protocols."""
    questions = []
    codes = [("net", 0, "1 && icmpv6.code == 0"), ("host", 1, "1 && icmpv6.code == 3"),
             ("protocol", 2, "4 && icmpv6.code == 1"), ("port", 3, "1 && icmpv6.code == 4"),
             ("admin", 13, "1 && icmpv6.code == 1")]
    for i, (name, code4, code6) in enumerate(codes):
        filter4 = f"icmp.type == 3 && icmp.code == {code4}"
        filter6 = f"icmpv6.type == {code6}"
        for kind, upper in (("udp", UDP(sport=4003, dport=1001 + i) / Raw(TEXT)),
                            ("tcp", TCP(sport=4003, dport=1001 + i, flags="S", seq=1000))):
            questions += both(f"unreachable-{name}-{kind}", upper, filter4, filter6)
    unknown4, unknown6 = ip4(proto=253) / Raw(TEXT), ip6(nh=253) / Raw(TEXT)
    long4, long6 = UDP(sport=4003, dport=4711) / Raw(b"q" * 1400), "icmpv6.code == 4"
    return questions + [
        Question("unknown-protocol-v4", [unknown4], f"{OURS} && icmp.type == 3 && icmp.code == 2"),
        Question("unknown-protocol-v6", [unknown6],
                 f"{OURS} && icmpv6.type == 4 && icmpv6.code == 1"),
        Question("unreachable-long-v4", [ip4() / long4], f"{OURS} && ip.len == 576"),
        Question("unreachable-long-v6", [ip6() / long4],
                 f"{OURS} && ipv6.plen == 1240 && {long6}"),
        Question("unreachable-range-v4", [ip4(RANGE4) / long4],
                 f"{OURS} && icmp.code == 3 && ip.src == {RANGE4}"),
        Question("unreachable-range-v6", [ip6(RANGE6) / long4],
                 f"{OURS} && {long6} && ipv6.src == {RANGE6}")]


def option_questions() -> list[Question]:
    """RFC 8200 section 4.2: an unknown option whose two highest bits are 10 gets code 2."""
    packet = ip6() / IPv6ExtHdrDestOpt(options=[HBHOptUnknown(otype=0x9E, optdata=b"1234")]) \
        / UDP(sport=4003, dport=7) / Raw(TEXT)
    return [Question("unknown-option-v6", [packet],
                     f"{OURS} && icmpv6.type == 4 && icmpv6.code == 2")]


def udp_questions() -> list[Question]:
    wanted = f"udp.srcport == 7 && echo.data == {TEXT.hex(':')}"
    return both("udp-echo", UDP(sport=4003, dport=7) / Raw(TEXT), wanted, wanted)


def all_questions() -> list[Question]:
    return (arp_questions() + neighbour_questions() + echo_questions() + reset_questions()
            + syn_questions() + unreachable_questions() + option_questions() + udp_questions())
