"""Tests of the runner itself: a failure, a skip or a crash must never count as a pass."""

import importlib.machinery
import importlib.util
import tempfile
import unittest
from pathlib import Path

import pcap
import steps

SOURCE = importlib.machinery.SourceFileLoader("mutants", str(steps.ROOT / "tests/mutants/run"))
mutants = importlib.util.module_from_spec(importlib.util.spec_from_loader("mutants", SOURCE))
SOURCE.exec_module(mutants)

JUNIT = """<?xml version='1.0' encoding='utf8'?>
<testsuites tests="4" errors="0" failures="1">
  <testsuite name="base" tests="3">
    <testcase name="wraps" classname="Seq" result="completed" />
    <testcase name="fails" classname="Seq"><failure message="no" /></testcase>
    <testcase name="skips" classname="Seq" result="skipped"><skipped message="no tap" /></testcase>
  </testsuite>
  <testsuite name="wire" tests="1"><testcase name="parses" /></testsuite>
</testsuites>
"""


class Counting(unittest.TestCase):
    def setUp(self):
        self.folder = tempfile.TemporaryDirectory()
        self.addCleanup(self.folder.cleanup)
        kept = steps.ROOT, steps.LOGS
        self.addCleanup(lambda: (setattr(steps, "ROOT", kept[0]), setattr(steps, "LOGS", kept[1])))
        steps.ROOT, steps.LOGS = Path(self.folder.name), Path(self.folder.name, "logs")

    def counted(self, script: str) -> steps.Tally:
        return steps.counted("x", ["sh", "-c", script])

    def test_junit_cases_count_singly(self):
        logs = steps.ROOT / "build" / "meson-logs"
        logs.mkdir(parents=True)
        (logs / "testlog.junit.xml").write_text(JUNIT)
        tally = steps.meson_tally("build")
        self.assertEqual((2, 1, 1), (tally.passed, tally.failed, tally.skipped))
        self.assertIn("FAIL base: Seq fails", tally.notes)
        self.assertIn("skip base: Seq skips: no tap", tally.notes)

    def test_a_runner_counts_for_itself(self):
        tally = self.counted("echo 'FAIL a: b'; echo '3 passed, 1 failed, 2 skipped'; exit 1")
        self.assertEqual((3, 1, 2, ["FAIL a: b"]),
                         (tally.passed, tally.failed, tally.skipped, tally.notes))

    def test_a_runner_that_does_not_count_has_failed(self):
        self.assertEqual(1, self.counted("echo all is well").failed)
        self.assertEqual(1, self.counted("exit 0").failed)

    def test_an_exit_status_outweighs_the_count(self):
        self.assertEqual(1, self.counted("echo '3 passed, 0 failed'; exit 139").failed)

    def test_a_build_that_fails_is_a_failure(self):
        with self.assertRaises(steps.BuildFailed):
            steps.build("x", "build", [])


class Mutants(unittest.TestCase):
    def test_a_clause_needs_a_mutant_of_it_or_of_a_part(self):
        of = [{"rfc": "RFC 9293 section 3.8.6.2.1; RFC 5681 section 4.22"}, {"rfc": "RFC 2525"}, {}]
        kept, mutants.CLAUSES = mutants.CLAUSES, {9293: "3.8.6 3.8.5", 5681: "4.2", 2525: "",
                                                  525: "", 5961: ""}
        self.addCleanup(setattr, mutants, "CLAUSES", kept)
        self.assertEqual(["RFC 9293 section 3.8.5", "RFC 5681 section 4.2", "RFC 525", "RFC 5961"],
                         mutants.uncovered(of))

    def test_what_is_not_there_once_is_stale(self):
        stale = {"name": "x", "file": "tests/run", "before": "no such text", "after": ""}
        line, wrong = mutants.judged(None, stale)
        self.assertIn("SURVIVES x", line)
        self.assertIn("0 times in tests/run", wrong)


class Captures(unittest.TestCase):
    def test_what_is_written_is_read(self):
        with tempfile.NamedTemporaryFile(suffix=".pcap") as file:
            pcap.write(Path(file.name), [b"a" * 60, b"b" * 61])
            self.assertEqual([b"a" * 60, b"b" * 61], list(pcap.read_frames(Path(file.name))))

    def test_a_file_that_is_no_capture(self):
        with tempfile.NamedTemporaryFile() as file:
            file.write(b"x" * 100)
            file.flush()
            with self.assertRaises(ValueError):
                list(pcap.read_frames(Path(file.name)))


if __name__ == "__main__":
    unittest.main()
