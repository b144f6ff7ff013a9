#!/usr/bin/python3
"""The JSON of terminus_stack and flows is a contract: its names, and null where nothing is told.

Runs both with few flows: contract_test.py TERMINUS_STACK FLOWS.
"""

import json
import subprocess
import sys
import unittest

STACK, FLOWS = sys.argv[1:3]
WORKS = ["reference", "syn_reset", "udp_unreachable", "pure_ack", "echo", "connection", "bulk_send"]
FIGURES = {"work", "ns_per_packet", "cycles_per_packet", "mpps", "ratio_to_reference",
           "connections_per_second", "gbps"}
FLOW_FIGURES = {"bench", "flows", "family", "resident_bytes", "bytes_per_flow", "open_per_second",
                "touch_ns", "longest_turn_us", "close_per_second", "left_over"}


def document(*command: str) -> dict:
    return json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout)


class Contract(unittest.TestCase):
    def test_stack(self):
        told = document(STACK, "--json", "--flows", "2048", "--packets", "4096", "--rounds", "1")
        self.assertEqual((told["bench"], told["flows"]), ("stack", 2048))
        self.assertEqual([result["work"] for result in told["results"]], WORKS)
        for result in told["results"]:
            self.assertEqual(set(result), FIGURES)
            self.assertEqual(result["connections_per_second"] is None,
                             result["work"] != "connection")
            self.assertEqual(result["gbps"] is None, result["work"] != "bulk_send")
            self.assertGreater(result["ns_per_packet"], 0)
        self.assertEqual(told["results"][0]["ratio_to_reference"], 1)

    def test_flows(self):
        for family in (4, 6):
            told = document(FLOWS, "--json", "--flows", "5000", "--family", str(family),
                            "--touches", "5000")
            self.assertEqual(set(told), FLOW_FIGURES)
            self.assertEqual((told["bench"], told["flows"], told["family"], told["left_over"]),
                             ("flows", 5000, family, 0))
            self.assertGreater(told["resident_bytes"], 5000 * 80)

    def test_all_timers_due_at_once_leave_every_flow(self):
        told = document(FLOWS, "--json", "--flows", "5000", "--touches", "32", "--storm")
        self.assertEqual(told["left_over"], 0)


if __name__ == "__main__":
    unittest.main(argv=sys.argv[:1])
