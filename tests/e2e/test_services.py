"""echo, discard and chargen over TCP and UDP, and ping, from the real kernel."""

import hashlib
import random
import re
import socket
import threading
import unittest

from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, RANGE4, RANGE6, missing_tool, wait_for

MEGABYTE = random.Random(1).randbytes(1_000_000)


def chargen_text(size: int) -> bytes:
    """RFC 864: lines of 72 of the 95 printable characters, each begun one further on."""
    ring = bytes(range(32, 127)) * 2
    cycle = b"".join(ring[line:line + 72] + b"\r\n" for line in range(95))
    return (cycle * (size // len(cycle) + 1))[:size]


def converse(talk: socket.socket, text: bytes) -> bytes:
    """Sends everything while reading everything, then half-closes and reads to the end."""
    sender = threading.Thread(target=lambda: (talk.sendall(text), talk.shutdown(socket.SHUT_WR)))
    sender.start()
    got = bytearray()
    while chunk := talk.recv(65536):
        got += chunk
    sender.join()
    return bytes(got)


class Conversations(FramesEndOnce):
    """On every kind of link."""
    FRAGMENTS = True

    def datagrams(self, address: str) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        talk = self.net.socket(family, socket.SOCK_DGRAM)
        talk.settimeout(2)
        return talk

    def test_echo_one_megabyte_both_ways(self):
        for address in (OWN4, OWN6, RANGE6):
            with self.subTest(address=address), self.net.connect(address, 7, 30) as talk:
                got = converse(talk, MEGABYTE)
                self.assertEqual(len(MEGABYTE), len(got))
                self.assertEqual(hashlib.sha256(MEGABYTE).digest(), hashlib.sha256(got).digest())

    def test_udp_echo(self):
        sizes = (0, 1, 2, 3, 1000, 1452) + ((1473, 5000, 8000) if self.FRAGMENTS else ())
        for address in (OWN4, OWN6):
            with self.datagrams(address) as talk:
                for size in sizes:
                    talk.sendto(MEGABYTE[:size], (address, 7))
                    got, peer = talk.recvfrom(65536)
                    self.assertEqual(MEGABYTE[:size], got)
                    self.assertEqual((address, 7), peer[:2])

    def ping(self, address: str, *words) -> None:
        out = self.net.must("ping", "-n", "-W", "2", *words, address)
        self.assertIn(" 0% packet loss", out)

    def test_ping(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            for size in (0, 56, 1400):
                self.ping(address, "-c", "5", "-i", "0.01", "-s", str(size))

    def test_ping_a_flood(self):
        self.ping(OWN4, "-f", "-c", "500")
        self.ping(OWN6, "-f", "-c", "500")


class OnTap(Conversations, WorldCase):
    def test_ping_in_fragments(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            self.ping(address, "-c", "5", "-i", "0.05", "-s", "8000")

    @unittest.skipIf(missing_tool("socat"), missing_tool("socat"))
    def test_socat(self):
        for address in (OWN4, f"[{OWN6}]"):
            out = self.net.must("socat", "-t", "5", "-", f"TCP:{address}:7", text=b"hello, socat\n")
            self.assertEqual("hello, socat\n", out)

    @unittest.skipIf(missing_tool("nc"), missing_tool("nc"))
    def test_nc(self):
        out = self.net.must("nc", "-N", "-w", "4", OWN4, "7", text=b"hello, nc\n")
        self.assertEqual("hello, nc\n", out)

    def test_chargen_five_megabytes(self):
        for address in (OWN4, OWN6):
            with self.net.connect(address, 19) as talk:
                got = bytearray()
                while len(got) < 5_000_000:
                    chunk = talk.recv(1 << 16)
                    self.assertTrue(chunk, "chargen closed")
                    got += chunk
                self.assertEqual(chargen_text(len(got)), bytes(got))
        # The kernel resets each segment that was on its way: a thousand fill its own queue.
        self.appliance.settled_metrics()

    def test_chargen_udp(self):
        with self.datagrams(OWN4) as talk:
            for _ in range(20):
                talk.sendto(b"?", (OWN4, 19))
                self.assertLessEqual(len(talk.recv(65536)), 512)

    def test_discard(self):
        with self.net.connect(OWN4, 9) as talk:
            self.assertEqual(b"", converse(talk, MEGABYTE))
        with self.datagrams(OWN4) as talk:
            talk.settimeout(0.5)
            talk.sendto(b"nobody answers", (OWN4, 9))
            with self.assertRaises(TimeoutError):
                talk.recv(100)

    def test_no_flow_is_left(self):
        """All closes end: what remains is TIME-WAIT at most. RFC 9293 section 3.6."""
        def live() -> float:
            text = self.appliance.metrics_text() or ""
            return sum(float(n) for state, n in
                       re.findall(r'terminus_flows\{[^}]*state="(\w+)"[^}]*\} (\S+)', text)
                       if state != "time_wait")
        wait_for(lambda: live() == 0, 10, "the end of all flows")


class OnAfPacket(Conversations, WorldCase):
    KIND = "af_packet"
    FRAGMENTS = False  # its kernel socket defragments IPv4, and hands over frames cut short


class OnAfXdp(Conversations, WorldCase):
    KIND = "af_xdp"
