"""How the kernel sees a refusal: RST at once, each ICMP code with its errno and its sender."""

import errno
import socket
import struct
import time
from typing import NamedTuple

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, RANGE4, RANGE6, wait_for

IP_RECVERR, IPV6_RECVERR = 11, 25


class Told(NamedTuple):
    """What the kernel read in an ICMP error: struct sock_extended_err and the sender after it."""
    number: int
    icmp_type: int
    icmp_code: int
    info: int
    sender: str


# code: (errno, type, code) for v4 and for v6; the sender is the address asked, or our own.
V4 = {"net": (errno.ENETUNREACH, 3, 0), "host": (errno.EHOSTUNREACH, 3, 1),
      "protocol": (errno.ENOPROTOOPT, 3, 2), "port": (errno.ECONNREFUSED, 3, 3),
      "admin": (errno.EHOSTUNREACH, 3, 13)}
V6 = {"net": (errno.ENETUNREACH, 1, 0), "host": (errno.EHOSTUNREACH, 1, 3),
      "protocol": (errno.EPROTO, 4, 1), "port": (errno.ECONNREFUSED, 1, 4),
      "admin": (errno.EACCES, 1, 1)}


def family_of(address: str) -> int:
    return socket.AF_INET6 if ":" in address else socket.AF_INET


def ask_for_errors(talk: socket.socket) -> None:
    """Has the kernel queue each ICMP error with its bytes."""
    if talk.family == socket.AF_INET6:
        talk.setsockopt(socket.IPPROTO_IPV6, IPV6_RECVERR, 1)
    else:
        talk.setsockopt(socket.IPPROTO_IP, IP_RECVERR, 1)


def queued_error(talk: socket.socket) -> Told | None:
    try:
        _, extra, _, _ = talk.recvmsg(2000, 500, socket.MSG_ERRQUEUE | socket.MSG_DONTWAIT)
    except BlockingIOError:
        return None
    number, _, icmp_type, code, _, info, _ = struct.unpack_from("=IBBBBII", extra[0][2])
    offender = extra[0][2][16:]
    if talk.family == socket.AF_INET6:
        sender = socket.inet_ntop(socket.AF_INET6, offender[8:24])
    else:
        sender = socket.inet_ntop(socket.AF_INET, offender[4:8])
    return Told(number, icmp_type, code, info, sender)


class Refusals(FramesEndOnce):
    """On every kind of link."""

    def test_closed_tcp_port_is_refused_at_once(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            began = time.monotonic()
            with self.assertRaises(ConnectionRefusedError):
                self.net.connect(address, 81)
            self.assertLess(time.monotonic() - began, 0.9, "a SYN had to be sent again")

    def told(self, address: str, kind: int, protocol: int, port: int) -> Told:
        with self.net.socket(family_of(address), kind, protocol) as talk:
            ask_for_errors(talk)
            talk.connect((address, port))
            talk.send(b"x" * 100)
            return wait_for(lambda: queued_error(talk), 3, f"an ICMP error from {address}")

    def check_code(self, told: Told, asked: str, code: str):
        own, wanted = (OWN6, V6[code]) if ":" in asked else (OWN4, V4[code])
        self.assertEqual(wanted, (told.number, told.icmp_type, told.icmp_code))
        sender = asked if code in ("port", "protocol") else own
        self.assertEqual(sender, told.sender, code)

    def test_each_code_for_udp(self):
        for address in (OWN4, RANGE4, OWN6, RANGE6):
            for i, code in enumerate(configs.CODES):
                with self.subTest(address=address, code=code):
                    told = self.told(address, socket.SOCK_DGRAM, 0, 1001 + i)
                    self.check_code(told, address, code)

    def test_each_code_for_tcp(self):
        """The kernel ends an attempt to connect with the code's errno, at once."""
        for address in (OWN4, RANGE4, OWN6, RANGE6):
            for i, code in enumerate(configs.CODES):
                with self.subTest(address=address, code=code):
                    with self.assertRaises(OSError) as refused:
                        self.net.connect(address, 1001 + i, seconds=3)
                    wanted = (V6 if ":" in address else V4)[code][0]
                    self.assertEqual(wanted, refused.exception.errno)

    def test_closed_udp_port(self):
        for address in (OWN4, OWN6, RANGE4, RANGE6):
            told = self.told(address, socket.SOCK_DGRAM, 0, 4711)
            self.check_code(told, address, "port")

    def test_unknown_protocol(self):
        """RFC 1122 section 3.2.2.1; RFC 4443 section 3.4: the pointer is at Next Header."""
        for address in (OWN4, RANGE4, OWN6, RANGE6):
            told = self.told(address, socket.SOCK_RAW, 253, 0)
            self.check_code(told, address, "protocol")
            if ":" in address:
                self.assertEqual(6, told.info)

    def test_silence(self):
        for address in (OWN4, OWN6):
            with self.assertRaises(TimeoutError):
                self.net.connect(address, 9999, seconds=0.7)
            with self.net.socket(family_of(address), socket.SOCK_DGRAM) as talk:
                ask_for_errors(talk)
                talk.sendto(b"x", (address, 9999))
                time.sleep(0.3)
                self.assertIsNone(queued_error(talk))


class OnTap(Refusals, WorldCase):
    pass


class OnAfPacket(Refusals, WorldCase):
    KIND = "af_packet"


class OnAfXdp(Refusals, WorldCase):
    KIND = "af_xdp"
