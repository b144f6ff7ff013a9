"""The machine that end-to-end tests play on: namespaces, links, appliances, sockets in a namespace.

Everything made here is remembered and undone by name or process id, also after a failure. Names
begin with tm-e2e; the appliance lives in one namespace and the kernel that talks to it in another.
"""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TERMINUS = Path(os.environ.get("TERMINUS", ROOT / "build" / "terminus"))
VHOST_TAP = TERMINUS.parent / "tests" / "dpdk" / "vhost_tap"
CAPTURES = Path(os.environ.get("TERMINUS_CAPTURES", ROOT.parent / "shared" / "captures"))
CLONE_NEWNET = 0x40000000
OWN4, OWN6 = "198.18.0.2", "2001:db8:18::2"
RANGE4, RANGE6 = "198.18.1.77", "2001:db8:18:1::77"
KERNEL4, KERNEL6 = "198.18.0.1", "2001:db8:18::1"
KERNEL_MAC, OWN_MAC = "02:00:00:00:18:01", "02:00:00:00:18:02"


def run(*words, text: bytes | None = None, seconds: float = 20) -> subprocess.CompletedProcess:
    """Runs a command and returns it with its output as text, whatever its status."""
    try:
        done = subprocess.run([str(w) for w in words], input=text, stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, timeout=seconds)
    except subprocess.TimeoutExpired as late:
        raise AssertionError(f"{words} did not end in {seconds} s: {late.stdout!r:.300}") from None
    done.stdout = done.stdout.decode(errors="replace")
    return done


def must(*words, **how) -> str:
    """Runs a command that has to succeed."""
    done = run(*words, **how)
    if done.returncode:
        raise AssertionError(f"{' '.join(map(str, words))}: {done.stdout.strip()}")
    return done.stdout


def missing_tool(*names: str) -> str:
    """Which of the tools is absent, as the reason of a skip; else nothing."""
    absent = [name for name in names if shutil.which(name) is None]
    return f"no {absent[0]} on this machine" if absent else ""


def wait_for(condition, seconds: float, what: str):
    """Waits until the condition gives something true, and returns that."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.05)
    raise AssertionError(f"{what} did not happen in {seconds} s")


class Namespace:
    """A network namespace, with the loopback up."""

    def __init__(self, name: str):
        self.name = f"tm-e2e-{name}"
        run("ip", "netns", "del", self.name)
        must("ip", "netns", "add", self.name)
        self.must("ip", "link", "set", "lo", "up")
        self.must("sysctl", "-qw", "net.ipv6.conf.all.disable_ipv6=0")

    def command(self, *words) -> list[str]:
        return ["ip", "netns", "exec", self.name, *map(str, words)]

    def run(self, *words, **how) -> subprocess.CompletedProcess:
        return run(*self.command(*words), **how)

    def must(self, *words, **how) -> str:
        return must(*self.command(*words), **how)

    def socket(self, *kind) -> socket.socket:
        """A socket of this namespace: made by a thread that enters it and ends."""
        made: list = []

        def enter() -> None:
            try:
                with open(f"/run/netns/{self.name}") as namespace:
                    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET):
                        raise OSError(ctypes.get_errno(), "setns")
                made.append(socket.socket(*kind))
            except OSError as error:
                made.append(error)

        thread = threading.Thread(target=enter)
        thread.start()
        thread.join()
        if isinstance(made[0], OSError):
            raise made[0]
        return made[0]

    def connect(self, address: str, port: int, seconds: float = 10) -> socket.socket:
        """A TCP connection from here."""
        family = socket.AF_INET6 if ":" in address else socket.AF_INET
        connection = self.socket(family, socket.SOCK_STREAM)
        connection.settimeout(seconds)
        connection.connect((address, port))
        return connection

    def frames(self, device: str) -> socket.socket:
        """A raw socket that sees and sends whole frames of a device."""
        raw = self.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(3))
        raw.bind((device, 0))
        raw.settimeout(2)
        return raw

    def remove(self) -> None:
        run("ip", "netns", "del", self.name)


def give_addresses(namespace: Namespace, device: str) -> None:
    """The kernel's side of the link: its own MAC, both families, the ranges on-link, no DAD."""
    namespace.must("ip", "link", "set", device, "down")
    namespace.must("ip", "link", "set", device, "address", KERNEL_MAC)
    namespace.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
    namespace.must("ip", "addr", "add", f"{KERNEL4}/24", "dev", device)
    namespace.must("ip", "-6", "addr", "add", f"{KERNEL6}/64", "dev", device, "nodad")
    namespace.must("ip", "link", "set", device, "up")
    namespace.must("ip", "route", "add", "198.18.1.0/24", "dev", device)
    namespace.must("ip", "-6", "route", "add", "2001:db8:18:1::/64", "dev", device)


class Appliance:
    """A running `terminus run`, in the namespace `home`."""

    def __init__(self, home: Namespace, config: str, metrics_port: int = 9464):
        self.home = home
        self.metrics_port = metrics_port
        self.folder = tempfile.mkdtemp(prefix="tm-e2e-")
        self.file = Path(self.folder, "terminus.toml")
        self.log = Path(self.folder, "log")
        self.write(config)
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(
                home.command(TERMINUS, "run", self.file), stdin=subprocess.DEVNULL,
                stdout=log, stderr=subprocess.STDOUT)

    def write(self, config: str) -> None:
        metrics = f'\n[metrics]\nlisten = "127.0.0.1:{self.metrics_port}"\n'
        self.file.write_text(config + ("" if "[metrics]" in config else metrics))

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def wait_until_ready(self, seconds: float = 20) -> None:
        """The metrics listener is the last thing to start."""

        def ready() -> bool:
            if self.process.poll() is not None:
                raise AssertionError(f"the appliance ended with {self.process.returncode}: "
                                     f"{self.output().strip()[-400:]}")
            return self.metrics_text() is not None

        wait_for(ready, seconds, "the appliance's start")

    def metrics_text(self) -> str | None:
        done = self.home.run("curl", "-sf", "-m", "3",
                             f"http://127.0.0.1:{self.metrics_port}/metrics")
        return done.stdout if done.returncode == 0 else None

    def metric(self, name: str, **labels: str) -> float:
        """The sum of the samples of a metric that carry all the labels, with all that was counted
        before the call: workers publish every 250 ms."""
        time.sleep(0.4)
        text = self.metrics_text()
        assert text is not None, "no metrics"
        return metric_total(text, name, **labels)

    def settled_metrics(self) -> str:
        """The metrics once two scrapes agree: counters are published a few times a second."""
        def frames(text: str) -> float:
            return metric_total(text, "terminus_frames_total")
        before = self.metrics_text() or ""
        for _ in range(40):
            time.sleep(0.3)
            after = self.metrics_text() or ""
            if frames(before) == frames(after):
                return after
            before = after
        return before

    def reload(self) -> None:
        self.process.send_signal(signal.SIGHUP)

    def stop(self, with_signal: int = signal.SIGTERM, seconds: float = 15) -> int:
        """Ends it and returns its exit status; one that does not end is killed and fails."""
        if self.process.poll() is None:
            self.process.send_signal(with_signal)
        try:
            return self.process.wait(seconds)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
            raise AssertionError(f"no end in {seconds} s after signal {with_signal}") from None

    def remove(self) -> None:
        if self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(15)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)


def metric_total(text: str, name: str, **labels: str) -> float:
    total = 0.0
    for line in text.splitlines():
        if re.match(rf"{name}[{{ ]", line) and \
                all(f'{key}="{value}"' in line for key, value in labels.items()):
            total += float(line.rsplit(" ", 1)[1])
    return total


class VhostTap:
    """The process at the other end of the appliance's virtio device."""

    def __init__(self, home: Namespace, device: str):
        self.path = Path(self.socket(device))
        self.process = subprocess.Popen(home.command(VHOST_TAP, self.path, device))
        wait_for(self.path.exists, 20, "the start of vhost_tap")

    @staticmethod
    def socket(device: str) -> str:
        return f"/tmp/tm-e2e-{device}.sock"

    def remove(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(5)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.path.unlink(missing_ok=True)


class World:
    """Two namespaces, a link of one kind between them, and an appliance at one end.

    `kind` is "tap", "af_packet" or "af_xdp"; on a veth both ends finish checksums in software.
    "virtio" is a device with TSO: vhost_tap, whose tap gives the kernel chains to cut.
    """

    def __init__(self, name: str, kind: str, config: str, huge_pages: str = "never"):
        self.kind = kind
        self.undo: list = []
        try:
            self.home = self.keep(Namespace(f"{name}-app"))
            self.net = self.keep(Namespace(f"{name}-net"))
            self.device = f"tm{os.getpid() % 100000}k"
            self.make_link()
            self.appliance = self.keep(
                Appliance(self.home, self.complete(config, huge_pages)))
            self.appliance.wait_until_ready()
            if kind in ("tap", "virtio"):
                must("ip", "-n", self.home.name, "link", "set", self.device,
                     "netns", self.net.name)
                give_addresses(self.net, self.device)
            self.wait_for_answers()
        except BaseException:
            self.close()
            raise

    def keep(self, thing):
        self.undo.append(thing)
        return thing

    def make_link(self) -> None:
        if self.kind == "tap":
            return
        if self.kind == "virtio":
            self.keep(VhostTap(self.home, self.device))
            return
        far = self.device[:-1] + "a"
        must("ip", "-n", self.home.name, "link", "add", far, "address", OWN_MAC, "type", "veth",
             "peer", "name", self.device, "netns", self.net.name)
        for namespace, device in ((self.home, far), (self.net, self.device)):
            namespace.must("sysctl", "-qw", f"net.ipv6.conf.{device}.accept_dad=0")
            namespace.run("ethtool", "-K", device, "tx", "off", "rx", "off", "tso", "off",
                          "gso", "off", "gro", "off")
            namespace.must("ip", "link", "set", device, "up")
        give_addresses(self.net, self.device)
        # The kernel at the appliance's end must not answer for itself.
        self.home.must("sysctl", "-qw", f"net.ipv6.conf.{far}.disable_ipv6=1")
        self.home.must("ip", "link", "set", far, "arp", "off")

    def device_string(self) -> str:
        return {"tap": f"net_tap0,iface={self.device}",
                "virtio": f"net_virtio_user0,queue_size=1024,path={VhostTap.socket(self.device)}",
                "af_packet": f"net_af_packet0,iface={self.device[:-1]}a",
                "af_xdp": f"net_af_xdp0,iface={self.device[:-1]}a"}[self.kind]

    def complete(self, config: str, huge_pages: str) -> str:
        return config.replace("DEVICE", self.device_string()).replace("HUGE", huge_pages)

    def rewrite(self, config: str, huge_pages: str = "never") -> None:
        self.appliance.write(self.complete(config, huge_pages))

    def wait_for_answers(self) -> None:
        for address in (OWN4, OWN6):
            wait_for(lambda a=address: self.net.run(
                "ping", "-n", "-c", "1", "-W", "1", a).returncode == 0, 8, f"a ping of {address}")

    def close(self) -> None:
        for thing in reversed(self.undo):
            thing.remove()
        self.undo = []
