"""A window that stays closed, at the kernel's end and at ours: RFC 9293 section 3.8.6.1.

TERMINUS_ZERO_WINDOW_SECONDS: for how long (20; 180 and more by hand).
"""

import os
import re
import shutil
import socket
import time
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, missing_tool
from test_calls import Line
from test_services import MEGABYTE, chargen_text

SECONDS = float(os.environ.get("TERMINUS_ZERO_WINDOW_SECONDS", "20"))
BACK_OFFS = 3
CYCLE = MEGABYTE[:100_000]


@unittest.skipIf(missing_tool("ss"), missing_tool("ss"))
class ZeroWindow(FramesEndOnce, WorldCase):
    """All windows are closed at once, so that all wait side by side."""
    SOCKET = f"/tmp/tm-e2e-window-{os.getpid()}/terminus.sock"
    CONFIG = configs.FULL + f'\n[admin]\nsocket = "{SOCKET}"\n'

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(shutil.rmtree, os.path.dirname(cls.SOCKET), ignore_errors=True)
        super().setUpClass()
        cls.line = Line(cls.SOCKET)
        cls.addClassCleanup(cls.line.close)
        cls.line.must("set", options={"minimum_rto_ms": 100})

    def listen_to_nothing(self, address: str) -> socket.socket:
        """A kernel that takes little of chargen's text, and whose user reads none."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        talk = self.net.socket(family, socket.SOCK_STREAM)
        self.addCleanup(talk.close)
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 8192)
        talk.settimeout(30)
        talk.connect((address, 19))
        return talk

    def speak_unheard(self, address: str) -> socket.socket:
        """A kernel that sends to echo and reads nothing back: both our buffers are full."""
        talk = self.net.connect(address, 7, 30)
        self.addCleanup(talk.close)
        talk.setblocking(False)
        return talk

    def fill(self, talk: socket.socket, sent: int) -> int:
        """Sends what the kernel takes; returns how much that is by now."""
        try:
            while True:
                sent += talk.send(CYCLE[sent % len(CYCLE):])
        except BlockingIOError:
            return sent

    def our_back_offs(self) -> list[int]:
        told = self.line.must("status", port=19)["conversations"]
        return [one["backoff"] for one in told if one["timer"] == "persist"]

    def kernel_back_offs(self) -> list[int]:
        told = self.net.must("ss", "-tinoH", "dport", "=", ":7")
        found = re.findall(r"timer:\(persist,.*\n.*?(?:backoff:(\d+)|\n|$)", told)
        return [int(word or 0) for word in found]

    def read_chargen(self, talk: socket.socket) -> None:
        got = bytearray()
        while len(got) < 300_000:
            chunk = talk.recv(65536)
            self.assertTrue(chunk, "chargen closed")
            got += chunk
        self.assertEqual(chargen_text(len(got)), bytes(got))

    def read_echo(self, talk: socket.socket, sent: int) -> None:
        talk.settimeout(30)
        got = bytearray()
        while len(got) < sent:
            chunk = talk.recv(1 << 18)
            self.assertTrue(chunk, "the echo ended")
            got += chunk
        self.assertEqual((CYCLE * (sent // len(CYCLE) + 1))[:sent], bytes(got))

    def test_they_wait_and_nothing_is_lost(self):
        deaf = [self.listen_to_nothing(address) for address in (OWN4, OWN6)]
        loud = [self.speak_unheard(address) for address in (OWN4, OWN6)]
        sent, end = [0, 0], time.monotonic() + SECONDS
        ours, theirs = [], []
        while time.monotonic() < end:
            sent = [self.fill(talk, so_far) for talk, so_far in zip(loud, sent)]
            ours, theirs = self.our_back_offs(), self.kernel_back_offs()
            time.sleep(0.2)
        self.assertEqual(2, len(ours), "both windows of the kernel are closed")
        self.assertGreaterEqual(min(ours), BACK_OFFS)
        self.assertEqual(2, len(theirs), "both windows of ours are closed")
        self.assertGreaterEqual(min(theirs), BACK_OFFS)
        for talk in deaf:
            self.read_chargen(talk)
        for talk, bytes_sent in zip(loud, sent):
            self.read_echo(talk, bytes_sent)
        self.assertGreaterEqual(self.appliance.metric("terminus_tcp_events_total",
                                                      event="window_probes"), 2 * BACK_OFFS)
