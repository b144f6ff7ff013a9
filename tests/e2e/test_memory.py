"""What `terminus check` says of memory is what the kernel counts when the appliance has started."""

import json
import re
import unittest
from pathlib import Path

import configs
from case import WorldCase
from machine import TERMINUS, must

FLOWS = 4_000_000


class Memory(WorldCase):
    CONFIG = configs.FULL.replace("flows = 20_000", f"flows = {FLOWS}")

    def resident_bytes(self) -> int:
        """Of the whole process, huge pages among it."""
        status = Path(f"/proc/{self.appliance.process.pid}/status").read_text()
        return sum(int(kib) << 10 for kib in re.findall(r"(?:VmRSS|HugetlbPages):\s+(\d+)", status))

    def tables_bytes(self) -> int:
        """Of the largest mapping, which has no file: the tables'."""
        maps = Path(f"/proc/{self.appliance.process.pid}/smaps").read_text()
        return max(int(kib) << 10 for kib in re.findall(r"^Rss:\s+(\d+)", maps, re.MULTILINE))

    def test_is_what_check_predicts(self):
        """All of it from the start, within 2 %, before a single flow has come."""
        told = json.loads(must(TERMINUS, "check", "--json", self.appliance.file))["memory"]
        for what, predicted, counted in (
                ("tables", told["table_bytes"], self.tables_bytes()),
                ("total", told["total_bytes"], self.resident_bytes())):
            with self.subTest(what):
                self.assertLess(abs(counted - predicted), predicted * 0.02,
                                f"{what}: predicted {predicted}, resident {counted}")


class MemoryOnHugePages(Memory):
    """Of 1 GiB or 2 MiB where there are any, else transparent ones."""
    HUGE = "auto"

    @unittest.skipUnless(Path("/sys/kernel/mm/transparent_hugepage").is_dir(), "no THP")
    def test_lies_on_huge_pages(self):
        maps = Path(f"/proc/{self.appliance.process.pid}/smaps_rollup").read_text()
        on_huge = sum(int(kib) << 10 for kib in re.findall(
            r"^(?:AnonHugePages|Private_Hugetlb|Shared_Hugetlb):\s+(\d+)", maps, re.MULTILINE))
        self.assertGreater(on_huge, 0.95 * self.tables_bytes())
