"""The house rules that a machine can check: layers, lengths, fences between folders, first lines.

Every check is a function of (path, text) that yields findings, so that tidy_test.py can show each
of them red. Paths are relative to the project, with `/`. `main()` checks all files that git knows.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import Iterator, NamedTuple

ROOT = Path(__file__).resolve().parents[2]

FILE_LINES = 500
FUNCTION_LINES = 60
LINE_COLUMNS = 100

# Each layer with those that its headers and sources may include; its own comes first.
LAYERS = {
    "base": ["base"],
    "wire": ["wire", "base"],
    "tcp": ["tcp", "wire", "base"],
    "icmp": ["icmp", "wire", "base"],
    "flow": ["flow", "tcp", "icmp", "wire", "base"],
    "stack": ["stack", "flow", "tcp", "icmp", "wire", "base"],
    "service": ["service", "stack", "flow", "tcp", "icmp", "wire", "base"],
}
# The machine's side: private headers are named "folder/x.h".
SIDES = {
    "worker": ["worker"],
    "dpdk": ["dpdk", "worker"],
    "control": ["control", "worker", "dpdk"],
    "load": ["load", "worker", "control"],
}
# What may be named in some folders only: pattern, folders, what a finding says.
FENCES = [
    (r"\brte_\w+", ["src/dpdk/", "tests/dpdk/", "bench/dpdk/"], "DPDK belongs to src/dpdk"),
    (r"\bboost(::|/)", ["src/worker/", "tests/worker/", "bench/worker/"],
     "Boost belongs to src/worker"),
    (r"\bprometheus(::|/)", ["src/control/", "tests/control/"],
     "Prometheus belongs to src/control"),
    (r"\btoml(::|\+\+/)", ["src/control/", "tests/control/"], "toml++ belongs to src/control"),
]
# What the pure core never says (DESIGN, rule 1).
CORE_BANS = [
    (r"\bstd::(chrono|mutex|shared_mutex|thread|jthread|atomic\w*|condition_variable)\b", "{}"),
    (r"\bstd::(cout|cerr|clog|cin|endl|ofstream|ifstream)\b", "{}"),
    (r"\b(clock_gettime|gettimeofday|__rdtsc|std::time|std::rand)\b", "{}"),
    (r"\b(printf|puts)\s*\(", "printing"),
]
STANDARD_HEADERS = set("""
    algorithm array bit bitset cassert cctype cerrno charconv cinttypes climits cmath compare
    concepts cstddef cstdint cstdio cstdlib cstring deque exception functional initializer_list
    iosfwd iterator limits list map memory memory_resource new numbers numeric optional ostream
    queue random ranges ratio set source_location span sstream stack stdexcept string string_view
    tuple type_traits typeindex typeinfo unordered_map unordered_set utility variant vector
    version""".split())
# Processor intrinsics: the portable twin beside them is what an embedder without them compiles.
INTRINSICS = {"immintrin.h", "emmintrin.h", "wmmintrin.h", "smmintrin.h", "nmmintrin.h",
              "tmmintrin.h", "x86intrin.h"}

COMMENT_STARTS = {".h": ("//", "/*"), ".cc": ("//", "/*"), ".py": ('"""', "#"), ".sh": ("#",),
                  ".toml": ("#",), ".build": ("#",), "": ("#", '"""'),
                  ".yml": ("#",), ".yaml": ("#",), ".service": ("#",)}


class Finding(NamedTuple):
    """One broken rule at one place."""
    path: str
    line: int
    message: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.message}"


def is_cpp(path: str) -> bool:
    return path.endswith((".h", ".cc"))


def core_layer(path: str) -> str | None:
    """The layer of a file of the pure core, else None."""
    match = re.match(r"(?:include/terminus|src)/(\w+)/", path)
    return match.group(1) if match and match.group(1) in LAYERS else None


def without_comments(text: str) -> str:
    """C++ text with comments and strings blanked, line numbers kept."""
    pattern = re.compile(
        r'R"([^(\s]*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|//[^\n]*|/\*.*?\*/', re.DOTALL)

    def blank(match: re.Match) -> str:
        return "\n" * match.group(0).count("\n")

    include = re.compile(r'^\s*#\s*include.*$', re.MULTILINE)
    kept = {m.start(): m.group(0) for m in include.finditer(text)}
    plain, last = [], 0
    for match in pattern.finditer(text):
        line_start = text.rfind("\n", 0, match.start()) + 1
        if line_start in kept and match.group(0).startswith('"'):
            continue
        plain += [text[last:match.start()], blank(match)]
        last = match.end()
    return "".join(plain) + text[last:]


def numbered(text: str) -> Iterator[tuple[int, str]]:
    return enumerate(text.splitlines(), 1)


def check_layers(path: str, text: str) -> Iterator[Finding]:
    """Includes point downwards only; the core includes the standard library and itself."""
    layer = core_layer(path)
    side = re.match(r"src/(\w+)/", path)
    for number, line in numbered(text):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if not match:
            continue
        bracket, name = match.groups()
        ours = re.match(r"terminus/(\w+)/", name)
        if layer and ours and ours.group(1) not in LAYERS[layer]:
            yield Finding(path, number, f"layer {layer} must not include {name}")
        elif layer and bracket == "<" and name not in STANDARD_HEADERS | INTRINSICS:
            yield Finding(path, number, f"the core includes <std> only, not <{name}>")
        elif layer and bracket == '"' and not ours and "/" in name \
                and name.split("/")[0] not in LAYERS[layer]:
            yield Finding(path, number, f"layer {layer} must not include {name}")
        elif not layer and side and side.group(1) in SIDES and not ours and bracket == '"' \
                and "/" in name and name.split("/")[0] not in SIDES[side.group(1)]:
            yield Finding(path, number, f"src/{side.group(1)} must not include {name}")


def check_fences(path: str, text: str) -> Iterator[Finding]:
    """DPDK, Boost, Prometheus and toml++ stay in their folders."""
    if not is_cpp(path):
        return
    for number, line in numbered(without_comments(text)):
        for pattern, folders, message in FENCES:
            found = re.search(pattern, line)
            if found and not path.startswith(tuple(folders)):
                yield Finding(path, number, f"{message}: {found.group(0)}")


def check_core_bans(path: str, text: str) -> Iterator[Finding]:
    """No clock, lock, thread or output in the pure core."""
    if not core_layer(path):
        return
    for number, line in numbered(without_comments(text)):
        for pattern, what in CORE_BANS:
            found = re.search(pattern, line)
            if found:
                yield Finding(path, number,
                              f"not in the pure core: {what.format(found.group(0))}")


def check_throws(path: str, text: str, functions: list) -> Iterator[Finding]:
    """The core throws before the first packet only: in constructors and compile(); and from stack
    upwards std::invalid_argument, which is how what an operator wrote is refused."""
    layer = core_layer(path)
    if not layer:
        return
    for number, line in numbered(without_comments(text)):
        if not re.search(r"\bthrow\b", line):
            continue
        owner = [f for f in functions if f.first <= number <= f.last]
        refusal = "throw std::invalid_argument" in line and layer in ("stack", "service")
        if not refusal and not any(f.may_throw() for f in owner):
            yield Finding(path, number, "throw outside a constructor and compile()")


def explained_elsewhere(path: str, lines: list[str]) -> bool:
    """A source that begins with its own header is explained there; a tiny list needs no words."""
    stem = Path(path).stem.removesuffix("_test").removesuffix("_bench")
    own_header = re.match(r'#include "(?:\w+/)*(\w+)\.h"', lines[0])
    if own_header and own_header.group(1) == stem:
        return True
    return Path(path).name == "meson.build" and len(lines) <= 10


def check_first_lines(path: str, text: str) -> Iterator[Finding]:
    """The first lines say what a file is for."""
    starts = COMMENT_STARTS.get(Path(path).suffix)
    lines = text.splitlines()
    if not starts or not lines or Path(path).name.startswith("."):
        return
    if Path(path).suffix == "" and not lines[0].startswith("#!"):
        return
    lines = lines[1:] if lines[0].startswith("#!") else lines
    if not lines or not (lines[0].startswith(starts) or explained_elsewhere(path, lines)):
        yield Finding(path, 1, "the first lines must say what the file is for")


def check_file_length(path: str, text: str) -> Iterator[Finding]:
    lines = text.count("\n")
    if Path(path).suffix in COMMENT_STARTS and lines > FILE_LINES:
        yield Finding(path, lines, f"{lines} lines; at most {FILE_LINES}")


def check_line_length(path: str, text: str) -> Iterator[Finding]:
    if Path(path).suffix not in (".h", ".cc", ".py", ".sh", ""):
        return
    for number, line in numbered(text):
        if len(line) > LINE_COLUMNS and "http" not in line:
            yield Finding(path, number, f"{len(line)} columns; at most {LINE_COLUMNS}")


def check_promises(path: str, text: str) -> Iterator[Finding]:
    """No word that promises to finish later."""
    if path.startswith("tests/tidy/"):
        return
    for number, line in numbered(text):
        found = re.search(r"\b(TODO|FIXME|XXX|HACK)\b", line)
        if found:
            yield Finding(path, number, f"{found.group(0)}: do it or leave it")


class Function(NamedTuple):
    """A function definition as universal-ctags sees it."""
    path: str
    name: str
    scope: str
    first: int
    last: int

    def may_throw(self) -> bool:
        constructor = self.scope.split("::")[-1] == self.name
        return constructor or self.name == "compile"


def functions_of(paths: list[Path]) -> list[Function]:
    """Every function definition of the files, through universal-ctags."""
    if not paths:
        return []
    run = subprocess.run(
        ["ctags", "--language-force=C++", "--kinds-C++=f", "--fields=nesKZ", "-o", "-", "-L", "-"],
        input="\n".join(map(str, paths)), capture_output=True, text=True, check=True)
    return [f for line in run.stdout.splitlines() if (f := parse_tag(line))]


def parse_tag(line: str) -> Function | None:
    if line.startswith("!"):
        return None
    name, path, rest = line.split("\t", 2)
    first, last = re.search(r"\tline:(\d+)", rest), re.search(r"\tend:(\d+)", rest)
    scope = re.search(r"\tscope:(?:class|struct|namespace):(\S+)", rest)
    if not first or not last:
        return None
    return Function(path, name, scope.group(1) if scope else "", int(first[1]), int(last[1]))


def check_function_lengths(functions: list[Function]) -> Iterator[Finding]:
    for function in functions:
        lines = function.last - function.first + 1
        if lines > FUNCTION_LINES:
            yield Finding(function.path, function.first,
                          f"{function.name} has {lines} lines; at most {FUNCTION_LINES}")


def check_format(paths: list[Path]) -> Iterator[Finding]:
    """clang-format would change nothing; one finding per file."""
    for path in paths:
        run = subprocess.run(["clang-format", "--dry-run", "-Werror", str(path)],
                             capture_output=True, text=True)
        if run.returncode:
            line = re.search(r":(\d+):\d+: error", run.stderr)
            yield Finding(str(path), int(line[1]) if line else 1, "clang-format would change it")


TEXT_CHECKS = [check_layers, check_fences, check_core_bans, check_first_lines, check_file_length,
               check_line_length, check_promises]


def project_files(root: Path) -> list[str]:
    """Tracked files, and new ones that git does not ignore."""
    run = subprocess.run(["git", "ls-files", "--cached", "--others", "--exclude-standard"],
                         cwd=root, capture_output=True, text=True, check=True)
    return sorted({p for p in run.stdout.splitlines() if (root / p).is_file()})


def read_texts(root: Path, paths: list[str]) -> dict[str, str]:
    texts = {}
    for path in paths:
        raw = (root / path).read_bytes()
        if b"\0" not in raw:
            texts[path] = raw.decode(errors="replace")
    return texts


def relative(root: Path, function: Function) -> Function:
    return function._replace(path=str(Path(function.path).relative_to(root)))


def run_checks(root: Path) -> dict[str, list[Finding]]:
    """Findings by the check's name."""
    texts = read_texts(root, project_files(root))
    cpp = [root / p for p in texts if is_cpp(p)]
    functions = [relative(root, f) for f in functions_of(cpp)]
    results = {c.__name__: [f for p, t in texts.items() for f in c(p, t)] for c in TEXT_CHECKS}
    results["check_throws"] = [
        f for p, t in texts.items()
        for f in check_throws(p, t, [g for g in functions if g.path == p])]
    results["check_function_lengths"] = list(check_function_lengths(functions))
    import compliance  # here, for it needs this module's readers
    results["check_compliance"] = [Finding("COMPLIANCE.md", 1, what)
                                   for what in compliance.findings()]
    import costs
    results["check_costs"] = [Finding("ARCHITECTURE.md", *found)
                              for found in costs.findings(texts)]
    results["check_format"] = [
        f._replace(path=str(Path(f.path).relative_to(root))) for f in check_format(cpp)]
    return results


def main() -> int:
    failed = 0
    results = run_checks(ROOT)
    for name, findings in results.items():
        print(f"{'FAIL' if findings else 'ok  '} {name.removeprefix('check_')}"
              + (f": {len(findings)} findings" if findings else ""))
        for finding in findings:
            print(f"  {finding}")
        failed += bool(findings)
    print(f"{len(results) - failed} passed, {failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
