"""The services that testers need: tarpit, idle, close, abort, send, capture, from the kernel."""

import base64
import json
import socket
import tempfile
import time
import unittest
from pathlib import Path

import configs
from case import FramesEndOnce, WorldCase
from machine import KERNEL4, KERNEL6, OWN4, OWN6, wait_for

CAPTURES = Path(tempfile.mkdtemp(prefix="tm-captures-")) / "seen.jsonl"
PORTS = {"tarpit": 30, "idle": 31, "closing": 32, "aborting": 33, "sending": 34, "seen": 35}
CONFIG = (
    configs.APPLIANCE + configs.INTERFACE
    + "".join(configs.serve(name, "tcp", f'"{port}"', name) for name, port in PORTS.items())
    + configs.serve("seen-udp", "udp", '"35"', "seen")
    + f"""
[service.closing]
kind = "close"
after_ms = 200
[service.aborting]
kind = "abort"
after_ms = 200
[service.sending]
kind = "send"
bytes = 1_000_000
[service.seen]
kind = "capture"
file = "{CAPTURES}"
""")


class Manners(FramesEndOnce, WorldCase):
    CONFIG = CONFIG

    def connect(self, address: str, name: str) -> socket.socket:
        talk = self.net.connect(address, PORTS[name], 10)
        self.addCleanup(talk.close)
        return talk

    def test_tarpit_takes_nothing(self):
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                talk = self.connect(address, "tarpit")
                talk.setblocking(False)
                talk.send(b"hello")
                time.sleep(1)
                with self.assertRaises(BlockingIOError):
                    talk.recv(1)

    def test_close_closes_in_time(self):
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                talk = self.connect(address, "closing")
                talk.send(b"hello")
                self.assertEqual(b"", talk.recv(1))

    def test_abort_resets_in_time(self):
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                talk = self.connect(address, "aborting")
                with self.assertRaises(ConnectionResetError):
                    talk.recv(1)

    def test_send_sends_its_bytes_and_closes(self):
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                talk = self.connect(address, "sending")
                got = bytearray()
                while chunk := talk.recv(65536):
                    got += chunk
                self.assertEqual(bytes(range(256)) * 3906 + bytes(range(64)), bytes(got))

    def test_capture_keeps_what_a_peer_says_first(self):
        for address in (OWN4, OWN6):
            self.connect(address, "seen").send(b"first\n")
        wait_for(lambda: len(self.lines()) >= 2, 5, "two captures")
        by_source = {line["source"]: line for line in self.lines()}
        for source, destination in ((KERNEL4, OWN4), (KERNEL6, OWN6)):
            line = by_source[source]
            self.assertEqual(("tcp", destination, 35, 6),
                             (line["protocol"], line["destination"], line["destination_port"],
                              line["length"]))
            self.assertEqual(b"first\n", base64.b64decode(line["payload"]))

    @staticmethod
    def lines() -> list[dict]:
        return [json.loads(line) for line in CAPTURES.read_text().splitlines()]


if __name__ == "__main__":
    unittest.main()
