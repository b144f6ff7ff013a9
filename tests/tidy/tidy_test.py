"""A check that cannot fail checks nothing: each one is shown a bad sample, and its good twin."""

import tempfile
import unittest
from pathlib import Path

import compliance
import costs
import tidy


def messages(check, path: str, text: str) -> list[str]:
    return [f.message for f in check(path, text)]


def functions(text: str) -> list[tidy.Function]:
    with tempfile.NamedTemporaryFile("w", suffix=".cc") as file:
        file.write(text)
        file.flush()
        return tidy.functions_of([Path(file.name)])


class Layers(unittest.TestCase):
    def red(self, path: str, line: str):
        self.assertTrue(messages(tidy.check_layers, path, line + "\n"), f"{path}: {line}")

    def green(self, path: str, line: str):
        self.assertEqual([], messages(tidy.check_layers, path, line + "\n"))

    def test_includes_point_downwards(self):
        self.red("include/terminus/base/x.h", '#include "terminus/wire/ip4.h"')
        self.red("src/wire/x.cc", '#include "terminus/tcp/seq.h"')
        self.red("src/tcp/x.cc", '#include "terminus/icmp/limiter.h"')
        self.red("include/terminus/flow/x.h", '#include "terminus/stack/frame.h"')
        self.red("include/terminus/stack/x.h", '#include "terminus/service/services.h"')
        self.green("include/terminus/stack/x.h", '#include "terminus/wire/ip4.h"')
        self.green("src/service/x.cc", '#include "terminus/stack/service.h"')

    def test_the_core_includes_the_standard_library_only(self):
        self.red("src/base/x.cc", "#include <rte_mbuf.h>")
        self.red("src/stack/x.cc", "#include <boost/lockfree/spsc_queue.hpp>")
        self.red("src/base/x.cc", "#include <chrono>")
        self.red("src/base/x.cc", "#include <atomic>")
        self.red("src/stack/x.cc", "#include <iostream>")
        self.green("src/stack/x.cc", "#include <span>")

    def test_the_core_does_not_include_the_machine(self):
        self.red("src/stack/x.cc", '#include "worker/rings.h"')
        self.red("src/worker/x.cc", '#include "dpdk/lane.h"')
        self.red("src/dpdk/x.cc", '#include "control/config.h"')
        self.green("src/control/x.cc", '#include "worker/rings.h"')
        self.green("src/stack/x.cc", '#include "write.h"')


class Fences(unittest.TestCase):
    def test_each_library_stays_in_its_folder(self):
        for line, home in [("rte_eal_init();", "src/dpdk/x.cc"),
                           ("boost::lockfree::spsc_queue<int> q;", "src/worker/x.cc"),
                           ("prometheus::Registry r;", "src/control/x.cc"),
                           ("toml::table t;", "src/control/x.cc")]:
            self.assertEqual([], messages(tidy.check_fences, home, line))
            for elsewhere in ["src/stack/x.cc", "src/main.cc", "tests/stack/x_test.cc"]:
                self.assertTrue(messages(tidy.check_fences, elsewhere, line), line)

    def test_the_worker_does_not_say_rte(self):
        self.assertTrue(messages(tidy.check_fences, "src/worker/x.cc", "rte_pktmbuf_free(m);"))

    def test_a_comment_may_name_what_it_does_not_use(self):
        self.assertEqual([], messages(tidy.check_fences, "src/stack/x.cc", "// not rte_mbuf\n"))


class CoreBans(unittest.TestCase):
    def test_each_ban(self):
        for line in ["auto t = std::chrono::steady_clock::now();", "std::mutex lock;",
                     "std::thread t;", "std::atomic<int> n;", "std::atomic_int n;",
                     "std::cout << 1;", "clock_gettime(CLOCK_MONOTONIC, &t);", 'printf("x");']:
            self.assertTrue(messages(tidy.check_core_bans, "src/tcp/x.cc", line), line)
            self.assertEqual([], messages(tidy.check_core_bans, "src/worker/x.cc", line))

    def test_a_comment_or_a_string_is_no_use(self):
        text = '// no std::mutex here\nauto s = "std::thread";\n/* std::atomic\n */\n'
        self.assertEqual([], messages(tidy.check_core_bans, "src/tcp/x.cc", text))


class Throws(unittest.TestCase):
    def findings(self, text: str, path: str = "src/stack/x.cc") -> list:
        return list(tidy.check_throws(path, text, functions(text)))

    def test_a_throw_on_the_packet_path(self):
        self.assertTrue(self.findings("void Stack::receive() {\n    throw 1;\n}\n"))

    def test_a_constructor_and_compile_may(self):
        self.assertEqual([], self.findings("Stack::Stack(int n) {\n    if (n) throw 1;\n}\n"))
        self.assertEqual([], self.findings("Policy Policy::compile(int n) {\n    throw n;\n}\n"))

    def test_a_refusal_of_what_the_operator_wrote(self):
        text = "int rule(int n) {\n    throw std::invalid_argument(\"no\");\n}\n"
        self.assertEqual([], self.findings(text))
        self.assertTrue(self.findings(text, "src/tcp/x.cc"))


class Lengths(unittest.TestCase):
    def test_a_function_of_61_lines(self):
        body = "    f();\n" * 58
        short = functions("void g() {\n" + body + "}\n")
        self.assertEqual([], list(tidy.check_function_lengths(short)))
        long = functions("void g() {\n" + body + "    f();\n" + "}\n")
        self.assertEqual(61, long[0].last - long[0].first + 1)
        self.assertTrue(list(tidy.check_function_lengths(long)))

    def test_a_method_in_a_class_counts_too(self):
        text = "class A {\n    void g() {\n" + "        f();\n" * 60 + "    }\n};\n"
        self.assertTrue(list(tidy.check_function_lengths(functions(text))))

    def test_a_file_of_501_lines(self):
        self.assertEqual([], messages(tidy.check_file_length, "src/x.cc", "//\n" * 500))
        self.assertTrue(messages(tidy.check_file_length, "src/x.cc", "//\n" * 501))

    def test_a_line_of_101_columns(self):
        self.assertEqual([], messages(tidy.check_line_length, "src/x.cc", "x" * 100))
        self.assertTrue(messages(tidy.check_line_length, "src/x.cc", "x" * 101))


class Words(unittest.TestCase):
    def test_the_first_line_says_what_a_file_is_for(self):
        for path, good, bad in [("src/x.cc", "/// Rings.\n", "#include <span>\n"),
                                ("tests/run", "#!/bin/sh\n# Runs.\n", "#!/bin/sh\nset -eu\n"),
                                ("conf/x.toml", "# Demo.\n", "[appliance]\n")]:
            self.assertEqual([], messages(tidy.check_first_lines, path, good))
            self.assertTrue(messages(tidy.check_first_lines, path, bad), path)
        twin = '#include "terminus/base/rng.h"\n'
        self.assertEqual([], messages(tidy.check_first_lines, "src/base/rng.cc", twin))
        self.assertEqual([], messages(tidy.check_first_lines, "tests/base/rng_test.cc", twin))

    def test_promises(self):
        self.assertTrue(messages(tidy.check_promises, "src/x.cc", "// TODO: later"))
        self.assertTrue(messages(tidy.check_promises, "README.md", "FIXME"))
        self.assertEqual([], messages(tidy.check_promises, "src/x.cc", "// done"))


BOOK = {"ids": {"MUST-1": ["3.1", "One."], "MAY-2": ["3.2", "Two."]}, "deliberate": {},
        "elsewhere": {}}


class Compliance(unittest.TestCase):
    def findings(self, texts: dict[str, str], **changes) -> list[str]:
        places = compliance.collect(texts)
        return [*compliance.requirement_findings({**BOOK, **changes}, *places),
                *compliance.clause_findings(*places)]

    def test_an_id_needs_a_source_and_a_test(self):
        both = {"src/x.cc": "// MUST-1\n", "tests/x_test.cc": "TEST(A, B) {}  // MUST-1\n"}
        self.assertEqual(["no source cites MAY-2: Two.", "no test cites MAY-2: Two."],
                         self.findings(both))
        self.assertEqual([], self.findings(both, deliberate={"MAY-2": "Why."}))

    def test_an_id_that_there_is_not(self):
        found = self.findings({"src/x.cc": "// MUST-1, 9\n"}, deliberate={"MAY-2": "Why."})
        self.assertIn("MUST-9 is cited, but RFC 9293 has no such id", found)

    def test_a_clause_needs_a_test(self):
        reasons = {"MUST-1": "Why.", "MAY-2": "Why."}
        source = {"src/x.cc": "// RFC 9293\n// sections 3.1 and 3.2\n"}
        self.assertEqual(["no test cites RFC 9293 section 3.1 (src/x.cc)",
                          "no test cites RFC 9293 section 3.2 (src/x.cc)"],
                         self.findings(source, deliberate=reasons))
        test = {"tests/x_test.cc": "// RFC 9293 sections 3.1, 3.2\nTEST(A, B) {}\n"}
        self.assertEqual([], self.findings(source | test, deliberate=reasons))

    def test_the_case_that_cites(self):
        text = "TEST(A, B) {\n}\n\n// RFC 1 section 2.\nTEST(C, D) {\n  // MUST-1\n}\n"
        _, shown = compliance.collect({"tests/x_test.cc": text})
        self.assertEqual({"C.D"}, shown["MUST-1"])
        self.assertEqual({"C.D"}, shown["RFC 1 section 2"])


class Format(unittest.TestCase):
    def test_what_clang_format_would_change(self):
        with tempfile.TemporaryDirectory() as folder:
            good, bad = Path(folder, "good.cc"), Path(folder, "bad.cc")
            good.write_text("int main() { return 0; }\n")
            bad.write_text("int  main( ) {return 0;}\n")
            self.assertEqual([str(bad)], [f.path for f in tidy.check_format([good, bad])])


class Costs(unittest.TestCase):
    SOURCE = {"a.h": "static_assert(sizeof(Thing) == 48);", costs.SCHEMA: '"things"',
              costs.FAMILIES: '{"used_things", 1}'}

    def found(self, row: str) -> list[str]:
        table = costs.HEADING + "\n| what | bytes |\n|---|---|\n" + row + "\n"
        return [message for _, message in costs.findings(self.SOURCE | {"ARCHITECTURE.md": table})]

    def test_a_true_row(self):
        self.assertEqual([], self.found("| x | 48 | `Thing` in `a.h` | `things` | `used_things` |"))

    def test_what_is_untrue(self):
        for row in ("| x | 47 | `Thing` in `a.h` | `things` | `used_things` |",
                    "| x | 4 | `Thing` in `a.h` | `things` | `used_things` |",
                    "| x | 48 | `Other` in `a.h` | `things` | `used_things` |",
                    "| x | 48 | `Thing` in `a.h` | `more` | `used_things` |",
                    "| x | 48 | `Thing` in `a.h` | `things` | `nothing` |",
                    "| x | 48 | `Thing` in `a.h` |", ""):
            self.assertNotEqual([], self.found(row), row)


if __name__ == "__main__":
    unittest.main()
