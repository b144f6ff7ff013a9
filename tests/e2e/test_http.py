"""The http service and real clients: curl, wrk, ab, and a socket that pipelines."""

import hashlib
import re
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, RANGE4, RANGE6, missing_tool

LINE = b"The quick appliance answers every lazy packet, and counts each.\n"


def body(size: int) -> bytes:
    return (LINE * (size // len(LINE) + 1))[:size]


def url(address: str, port: int = 80, path: str = "/") -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}{path}"


class Clients(FramesEndOnce):
    """On every kind of link."""

    def curl(self, *words, seconds: float = 30) -> str:
        return self.net.must("curl", "-sS", "-m", str(seconds), *words, seconds=seconds + 5)

    def test_get(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            with self.subTest(address=address):
                self.assertEqual(body(1024).decode(), self.curl(url(address)))

    def test_big_body(self):
        wanted = hashlib.sha256(body(configs.BODY_BYTES)).hexdigest()
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                got = self.net.must(
                    "sh", "-c", f"curl -sS -m 50 '{url(address, 8080)}' | sha256sum", seconds=60)
                self.assertEqual(wanted, got.split()[0])

    @unittest.skipIf(missing_tool("wrk"), missing_tool("wrk"))
    def test_wrk(self):
        out = self.net.must("wrk", "-t", "1", "-c", "20", "-d", "2s", url(OWN4))
        self.assertNotIn("Socket errors", out)
        self.assertNotIn("Non-2xx", out)
        self.assertGreater(int(re.search(r"(\d+) requests in", out)[1]), 100)


class OnTap(Clients, WorldCase):
    def test_head(self):
        head = self.curl("-I", url(OWN4))
        self.assertRegex(head, r"^HTTP/1\.1 200 OK\r?\n")
        self.assertRegex(head, r"(?im)^content-length: 1024\r?$")

    def test_keeps_a_connection(self):
        out = self.curl("-v", "-o", "/dev/null", "-o", "/dev/null", url(OWN4), url(OWN4))
        self.assertIn("Re-using existing connection", out)

    def test_statuses(self):
        for words, status in (((url(OWN4, path="/nothing"),), "404"),
                              (("-X", "POST", "-d", "x=1", url(OWN4)), "405"),
                              (("-I", url(OWN4, path="/nothing")), "404")):
            got = self.curl("-o", "/dev/null", "-w", "%{http_code}", *words)
            self.assertEqual(status, got[-3:], words)

    def test_nonsense_is_a_bad_request(self):
        with self.net.connect(OWN4, 80) as talk:
            talk.sendall(b"no request at all\r\n\r\n")
            self.assertTrue(talk.recv(100).startswith(b"HTTP/1.1 400 "))

    def test_connection_close_closes(self):
        with self.net.connect(OWN6, 80) as talk:
            talk.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
            got = read_to_end(talk)
            self.assertTrue(got.endswith(body(1024)))

    def test_pipelining(self):
        request = b"GET / HTTP/1.1\r\nHost: t\r\n\r\n"
        last = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
        with self.net.connect(OWN4, 80) as talk:
            talk.sendall(request * 9 + last)
            self.assertEqual(10, read_to_end(talk).count(b"HTTP/1.1 200 OK"))

    def test_a_request_in_single_bytes(self):
        with self.net.connect(OWN4, 80) as talk:
            talk.setsockopt(6, 1, 1)  # TCP_NODELAY
            for byte in b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n":
                talk.sendall(bytes([byte]))
            self.assertTrue(read_to_end(talk).endswith(body(1024)))

    @unittest.skipIf(missing_tool("ab"), missing_tool("ab"))
    def test_ab(self):
        for keep in ([], ["-k"]):
            out = self.net.must("ab", *keep, "-n", "1000", "-c", "10", url(OWN4), seconds=60)
            self.assertRegex(out, r"Complete requests:\s+1000\n")
            self.assertRegex(out, r"Failed requests:\s+0\n")


class OnAfPacket(Clients, WorldCase):
    KIND = "af_packet"


class OnAfXdp(Clients, WorldCase):
    KIND = "af_xdp"


def read_to_end(talk) -> bytes:
    got = bytearray()
    while chunk := talk.recv(65536):
        got += chunk
    return bytes(got)
