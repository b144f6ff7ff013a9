"""A peer that vanishes, and many clients at once."""

import os
import socket
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, missing_tool, wait_for
from test_calls import Line
from test_services import MEGABYTE


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
