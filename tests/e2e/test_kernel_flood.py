"""A flood of SYNs whose senders do not exist, beside real clients: RFC 4987.

hping3 makes the IPv4 flood; the IPv6 one is written here, for it knows no IPv6.
"""

import random
import re
import socket
import struct
import subprocess
import threading
import time
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import KERNEL_MAC, OWN4, OWN6, missing_tool, wait_for
from test_kernel_close import checksum
from test_services import MEGABYTE, converse

HALF_OPEN, SYN_ACK_RETRIES = 64, 3
FLOOD_SYNS, FLOOD_GAP_US = 200_000, 50
CONFIG = configs.FULL + f"""
[tcp]
half_open_flows = {HALF_OPEN}
syn_cookies = "auto"
syn_ack_retries = {SYN_ACK_RETRIES}
"""
COUNT = """
table inet flood {
    counter syns { }
    counter syn_acks { }
    counter syn_acks6 { }
    chain leave {
        type filter hook output priority 0;
        meta nfproto ipv4 tcp dport 7 tcp flags & (syn | ack) == syn counter name syns
    }
    chain come {
        type filter hook prerouting priority 0;
        meta nfproto ipv4 tcp sport 7 tcp flags & (syn | ack) == (syn | ack) counter name syn_acks
        meta nfproto ipv6 tcp sport 7 tcp flags & (syn | ack) == (syn | ack) counter name syn_acks6
    }
}
"""


def syn6(to_mac: bytes) -> bytes:
    """A frame with a SYN for port 7, from an address that does not exist."""
    ends = socket.inet_pton(socket.AF_INET6, "2001:db8:dead::") [:8] + random.randbytes(8) \
        + socket.inet_pton(socket.AF_INET6, OWN6)
    header = struct.pack("!HHIIBBHHH", random.randrange(1024, 65536), 7, random.getrandbits(32), 0,
                         5 << 4, 2, 8192, 0, 0)
    sum_of = checksum(ends + struct.pack("!II", len(header), 6) + header)
    header = header[:16] + struct.pack("!H", sum_of) + header[18:]
    ip = struct.pack("!IHBB", 6 << 28, len(header), 6, 64) + ends
    return to_mac + bytes.fromhex(KERNEL_MAC.replace(":", "")) + b"\x86\xdd" + ip + header


@unittest.skipIf(missing_tool("hping3", "nft", "nc"), missing_tool("hping3", "nft", "nc"))
class Flood(FramesEndOnce, WorldCase):
    CONFIG = CONFIG

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.net.must("nft", "-f", "-", text=COUNT.encode())

    def event(self, name: str) -> float:
        return self.appliance.metric("terminus_tcp_events_total", event=name)

    def counted(self, name: str) -> tuple[int, int]:
        """Packets and bytes of IP."""
        told = self.net.must("nft", "list", "counter", "inet", "flood", name)
        packets, size = re.search(r"packets (\d+) bytes (\d+)", told).groups()
        return int(packets), int(size)

    def device_mac(self) -> bytes:
        line = self.net.must("ip", "-6", "neigh", "show", OWN6)
        return bytes.fromhex(line.split("lladdr ")[1].split()[0].replace(":", ""))

    def real_clients_are_served(self, address: str) -> None:
        """Connections begun in the midst of it: curl, nc, and a megabyte both ways."""
        where = f"[{address}]" if ":" in address else address
        for _ in range(5):
            self.net.must("curl", "-sf", "-m", "5", "-o", "/dev/null", f"http://{where}/")
        said = self.net.must("nc", "-N", "-w", "5", address, "7", text=b"through the flood")
        self.assertEqual("through the flood", said)
        with self.net.connect(address, 7, 20) as talk:
            self.assertEqual(MEGABYTE, converse(talk, MEGABYTE))

    def under_flood(self, address: str, flood) -> None:
        """`flood(address)` is true while it lasts."""
        sent, accepted = self.event("syn_cookies_sent"), self.event("syn_cookies_accepted")
        with self.net.connect(address, 7, 20) as before:
            before.sendall(b"before")
            self.assertEqual(b"before", before.recv(100))
            wait_for(lambda: self.event("syn_cookies_sent") > sent, 10, "SYN cookies")
            self.real_clients_are_served(address)
            self.assertTrue(flood(), "the flood ended too early to show anything")
            self.assertEqual(MEGABYTE, converse(before, MEGABYTE))
        # nothing is kept of those who came in the midst of it, and yet they were served
        wait_for(lambda: self.event("syn_cookies_accepted") >= accepted + 7, 5, "their cookies")
        self.assertLessEqual(
            self.appliance.metric("terminus_flows", state="syn_received"), HALF_OPEN)

    def test_ip4(self):
        hping = subprocess.Popen(
            self.net.command("hping3", "-q", "-n", "-S", "-p", "7", "--rand-source", "-i",
                             f"u{FLOOD_GAP_US}", "-c", FLOOD_SYNS, OWN4),
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            self.under_flood(OWN4, lambda: hping.poll() is None)
            wait_for(lambda: self.counted("syns")[0] > 100 * HALF_OPEN, 10, "a flood")
        finally:
            hping.kill()
            hping.wait()
        self.nobody_is_flooded_through_us()

    def test_ip6(self):
        over, mac, sent = threading.Event(), self.device_mac(), [3]  # our clients' SYNs
        frames = [syn6(mac) for _ in range(20_000)]
        with self.net.frames(self.world.device) as raw:
            def send() -> None:
                for at in range(0, FLOOD_SYNS, 200):
                    for frame in frames[at % len(frames):][:200]:
                        raw.send(frame)
                    sent[0] += 200
                    if over.wait(200 * FLOOD_GAP_US / 1e6):
                        return
            flood = threading.Thread(target=send)
            flood.start()
            try:
                self.under_flood(OWN6, flood.is_alive)
            finally:
                over.set()
                flood.join()
        time.sleep(1)
        answers, _ = self.counted("syn_acks6")
        self.assertLessEqual(answers, sent[0] + SYN_ACK_RETRIES * HALF_OPEN)

    def nobody_is_flooded_through_us(self) -> None:
        """RFC 4987 section 3.5: what is not kept is answered once; what is, a few times."""
        time.sleep(1)
        (syns, came_bytes), (answers, left_bytes) = self.counted("syns"), self.counted("syn_acks")
        self.assertLessEqual(answers, syns + SYN_ACK_RETRIES * HALF_OPEN)
        self.assertLessEqual(left_bytes, 1.2 * came_bytes)  # an MSS option more
