"""The devices that have no kernel behind them: memif, ring, pcap and null start and pass frames."""

import base64
import tempfile
import unittest
from pathlib import Path

import configs
import pcap
from machine import CAPTURES, OWN4, OWN6, Appliance, Namespace, World, metric_total, wait_for
from test_calls import Line
from test_vlan import echo_request, is_echo_reply

PCAP_MAC = b"\x02pcap\x00"  # what net_pcap calls its first port
SECOND = (configs.APPLIANCE + configs.INTERFACE + configs.RULES + configs.SERVICES).replace(
    "198.18.0.2", "198.18.0.3").replace("2001:db8:18::2", "2001:db8:18::3").replace(
    'prefixes = ["198.18.1.0/24", "2001:db8:18:1::/64"]\n', "")


class Bare(unittest.TestCase):
    """An appliance without a kernel at the other end."""

    @classmethod
    def setUpClass(cls):
        cls.home = Namespace("devices")
        cls.addClassCleanup(cls.home.remove)

    def start(self, device: str, config: str = configs.FULL, port: int = 9464) -> Appliance:
        appliance = Appliance(
            self.home, config.replace("DEVICE", device).replace("HUGE", "never"), port)
        self.addCleanup(appliance.remove)
        appliance.wait_until_ready()
        return appliance

    def frames(self, appliance: Appliance, direction: str) -> float:
        return appliance.metric("terminus_frames_total", direction=direction)

    def books_hold(self, appliance: Appliance) -> None:
        text = appliance.settled_metrics()
        self.assertEqual(metric_total(text, "terminus_frames_total", direction="rx"),
                         metric_total(text, "terminus_frame_ends_total"))

    def ends_well(self, appliance: Appliance) -> None:
        self.assertEqual(0, appliance.stop(), appliance.output())

    def test_memif_both_roles(self):
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            where = f"socket={folder}/memif.sock,socket-abstract=no,id=0"
            server = self.start(f"net_memif0,role=server,{where}")
            client = self.start(f"net_memif0,role=client,{where}", SECOND, 9465)
            for appliance in (server, client):
                wait_for(lambda a=appliance: self.frames(a, "rx") > 0, 10, "frames over memif")
                self.books_hold(appliance)
            self.ends_well(client)
            self.ends_well(server)

    def test_memif_of_two_workers_each(self):
        """One opens, the other serves: two queue pairs, and nobody steers but we."""
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            where = f"socket={folder}/memif.sock,socket-abstract=no,id=0"
            second = SECOND.replace("workers = 1", "workers = 2")
            server = self.start(f"net_memif0,role=server,{where}", configs.TWO_WORKERS)
            client = self.start(f"net_memif0,role=client,{where}",
                                f'{second}\n[admin]\nsocket = "{folder}/call.sock"\n', 9465)
            wait_for(lambda: self.frames(server, "rx") > 0, 10, "frames over memif")
            line = Line(f"{folder}/call.sock")
            for address in (OWN4, f"[{OWN6}]"):
                for number in range(24):
                    self.converse(line, f"{address}:7", f"number {number}".encode())
            for appliance in (server, client):
                text = appliance.settled_metrics()
                self.assertEqual(metric_total(text, "terminus_frames_in_total"),
                                 metric_total(text, "terminus_frame_ends_total"))
                for worker in ("0", "1"):
                    self.assertGreater(metric_total(text, "terminus_tcp_events_total",
                                                    worker=worker, event="established"), 5)
            self.ends_well(client)
            self.ends_well(server)

    def converse(self, line: Line, remote: str, text: bytes) -> None:
        talk = line.must("open", active={"remote": remote}, wait=True,
                         timeout_ms=5000)["conversation"]
        line.send(talk, text)
        got = line.must("receive", conversation=talk, timeout_ms=5000)
        self.assertEqual(text, base64.b64decode(got["text"]))
        line.must("abort", conversation=talk)

    def test_ring_gives_back_what_is_sent(self):
        appliance = self.start("net_ring0")
        wait_for(lambda: self.frames(appliance, "rx") > 0, 10, "frames over the ring")
        self.books_hold(appliance)
        self.ends_well(appliance)

    def test_null(self):
        appliance = self.start("net_null0")
        wait_for(lambda: self.frames(appliance, "rx") > 1000, 10, "frames of net_null")
        self.ends_well(appliance)

    def test_pcap_answers_a_recorded_ping(self):
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            asked, answered = Path(folder, "in.pcap"), Path(folder, "out.pcap")
            pcap.write(asked, [echo_request(PCAP_MAC)] * 5)
            appliance = self.start(f"net_pcap0,rx_pcap={asked},tx_pcap={answered}")
            wait_for(lambda: self.frames(appliance, "rx") == 5, 10, "five recorded frames")
            wait_for(lambda: self.frames(appliance, "tx") >= 5, 10, "five answers")
            self.books_hold(appliance)
            self.ends_well(appliance)
            replies = [f for f in pcap.read_frames(answered) if is_echo_reply(f)]
            self.assertEqual(5, len(replies))

    @unittest.skipIf(not CAPTURES.is_dir(), "no captures in ../shared")
    def test_pcap_survives_real_captures(self):
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            frames = [f for path in sorted(CAPTURES.rglob("*.pcap"))
                      for f in pcap.read_frames(path) if 14 <= len(f) <= 1500]
            asked = Path(folder, "in.pcap")
            pcap.write(asked, frames)
            appliance = self.start(f"net_pcap0,rx_pcap={asked},tx_pcap={folder}/out.pcap")
            wait_for(lambda: self.frames(appliance, "rx") == len(frames), 10,
                     f"{len(frames)} recorded frames")
            self.books_hold(appliance)
            self.ends_well(appliance)


class HugePages(unittest.TestCase):
    """With 2 MiB pages where the machine gives some; their number is put back."""
    PAGES = 200

    def test_with_huge_pages(self):
        number = Path("/proc/sys/vm/nr_hugepages")
        before = number.read_text()
        try:
            number.write_text(str(self.PAGES))
            if int(number.read_text()) < self.PAGES:
                self.skipTest("the machine gives no huge pages")
        except OSError as error:
            self.skipTest(f"no huge pages: {error}")
        finally:
            self.addCleanup(number.write_text, before)
        world = World("huge", "tap", configs.FULL, huge_pages="require")
        self.addCleanup(world.close)
        self.assertLess(free_huge_pages(), self.PAGES, "none is in use")
        world.net.must("ping", "-n", "-c", "5", "-i", "0.01", "198.18.0.2")
        world.appliance.process.kill()
        world.appliance.process.wait()
        wait_for(lambda: free_huge_pages() == self.PAGES, 5, "the return of all pages")

    def test_require_without_any(self):
        if int(Path("/proc/sys/vm/nr_hugepages").read_text()):
            self.skipTest("the machine has huge pages reserved")
        home = Namespace("nohuge")
        self.addCleanup(home.remove)
        appliance = Appliance(
            home, configs.FULL.replace("DEVICE", "net_null0").replace("HUGE", "require"))
        self.addCleanup(appliance.remove)
        self.assertEqual(2, appliance.process.wait(20))
        self.assertRegex(appliance.output(), r"(?i)huge")


def free_huge_pages() -> int:
    for line in Path("/proc/meminfo").read_text().splitlines():
        if line.startswith("HugePages_Free"):
            return int(line.split()[1])
    return 0


class SideBySide(unittest.TestCase):
    def test_two_appliances_on_one_machine(self):
        first = World("two-a", "tap", configs.FULL)
        self.addCleanup(first.close)
        second = SecondWorld("two-b", "tap", configs.FULL)
        self.addCleanup(second.close)
        for world in (first, second, first):
            world.net.must("ping", "-n", "-c", "3", "-i", "0.01", "198.18.0.2")
            self.assertIn("200", world.net.must(
                "curl", "-sS", "-o", "/dev/null", "-w", "%{http_code}", "http://198.18.0.2/"))
        self.assertEqual(0, first.appliance.stop())
        second.net.must("ping", "-n", "-c", "3", "-i", "0.01", "198.18.0.2")
        self.assertEqual(0, second.appliance.stop())


class SecondWorld(World):
    """Another tap name in the same process of tests."""

    def make_link(self) -> None:
        self.device = self.device[:-1] + "s"
        super().make_link()
