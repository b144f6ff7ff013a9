"""The steps of tests/run: each builds what it needs, runs one part, and counts test cases.

A step is a function that returns a Tally; what the machine cannot run is a named skip. The full
output of a step lies in build/test-logs/STEP.log; the terminal gets a line per step and failure.
"""

import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
LOGS = ROOT / "build" / "test-logs"
CAPTURES = Path(os.environ.get("TERMINUS_CAPTURES", ROOT.parent / "shared" / "captures"))
COUNT_LINE = re.compile(r"^(\d+) passed, (\d+) failed(?:, (\d+) skipped)?$")
BUILD_OPTIONS = ["-Dcpu=x86-64-v3"]  # of `build`, where it is not there: callgrind knows no AVX-512
FUZZ_RUNS = int(os.environ.get("TERMINUS_FUZZ_RUNS", "200000"))
FUZZ_SECONDS = int(os.environ.get("TERMINUS_FUZZ_SECONDS", "15"))


@dataclass
class Tally:
    """Test cases by how they ended; `notes` are lines worth the terminal."""
    passed: int = 0
    failed: int = 0
    skipped: int = 0
    notes: list[str] = field(default_factory=list)

    def add(self, other: "Tally") -> None:
        self.passed += other.passed
        self.failed += other.failed
        self.skipped += other.skipped
        self.notes += other.notes

    def __str__(self) -> str:
        return f"{self.passed} passed, {self.failed} failed, {self.skipped} skipped"


running: list[subprocess.Popen] = []


class BuildFailed(Exception):
    """A build that does not finish: the step is one failure, its log says why."""


def run(step: str, command: list, env: dict | None = None,
        limit_seconds: int = 1200) -> tuple[int, str]:
    """Runs a command, appends its output to the step's log, and returns status and output."""
    LOGS.mkdir(parents=True, exist_ok=True)
    command = [str(word) for word in command]
    child = subprocess.Popen(command, cwd=ROOT, env={**os.environ, **(env or {})},
                             stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.STDOUT, start_new_session=True)
    running.append(child)
    try:
        raw, _ = child.communicate(timeout=limit_seconds)
        status, output = child.returncode, raw.decode(errors="replace")
    except subprocess.TimeoutExpired:
        status, output = 124, stop(child) + f"\nstopped after {limit_seconds} s\n"
    running.remove(child)
    with open(LOGS / f"{step}.log", "a") as log:
        log.write(f"$ {' '.join(command)}\n{output}\n")
    return status, output


def end(signal_number: int, _frame) -> None:
    """Whoever stops the tests stops what they run, too."""
    for child in list(running):
        stop(child)
    sys.exit(128 + signal_number)


def stop(child: subprocess.Popen) -> str:
    """Ends a child with all its children: first so that it can clean up, then for good."""
    for signal_number in (signal.SIGTERM, signal.SIGKILL):
        os.killpg(child.pid, signal_number)
        try:
            return child.communicate(timeout=15)[0].decode(errors="replace")
        except subprocess.TimeoutExpired:
            continue
    return ""


def configure(step: str, folder: str, options: list[str], env: dict | None = None) -> None:
    """`meson setup`, once per folder; raises BuildFailed."""
    if (ROOT / folder / "build.ninja").exists():
        return
    status, output = run(step, ["meson", "setup", folder, *options], env=env)
    if status:
        raise BuildFailed(f"meson setup {folder}: {last_line(output)}")


def build(step: str, folder: str, options: list[str], targets: list[str] | None = None) -> None:
    """Configures `folder` once, then builds all or the targets; raises BuildFailed."""
    configure(step, folder, options)
    status, output = run(step, ["ninja", "-C", folder, *(targets or [])])
    if status:
        wrong = [line for line in output.splitlines() if re.search(r"error|FAILED|ninja:", line)]
        raise BuildFailed(f"ninja -C {folder}: {wrong[0] if wrong else last_line(output)}")


def last_line(text: str) -> str:
    lines = [line for line in text.splitlines() if line.strip()]
    return lines[-1].strip() if lines else ""


def meson_tally(folder: str) -> Tally:
    """Test cases of the last `meson test`, from its JUnit report; GoogleTest's count singly."""
    tally = Tally()
    report = ROOT / folder / "meson-logs" / "testlog.junit.xml"
    for suite in xml.etree.ElementTree.parse(report).getroot().iter("testsuite"):
        for case in suite.iter("testcase"):
            name = f"{suite.get('name')}: {case.get('classname') or ''} {case.get('name')}"
            if case.find("failure") is not None or case.find("error") is not None:
                tally.failed += 1
                tally.notes.append(f"FAIL {name}")
            elif case.find("skipped") is not None or case.get("result") == "skipped":
                tally.skipped += 1
                tally.notes.append(f"skip {name}: {skip_reason(case)}")
            else:
                tally.passed += 1
    return tally


def skip_reason(case: xml.etree.ElementTree.Element) -> str:
    mark = case.find("skipped")
    reason = (mark.get("message") or mark.text or "") if mark is not None else ""
    return reason.strip().splitlines()[-1] if reason.strip() else "the test says so"


def meson_test(step: str, folder: str, env: dict | None = None) -> Tally:
    report = ROOT / folder / "meson-logs" / "testlog.junit.xml"
    report.unlink(missing_ok=True)
    status, output = run(step, ["meson", "test", "-C", folder, "--no-rebuild",
                                "--print-errorlogs", "--timeout-multiplier", "4"], env=env)
    if not report.exists():
        return Tally(failed=1, notes=[f"FAIL {step}: no report: {last_line(output)}"])
    tally = meson_tally(folder)
    if status and not tally.failed:  # a crash before GoogleTest could write its report
        tally.failed = 1
        tally.notes.append(f"FAIL {step}: {last_line(output)}")
    return tally


def counted(step: str, command: list, env: dict | None = None) -> Tally:
    """A step with its own runner, whose last line counts; without such a line it is one test."""
    status, output = run(step, command, env=env)
    notes = [line.strip() for line in output.splitlines()
             if re.match(r"\s*(FAIL|skip|SURVIVES) ", line)]
    found = COUNT_LINE.match(last_line(output))
    if not found:
        return Tally(failed=1, notes=notes + [f"FAIL {step}: {last_line(output)}"])
    tally = Tally(int(found[1]), int(found[2]), int(found[3] or 0), notes)
    if status and not tally.failed:
        tally.failed = 1
        tally.notes.append(f"FAIL {step}: exit status {status}")
    return tally


def step_unit() -> Tally:
    build("unit", "build", BUILD_OPTIONS)
    return meson_test("unit", "build")


def step_tidy() -> Tally:
    return counted("tidy", ["tests/tidy/run"])


def step_tidy_clang() -> Tally:
    build("tidy-clang", "build", BUILD_OPTIONS, targets=["build.ninja"])
    return counted("tidy-clang", ["tests/tidy/clang"])


def step_sanitize() -> Tally:
    """The core and its tests under ASan and UBSan; gcc's false alarms there are no errors."""
    build("sanitize", "build-sanitize",
          ["-Ddpdk=disabled", "-Dbenches=false", "-Dwerror=false", "-Dbuildtype=plain",
           "-Doptimization=1", "-Dcpp_args=-g1", "-Db_sanitize=address,undefined",
           "-Db_lundef=false"])
    return meson_test("sanitize", "build-sanitize",
                      {"UBSAN_OPTIONS": "halt_on_error=1:print_stacktrace=1",
                       "ASAN_OPTIONS": "strict_string_checks=1:detect_stack_use_after_return=1"})


def fuzz_seeds() -> tuple[list[Path], list[str]]:
    """The real captures, one file per frame, where they are present; else a named skip."""
    if not CAPTURES.is_dir():
        return [], ["skip fuzz seeds: no captures in ../shared"]
    seeds = ROOT / "build-fuzz" / "seeds"
    status, output = run("fuzz", ["/usr/bin/python3", "tests/support/seeds.py", CAPTURES, seeds])
    if status:
        raise BuildFailed(f"tests/support/seeds.py: {last_line(output)}")
    return [seeds], []


def fuzz_one(target: Path, seeds: list[Path]) -> Tally:
    """A bounded run; what it finds lies in build-fuzz/findings/TARGET."""
    corpus = ROOT / "build-fuzz" / "corpus" / target.name
    findings = ROOT / "build-fuzz" / "findings" / target.name
    for folder in (corpus, findings):
        folder.mkdir(parents=True, exist_ok=True)
    status, output = run("fuzz", [
        target, f"-runs={FUZZ_RUNS}", f"-max_total_time={FUZZ_SECONDS}", "-max_len=4096",
        "-timeout=10", "-rss_limit_mb=2048", f"-artifact_prefix={findings}/", corpus, *seeds])
    if status == 0:
        return Tally(passed=1)
    return Tally(failed=1, notes=[f"FAIL fuzz {target.name}: {last_line(output)}"])


def fuzz_targets() -> list[str]:
    """The libFuzzer programs, as Meson knows them; the rest of that tree need not be built."""
    status, output = run("fuzz", ["meson", "introspect", "--targets", "build-fuzz"])
    if status:
        raise BuildFailed(f"meson introspect: {last_line(output)}")
    files = [target["filename"][0] for target in json.loads(output)]
    return sorted(str(Path(f).relative_to(ROOT / "build-fuzz")) for f in files
                  if f.endswith("_fuzz"))


def step_fuzz() -> Tally:
    options = ["-Ddpdk=disabled", "-Dbenches=false", "-Dfuzzers=true", "-Dwerror=false",
               "-Db_lundef=false"]
    configure("fuzz", "build-fuzz", options, {"CC": "ccache clang", "CXX": "ccache clang++"})
    targets = fuzz_targets()
    if not targets:
        return Tally(failed=1, notes=["FAIL fuzz: there is no *_fuzz target"])
    build("fuzz", "build-fuzz", options, targets)
    seeds, notes = fuzz_seeds()
    tally = Tally(skipped=len(notes), notes=notes)
    for target in targets:
        tally.add(fuzz_one(ROOT / "build-fuzz" / target, seeds))
    return tally


def step_sim() -> Tally:
    """Ten thousand seeds of the simulator; `unit` plays a few hundred, under the sanitizers too."""
    build("sim", "build", BUILD_OPTIONS, targets=["tests/sim/sim_tests"])
    return counted("sim", ["tests/sim/run", "--seeds", os.environ.get("TERMINUS_SIM_SEEDS",
                                                                      "10000")])


def step_mutants() -> Tally:
    return counted("mutants", ["tests/mutants/run"])


def needs_machine() -> str:
    """Why this machine cannot make namespaces and taps, or nothing."""
    if os.geteuid() != 0:
        return "not root"
    if not os.path.exists("/dev/net/tun"):
        return "no /dev/net/tun"
    made = subprocess.run(["ip", "netns", "add", "tm-e2e-probe"], capture_output=True)
    if made.returncode:
        return "no network namespaces"
    subprocess.run(["ip", "netns", "del", "tm-e2e-probe"], check=False)
    return ""


def on_machine(step: str, command: list) -> Tally:
    why_not = needs_machine()
    if why_not:
        return Tally(skipped=1, notes=[f"skip {step}: {why_not}"])
    build(step, "build", BUILD_OPTIONS, targets=["terminus"])
    return counted(step, command)


def step_e2e() -> Tally:
    return on_machine("e2e", ["tests/e2e/run"])


def step_golden() -> Tally:
    return on_machine("golden", ["tests/golden/run"])


def step_demo() -> Tally:
    return on_machine("demo", ["deploy/demo", "--check"])


def step_deploy() -> Tally:
    return counted("deploy", ["tests/deploy/run"])


def step_instructions() -> Tally:
    """Instructions per packet against the baseline: none may have grown by over 5 %."""
    return counted("instructions", ["bench/instructions"])


STEPS = {"unit": step_unit, "tidy": step_tidy, "sim": step_sim, "instructions": step_instructions,
         "sanitize": step_sanitize, "fuzz": step_fuzz, "mutants": step_mutants,
         "deploy": step_deploy, "golden": step_golden, "e2e": step_e2e, "demo": step_demo,
         "tidy-clang": step_tidy_clang}
BY_NAME = ("tidy-clang",)
DEFAULT = [name for name in STEPS if name not in BY_NAME]


def run_step(name: str) -> Tally:
    (LOGS / f"{name}.log").unlink(missing_ok=True)
    try:
        return STEPS[name]()
    except (BuildFailed, OSError, xml.etree.ElementTree.ParseError) as wrong:
        return Tally(failed=1, notes=[f"FAIL {name}: {wrong}"])


def main(names: list[str]) -> int:
    unknown = [name for name in names if name not in STEPS]
    if unknown:
        print(f"unknown step {unknown[0]}; there are: {' '.join(STEPS)}", file=sys.stderr)
        return 2
    LOGS.mkdir(parents=True, exist_ok=True)
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, end)
    total = Tally()
    for name in names or DEFAULT:
        began = time.monotonic()
        tally = run_step(name)
        print(f"{name:<13}{tally} ({time.monotonic() - began:.0f} s)", flush=True)
        for note in tally.notes:
            print(f"    {note}", flush=True)
        total.add(tally)
    if total.failed:
        print(f"logs: {LOGS.relative_to(ROOT)}/STEP.log")
    print(total)
    return 1 if total.failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
