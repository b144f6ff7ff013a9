"""A router between us and the peer, whose way there takes less than our link.

RFC 1191 and RFC 8201: it says that a packet is too big. RFC 4821: it says nothing.
"""

import hashlib
import os
import shutil
import socket
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, Namespace, missing_tool, must, wait_for
from test_calls import Line
from test_http import body, read_to_end
from test_services import MEGABYTE, chargen_text, converse

FAR4, FAR6 = "198.19.0.2", "2001:db8:19::2"
HOLE4, HOLE6 = "198.19.0.3", "2001:db8:19::3"
GET = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
DOWNLOAD_BYTES = 3_000_000


class Routed(FramesEndOnce):
    """The kernel at our link is a router, and a host lives behind it in a namespace of its own."""
    LINK_MTU = 1500
    DEFAULT_ROUTE = ()  # what else the host knows about its way

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.far = far = Namespace(f"{cls.net.name.removeprefix('tm-e2e-')}-far")
        cls.addClassCleanup(far.remove)
        must("ip", "-n", cls.net.name, "link", "add", "narrow", "type", "veth", "peer",
             "name", "far0", "netns", far.name)
        for space, device, fours, sixes in (
                (cls.net, "narrow", ("198.19.0.1",), ("2001:db8:19::1",)),
                (far, "far0", (FAR4, HOLE4), (FAR6, HOLE6))):
            space.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
            for four, six in zip(fours, sixes):
                space.must("ip", "addr", "add", f"{four}/24", "dev", device)
                space.must("ip", "-6", "addr", "add", f"{six}/64", "dev", device, "nodad")
            space.must("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off")
            space.must("ip", "link", "set", device, "mtu", cls.LINK_MTU, "up")
        for family, gateway in (("-4", "198.19.0.1"), ("-6", "2001:db8:19::1")):
            far.must("ip", family, "route", "add", "default", "via", gateway, "dev", "far0",
                     *cls.DEFAULT_ROUTE)
        cls.net.must("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                     "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")

    def event(self, name: str) -> float:
        return self.appliance.metric("terminus_tcp_events_total", event=name)


class NarrowRoute(Routed, WorldCase):
    """What the router sends on is 1280 bytes at most, by its route. The host behind it does not
    know: its MSS is that of 1500."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        for family, prefix in (("-4", "198.19.0.0/24"), ("-6", "2001:db8:19::/64")):
            cls.net.must("ip", family, "route", "replace", prefix, "dev", "narrow",
                         "mtu", "lock", "1280")

    def test_download(self):
        wanted = hashlib.sha256(body(configs.BODY_BYTES)).hexdigest()
        for address in (OWN4, OWN6):
            with self.far.connect(address, 8080, 30) as talk:
                talk.sendall(GET)
                content = read_to_end(talk).split(b"\r\n\r\n", 1)[1]
            self.assertEqual(wanted, hashlib.sha256(content).hexdigest())
        self.assertGreater(self.event("icmp_errors_matched"), 0)

    def test_echo(self):
        for address in (OWN4, OWN6):
            with self.far.connect(address, 7, 30) as talk:
                self.assertEqual(MEGABYTE, converse(talk, MEGABYTE))


class NarrowLink(Routed, WorldCase):
    """The link behind the router carries 1400 bytes, and the host's MSS says 1500 all the same."""
    LINK_MTU = 1400
    DEFAULT_ROUTE = ("advmss", "1440")
    SOCKET = f"/tmp/tm-e2e-router-{os.getpid()}/terminus.sock"
    CONFIG = configs.FULL + f'\n[admin]\nsocket = "{SOCKET}"\n'

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(shutil.rmtree, os.path.dirname(cls.SOCKET), ignore_errors=True)
        super().setUpClass()

    def call(self, source: str, address: str) -> socket.socket:
        """A chargen connection from one of the far host's addresses."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        talk = self.far.socket(family, socket.SOCK_STREAM)
        self.addCleanup(talk.close)
        talk.settimeout(30)
        talk.bind((source, 0))
        talk.connect((address, 19))
        return talk

    def read_chargen(self, talk: socket.socket) -> None:
        got = bytearray()
        while len(got) < DOWNLOAD_BYTES:
            chunk = talk.recv(1 << 18)
            self.assertTrue(chunk, "chargen closed")
            got += chunk
        self.assertEqual(hashlib.sha256(chargen_text(len(got))).digest(),
                         hashlib.sha256(got).digest())

    def path_mtus(self, talks: list[socket.socket]) -> list[int]:
        """What the appliance takes the path of each to carry."""
        ports = {str(talk.getsockname()[1]): at for at, talk in enumerate(talks)}
        line = Line(self.SOCKET)
        told = line.must("status", port=19)["conversations"]
        line.close()
        found = {ports.get(one["remote"].rpartition(":")[2]): one["path_mtu_bytes"]
                 for one in told if one["state"] != "LISTEN"}
        return [found[at] for at in range(len(talks))]

    def download(self, source4: str, source6: str) -> list[int]:
        talks = [self.call(source4, OWN4), self.call(source6, OWN6)]
        for talk in talks:
            self.read_chargen(talk)
        return self.path_mtus(talks)

    def test_a_router_that_says_so(self):
        """RFC 1191 section 4, RFC 8201 section 4: the kernel's own ICMP teaches the path's MTU."""
        lowered, holes = self.event("path_mtu_lowered"), self.event("black_holes_found")
        self.assertEqual([1400, 1400], self.download(FAR4, FAR6))
        wait_for(lambda: self.event("path_mtu_lowered") - lowered == 2, 5, "two lessons")
        self.assertEqual(0, self.event("black_holes_found") - holes)

    @unittest.skipIf(missing_tool("nft"), missing_tool("nft"))
    def test_a_router_that_is_silent(self):
        """RFC 4821 section 7.7: after some timeouts smaller segments are tried, and arrive; section
        7.3: then larger ones are looked for, and found to within 16 bytes."""
        self.net.must("nft", "-f", "-", text=b"table inet mute {\n chain out {\n type filter hook "
                      b"output priority 0;\n icmp type destination-unreachable drop;\n"
                      b" icmpv6 type packet-too-big drop;\n }\n}\n")
        self.addCleanup(self.net.run, "nft", "delete", "table", "inet", "mute")
        lowered, holes = self.event("path_mtu_lowered"), self.event("black_holes_found")
        talks = [self.call(HOLE4, OWN4), self.call(HOLE6, OWN6)]
        for talk in talks:
            self.read_chargen(talk)

        def found() -> bool:
            for talk in talks:
                talk.recv(1 << 20)
            return min(self.path_mtus(talks)) > 1400 - 16

        wait_for(found, 20, "the path's MTU")
        self.assertLessEqual(max(self.path_mtus(talks)), 1400)
        wait_for(lambda: self.event("black_holes_found") - holes == 2, 5, "two black holes")
        self.assertGreater(self.event("path_probes_lost"), 0)
        self.assertEqual(0, self.event("path_mtu_lowered") - lowered)
