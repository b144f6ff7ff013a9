"""Two workers as one host: on a tap, on af_packet with one queue and with two (memif: devices)."""

import os
import socket

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, metric_total

CONNECTIONS = 24


def is_answer(frame: bytes) -> bool:
    """An ARP reply, or a neighbour advertisement."""
    if frame[12:14] == b"\x08\x06":
        return frame[20:22] == b"\0\x02"
    return frame[12:14] == b"\x86\xdd" and frame[20] == 58 and frame[54] == 136


class Shards(FramesEndOnce):
    """What each kind of device has to pass."""
    FRAGMENTS = (OWN4, OWN6)

    def per_worker(self, name: str, **labels: str) -> list[float]:
        text = self.appliance.settled_metrics()
        return [metric_total(text, name, worker=str(worker), **labels) for worker in (0, 1)]

    def test_connections_of_both_families(self):
        for address in (OWN4, OWN6):
            for number in range(CONNECTIONS):
                with self.net.connect(address, 7) as talk:
                    text = f"number {number}".encode()
                    talk.sendall(text)
                    self.assertEqual(text, talk.recv(100))
        for count in self.per_worker("terminus_tcp_events_total", event="established"):
            self.assertGreater(count, CONNECTIONS / 4)

    def test_closed_ports(self):
        for number in range(CONNECTIONS):
            with self.assertRaises(ConnectionRefusedError):
                self.net.connect(OWN4 if number % 2 else OWN6, 4000 + number)

    def test_datagrams_in_fragments(self):
        for address in self.FRAGMENTS:
            family = socket.AF_INET6 if ":" in address else socket.AF_INET
            for _ in range(8):
                with self.net.socket(family, socket.SOCK_DGRAM) as peer:
                    peer.settimeout(5)
                    peer.connect((address, 7))
                    text = os.urandom(6000)
                    peer.send(text)
                    self.assertEqual(text, peer.recv(10_000))

    def test_pings_in_fragments(self):
        for address in self.FRAGMENTS:
            out = self.net.must("ping", "-n", "-c", "5", "-i", "0.01", "-s", "4000", address)
            self.assertIn("5 received", out)

    def test_a_question_is_answered_once(self):
        for family, address in (("-4", OWN4), ("-6", OWN6)):
            self.net.must("ip", family, "neigh", "flush", "dev", self.world.device)
            with self.net.frames(self.world.device) as wire:
                self.net.must("ping", "-n", "-c", "1", address)
                wire.settimeout(0.5)
                answers = 0
                try:
                    while True:
                        frame = wire.recv(2000)
                        answers += frame[:6] == self.mac() and is_answer(frame)
                except socket.timeout:
                    pass
                self.assertEqual(1, answers)

    def mac(self) -> bytes:
        out = self.net.must("ip", "-o", "link", "show", self.world.device)
        return bytes.fromhex(out.split("link/ether ")[1].split()[0].replace(":", ""))

    def test_frames_go_to_their_owner(self):
        self.test_connections_of_both_families()
        text = self.appliance.settled_metrics()
        for errand in ("steer", "copy"):
            self.assertGreater(metric_total(text, "terminus_handed_frames_total", errand=errand,
                                            result="handed"), 0)
        self.assertEqual(0, metric_total(text, "terminus_handed_frames_total", result="lost"))
        self.assertEqual(4, metric_total(text, "terminus_rss_state", state="none"))


class OnATap(Shards, WorldCase):
    KIND, CONFIG = "tap", configs.TWO_WORKERS


class OnAfPacket(Shards, WorldCase):
    """One queue: worker 0 receives and sends for both. Whole IPv4 datagrams, which the driver has
    the kernel rebuild, are too large for its frames."""
    KIND, CONFIG, FRAGMENTS = "af_packet", configs.TWO_WORKERS, (OWN6,)

    def test_the_other_sends_through_the_ring(self):
        self.test_connections_of_both_families()
        sent = self.per_worker("terminus_handed_frames_total", errand="send", result="handed")
        self.assertEqual(0, sent[0])
        self.assertGreater(sent[1], 0)


class OnAfPacketWithTwoQueues(Shards, WorldCase):
    """The kernel's fanout hashes in a way of its own."""
    KIND, FRAGMENTS = "af_packet", (OWN6,)
    CONFIG = configs.TWO_WORKERS.replace('"DEVICE"', '"DEVICE,qpairs=2"')
