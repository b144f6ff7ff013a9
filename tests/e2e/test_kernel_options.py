"""What the kernel and the appliance agree on, as `ss -tio` tells it on the kernel's side."""

import socket
import unittest

from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, missing_tool


@unittest.skipIf(missing_tool("ss"), missing_tool("ss"))
class Options(FramesEndOnce, WorldCase):
    def kernel(self, **choices: int) -> None:
        """Sets net.ipv4.tcp_*, and puts it back afterwards."""
        for name, value in choices.items():
            key = f"net.ipv4.tcp_{name}"
            before = self.net.must("sysctl", "-n", key).strip()
            self.net.must("sysctl", "-qw", f"{key}={value}")
            self.addCleanup(self.net.must, "sysctl", "-qw", f"{key}={before}")

    def agreed(self, address: str) -> set[str]:
        """The words of `ss -tio` for a connection that has carried text."""
        with self.net.connect(address, 7) as talk:
            talk.sendall(b"hello")
            self.assertEqual(b"hello", talk.recv(10))
            port = talk.getsockname()[1]
            said = self.net.must("ss", "-tino", "sport", "=", f":{port}")
            talk.shutdown(socket.SHUT_WR)
            talk.recv(10)
        return {word.split(":")[0] for word in said.split()}

    def expect(self, present: set[str], absent: set[str]) -> None:
        for address in (OWN4, OWN6):
            words = self.agreed(address)
            self.assertEqual(present, present & words, address)
            self.assertEqual(set(), absent & words, address)

    def test_all(self):  # RFC 7323, RFC 2018, RFC 3168
        self.kernel(timestamps=1, sack=1, window_scaling=1, ecn=1)
        self.expect({"ts", "sack", "wscale", "ecn"}, set())

    def test_without_timestamps(self):  # RFC 7323 section 3.2
        self.kernel(timestamps=0, sack=1, window_scaling=1, ecn=0)
        self.expect({"sack", "wscale"}, {"ts", "ecn"})

    def test_without_sack(self):  # RFC 2018 section 2
        self.kernel(timestamps=1, sack=0, window_scaling=1, ecn=0)
        self.expect({"ts", "wscale"}, {"sack", "ecn"})

    def test_nothing(self):
        self.kernel(timestamps=0, sack=0, window_scaling=0, ecn=0)
        self.expect(set(), {"ts", "sack", "wscale", "ecn"})
