"""What scanners see: nmap tells open, closed and filtered apart, and hping3 reads our RST."""

import re
import unittest

from case import FramesEndOnce, WorldCase
from machine import OWN4, OWN6, RANGE4, missing_tool


@unittest.skipIf(missing_tool("nmap"), missing_tool("nmap"))
class Nmap(FramesEndOnce, WorldCase):
    def scan(self, address: str, *words) -> dict[str, tuple[str, str]]:
        """Port to (state, reason)."""
        six = ["-6"] if ":" in address else []
        out = self.net.must("nmap", *six, "-n", "-Pn", "--reason", "--max-retries", "1",
                            "--host-timeout", "20s", *words, address, seconds=30)
        return {port: (state, reason) for port, state, reason in
                re.findall(r"^(\d+)/\w+\s+(\S+)\s+\S+\s+(\S+)", out, re.MULTILINE)}

    def test_tcp_syn_scan(self):
        for address in (OWN4, OWN6, RANGE4):
            with self.subTest(address=address):
                ports = self.scan(address, "-sS", "-p", "7,80,81,1001,1005,9999")
                self.assertEqual(("open", "syn-ack"), ports["7"])
                self.assertEqual(("open", "syn-ack"), ports["80"])
                self.assertEqual(("closed", "reset"), ports["81"])
                self.assertEqual(("filtered", "no-response"), ports["9999"])
                self.assertEqual("filtered", ports["1001"][0])
                self.assertRegex(ports["1005"][1], "admin-prohibited")

    def test_tcp_connect_scan(self):
        ports = self.scan(OWN4, "-sT", "-p", "80,81,9999")
        self.assertEqual("open", ports["80"][0])
        self.assertEqual("closed", ports["81"][0])
        self.assertEqual("filtered", ports["9999"][0])

    def test_fin_null_xmas_scans(self):
        """RFC 9293 section 3.10.7.1: a closed port answers anything but an RST with an RST."""
        for kind in ("-sF", "-sN", "-sX"):
            self.assertEqual(("closed", "reset"), self.scan(OWN4, kind, "-p", "81")["81"], kind)

    def test_udp_scan(self):
        for address in (OWN4, OWN6):
            with self.subTest(address=address):
                ports = self.scan(address, "-sU", "-p", "7,9,81,1005,9999")
                self.assertEqual("open", ports["7"][0])
                self.assertEqual(("closed", "port-unreach"), ports["81"])
                self.assertEqual("filtered", ports["1005"][0])
                self.assertEqual("open|filtered", ports["9"][0])
                self.assertEqual("open|filtered", ports["9999"][0])

    def test_a_thousand_closed_ports(self):
        out = self.net.must("nmap", "-n", "-Pn", "-sS", "-T4", "-p", "2000-2999", OWN4, seconds=30)
        self.assertRegex(out, r"All 1000 scanned ports .* closed tcp ports \(reset\)|"
                              r"Not shown: 1000 closed")

    @unittest.skipIf(missing_tool("hping3"), missing_tool("hping3"))
    def test_hping_ack_probe(self):
        """RFC 9293 section 3.10.7.1: with ACK, the RST's sequence is SEG.ACK, and it has no ACK."""
        out = self.net.run("hping3", "-A", "-p", "81", "-L", "123456789", "-c", "1", OWN4).stdout
        self.assertRegex(out, r"flags=R\b")
        self.assertRegex(out, r"1 packets received")
