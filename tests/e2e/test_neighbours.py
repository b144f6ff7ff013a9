"""ARP and neighbour discovery with the real kernel, and hand-made questions beside it."""

import socket
import struct
import time

from case import FramesEndOnce, WorldCase
from machine import KERNEL4, KERNEL_MAC, OWN4, OWN6, RANGE4, RANGE6, wait_for


def mac_bytes(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def arp_request(sender_mac: str, sender: str, target: str) -> bytes:
    """RFC 826; an ARP probe (RFC 5227) when the sender is 0.0.0.0."""
    mac = mac_bytes(sender_mac)
    return (b"\xff" * 6 + mac + b"\x08\x06" + struct.pack("!HHBBH", 1, 0x0800, 6, 4, 1) + mac
            + socket.inet_aton(sender) + bytes(6) + socket.inet_aton(target)).ljust(60, b"\0")


class Neighbours(FramesEndOnce):
    def neighbour(self, address: str) -> str:
        return self.net.must("ip", "neigh", "show", "to", address)

    def ping(self, address: str) -> None:
        self.net.must("ping", "-n", "-c", "1", "-W", "3", address)

    def test_the_kernel_finds_us_again(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            self.net.must("ip", "neigh", "flush", "all")
            self.ping(address)
            self.assertIn("lladdr", self.neighbour(address))

    def test_all_addresses_have_one_mac(self):
        macs = set()
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            self.ping(address)
            macs.add(self.neighbour(address).split("lladdr ")[1].split()[0])
        self.assertEqual(1, len(macs))
        self.assertNotIn(KERNEL_MAC, macs)

    def arp_answer(self, frame: bytes, target: str) -> bytes | None:
        with self.net.frames(self.world.device) as raw:
            raw.send(frame)
            end = time.monotonic() + 1
            while time.monotonic() < end:
                raw.settimeout(max(0.01, end - time.monotonic()))
                try:
                    got = raw.recv(2000)
                except TimeoutError:
                    return None
                if got[12:14] == b"\x08\x06" and got[20:22] == b"\0\2" \
                        and got[28:32] == socket.inet_aton(target):
                    return got
        return None

    def test_arp_for_our_own_and_for_ranges(self):
        for target in (OWN4, RANGE4, "198.18.1.254"):
            answer = self.arp_answer(arp_request(KERNEL_MAC, KERNEL4, target), target)
            self.assertIsNotNone(answer, target)
            self.assertEqual(mac_bytes(KERNEL_MAC), answer[0:6])
            self.assertEqual(answer[6:12], answer[22:28])

    def test_an_arp_probe_is_answered(self):
        self.assertIsNotNone(self.arp_answer(arp_request(KERNEL_MAC, "0.0.0.0", OWN4), OWN4))

    def test_arp_for_others_is_not_answered(self):
        for target in (KERNEL4, "198.18.0.3", "198.18.2.1"):
            self.assertIsNone(self.arp_answer(arp_request(KERNEL_MAC, KERNEL4, target), target))

    def test_duplicate_address_detection_finds_us(self):
        """RFC 4862 section 5.4: a kernel that wants our address learns that it is taken."""
        device = self.world.device
        self.net.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=1")
        self.net.must("ip", "-6", "addr", "add", "2001:db8:18::2/128", "dev", device)
        try:
            show = ("ip", "-6", "addr", "show", "dev", device)
            wait_for(lambda: "dadfailed" in self.net.must(*show), 5, "duplicate address detection")
        finally:
            self.net.must("ip", "-6", "addr", "del", "2001:db8:18::2/128", "dev", device)
            self.net.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")

    def test_the_peer_moves_to_another_mac(self):
        """Replies go to the MAC that asked."""
        device = self.world.device
        try:
            self.net.must("ip", "link", "set", device, "address", "02:00:00:00:18:77")
            self.ping(OWN4)
            self.ping(OWN6)
        finally:
            self.net.must("ip", "link", "set", device, "address", KERNEL_MAC)
        self.ping(OWN4)


class OnTap(Neighbours, WorldCase):
    pass


class OnAfPacket(Neighbours, WorldCase):
    KIND = "af_packet"
