"""The metrics' contract: names, labels, promtool's opinion, and numbers that match the deeds."""

import re
import socket
import subprocess
import unittest

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, metric_total, missing_tool, wait_for

CONTRACT = {
    "terminus_frames_total": {"worker", "interface", "direction"},
    "terminus_bytes_total": {"worker", "interface", "direction"},
    "terminus_drops_total": {"worker", "reason"},
    "terminus_rule_hits_total": {"rule", "action"},
    "terminus_tcp_events_total": {"worker", "event"},
    "terminus_flows": {"worker", "state"},
    "terminus_flow_capacity": set(),
    "terminus_icmp_sent_total": {"family", "type", "code"},
    "terminus_icmp_suppressed_total": {"family", "reason"},
    "terminus_resets_sent_total": set(),
    "terminus_handshake_seconds_bucket": {"le"},
    "terminus_turn_seconds_bucket": {"le"},
    "terminus_worker_busy_ratio": set(),
    "terminus_worker_cycles_total": {"worker", "state"},
    "terminus_tso_chains_total": {"worker", "device"},
    "terminus_tso_segments_total": {"worker", "device"},
    "terminus_buffers": {"state"},
    "terminus_device_stat": {"device", "name"},
    "terminus_frame_ends_total": {"worker", "end"},
    "terminus_config_info": set(),
    "terminus_build_info": set(),
}
STATES = {"syn_sent", "syn_received", "established", "fin_wait_1", "fin_wait_2", "close_wait",
          "closing", "last_ack", "time_wait"}


class Metrics(FramesEndOnce, WorldCase):
    @unittest.skipIf(missing_tool("promtool"), missing_tool("promtool"))
    def test_promtool_finds_nothing(self):
        text = self.appliance.metrics_text()
        done = self.home.run("promtool", "check", "metrics", text=text.encode())
        self.assertEqual((0, ""), (done.returncode, done.stdout.strip()))

    def test_names_and_labels(self):
        text = self.appliance.metrics_text()
        for name, labels in CONTRACT.items():
            sample = re.search(rf"^{name}(?:{{(.*)}})? \S+$", text, re.MULTILINE)
            self.assertIsNotNone(sample, name)
            found = set(re.findall(r'(\w+)="', sample[1] or ""))
            self.assertLessEqual(labels, found, name)
        self.assertRegex(text, r"(?m)^terminus_service_\w+")

    def test_every_state_is_there(self):
        text = self.appliance.metrics_text()
        self.assertLessEqual(STATES, set(re.findall(r'terminus_flows{.*state="(\w+)"', text)))

    def test_scrapes_beside_traffic(self):
        """Frames that arrive interrupt no scrape."""
        flood = subprocess.Popen(self.net.command("ping", "-q", "-f", "-c", "1000000", OWN4),
                                 stdout=subprocess.DEVNULL)
        try:
            scrapes = [self.appliance.metrics_text() for _ in range(60)]
        finally:
            flood.kill()
            flood.wait()
        self.assertEqual(0, scrapes.count(None))

    def grows(self, name: str, by: float, act, **labels) -> None:
        """The metric grows by exactly so much, because of `act`."""
        before = self.appliance.metric(name, **labels)
        act()
        wait_for(lambda: self.appliance.metric(name, **labels) >= before + by, 5,
                 f"{name} {labels}")
        self.assertEqual(before + by, self.appliance.metric(name, **labels), f"{name} {labels}")

    def refused(self, times: int, port: int = 81) -> None:
        for _ in range(times):
            try:
                self.net.connect(OWN4, port, 3).close()
            except OSError:
                pass

    def test_resets(self):
        self.grows("terminus_resets_sent_total", 5, lambda: self.refused(5))

    def test_rule_hits(self):
        self.grows("terminus_rule_hits_total", 3, lambda: self.refused(3), rule="closed")
        self.grows("terminus_rule_hits_total", 2, lambda: self.refused(2, 1005), rule="admin-tcp")

    def test_icmp(self):
        self.grows("terminus_icmp_sent_total", 3, lambda: self.refused(3, 1004),
                   family="ip4", type="3", code="3")
        self.grows("terminus_icmp_sent_total", 4, lambda: self.net.must(
            "ping", "-n", "-c", "4", "-i", "0.01", OWN6), family="ip6", type="129", code="0")

    def test_established_flows_are_a_gauge(self):
        def established() -> float:
            return self.appliance.metric("terminus_flows", state="established")
        talks = [self.net.connect(OWN4, 7) for _ in range(7)]
        wait_for(lambda: established() == 7, 5, "7 flows")
        for talk in talks:
            talk.close()
        wait_for(lambda: established() == 0, 5, "no flow")

    def test_handshakes(self):
        self.grows("terminus_handshake_seconds_count", 3,
                   lambda: [self.net.connect(OWN6, 7).close() for _ in range(3)])

    def test_capacity(self):
        self.assertGreaterEqual(self.appliance.metric("terminus_flow_capacity"), 20_000)


class Limits(WorldCase):
    """With the limits on, what is not sent is counted."""
    CONFIG = configs.FULL.replace("errors_per_second = 0", "errors_per_second = 100").replace(
        "per_destination_per_second = 0", "per_destination_per_second = 5")

    def test_a_flood_of_datagrams_is_not_answered_by_a_flood(self):

        with self.net.socket(socket.AF_INET, socket.SOCK_DGRAM) as talk:
            for _ in range(500):
                talk.sendto(b"x", (OWN4, 4711))
        text = self.appliance.settled_metrics()

        sent = metric_total(text, "terminus_icmp_sent_total", family="ip4", type="3")
        held_back = metric_total(text, "terminus_icmp_suppressed_total", family="ip4")
        self.assertEqual(500, sent + held_back)
        self.assertLess(sent, 60)
        self.assertEqual(held_back, metric_total(text, "terminus_drops_total",
                                                 reason="icmp_rate_limited"))
