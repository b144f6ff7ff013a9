#!/usr/bin/python3
"""Records real kernels talking to each other over a lossy route, for tests/script/kernel_test.cc.

    tests/golden/record_kernels.py      writes kernel-*.pcap anew, to be looked at and committed

Three namespaces: a client, a router that loses one frame in eight, a server. What the server's link
saw is kept: the client's loss recovery as it arrived, and what the server's kernel acknowledged.
"""

import socket
import sys
import threading
import time
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "e2e"), str(FOLDER.parent / "support")]

import pcap  # noqa: E402  the path comes first
from machine import Namespace, must  # noqa: E402

BYTES = 40_000
LOSE = b"""
table inet lossy {
    chain through {
        type filter hook forward priority 0;
        meta l4proto tcp numgen random mod 8 < 1 drop;
    }
}
"""
# What the client's kernel asks for.
KINDS = {"all": {}, "no-timestamps": {"timestamps": 0}, "no-sack": {"sack": 0},
         "nothing": {"timestamps": 0, "sack": 0, "window_scaling": 0}}


def link(one: Namespace, other: Namespace, number: int) -> None:
    """A veth between two namespaces: .1 and .2 of its own network, offloads off."""
    must("ip", "-n", one.name, "link", "add", f"k{number}a", "type", "veth", "peer", "name",
         f"k{number}b", "netns", other.name)
    for space, device, host in ((one, f"k{number}a", 1), (other, f"k{number}b", 2)):
        space.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
        space.must("ethtool", "-K", device, "tx", "off", "tso", "off", "gso", "off", "gro", "off")
        space.must("ip", "addr", "add", f"10.9.{number}.{host}/24", "dev", device)
        space.must("ip", "-6", "addr", "add", f"fd00:9:{number}::{host}/64", "dev", device, "nodad")
        space.must("ip", "link", "set", device, "up")


def serve(server: Namespace, family: int, address: str) -> socket.socket:
    """Takes one connection, reads it to its end, and closes."""
    listener = server.socket(family, socket.SOCK_STREAM)
    listener.bind((address, 9))
    listener.listen()

    def take() -> None:
        talk, _ = listener.accept()
        while talk.recv(65536):
            pass
        talk.close()
        listener.close()

    threading.Thread(target=take, daemon=True).start()
    return listener


def record(client: Namespace, server: Namespace, address: str, file: Path) -> None:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    serve(server, family, address)
    with server.frames("k2b") as raw:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 22)
        with client.connect(address, 9, 60) as talk:
            talk.sendall(bytes(33 + i * 7 % 93 for i in range(BYTES)))
            talk.shutdown(socket.SHUT_WR)
            talk.recv(1)
        time.sleep(1)
        frames, protocol_at = [], 23 if family == socket.AF_INET else 20
        raw.settimeout(0.5)
        try:
            while frame := raw.recv(65536):
                frames += [frame] if frame[protocol_at] == socket.IPPROTO_TCP else []
        except TimeoutError:
            pcap.write(file, frames)


def main() -> int:
    spaces = [Namespace(f"kernels-{name}") for name in ("client", "router", "server")]
    client, router, server = spaces
    try:
        link(client, router, 1)
        link(router, server, 2)
        router.must("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1")
        for space, number, host in ((client, 1, 2), (server, 2, 1)):
            space.must("ip", "route", "add", "default", "via", f"10.9.{number}.{host}")
            space.must("ip", "-6", "route", "add", "default", "via", f"fd00:9:{number}::{host}")
        router.must("nft", "-f", "-", text=LOSE)
        for kind, choices in KINDS.items():
            for name in ("timestamps", "sack", "window_scaling"):
                client.must("sysctl", "-qw", f"net.ipv4.tcp_{name}={choices.get(name, 1)}")
            for version, address in (("v4", "10.9.2.2"), ("v6", "fd00:9:2::2")):
                record(client, server, address, FOLDER / f"kernel-{kind}-{version}.pcap")
    finally:
        for space in spaces:
            space.remove()
    return 0


if __name__ == "__main__":
    sys.exit(main())
