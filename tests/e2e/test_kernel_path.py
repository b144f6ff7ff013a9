"""A route that takes less than our link, a peer that vanishes, and many clients at once.

RFC 1191 and RFC 8201: a router in a namespace of its own says that a packet is too big.
"""

import hashlib
import os
import socket
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, Namespace, missing_tool, must, wait_for
from test_calls import Line
from test_http import body, read_to_end
from test_services import MEGABYTE, converse

FAR4, FAR6 = "198.19.0.2", "2001:db8:19::2"
GET = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"


class NarrowRoute(FramesEndOnce, WorldCase):
    """The kernel at our link is a router; what it sends on is 1280 bytes at most. The host behind
    it does not know: its MSS is that of 1500."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        far = Namespace(f"{cls.net.name.removeprefix('tm-e2e-')}-far")
        cls.addClassCleanup(far.remove)
        cls.far = far
        must("ip", "-n", cls.net.name, "link", "add", "narrow", "type", "veth", "peer",
             "name", "far0", "netns", far.name)
        for space, device, four, six in ((cls.net, "narrow", "198.19.0.1", "2001:db8:19::1"),
                                         (far, "far0", FAR4, FAR6)):
            space.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
            space.must("ip", "addr", "add", f"{four}/24", "dev", device)
            space.must("ip", "-6", "addr", "add", f"{six}/64", "dev", device, "nodad")
            space.must("ethtool", "-K", device, "tso", "off", "gso", "off", "gro", "off")
            space.must("ip", "link", "set", device, "up")
        for family, prefix in (("-4", "198.19.0.0/24"), ("-6", "2001:db8:19::/64")):
            cls.net.must("ip", family, "route", "replace", prefix, "dev", "narrow",
                         "mtu", "lock", "1280")
        far.must("ip", "route", "add", "default", "via", "198.19.0.1")
        far.must("ip", "-6", "route", "add", "default", "via", "2001:db8:19::1")
        cls.net.must("sysctl", "-qw", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1",
                     "net.ipv4.icmp_ratelimit=0", "net.ipv6.icmp.ratelimit=0")

    def test_download(self):
        wanted = hashlib.sha256(body(configs.BODY_BYTES)).hexdigest()
        for address in (OWN4, OWN6):
            with self.far.connect(address, 8080, 30) as talk:
                talk.sendall(GET)
                content = read_to_end(talk).split(b"\r\n\r\n", 1)[1]
            self.assertEqual(wanted, hashlib.sha256(content).hexdigest())
        self.assertGreater(self.appliance.metric("terminus_tcp_events_total",
                                                 event="icmp_errors_matched"), 0)

    def test_echo(self):
        for address in (OWN4, OWN6):
            with self.far.connect(address, 7, 30) as talk:
                self.assertEqual(MEGABYTE, converse(talk, MEGABYTE))


@unittest.skipIf(missing_tool("nft"), missing_tool("nft"))
class Vanishing(FramesEndOnce, WorldCase):
    """RFC 9293 section 3.8.4: a peer that is gone is found by keepalive, and its flow freed."""
    SOCKET = f"/tmp/tm-e2e-vanish-{os.getpid()}/terminus.sock"
    CONFIG = configs.FULL + f'\n[admin]\nsocket = "{SOCKET}"\n'

    def setUp(self):
        line = Line(self.SOCKET)
        line.must("set", options={"keepalive": True, "keepalive_idle_ms": 1000,
                                  "keepalive_interval_ms": 300, "keepalive_count": 3})
        line.close()

    def live(self) -> float:
        return self.appliance.metric("terminus_flows", state="established")

    def test_a_peer_that_lives_stays(self):
        with self.net.connect(OWN4, 7) as talk:
            with self.assertRaises(TimeoutError):
                talk.settimeout(4)
                talk.recv(1)
            self.assertEqual(1, self.live())
            talk.sendall(b"still here")
            self.assertEqual(b"still here", talk.recv(100))

    def test_a_peer_that_vanished(self):
        talks = [self.net.connect(address, 7) for address in (OWN4, OWN6)]
        wait_for(lambda: self.live() == 2, 5, "both flows")
        self.net.must("nft", "-f", "-", text=b"table inet gone {\n chain out {\n type filter hook "
                      b"output priority 0;\n meta l4proto tcp drop;\n }\n chain in {\n type filter "
                      b"hook input priority 0;\n meta l4proto tcp drop;\n }\n}\n")
        self.addCleanup(self.net.run, "nft", "delete", "table", "inet", "gone")
        wait_for(lambda: self.live() == 0, 20, "the end of both flows")
        for talk in talks:
            talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
            talk.close()


class Crowd(FramesEndOnce, WorldCase):
    def test_a_hundred_at_once(self):
        talks = [self.net.connect(OWN4 if i % 2 else OWN6, 7, 20) for i in range(100)]
        for i, talk in enumerate(talks):
            talk.sendall(MEGABYTE[i:i + 20_000])
        for i, talk in enumerate(talks):
            got = bytearray()
            while len(got) < 20_000:
                got += talk.recv(65536)
            self.assertEqual(MEGABYTE[i:i + 20_000], bytes(got))
            talk.close()
