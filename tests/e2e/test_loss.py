"""A lossy wire: nftables drops frames at random both ways, and the content stays equal."""

import hashlib
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, missing_tool
from test_http import body, read_to_end
from test_services import MEGABYTE, converse

BODY_BYTES = 2_000_000
CONFIG = configs.FULL.replace(f"body_bytes = {configs.BODY_BYTES}", f"body_bytes = {BODY_BYTES}")
DROP_SOME = """
table inet lossy {
    chain come {
        type filter hook input priority 0;
        meta l4proto tcp numgen random mod 100 < 3 drop;
    }
    chain leave {
        type filter hook output priority 0;
        meta l4proto tcp numgen random mod 100 < 3 drop;
    }
}
"""
DROP_OFTEN = DROP_SOME.replace("< 3", "< 10")


@unittest.skipIf(missing_tool("nft"), missing_tool("nft"))
class Lossy(FramesEndOnce, WorldCase):
    CONFIG = CONFIG

    def lose(self, rules: str) -> None:
        self.net.must("nft", "-f", "-", text=rules.encode())
        self.addCleanup(self.net.run, "nft", "delete", "table", "inet", "lossy")

    def test_download(self):
        self.lose(DROP_SOME)
        wanted = hashlib.sha256(body(BODY_BYTES)).hexdigest()
        for address in (OWN4, f"[{OWN6}]"):
            got = self.net.must("sh", "-c", f"curl -sS -m 40 http://{address}:8080/ | sha256sum",
                                seconds=45)
            self.assertEqual(wanted, got.split()[0])
        self.assertGreater(self.appliance.metric("terminus_tcp_events_total",
                                                 event="segments_retransmitted"), 0)

    def test_conversation(self):
        self.lose(DROP_SOME)
        with self.net.connect(OWN4, 7, 40) as talk:
            self.assertEqual(hashlib.sha256(MEGABYTE).digest(),
                             hashlib.sha256(converse(talk, MEGABYTE)).digest())

    def test_many_short_connections(self):
        """One frame in ten is lost: SYN, SYN-ACK, FIN and all between are sent again. Who lost a
        SYN-ACK begins with an RTO of 3 s (RFC 6298 section 5.7), so patience is long."""
        self.lose(DROP_OFTEN)
        for _ in range(20):
            with self.net.connect(OWN4, 80, 120) as talk:
                talk.sendall(b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n")
                self.assertTrue(read_to_end(talk).endswith(body(1024)))
