"""The call socket against the kernel: CALLS.md, with the kernel's TCP and UDP at the other end."""

import base64
import json
import os
import re
import shutil
import socket
import stat
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import KERNEL4, KERNEL6, OWN4, OWN6, TERMINUS, metric_total, wait_for

SOCKET = f"/tmp/tm-e2e-calls-{os.getpid()}/terminus.sock"
CONFIG = configs.FULL + f'\n[admin]\nsocket = "{SOCKET}"\n'
PAIRS = ((OWN4, KERNEL4), (OWN6, KERNEL6))


def end_of(address: str, port: int) -> str:
    return f"[{address}]:{port}" if ":" in address else f"{address}:{port}"


class Line:
    """A client's line to the call socket."""

    def __init__(self, path: str = SOCKET):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.socket.settimeout(20)
        self.socket.connect(path)
        self.file = self.socket.makefile("rw", encoding="utf-8")

    def begin(self, call: str, **fields) -> None:
        self.file.write(json.dumps({"call": call, **fields}) + "\n")
        self.file.flush()

    def answer(self) -> dict:
        return json.loads(self.file.readline())

    def ask(self, call: str, **fields) -> dict:
        self.begin(call, **fields)
        return self.answer()

    def must(self, call: str, **fields) -> dict:
        answer = self.ask(call, **fields)
        if not answer["ok"]:
            raise AssertionError(f"{call} {fields}: {answer}")
        return answer

    def listen(self, address: str, port: int, **more) -> int:
        return self.must("open", passive={"address": address, "port": port}, **more)["listener"]

    def send(self, which: int, text: bytes) -> int:
        return self.must("send", conversation=which,
                         text=base64.b64encode(text).decode())["accepted"]

    def send_all(self, which: int, text: bytes) -> None:
        while text:
            text = text[self.send(which, text[:60_000]):]

    def receive(self, which: int, **more) -> bytes:
        return base64.b64decode(self.must("receive", conversation=which, **more)["text"])

    def status(self, which: int) -> dict:
        return self.must("status", conversation=which)["conversations"][0]

    def close(self) -> None:
        self.file.close()
        self.socket.close()


class CallsCase(WorldCase):
    CONFIG = CONFIG

    @classmethod
    def setUpClass(cls):
        cls.addClassCleanup(shutil.rmtree, os.path.dirname(SOCKET), ignore_errors=True)
        super().setUpClass()

    def setUp(self):
        self.line = Line()
        self.addCleanup(self.line.close)
        self.line.must("reset", segments=True)

    def accepted(self, own: str = OWN4, port: int = 5000, **options):
        """A kernel connection to a listener of ours, and our conversation."""
        listener = self.line.listen(own, port, **({"options": options} if options else {}))
        talk = self.net.connect(own, port)
        self.addCleanup(talk.close)
        answer = self.line.must("accept", listener=listener, timeout_ms=5000)
        return talk, answer["conversation"], listener

    def kernel_says(self, talk: socket.socket) -> str:
        """What `ss -ti` tells of one connection."""
        return self.net.must("ss", "-Htin", "sport", "=", f":{talk.getsockname()[1]}")

    def kernel_listens(self, address: str, port: int) -> socket.socket:
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        listening = self.net.socket(family, socket.SOCK_STREAM)
        self.addCleanup(listening.close)
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listening.bind((address, port))
        listening.listen(5)
        listening.settimeout(10)
        return listening


class Calls(FramesEndOnce, CallsCase):
    def test_passive_open_and_text_both_ways(self):
        for own, kernel in PAIRS:
            with self.subTest(own):
                talk, ours, _ = self.accepted(own)
                talk.sendall(b"hello")
                self.assertEqual(b"hello", self.line.receive(ours, timeout_ms=3000))
                self.line.send(ours, b"and back")
                self.assertEqual(b"and back", talk.recv(100))
                status = self.line.status(ours)
                self.assertEqual("ESTABLISHED", status["state"])
                self.assertEqual(end_of(own, 5000), status["local"])
                self.assertEqual(end_of(kernel, talk.getsockname()[1]), status["remote"])
                self.line.must("reset", segments=True)

    def test_bulk_both_ways(self):
        text = os.urandom(300_000)
        talk, ours, _ = self.accepted()
        self.line.send_all(ours, text)
        got = b""
        while len(got) < len(text):
            got += talk.recv(65536)
        self.assertEqual(text, got)
        talk.sendall(text[:200_000])
        got = b""
        while len(got) < 200_000:
            got += self.line.receive(ours, timeout_ms=5000)
        self.assertEqual(text[:200_000], got)

    def test_status_agrees_with_the_kernel(self):
        talk, ours, _ = self.accepted()
        talk.sendall(b"x" * 100)
        self.line.receive(ours)
        status = self.line.status(ours)
        said = self.kernel_says(talk)
        scales = re.search(r"wscale:(\d+),(\d+)", said)
        if status["window_scaling"]:
            self.assertEqual((status["receive_scale"], status["send_scale"]),
                             (int(scales[1]), int(scales[2])) if scales else None)
        self.assertEqual(status["mss_bytes"], int(re.search(r" mss:(\d+)", said)[1]))

    def test_half_close_then_close(self):
        talk, ours, _ = self.accepted()
        talk.shutdown(socket.SHUT_WR)
        end = self.line.must("receive", conversation=ours, timeout_ms=3000)
        self.assertEqual((True, ""), (end["end"], end["text"]))
        self.assertEqual("CLOSE-WAIT", self.line.status(ours)["state"])
        self.line.send(ours, b"still served")
        self.assertEqual(b"still served", talk.recv(100))
        self.line.must("close", conversation=ours)
        self.assertEqual(b"", talk.recv(100))
        wait_for(lambda: self.line.ask("status", conversation=ours).get("error")
                 == "no-such-conversation", 3, "the end in LAST-ACK")

    def test_our_close_ends_in_time_wait(self):
        talk, ours, _ = self.accepted(time_wait_ms=300)
        self.line.must("shutdown", conversation=ours)
        self.assertEqual(b"", talk.recv(100))
        talk.close()
        wait_for(lambda: self.line.status(ours)["state"] == "TIME-WAIT", 3, "TIME-WAIT")
        self.assertEqual("time-wait", self.line.status(ours)["timer"])
        self.line.must("close", conversation=ours)
        ready = self.line.must("wait", conversation=ours, timeout_ms=5000)["ready"]
        self.assertEqual(["closed"], ready)

    def test_close_with_unread_text_resets(self):  # RFC 2525 section 2.17
        talk, ours, _ = self.accepted()
        talk.sendall(b"unread")
        self.line.must("wait", **{"conversation": ours, "for": ["readable"], "timeout_ms": 3000})
        self.line.must("close", conversation=ours)
        with self.assertRaises(ConnectionResetError):
            talk.recv(100)

    def test_abort_is_a_reset(self):
        talk, ours, listener = self.accepted()
        self.line.must("abort", conversation=ours)
        with self.assertRaises(ConnectionResetError):
            talk.recv(100)
        self.assertEqual("no-such-conversation",
                         self.line.ask("status", conversation=ours)["error"])
        self.line.must("abort", listener=listener)
        with self.assertRaises(ConnectionRefusedError):
            self.net.connect(OWN4, 5000)

    def test_the_kernels_reset_is_told_once(self):
        talk, ours, _ = self.accepted()
        talk.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        talk.close()
        answer = self.line.ask("receive", conversation=ours, timeout_ms=3000)
        self.assertEqual("connection-reset", answer["error"])
        self.assertEqual("closing", self.line.ask("send", conversation=ours, text="")["error"])
        self.assertTrue(self.line.must("receive", conversation=ours)["end"])

    def test_active_open(self):
        for own, kernel in PAIRS:
            with self.subTest(own):
                listening = self.kernel_listens(kernel, 7000)
                made = self.line.must("open", active={"remote": end_of(kernel, 7000)},
                                      wait=True, timeout_ms=5000)
                peer, _ = listening.accept()
                self.addCleanup(peer.close)
                self.assertEqual(made["local"], end_of(*peer.getpeername()[:2]))
                self.line.send(made["conversation"], b"from us")
                self.assertEqual(b"from us", peer.recv(100))

    def test_active_open_from_a_given_end(self):
        listening = self.kernel_listens(KERNEL4, 7001)
        made = self.line.must("open", active={"local": "198.18.1.9:4444",
                                              "remote": end_of(KERNEL4, 7001)},
                              wait=True, timeout_ms=5000)
        peer, _ = listening.accept()
        self.addCleanup(peer.close)
        self.assertEqual(("198.18.1.9", 4444), peer.getpeername())
        again = self.line.ask("open", active={"local": "198.18.1.9:4444",
                                              "remote": end_of(KERNEL4, 7001)})
        self.assertEqual("already-connected", again["error"])
        self.assertEqual("198.18.1.9:4444", made["local"])

    def test_refused_active_open(self):
        answer = self.line.ask("open", active={"remote": end_of(KERNEL4, 7999)}, wait=True,
                               timeout_ms=5000)
        self.assertEqual("refused", answer["error"])

    def test_nobody_answers_an_active_open(self):
        self.net.must("nft", "add", "table", "inet", "calls")
        self.addCleanup(self.net.run, "nft", "delete", "table", "inet", "calls")
        self.net.must("nft", "add", "chain", "inet", "calls", "in",
                      "{ type filter hook input priority 0; }")
        self.net.must("nft", "add", "rule", "inet", "calls", "in", "tcp", "dport", "7998", "drop")
        answer = self.line.ask("open", active={"remote": end_of(KERNEL4, 7998)}, wait=True,
                               options={"syn_retries": 1, "initial_rto_ms": 100})
        self.assertEqual("timed-out", answer["error"])

    def test_options_before_the_syn(self):
        talk, ours, _ = self.accepted(mss_bytes=600, timestamps=False)
        said = self.kernel_says(talk)
        self.assertFalse(self.line.status(ours)["timestamps"])
        self.assertLessEqual(int(re.search(r" mss:(\d+)", said)[1]), 600)
        got = self.line.must("get", conversation=ours, options=["mss_bytes", "timestamps"])
        self.assertEqual({"mss_bytes": 600, "timestamps": False}, got["options"])

    def test_an_exact_window(self):
        talk, ours, _ = self.accepted(receive_window_bytes=4000)
        talk.sendall(b"x" * 3000)
        wait_for(lambda: self.line.status(ours)["receive_queue_bytes"] == 3000, 5, "3000 bytes")
        self.assertEqual(4000, self.line.status(ours)["rcv_wnd"])
        self.assertIn(" snd_wnd:4000", self.kernel_says(talk))

    def test_release_opens_the_window(self):  # RFC 9293 section 3.9.1.3
        talk, ours, _ = self.accepted(receive_buffer_bytes=4000)
        talk.sendall(b"x" * 4000)
        wait_for(lambda: self.line.status(ours)["receive_queue_bytes"] == 4000, 5, "4000 bytes")
        got = self.line.receive(ours, most=4000, release=False)
        self.assertEqual(4000, len(got))
        self.assertEqual(0, self.line.status(ours)["rcv_wnd"])
        self.line.must("release", conversation=ours, count=4000)
        self.assertEqual(4000, self.line.status(ours)["rcv_wnd"])

    def test_what_was_not_accepted_is_reset_with_its_listener(self):
        listener = self.line.listen(OWN4, 5001)
        talk = self.net.connect(OWN4, 5001)
        self.addCleanup(talk.close)
        ready = self.line.must("wait", **{"listener": listener, "for": ["acceptable"],
                                          "timeout_ms": 3000})
        self.assertEqual(["acceptable"], ready["ready"])
        self.line.must("close", listener=listener)
        with self.assertRaises(ConnectionResetError):
            talk.recv(100)

    def test_a_listener_goes_before_the_rules(self):
        listener = self.line.listen(OWN4, 7)  # the echo service's port
        talk = self.net.connect(OWN4, 7)
        self.addCleanup(talk.close)
        ours = self.line.must("accept", listener=listener, timeout_ms=3000)["conversation"]
        self.line.send(ours, b"no echo")
        self.assertEqual(b"no echo", talk.recv(100))

    def test_an_owner_goes_away(self):
        other = Line()
        listener = other.listen(OWN4, 5002)
        talk = self.net.connect(OWN4, 5002)
        self.addCleanup(talk.close)
        ours = other.must("accept", listener=listener, timeout_ms=3000)["conversation"]
        self.assertEqual("ESTABLISHED", self.line.status(ours)["state"])
        other.close()
        with self.assertRaises(ConnectionResetError):
            talk.recv(100)
        with self.assertRaises(ConnectionRefusedError):
            self.net.connect(OWN4, 5002)

    def test_datagrams(self):
        for own, kernel in PAIRS:
            with self.subTest(own):
                ours = self.line.must("open", protocol="udp",
                                      passive={"address": own, "port": 6000})["conversation"]
                family = socket.AF_INET6 if ":" in own else socket.AF_INET
                theirs = self.net.socket(family, socket.SOCK_DGRAM)
                self.addCleanup(theirs.close)
                theirs.settimeout(5)
                theirs.connect((own, 6000))
                theirs.send(b"a datagram")
                got = self.line.must("receive", conversation=ours, timeout_ms=3000)
                self.assertEqual(b"a datagram", base64.b64decode(got["text"]))
                self.assertEqual(end_of(kernel, theirs.getsockname()[1]), got["remote"])
                self.line.must("send", conversation=ours, remote=got["remote"],
                               text=base64.b64encode(b"another").decode())
                self.assertEqual(b"another", theirs.recv(100))
                self.line.must("close", conversation=ours)

    def test_a_datagram_to_nobody(self):
        for own, kernel in PAIRS:
            with self.subTest(own):
                ours = self.line.must("open", protocol="udp",
                                      active={"remote": end_of(kernel, 6999)})["conversation"]
                self.line.must("send", conversation=ours, text="aGk=")
                answer = self.line.ask("receive", conversation=ours, timeout_ms=3000)
                self.assertEqual("refused", answer["error"])
                version, kind, code = (6, 1, 4) if ":" in own else (4, 3, 3)
                self.assertEqual({"family": version, "type": kind, "code": code,
                                  "quoted": end_of(kernel, 6999)}, answer["icmp"])

    def test_metrics(self):
        text = self.appliance.metrics_text()
        self.assertGreater(metric_total(text, "terminus_admin_calls_total", call="reset",
                                        result="ok"), 0)
        self.assertEqual(1, metric_total(text, "terminus_admin_clients"))

    def test_who_may_connect(self):
        self.assertEqual(0o600, stat.S_IMODE(os.stat(SOCKET).st_mode))
        self.assertEqual(0o700, stat.S_IMODE(os.stat(os.path.dirname(SOCKET)).st_mode))


class TwoWorkers(CallsCase):
    """Listeners are at both workers, active opens find theirs."""
    CONFIG = CONFIG.replace("workers = 1", "workers = 2")

    def test_many_connections_of_one_listener(self):
        listener = self.line.listen(OWN4, 5000)
        for number in range(20):
            talk = self.net.connect(OWN4, 5000)
            self.addCleanup(talk.close)
            ours = self.line.must("accept", listener=listener, timeout_ms=3000)["conversation"]
            text = f"number {number}".encode()
            self.line.send(ours, text)
            self.assertEqual(text, talk.recv(100))

    def test_many_active_opens(self):
        listening = self.kernel_listens(KERNEL4, 7000)
        for number in range(20):
            made = self.line.must("open", active={"remote": end_of(KERNEL4, 7000)}, wait=True,
                                  timeout_ms=5000)
            peer, _ = listening.accept()
            self.addCleanup(peer.close)
            text = f"number {number}".encode()
            peer.sendall(text)
            self.assertEqual(text, self.line.receive(made["conversation"], timeout_ms=3000))

    def test_datagrams_from_many(self):
        ours = self.line.must("open", protocol="udp", passive={"port": 6000})["conversation"]
        for number in range(10):
            theirs = self.net.socket(socket.AF_INET, socket.SOCK_DGRAM)
            self.addCleanup(theirs.close)
            theirs.settimeout(5)
            theirs.connect((OWN4, 6000))
            self.line.begin("receive", conversation=ours, timeout_ms=3000)
            theirs.send(f"number {number}".encode())
            got = self.line.answer()
            self.assertEqual(f"number {number}".encode(), base64.b64decode(got["text"]))
            self.line.must("send", conversation=ours, remote=got["remote"], text="aGk=")
            self.assertEqual(b"hi", theirs.recv(100))


class FromTheShell(CallsCase):
    def call(self, text: str, *more):
        return self.home.run(TERMINUS, "call", "-", "--socket", SOCKET, *more,
                             text=text.encode())

    def test_prints_each_answer(self):
        done = self.call('# a listener\n{"call":"open","passive":{"port":5000}}\n\n'
                         '{"call":"status","port":5000}\n')
        self.assertEqual(0, done.returncode, done.stdout)
        first, second = map(json.loads, done.stdout.splitlines())
        self.assertTrue(first["ok"])
        self.assertEqual("LISTEN", second["conversations"][0]["state"])

    def test_an_answer_that_is_not_ok(self):
        done = self.call('{"call":"status"}\n{"call":"accept","listener":99999}\n')
        self.assertEqual(1, done.returncode)
        self.assertIn("no-such-conversation", done.stdout)

    def test_nobody_there(self):
        done = self.home.run(TERMINUS, "call", "-", "--socket", "/nonexistent/t.sock", text=b"")
        self.assertEqual(2, done.returncode)
        self.assertEqual(1, len(done.stdout.splitlines()))
        self.assertEqual(2, self.home.run(TERMINUS, "call").returncode)


if __name__ == "__main__":
    unittest.main()
