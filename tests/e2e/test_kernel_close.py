"""How connections with a real kernel end: half-closed, closed from both sides at once."""

import socket
import struct
import time

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, OWN_MAC, metric_total, wait_for
from test_services import MEGABYTE, converse

STRANGER4, STRANGER_MAC = "198.18.0.9", bytes.fromhex("020000001809")
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16
CONFIG = configs.FULL + """
[service.leave]
kind = "close"
after_ms = 300
"""
CONFIG = CONFIG.replace('\n[[rule]]\nname = "closed"', configs.serve(
    "leave", "tcp", '"2300"', "leave") + '\n[[rule]]\nname = "closed"')


def checksum(data: bytes) -> int:
    """RFC 1071."""
    data += b"\0" * (len(data) % 2)
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


class Stranger:
    """A host that exists in its frames only: a TCP that does as the test says."""

    def __init__(self, raw: socket.socket, mac: bytes, port: int):
        self.raw, self.mac, self.port = raw, mac, port
        self.seq, self.ack = 1000, 0

    def send(self, flags: int, text: bytes = b"", to_port: int = 2300) -> None:
        header = struct.pack("!HHIIBBHHH", self.port, to_port, self.seq, self.ack, 5 << 4, flags,
                             65535, 0, 0) + text
        ends = socket.inet_aton(STRANGER4) + socket.inet_aton(OWN4)
        sum_of = checksum(ends + struct.pack("!BBH", 0, 6, len(header)) + header)
        header = header[:16] + struct.pack("!H", sum_of) + header[18:]
        ip = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(header), 1, 0, 64, 6, 0) + ends
        ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
        self.raw.send(self.mac + STRANGER_MAC + b"\x08\x00" + ip + header)

    def answer_arp(self, frame: bytes) -> None:
        """RFC 826: it lives here."""
        if frame[12:14] == b"\x08\x06" and frame[20:22] == b"\0\1" \
                and frame[38:42] == socket.inet_aton(STRANGER4):
            self.raw.send(frame[6:12] + STRANGER_MAC + frame[12:20] + b"\0\2" + STRANGER_MAC
                          + socket.inet_aton(STRANGER4) + frame[22:32])

    def hear(self, seconds: float = 5) -> tuple[int, int, int]:
        """Flags, sequence and acknowledgement of the next segment for it."""
        end = time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.raw.settimeout(left)
            frame = self.raw.recv(65536)
            self.answer_arp(frame)
            if frame[12:14] == b"\x08\x00" and frame[0:6] == STRANGER_MAC and frame[23] == 6 \
                    and struct.unpack("!H", frame[36:38])[0] == self.port:
                seq, ack = struct.unpack("!II", frame[38:46])
                return frame[47], seq, ack
        raise AssertionError("the appliance is silent")


class Closing(FramesEndOnce, WorldCase):
    CONFIG = CONFIG

    def device_mac(self) -> bytes:
        """The appliance's own MAC, as the kernel learned it."""
        line = self.net.must("ip", "neigh", "show", OWN4)
        return bytes.fromhex(line.split("lladdr ")[1].split()[0].replace(":", ""))

    def flows(self, state: str) -> float:
        return self.appliance.metric("terminus_flows", state=state)

    def test_half_close_serves_to_the_end(self):
        """RFC 9293 section 3.6: the kernel has closed, and still gets all of its echo."""
        for address in (OWN4, OWN6):
            with self.net.connect(address, 7, 30) as talk:
                self.assertEqual(MEGABYTE, converse(talk, MEGABYTE))

    def test_half_close_of_ours(self):
        """The appliance closes first and still takes text: FIN-WAIT-2."""
        for address in (OWN4, OWN6):
            with self.net.connect(address, 2300, 10) as talk:
                self.assertEqual(b"", talk.recv(10))
                talk.sendall(MEGABYTE[:5000])
                talk.shutdown(socket.SHUT_WR)

    def test_simultaneous_close(self):
        """RFC 9293 section 3.6, figure 13: both FINs cross; CLOSING, then TIME-WAIT."""
        with self.net.frames(self.world.device) as raw:
            peer = Stranger(raw, self.device_mac(), 4111)
            peer.send(SYN)
            flags, seq, _ = peer.hear()
            self.assertEqual(SYN | ACK, flags)
            peer.seq, peer.ack = peer.seq + 1, seq + 1
            peer.send(ACK)
            flags, seq, _ = peer.hear()
            self.assertEqual(FIN, flags & FIN)
            before = self.flows("time_wait")
            peer.send(FIN | ACK)  # it has not seen ours
            flags, _, ack = peer.hear()
            while flags & FIN:  # repeated meanwhile
                flags, _, ack = peer.hear()
            self.assertEqual((ACK, peer.seq + 1), (flags, ack))
            peer.seq, peer.ack = peer.seq + 1, seq + 1
            peer.send(ACK)
            wait_for(lambda: self.flows("time_wait") == before + 1, 5, "TIME-WAIT")
            self.assertEqual(0, self.flows("closing"))

    def test_nothing_is_left(self):
        text = self.appliance.settled_metrics()
        self.assertEqual(0, metric_total(text, "terminus_flows", state="last_ack"))
