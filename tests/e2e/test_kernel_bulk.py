"""Bulk against the real kernel, both ways and both families, its content compared; with loss, too.

TERMINUS_BULK_BYTES: how much each way (200 MB where not said; 1000000000 is worth its minute).
"""

import hashlib
import os
import socket
import threading
import unittest

from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, missing_tool
from test_services import chargen_text

BULK_BYTES = int(os.environ.get("TERMINUS_BULK_BYTES", "200000000"))
LOSSY_BYTES = BULK_BYTES // 20
CYCLE = chargen_text(7030)  # 95 lines of 74 bytes: then all begins anew
PIECE = CYCLE * 150
LOSE = """
table inet lossy {
    chain come {
        type filter hook input priority 0;
        meta l4proto tcp numgen random mod 1000 < 5 drop;
    }
    chain leave {
        type filter hook output priority 0;
        meta l4proto tcp numgen random mod 1000 < 5 drop;
    }
}
"""


class Bulk(FramesEndOnce):
    """What each kind of link must carry."""

    def download(self, address: str, size: int) -> None:
        """chargen never ends; every byte of it is known."""
        got, sums = 0, hashlib.sha256()
        wanted = hashlib.sha256()
        with self.net.connect(address, 19, 60) as talk:
            while got < size:
                chunk = talk.recv(len(PIECE) // 2)
                self.assertTrue(chunk, "chargen closed")
                at = got % len(CYCLE)
                sums.update(chunk)
                wanted.update((PIECE[at:] + PIECE)[:len(chunk)])
                got += len(chunk)
        self.assertEqual(wanted.hexdigest(), sums.hexdigest())

    def echo(self, address: str, size: int) -> None:
        """Up and down at once, through the appliance's blocks."""
        sent, came = hashlib.sha256(), hashlib.sha256()
        with self.net.connect(address, 7, 60) as talk:
            def send() -> None:
                left = size
                while left > 0:
                    piece = os.urandom(min(left, 1 << 18))
                    talk.sendall(piece)
                    sent.update(piece)
                    left -= len(piece)
                talk.shutdown(socket.SHUT_WR)
            sender = threading.Thread(target=send)
            sender.start()
            while chunk := talk.recv(1 << 18):
                came.update(chunk)
            sender.join()
        self.assertEqual(sent.hexdigest(), came.hexdigest())

    def test_down(self):
        for address in (OWN4, OWN6):
            self.download(address, BULK_BYTES)

    def test_both_ways(self):
        for address in (OWN4, OWN6):
            self.echo(address, BULK_BYTES // 2)

    @unittest.skipIf(missing_tool("nft"), missing_tool("nft"))
    def test_with_loss(self):
        """RFC 5681, RFC 6675 and RFC 8985 at work: one frame in 200 is lost each way."""
        self.net.must("nft", "-f", "-", text=LOSE.encode())
        self.addCleanup(self.net.run, "nft", "delete", "table", "inet", "lossy")
        for address in (OWN4, OWN6):
            self.download(address, LOSSY_BYTES)
            self.echo(address, LOSSY_BYTES // 2)


class OnTap(Bulk, WorldCase):
    pass


class OnAfPacket(Bulk, WorldCase):
    KIND = "af_packet"
