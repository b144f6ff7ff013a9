"""The operator's side: reload without a disturbed flow, a clean end, one line for what is wrong."""

import hashlib
import os
import re
import signal
import socket
import tempfile
import time
import unittest
from pathlib import Path

import configs
from case import FramesEndOnce, WorldCase
from machine import OWN4, ROOT, TERMINUS, Namespace, World, missing_tool, run, wait_for
from test_http import body, read_to_end

GET = b"GET / HTTP/1.1\r\nHost: t\r\nConnection: close\r\n\r\n"
SWAPPED = configs.FULL.replace('ports = ["80"]', 'ports = ["81"]')


class Reload(FramesEndOnce, WorldCase):
    def setUp(self):
        self.addCleanup(self.reload_with, configs.FULL)

    def reload_with(self, config: str) -> None:
        self.world.rewrite(config)
        self.appliance.reload()
        time.sleep(0.5)

    def get(self, port: int) -> bytes:
        with self.net.connect(OWN4, port, 3) as talk:
            talk.sendall(GET)
            return read_to_end(talk)

    def test_new_rules_for_new_connections_only(self):
        with self.net.connect(OWN4, 8080, 20) as download:
            download.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
            download.sendall(GET)
            got = bytearray(download.recv(20_000))
            self.reload_with(SWAPPED)
            wait_for(lambda: self.answers(81), 5, "the new rules")
            self.assertTrue(self.get(81).endswith(body(1024)))
            with self.assertRaises(ConnectionRefusedError):
                self.get(80)
            got += read_to_end(download)
        content = bytes(got).split(b"\r\n\r\n", 1)[1]
        self.assertEqual(hashlib.sha256(body(configs.BODY_BYTES)).digest(),
                         hashlib.sha256(content).digest())

    def answers(self, port: int) -> bool:
        try:
            return self.get(port) != b""
        except ConnectionRefusedError:
            return False

    def test_a_broken_file_changes_nothing(self):
        before = self.appliance.output()
        self.reload_with(configs.FULL.replace('action = "reset"', 'action = "rest"'))
        said = wait_for(lambda: self.appliance.output()[len(before):], 5, "a line about it")
        self.assertRegex(said, r"terminus\.toml:\d+")
        self.assertTrue(self.get(80).endswith(body(1024)))
        self.assertIsNone(self.appliance.process.poll())


def leftovers() -> set[str]:
    """What a careless end leaves: runtime folders of DPDK, huge-page files."""
    kept = set()
    for folder in ("/var/run/dpdk", "/dev/hugepages", "/dev/shm"):
        if os.path.isdir(folder):
            kept |= {f"{folder}/{name}" for name in os.listdir(folder)}
    return kept


class End(unittest.TestCase):
    def world(self) -> World:
        world = World("control-end", "tap", configs.FULL)
        self.addCleanup(world.close)
        return world

    def end_with(self, with_signal: int, status: int) -> str:
        before = leftovers()
        world = self.world()
        talk = world.net.connect(OWN4, 7)
        self.addCleanup(talk.close)
        talk.sendall(b"hello")
        self.assertEqual(b"hello", talk.recv(100))
        self.assertEqual(status, world.appliance.stop(with_signal))
        links = world.net.must("ip", "-br", "link") + world.home.must("ip", "-br", "link")
        self.assertNotIn(world.device, links)
        self.assertEqual(set(), leftovers() - before)
        return world.appliance.output()

    def test_sigterm(self):
        self.assertRegex(self.end_with(signal.SIGTERM, 0), r"(?i)frames|total|received")

    def test_sigint(self):
        self.end_with(signal.SIGINT, 0)

    def test_open_connections_are_told(self):
        """No connection hangs after a goodbye: its peer reads an end or a reset."""
        world = self.world()
        with world.net.connect(OWN4, 7, 8) as talk:
            talk.sendall(b"hello")
            talk.recv(100)
            self.assertEqual(0, world.appliance.stop())
            try:
                self.assertEqual(b"", talk.recv(100))
            except ConnectionResetError:
                pass  # as good a goodbye

    def test_new_connections_are_refused_while_draining(self):
        config = configs.FULL.replace("drain_seconds = 1", "drain_seconds = 4")
        world = World("control-drain", "tap", config)
        self.addCleanup(world.close)
        with world.net.connect(OWN4, 7, 8) as talk:
            world.appliance.process.send_signal(signal.SIGTERM)
            time.sleep(1)
            talk.sendall(b"still served")
            self.assertEqual(b"still served", talk.recv(100))
            with self.assertRaises(ConnectionRefusedError):
                world.net.connect(OWN4, 7, 3)
        self.assertEqual(0, world.appliance.stop())


class Refuses(unittest.TestCase):
    """Exit status 2 and one line that says where and what to do."""

    @classmethod
    def setUpClass(cls):
        cls.home = Namespace("refuses")
        cls.addClassCleanup(cls.home.remove)

    def refuse(self, config: str, pattern: str, *before) -> str:
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            os.chmod(folder, 0o755)
            file = Path(folder, "bad.toml")
            file.write_text(config.replace("DEVICE", "net_null0").replace("HUGE", "never"))
            done = self.home.run(*before, TERMINUS, "run", file)
        self.assertEqual(2, done.returncode, done.stdout)
        said = [line for line in done.stdout.splitlines() if re.search(pattern, line)]
        self.assertEqual(1, len(said), done.stdout)
        return done.stdout

    def test_unknown_key(self):
        self.refuse(configs.FULL.replace("flows =", "flowz ="), r"bad\.toml:\d+.*flowz.*flows")

    def test_wrong_type(self):
        self.refuse(configs.FULL.replace("workers = 1", 'workers = "one"'),
                    r"bad\.toml:\d+.*workers")

    def test_no_toml(self):
        self.refuse("[appliance\n", r"bad\.toml:\d+")

    def test_unknown_service(self):
        self.refuse(configs.FULL.replace('service = "big"', 'service = "bog"'),
                    r"bad\.toml:\d+.*bog")

    def test_missing_device(self):
        self.refuse(configs.FULL.replace("DEVICE", "net_af_packet0,iface=nowhere0"), r"nowhere0")

    def test_missing_pci_device(self):
        self.refuse(configs.FULL.replace("DEVICE", "0000:99:00.0"), r"0000:99:00\.0")

    def test_too_many_flows(self):
        self.refuse(configs.FULL.replace("20_000", "2_000_000_000"), 
                    r"bad\.toml:\d+|memory|MiB|GiB")

    @unittest.skipIf(missing_tool("setpriv"), missing_tool("setpriv"))
    def test_not_root(self):
        config = configs.FULL.replace("DEVICE", "net_tap0,iface=tmnoroot")
        self.refuse(config, r"root|permission|sudo", "setpriv", "--reuid", "65534",
                    "--clear-groups", "--bounding-set=-all", "--inh-caps=-all")

    def test_metrics_port_taken(self):
        taken = self.home.socket(socket.AF_INET, socket.SOCK_STREAM)
        self.addCleanup(taken.close)
        taken.bind(("127.0.0.1", 9464))
        taken.listen()
        self.refuse(configs.FULL, r"9464")

    def test_no_such_file(self):
        done = run(TERMINUS, "run", "/nonexistent/terminus.toml")
        self.assertEqual(2, done.returncode)
        self.assertIn("/nonexistent/terminus.toml", done.stdout)


class Check(unittest.TestCase):
    """`terminus check` needs neither root nor DPDK."""

    def check(self, config: str, *before):
        with tempfile.TemporaryDirectory(prefix="tm-e2e-") as folder:
            os.chmod(folder, 0o755)
            file = Path(folder, "terminus.toml")
            file.write_text(config.replace("DEVICE", "net_null0").replace("HUGE", "never"))
            return run(*before, TERMINUS, "check", file)

    def test_a_good_file(self):
        done = self.check(configs.FULL)
        self.assertEqual(0, done.returncode, done.stdout)
        self.assertRegex(done.stdout, r"MiB|GiB|KiB|bytes")

    @unittest.skipIf(missing_tool("setpriv"), missing_tool("setpriv"))
    def test_without_root(self):
        done = self.check(configs.FULL, "setpriv", "--reuid", "65534", "--clear-groups")
        self.assertEqual(0, done.returncode, done.stdout)

    def test_a_bad_file(self):
        self.assertEqual(2, self.check(configs.FULL.replace("flows =", "flowz =")).returncode)

    def test_the_projects_own_files(self):
        for name in ("demo.toml", "reference.toml"):
            done = run(TERMINUS, "check", ROOT / "conf" / name)
            self.assertIn(done.returncode, (0,) if name == "demo.toml" else (0, 2), done.stdout)

    def test_version(self):
        done = run(TERMINUS, "version")
        self.assertEqual(0, done.returncode)
        self.assertRegex(done.stdout, r"\d+\.\d+\.\d+")
