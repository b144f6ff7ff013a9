"""TSO: what a device with it cuts reaches the kernel like all else, and is what the metrics say."""

import socket
import struct
import threading

import configs
from case import WorldCase
from machine import OWN4, OWN6
from test_http import Clients, url

ETHERNET, TCP = 14, 6


def text_of(frame: bytes) -> tuple[int, int] | None:
    """Sequence number and text length of a TCP frame."""
    kind, = struct.unpack_from("!H", frame, 12)
    if kind == 0x0800 and frame[ETHERNET + 9] == TCP:
        at, end = ETHERNET + 20, ETHERNET + struct.unpack_from("!H", frame, ETHERNET + 2)[0]
    elif kind == 0x86dd and frame[ETHERNET + 6] == TCP:
        at, end = ETHERNET + 40, ETHERNET + 40 + struct.unpack_from("!H", frame, ETHERNET + 4)[0]
    else:
        return None
    seq, = struct.unpack_from("!I", frame, at + 4)
    return seq, end - at - (frame[at + 12] >> 4) * 4


class OnVirtio(Clients, WorldCase):
    KIND = "virtio"

    def capture_while(self, act) -> list[tuple[int, int]]:
        """What came from the appliance meanwhile; the kernel sees chains before they are cut."""
        raw, seen, over = self.net.frames(self.world.device), [], threading.Event()

        def look() -> None:
            while not over.is_set():
                try:
                    frame, where = raw.recvfrom(70000)
                except TimeoutError:
                    continue
                if where[2] != 4 and (text := text_of(frame)) and text[1]:  # 4: PACKET_OUTGOING
                    seen.append(text)

        raw.settimeout(0.3)
        raw.setsockopt(socket.SOL_SOCKET, 33, 1 << 27)  # SO_RCVBUFFORCE: all of it has room
        watcher = threading.Thread(target=look)
        watcher.start()
        act()
        over.set()
        watcher.join()
        raw.close()
        return seen

    def test_chains_follow_each_other(self):
        for address in (OWN4, OWN6):
            before = self.appliance.metric("terminus_tso_segments_total")
            seen = self.capture_while(lambda a=address: self.curl("-o", "/dev/null", url(a, 8080)))
            for (seq, length), (following, _) in zip(seen, seen[1:]):
                self.assertEqual((seq + length) % 2 ** 32, following)
            self.assertGreater(max(length for _, length in seen), 5 * 1460)
            self.assertGreaterEqual(sum(length for _, length in seen), configs.BODY_BYTES)
            chained = self.appliance.metric("terminus_tso_segments_total") - before
            self.assertGreater(chained, configs.BODY_BYTES / 1460 / 2)


class SwitchedOff(Clients, WorldCase):
    KIND = "virtio"
    CONFIG = configs.FULL.replace('device = "DEVICE"', 'device = "DEVICE"\ntso = false')

    def test_there_are_no_chains(self):
        self.curl("-o", "/dev/null", url(OWN4, 8080))
        self.assertEqual(0, self.appliance.metric("terminus_tso_chains_total"))
