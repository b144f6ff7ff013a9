"""802.1Q: answers carry the tag of the question, and an unknown tag is a drop of its own.

The kernel needs no VLAN device for this: frames are made by hand, and the kernel, which takes the
tag off before it shows a frame, tells it beside the frame (PACKET_AUXDATA, packet(7)).
"""

import socket
import struct
import time
import unittest

import configs
from machine import KERNEL4, KERNEL_MAC, OWN4, World, wait_for
from test_neighbours import arp_request

SOL_PACKET, PACKET_AUXDATA, HAS_TAG = 263, 8, 0x10
VLAN = 5


def tagged(frame: bytes, vlan: int) -> bytes:
    return frame[:12] + struct.pack("!HH", 0x8100, vlan) + frame[12:]


class Vlan(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        config = configs.FULL.replace('device = "DEVICE"', f'device = "DEVICE"\nvlan = {VLAN}')
        cls.world = UnansweredWorld("vlan", "tap", config)
        cls.addClassCleanup(cls.world.close)

    def setUp(self):
        self.raw = self.world.net.frames(self.world.device)
        self.raw.setsockopt(SOL_PACKET, PACKET_AUXDATA, 1)
        self.addCleanup(self.raw.close)

    def answer(self, frame: bytes, is_answer) -> tuple[bytes, int] | None:
        """The first frame that is the answer, with its tag (0: none)."""
        self.raw.send(frame)
        end = time.monotonic() + 1
        while time.monotonic() < end:
            self.raw.settimeout(max(0.01, end - time.monotonic()))
            try:
                got, extra, _, _ = self.raw.recvmsg(2000, 200)
            except TimeoutError:
                return None
            status, tag = struct.unpack_from("=I", extra[0][2])[0], extra[0][2][16:18]
            if is_answer(got):
                return got, struct.unpack("=H", tag)[0] if status & HAS_TAG else 0
        return None

    @staticmethod
    def is_arp_reply(frame: bytes) -> bool:
        return frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\2"

    def arp(self) -> tuple[bytes, int]:
        request = tagged(arp_request(KERNEL_MAC, KERNEL4, OWN4), VLAN)
        found = self.answer(request, self.is_arp_reply)
        self.assertIsNotNone(found, "no answer to a tagged ARP request")
        return found

    def test_arp_is_answered_with_the_tag(self):
        self.assertEqual(VLAN, self.arp()[1])

    def test_ping_is_answered_with_the_tag(self):
        own_mac = self.arp()[0][6:12]
        frame, tag = self.answer(tagged(echo_request(own_mac), VLAN), is_echo_reply) or (None, 0)
        self.assertIsNotNone(frame)
        self.assertEqual(VLAN, tag)
        self.assertEqual(b"sixteen letters.", frame[42:58])

    def test_other_tags_are_a_drop_of_their_own(self):
        before = self.world.appliance.metric("terminus_drops_total", reason="vlan_unknown")
        request = arp_request(KERNEL_MAC, KERNEL4, OWN4)
        self.assertIsNone(self.answer(tagged(request, VLAN + 1), self.is_arp_reply))
        self.assertIsNone(self.answer(request, self.is_arp_reply))
        wait_for(lambda: self.world.appliance.metric(
            "terminus_drops_total", reason="vlan_unknown") > before, 5, "a counted drop")


class UnansweredWorld(World):
    """The kernel itself has no tag, so its own pings get no answer."""

    def wait_for_answers(self) -> None:
        time.sleep(1)


def checksum(data: bytes) -> int:
    """RFC 1071."""
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    total = (total & 0xFFFF) + (total >> 16)
    return ~((total & 0xFFFF) + (total >> 16)) & 0xFFFF


def echo_request(own_mac: bytes) -> bytes:
    icmp = struct.pack("!BBHHH", 8, 0, 0, 7, 1) + b"sixteen letters."
    icmp = icmp[:2] + struct.pack("!H", checksum(icmp)) + icmp[4:]
    ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(icmp), 1, 0, 64, 1, 0) \
        + socket.inet_aton(KERNEL4) + socket.inet_aton(OWN4)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    mac = bytes.fromhex(KERNEL_MAC.replace(":", ""))
    return (own_mac + mac + b"\x08\0" + ip + icmp).ljust(60, b"\0")


def is_echo_reply(frame: bytes) -> bool:
    return frame[12:14] == b"\x08\0" and frame[23] == 1 and frame[34] == 0
