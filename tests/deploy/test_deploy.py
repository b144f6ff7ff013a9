"""Scripts, unit, alerts and dashboard: each sound by its own tool, and in step with the source."""

import json
import re
import subprocess
import sys
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "tests" / "e2e"), str(ROOT / "deploy" / "grafana")]

import make_dashboard  # noqa: E402  the path comes first
from machine import missing_tool, run  # noqa: E402

RULES = ROOT / "deploy" / "prometheus" / "terminus.rules.yml"
SUFFIXES = r"_(bucket|sum|count)$"


def exported_names() -> set[str]:
    """Every metric that the control core names."""
    return {name for path in (ROOT / "src" / "control").glob("*.cc")
            for name in re.findall(r'"(terminus_\w+)"', path.read_text())}


def enum_names(header: str) -> set[str]:
    return set(re.findall(r"^\s*X\((\w+),", (ROOT / header).read_text(), re.MULTILINE))


class Scripts(unittest.TestCase):
    def test_shell_scripts_parse(self):
        for name in ("deploy/demo", "deploy/install-deps", "tests/run", ".ci/run"):
            path = ROOT / name
            shell = "bash" if "bash" in path.read_text().splitlines()[0] else "sh"
            self.assertEqual(0, run(shell, "-n", path).returncode, name)
            self.assertTrue(path.stat().st_mode & 0o111, f"{name} is not executable")

    def test_install_deps_says_what_it_installs(self):
        short = run(ROOT / "deploy/install-deps", "--list").stdout.split()
        long = run(ROOT / "deploy/install-deps", "--list", "--dev").stdout.split()
        self.assertIn("libdpdk-dev", short)
        self.assertLess(set(short), set(long))
        self.assertEqual(len(long), len(set(long)), "a package is named twice")

    def test_install_deps_refuses_nonsense(self):
        self.assertEqual(2, run(ROOT / "deploy/install-deps", "--everything").returncode)

    def test_demo_refuses_nonsense(self):
        self.assertEqual(2, run(ROOT / "deploy/demo", "--everything").returncode)

    def test_tests_run_refuses_an_unknown_step(self):
        self.assertEqual(2, run(ROOT / "tests/run", "everything").returncode)


class Prometheus(unittest.TestCase):
    @unittest.skipIf(missing_tool("promtool"), missing_tool("promtool"))
    def test_promtool_accepts_rules_and_configuration(self):
        for words in (("check", "rules", RULES),
                      ("check", "config", RULES.with_name("prometheus.yml"))):
            done = run("promtool", *words)
            self.assertEqual(0, done.returncode, done.stdout)

    def test_alerts_name_metrics_that_exist(self):
        used = set(re.findall(r"\bterminus_\w+", RULES.read_text()))
        self.assertEqual(set(), {re.sub(SUFFIXES, "", name) for name in used} - exported_names())

    def test_alerts_name_reasons_and_events_that_exist(self):
        text = RULES.read_text()
        reasons = {r for group in re.findall(r'terminus_drops_total\{reason=~"([\w|]+)"', text)
                   for r in group.split("|")}
        self.assertTrue(reasons)
        self.assertLessEqual(reasons, enum_names("include/terminus/base/drop.h"))
        events = set(re.findall(r'event="(\w+)"', text))
        self.assertLessEqual(events, enum_names("include/terminus/stack/counters.h"))


class Dashboard(unittest.TestCase):
    def test_it_is_what_its_maker_makes(self):
        committed = json.loads((ROOT / "deploy/grafana/terminus.json").read_text())
        self.assertEqual(make_dashboard.dashboard(), committed)

    def test_it_names_metrics_that_exist(self):
        text = (ROOT / "deploy/grafana/terminus.json").read_text()
        used = set(re.findall(r"\bterminus_\w+", text))
        self.assertEqual(set(), {re.sub(SUFFIXES, "", name) for name in used} - exported_names())

    @unittest.skipIf(missing_tool("promtool"), missing_tool("promtool"))
    def test_its_expressions_parse(self):
        rules = [f"  - record: x:{i}\n    expr: {json.dumps(e.replace('$__rate_interval', '1m'))}"
                 for i, e in enumerate(self.expressions())]
        text = "groups:\n- name: x\n  rules:\n" + "\n".join(rules) + "\n"
        done = subprocess.run(["promtool", "check", "rules", "/dev/stdin"], input=text, text=True,
                              capture_output=True)
        self.assertEqual(0, done.returncode, done.stdout + done.stderr)

    @staticmethod
    def expressions() -> list[str]:
        return [query[0] for _, row in make_dashboard.ROWS for _, _, queries in row
                for query in queries]


class Unit(unittest.TestCase):
    @unittest.skipIf(missing_tool("systemd-analyze"), missing_tool("systemd-analyze"))
    def test_systemd_accepts_it(self):
        done = run("systemd-analyze", "verify", ROOT / "deploy/terminus.service")
        said = [line for line in done.stdout.splitlines()
                if "terminus" in line and "not executable" not in line]
        self.assertEqual([], said)


if __name__ == "__main__":
    unittest.main()
