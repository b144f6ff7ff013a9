"""More SYNs than can be served, from two hping3 as fast as they can.

Who is known is served, nothing breaks or grows, and afterwards all is as it was.
"""

import re
import subprocess
import time
import unittest
from pathlib import Path

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, metric_total, missing_tool, wait_for
from test_services import converse

FLOOD_SECONDS, SAID = 4, b"known to each other " * 50


@unittest.skipIf(missing_tool("hping3"), missing_tool("hping3"))
class Overload(FramesEndOnce, WorldCase):
    CONFIG = configs.FULL + "\n[tcp]\nsyn_ack_retries = 1\ntime_wait_ms = 1000\n"

    def flood(self, port: int) -> subprocess.Popen:
        return subprocess.Popen(
            self.net.command("hping3", "--flood", "-q", "-n", "-S", "-p", port, "--rand-source",
                             OWN4), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def in_use(self) -> dict[str, float]:
        """What a flood could leave behind."""
        text = self.appliance.settled_metrics()
        used = {"flows": metric_total(text, "terminus_flows"),
                "buffers": metric_total(text, "terminus_buffers", state="used")}
        for resource in ("busy_flows", "blocks", "hole_flows", "keys", "conversations", "timers"):
            used[resource] = metric_total(text, "terminus_resources_used", resource=resource)
        return used

    def resident_kib(self) -> int:
        status = Path(f"/proc/{self.appliance.process.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+)", status)[1])

    def round_of(self, times: int) -> None:
        """New connections, and what they say."""
        for _ in range(times):
            with self.net.connect(OWN4, 7, 20) as talk:
                self.assertEqual(SAID, converse(talk, SAID))

    def as_before(self, before: dict[str, float]) -> bool:
        now = self.in_use()
        return all(now[what] <= count for what, count in before.items())

    def test_known_flows_are_served_and_nothing_is_left(self):
        self.round_of(3)
        wait_for(lambda: self.in_use()["timers"] == 0, 60, "rest")
        before, resident, rounds = self.in_use(), self.resident_kib(), 0
        with self.net.connect(OWN4, 7, 30) as known:
            floods = [self.flood(port) for port in (7, 81)]
            try:
                end = time.monotonic() + FLOOD_SECONDS
                while time.monotonic() < end or rounds < 10:
                    known.sendall(SAID)
                    got = b""
                    while len(got) < len(SAID):
                        got += known.recv(65536)
                    self.assertEqual(SAID, got)
                    rounds += 1
            finally:
                for flood in floods:
                    flood.kill()
                    flood.wait()
        time.sleep(1)
        self.round_of(10)
        wait_for(lambda: self.as_before(before), 90, f"a state as before: {before}")
        self.assertLess(self.resident_kib(), resident + 1024)
