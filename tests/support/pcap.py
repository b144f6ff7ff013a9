"""Captures, read and written with the standard library only: pcap and pcapng in, pcap out."""

import struct
from pathlib import Path
from typing import Iterator

ETHERNET = 1


def read_frames(path: Path) -> Iterator[bytes]:
    """The frames of a capture, in order; a file cut short ends early."""
    raw = Path(path).read_bytes()
    return read_pcapng(raw) if raw[:4] == b"\x0a\x0d\x0d\x0a" else read_pcap(raw)


def read_pcap(raw: bytes) -> Iterator[bytes]:
    magic = raw[:4]
    little = magic in (b"\xd4\xc3\xb2\xa1", b"\x4d\x3c\xb2\xa1")
    if not little and magic not in (b"\xa1\xb2\xc3\xd4", b"\xa1\xb2\x3c\x4d"):
        raise ValueError("not a pcap file")
    order, at = "<" if little else ">", 24
    while at + 16 <= len(raw):
        length = struct.unpack_from(order + "I", raw, at + 8)[0]
        yield raw[at + 16:at + 16 + length]
        at += 16 + length


def read_pcapng(raw: bytes) -> Iterator[bytes]:
    order = "<" if raw[8:12] == b"\x4d\x3c\x2b\x1a" else ">"
    at = 0
    while at + 12 <= len(raw):
        kind, length = struct.unpack_from(order + "II", raw, at)
        if length < 12:
            return
        if kind == 6:  # an Enhanced Packet Block
            captured = struct.unpack_from(order + "I", raw, at + 20)[0]
            yield raw[at + 28:at + 28 + captured]
        at += length


def write(path: Path, frames: list[bytes]) -> None:
    """One frame per millisecond from time zero: equal frames give an equal file."""
    out = [struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, ETHERNET)]
    for number, frame in enumerate(frames):
        out.append(struct.pack("<IIII", 0, number * 1000, len(frame), len(frame)) + frame)
    Path(path).write_bytes(b"".join(out))
