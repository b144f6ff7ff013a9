"""What deploy/demo --check tries: each answer that a user sees first, then what was counted.

demo_check.py NAMESPACE METRICS_URL; prints `ok  NAME` or `FAIL NAME: why`, then the count. Traffic
starts inside the namespace; the metrics are read from where this runs.
"""

import re
import subprocess
import sys
import time
from typing import Callable

V4, V6 = "198.18.0.2", "2001:db8:18::2"
RANGE4, RANGE6 = "198.18.1.77", "2001:db8:18:1::77"
ECHO_TEXT = "the same bytes come back"


class Wrong(Exception):
    """Why a check does not hold."""


class Checks:
    """Runs checks one after the other and keeps count."""

    def __init__(self, namespace: str, metrics_url: str):
        self.namespace, self.metrics_url = namespace, metrics_url
        self.passed = self.failed = 0

    def inside(self, *words: str, text: str = "", seconds: float = 5) -> tuple[int, str]:
        """Runs a command in the namespace: its status, and all that it wrote."""
        return run(["ip", "netns", "exec", self.namespace, *words], text, seconds)

    def check(self, name: str, function: Callable, *words) -> None:
        try:
            function(*words)
        except Wrong as wrong:
            self.failed += 1
            print(f"FAIL {name}: {wrong}", flush=True)
        else:
            self.passed += 1
            print(f"ok   {name}", flush=True)

    def ping(self, address: str) -> None:
        status, output = self.inside("ping", "-n", "-c", "3", "-i", "0.2", "-W", "1", address)
        expect(status == 0, last_line(output))

    def curl(self, address: str) -> None:
        host = f"[{address}]" if ":" in address else address
        status, output = self.inside(
            "curl", "-sS", "-m", "4", "-o", "/dev/null", "-w", "%{http_code} %{size_download}\n",
            f"http://{host}/")
        expect(status == 0 and re.match(r"200 [1-9]", output) is not None, last_line(output))

    def echo(self, address: str) -> None:
        status, output = self.inside("nc", "-N", "-w", "4", address, "7", text=ECHO_TEXT)
        expect(status == 0 and output == ECHO_TEXT, f"status {status}, got {output!r}")

    def udp_echo(self, address: str) -> None:
        _, output = self.inside("nc", "-u", "-w", "1", address, "7", text=ECHO_TEXT)
        expect(output == ECHO_TEXT, f"got {output!r}")

    def refused(self, address: str) -> None:
        self.connect_fails(address, "tcp", "Connection refused")

    def unreachable(self, address: str) -> None:
        self.connect_fails(address, "udp", "Connection refused")

    def connect_fails(self, address: str, protocol: str, reason: str) -> None:
        """The kernel reports an RST and a port unreachable alike, each as soon as it comes."""
        status, output = self.inside("/usr/bin/python3", "-c", TALK, address, protocol)
        expect(status == 0 and reason in output, last_line(output) or "no answer")

    def metrics(self) -> str:
        status, text = run(["curl", "-sSf", "-m", "4", self.metrics_url], "", 5)
        expect(status == 0, last_line(text))
        return text

    def has_metrics(self) -> None:
        text = self.metrics()
        for name in ("terminus_frames_total", "terminus_tcp_events_total", "terminus_flows",
                     "terminus_icmp_sent_total", "terminus_resets_sent_total",
                     "terminus_rule_hits_total", "terminus_build_info"):
            expect(re.search(rf"^{name}[{{ ]", text, re.MULTILINE) is not None, f"no {name}")

    def counted(self, name: str, at_least: int) -> None:
        """Counters are published a few times a second: this may need a moment."""
        for _ in range(20):
            if (value := total(self.metrics(), name)) >= at_least:
                return
            time.sleep(0.2)
        raise Wrong(f"{name} is {value:.0f}, not {at_least} or more")

    def frames_end_once(self) -> None:
        """Frames that come between two publications need a moment of silence."""
        for _ in range(20):
            text = self.metrics()
            came = total(text, "terminus_frames_in_total")
            ends = total(text, "terminus_frame_ends_total")
            if came == ends and came > 0:
                return
            time.sleep(0.2)
        raise Wrong(f"{came:.0f} frames came in, {ends:.0f} ended")


# One datagram or connection; prints the error that the kernel reports.
TALK = """
import socket, sys
address, protocol = sys.argv[1:]
family = socket.AF_INET6 if ":" in address else socket.AF_INET
kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
talk = socket.socket(family, kind)
talk.settimeout(2)
try:
    talk.connect((address, 81 if protocol == "tcp" else 9999))
    talk.send(b"hello")
    talk.recv(100)
except OSError as error:
    print(error)
"""


def run(words: list[str], text: str, seconds: float) -> tuple[int, str]:
    try:
        done = subprocess.run(words, input=text.encode(), stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        return 124, (late.stdout or b"").decode(errors="replace") + f"\nno end in {seconds} s"
    return done.returncode, done.stdout.decode(errors="replace")


def expect(holds: bool, why: str) -> None:
    if not holds:
        raise Wrong(why)


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def total(text: str, name: str, label: str = "") -> float:
    """The sum of a metric's samples that carry the label."""
    return sum(float(line.rsplit(" ", 1)[1]) for line in text.splitlines()
               if re.match(rf"{name}[{{ ]", line) and label in line)


def wait_until_it_answers(checks: Checks) -> None:
    """The kernel and the appliance need a moment for their addresses; a failure shows below."""
    for address in (V4, V6):
        for _ in range(20):
            if checks.inside("ping", "-n", "-c", "1", "-W", "1", address, seconds=2)[0] == 0:
                break
            time.sleep(0.1)


def main(namespace: str, metrics_url: str) -> int:
    checks = Checks(namespace, metrics_url)
    wait_until_it_answers(checks)
    for family, own, ranged in (("v4", V4, RANGE4), ("v6", V6, RANGE6)):
        for where, address in ((family, own), (f"{family} in a range", ranged)):
            checks.check(f"ping {where} {address}", checks.ping, address)
            checks.check(f"curl {where} {address}", checks.curl, address)
        checks.check(f"echo conversation {family} tcp", checks.echo, own)
        checks.check(f"echo {family} udp", checks.udp_echo, own)
        checks.check(f"refused {family} tcp port", checks.refused, own)
        checks.check(f"unreachable {family} udp port", checks.unreachable, own)
    checks.check("metrics are there", checks.has_metrics)
    checks.check("metrics count resets", checks.counted, "terminus_resets_sent_total", 2)
    checks.check("metrics count icmp", checks.counted, "terminus_icmp_sent_total", 14)
    checks.check("every frame ended once", checks.frames_end_once)
    print(f"{checks.passed} passed, {checks.failed} failed")
    return 1 if checks.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2]))
