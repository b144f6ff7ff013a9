"""deploy/demo as a user meets it: one at a time, ended by Ctrl-C, and nothing is left of it."""

import os
import re
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from machine import ROOT, TERMINUS, run, wait_for

NAMESPACE = "terminus-demo"


def exists() -> bool:
    return NAMESPACE in run("ip", "netns", "list").stdout


@unittest.skipIf(TERMINUS != ROOT / "build" / "terminus", "the demo runs build/terminus only")
@unittest.skipIf(exists(), "a demo runs on this machine")
class Demo(unittest.TestCase):
    def start(self) -> subprocess.Popen:
        self.said = tempfile.NamedTemporaryFile(prefix="tm-e2e-", suffix=".log")
        self.addCleanup(self.said.close)
        demo = subprocess.Popen([ROOT / "deploy" / "demo"], stdin=subprocess.DEVNULL,
                                stdout=self.said, stderr=subprocess.STDOUT, start_new_session=True)
        self.addCleanup(self.end, demo, signal.SIGTERM)
        wait_for(lambda: "Ctrl-C ends it all" in self.output() or demo.poll() is not None, 120,
                 "the demo's start")
        self.assertIsNone(demo.poll(), self.output())
        return demo

    def output(self) -> str:
        return Path(self.said.name).read_text(errors="replace")

    def end(self, demo: subprocess.Popen, with_signal: int) -> int | None:
        """As the terminal does: the signal goes to the whole group."""
        if demo.poll() is None:
            os.killpg(demo.pid, with_signal)
        return demo.wait(30)

    def appliance(self) -> int:
        return int(re.search(r"The appliance is process (\d+)", self.output())[1])

    def nothing_is_left(self) -> None:
        self.assertFalse(exists())
        self.assertNotEqual(0, run("ip", "link", "show", "terminus0").returncode)
        self.assertFalse(Path(f"/proc/{self.appliance()}").exists())

    def test_ctrl_c_ends_all(self):
        demo = self.start()
        self.assertEqual(0, run("ip", "netns", "exec", NAMESPACE, "curl", "-sS", "-m", "5", "-o",
                                "/dev/null", "http://198.18.0.2/").returncode)
        second = run(ROOT / "deploy" / "demo", "--check")
        self.assertEqual(2, second.returncode)
        self.assertEqual(1, len(second.stdout.splitlines()), second.stdout)
        self.assertEqual(0, self.end(demo, signal.SIGINT))
        self.nothing_is_left()

    def test_after_a_kill_the_next_demo_works(self):
        demo = self.start()
        appliance = self.appliance()
        demo.kill()
        demo.wait()
        wait_for(lambda: not Path(f"/proc/{appliance}").exists(), 15, "the appliance's end")
        self.end(self.start(), signal.SIGTERM)
        self.nothing_is_left()


if __name__ == "__main__":
    unittest.main()
