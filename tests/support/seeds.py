"""Makes fuzz seeds of real captures: seeds.py CAPTURES FOLDER writes a file per distinct frame."""

import hashlib
import sys
from pathlib import Path

import pcap


def main(captures: Path, folder: Path) -> int:
    folder.mkdir(parents=True, exist_ok=True)
    written = 0
    for path in sorted([*captures.rglob("*.pcap"), *captures.rglob("*.pcapng")]):
        for frame in pcap.read_frames(path):
            if 14 <= len(frame) <= 4096:
                (folder / hashlib.sha1(frame).hexdigest()[:16]).write_bytes(frame)
                written += 1
    print(f"{written} frames")
    return 0 if written else 1


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
