"""Runs end-to-end tests one after the other: a line `ok`, `FAIL` or `skip` for each.

runner.py [--folder FOLDER] [WORD ...]: only tests whose name contains one of the words.
"""

import sys
import time
import traceback
import unittest
from pathlib import Path

FOLDER = Path(__file__).resolve().parent


def short_name(test: unittest.TestCase) -> str:
    parts = test.id().split(".")
    return ".".join(parts[-3:]).replace("test_", "")


class Lines(unittest.TestResult):
    """One line per test; the whole traceback of a failure goes to stderr."""

    def __init__(self):
        super().__init__()
        self.counts = {"ok": 0, "FAIL": 0, "skip": 0}
        self.began = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.began = time.monotonic()

    def line(self, verdict: str, test, why: str = "") -> None:
        self.counts[verdict] += 1
        took = time.monotonic() - self.began if self.began else 0
        reason = f": {why}" if why else f" ({took:.1f} s)"
        print(f"{verdict:<4} {short_name(test)}{reason}", flush=True)

    def addSuccess(self, test):
        super().addSuccess(test)
        self.line("ok", test)

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self.failed(test, err)

    def addError(self, test, err):
        super().addError(test, err)
        self.failed(test, err)

    def addSubTest(self, test, subtest, err):
        super().addSubTest(test, subtest, err)
        if err:
            self.failed(subtest, err)

    def failed(self, test, err) -> None:
        why = " ".join(str(err[1]).split())[:300] or err[0].__name__
        self.line("FAIL", test, why)
        traceback.print_exception(*err, file=sys.stderr)

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self.line("skip", test, reason)


def flatten(suite) -> list[unittest.TestCase]:
    if isinstance(suite, unittest.TestSuite):
        return [case for part in suite for case in flatten(part)]
    return [suite]


def main(words: list[str]) -> int:
    folder = FOLDER
    if words[:1] == ["--folder"]:
        folder, words = Path(words[1]).resolve(), words[2:]
    sys.path[:0] = [str(FOLDER), str(FOLDER.parent / "support")]
    found = flatten(unittest.defaultTestLoader.discover(str(folder), "test_*.py"))
    broken = "unittest.loader._FailedTest"  # a file that does not load is never left out
    chosen = [t for t in found
              if not words or t.id().startswith(broken) or any(word in t.id() for word in words)]
    result = Lines()
    unittest.TestSuite(chosen).run(result)
    print(f"{result.counts['ok']} passed, {result.counts['FAIL']} failed, "
          f"{result.counts['skip']} skipped")
    return 1 if result.counts["FAIL"] or not chosen else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
