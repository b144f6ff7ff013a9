"""Records each kind of answer from the running appliance and has tshark judge it.

For every kind: the committed capture and a fresh one hold no malformed frame and no bad checksum,
the answer is there, and both dissect alike. Prints `ok NAME`, `FAIL NAME: why`, `skip NAME: why`.
"""

import errno
import os
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

FOLDER = Path(__file__).resolve().parent
sys.path[:0] = [str(FOLDER.parent / "e2e"), str(FOLDER.parent / "support")]

import configs  # noqa: E402  the path comes first
import pcap  # noqa: E402
from machine import KERNEL_MAC, ROOT, World, missing_tool  # noqa: E402

import dissect  # noqa: E402
import questions  # noqa: E402

FRESH = ROOT / "build" / "golden"
OUR_MAC = "02:00:00:00:18:02"
CONFIG = configs.FULL.replace('device = "DEVICE"', f'device = "DEVICE"\nmac = "{OUR_MAC}"') + \
    "\n[tcp]\nsyn_ack_retries = 0  # an unanswered SYN-ACK must not come back among later answers\n"


class Book:
    """Verdicts, one line each."""

    def __init__(self, record: bool):
        self.record = record
        self.passed = self.failed = 0
        self.pool = ThreadPoolExecutor(os.cpu_count())
        self.pending: list = []

    def check(self, name: str, judge) -> None:
        """`judge` runs beside others: tshark, not the appliance, is what takes time."""
        self.pending.append((name, self.pool.submit(judge)))

    def close(self) -> None:
        for name, judged in self.pending:
            try:
                judged.result()
            except (AssertionError, OSError) as wrong:
                self.failed += 1
                print(f"FAIL {name}: {' '.join(str(wrong).split())[:400]}", flush=True)
            else:
                self.passed += 1
                print(f"ok   {name}", flush=True)
        self.pool.shutdown()

    def compare(self, name: str, frames: list[bytes], view, expect) -> None:
        """Neither capture is bad, `expect` holds for the fresh one, and `view` sees no difference.

        `view` gets a capture and its whole dissection. What it cannot tell apart, `expect` needs
        to see once only: a run of tshark takes a fifth of a second.
        """
        FRESH.mkdir(parents=True, exist_ok=True)
        fresh, committed = FRESH / f"{name}.pcap", FOLDER / f"{name}.pcap"
        pcap.write(fresh, frames)
        new = view(fresh, no_complaint(fresh))
        expect(fresh)
        if self.record:
            committed.write_bytes(fresh.read_bytes())
        if not committed.exists():
            raise AssertionError("no committed capture: tests/golden/run --record")
        old = view(committed, no_complaint(committed))
        for before, now in zip(old + ["(end)"], new + ["(end)"]):
            if before != now:
                raise AssertionError(f"differs: {difference(before, now)}")


def difference(before: str, now: str) -> str:
    """The fields that differ between two dissected frames."""
    old, new = set(before.split()), set(now.split())
    return f"committed {sorted(old - new)}, fresh {sorted(new - old)}"


def no_complaint(path: Path) -> list[str]:
    """The capture's dissection, if tshark has nothing against it."""
    lines, bad = dissect.dissection(path)
    if bad:
        raise AssertionError(f"{path.name}: tshark complains about {bad[0]}")
    return lines


def collect(raw: socket.socket, seconds: float, wanted, count: int) -> list[bytes]:
    """Frames for which wanted(frame), until there are enough or time is up."""
    got: list[bytes] = []
    end = time.monotonic() + seconds
    while len(got) < count and (left := end - time.monotonic()) > 0:
        raw.settimeout(left)
        try:
            frame = raw.recv(65536)
        except TimeoutError:
            break
        except OSError as error:  # the link was down for a moment; what came before is kept
            if error.errno != errno.ENETDOWN:
                raise
            continue
        if wanted(frame):
            got.append(frame)
    return got


def mac(text: str) -> bytes:
    return bytes.fromhex(text.replace(":", ""))


def ask(world: World, question) -> list[bytes]:
    """The question's frames and what came back to its host, or to the group it asks about."""
    host, ours = mac("02:00:00:00:18:09"), mac(OUR_MAC)
    all_nodes = mac("33:33:00:00:00:01")

    def is_answer(frame: bytes) -> bool:
        return frame[6:12] == ours and frame[0:6] == (all_nodes if question.to_group else host)

    with world.net.frames(world.device) as raw:
        sent = [bytes(frame) for frame in question.frames]
        for frame in sent:
            raw.send(frame)
        return sent + collect(raw, 2, is_answer, question.answers)


def judge_question(book: Book, question, frames: list[bytes]) -> None:
    def expect(path: Path) -> None:
        found = dissect.matches(path, question.answer)
        if found != question.answers:
            raise AssertionError(f"{path.name}: {found} frames match {question.answer}; "
                                 f"it holds {dissect.dissection(path)[0][len(question.frames):]}")

    book.compare(question.name, frames, lambda path, lines: lines, expect)


def converse(world: World, address: str, port: int, text: bytes, half_close: bool) -> list[bytes]:
    """A whole conversation of the real kernel, from SYN to the last ACK."""
    with world.net.frames(world.device) as raw:
        with world.net.connect(address, port) as talk:
            talk.sendall(text)
            if half_close:
                talk.shutdown(socket.SHUT_WR)
            while talk.recv(65536):
                pass
        time.sleep(0.3)
        number = port.to_bytes(2, "big")

        def is_ours(frame: bytes) -> bool:
            if mac(KERNEL_MAC) not in (frame[0:6], frame[6:12]):
                return False  # a SYN-ACK sent again to the host that does not exist
            at = 34 if frame[12:14] == b"\x08\x00" else 54
            protocol = frame[23] if at == 34 else frame[20]
            return frame[12:14] in (b"\x08\x00", b"\x86\xdd") and protocol == 6 \
                and number in (frame[at:at + 2], frame[at + 2:at + 4])

        return collect(raw, 0.5, is_ours, 1000)


REQUEST = b"GET / HTTP/1.1\r\nHost: golden\r\nConnection: close\r\n\r\n"
TALKS = [("http", 80, REQUEST, False, "http.response.code == 200"),
         ("http-not-found", 80, REQUEST.replace(b"/ ", b"/no ", 1), False,
          "http.response.code == 404"),
         ("echo-their-fin-first", 7, b"golden text", True,
          "tcp.flags.fin == 1 && tcp.srcport == 7")]


def judge_talk(book: Book, name: str, wanted: str, frames: list[bytes]) -> None:
    def expect(path: Path) -> None:
        if not dissect.matches(path, wanted):
            raise AssertionError(f"{path.name}: no frame matches {wanted}")

    book.compare(name, frames, lambda path, lines: dissect.talk(path, OUR_MAC), expect)


class StartWorld(World):
    """Listens to the link from before the appliance starts."""

    def make_link(self) -> None:
        super().make_link()
        self.raw = self.net.frames(self.device)

    def wait_for_answers(self) -> None:
        time.sleep(3)


def judge_start(book: Book) -> None:
    """What the appliance says by itself: gratuitous ARP, DAD, MLDv2 reports."""
    world = StartWorld("golden-start", "af_packet", CONFIG)
    try:
        frames = collect(world.raw, 0.5, lambda frame: frame[6:12] == mac(OUR_MAC), 100)
    finally:
        world.raw.close()
        world.close()

    def expect(path: Path) -> None:
        for wanted in ("arp.isgratuitous == 1", "icmpv6.type == 135 && ipv6.src == ::",
                       "icmpv6.type == 143"):
            if not dissect.matches(path, wanted):
                raise AssertionError(f"{path.name}: no frame matches {wanted}")

    book.compare("start", frames, lambda path, lines: sorted(set(lines)), expect)


def judge_fields() -> None:
    unknown = set(dissect.FIELDS + dissect.TALK_FIELDS) - dissect.known_fields()
    if unknown:
        raise AssertionError(f"tshark does not know {sorted(unknown)}")


def judge_damage() -> None:
    """A capture with one bit turned is complained about: the judge can say no."""
    for path in sorted(FOLDER.glob("reset-syn-v4.pcap")):
        frames = list(pcap.read_frames(path))
        damaged = bytearray(frames[-1])
        damaged[-1 if len(damaged) <= 54 else 53] ^= 1
        spoiled = FRESH / "spoiled.pcap"
        pcap.write(spoiled, [*frames[:-1], bytes(damaged)])
        if not dissect.dissection(spoiled)[1]:
            raise AssertionError("tshark accepts a damaged frame")
        return
    raise AssertionError("no committed capture to damage")


def record_questions(book: Book, world: World) -> None:
    for question in questions.all_questions():
        frames = ask(world, question)
        book.check(question.name, lambda q=question, f=frames: judge_question(book, q, f))


def record_talks(book: Book, world: World) -> None:
    for title, port, text, half_close, wanted in TALKS:
        for version, address in (("v4", questions.OUR4), ("v6", questions.OUR6)):
            name = f"{title}-{version}"
            frames = converse(world, address, port, text, half_close)
            book.check(name, lambda n=name, w=wanted, f=frames: judge_talk(book, n, w, f))


def main(words: list[str]) -> int:
    book = Book("--record" in words)
    book.check("fields", judge_fields)
    world = World("golden", "tap", CONFIG)
    try:
        time.sleep(4)  # until the announcements are over: they go to all nodes, as one answer does
        record_questions(book, world)
        record_talks(book, world)
    finally:
        world.close()
    book.check("start", lambda: judge_start(book))
    book.check("damage", judge_damage)
    book.close()
    print(f"{book.passed} passed, {book.failed} failed")
    return 1 if book.failed else 0


if __name__ == "__main__":
    absent = missing_tool("tshark")
    if absent:
        print(f"skip golden: {absent}\n0 passed, 0 failed, 1 skipped")
        sys.exit(0)
    sys.exit(main(sys.argv[1:]))
