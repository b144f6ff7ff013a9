#!/usr/bin/python3
"""The RFCs, clause by clause: where the source obeys and which test shows it. Writes COMPLIANCE.md.

    tests/tidy/compliance.py            writes the document anew
    tests/tidy/compliance.py --check    says what is missing or stale; nothing is written

Citations are `RFC n section x` (also `sections x, y and z`) and the ids of RFC 9293's Appendix B
(`MUST-3`, `SHLD-18, 19`). A test is a GoogleTest case, a Python test or a simulator's file.
"""

import re
import sys
import tomllib
from collections import defaultdict
from pathlib import Path
from typing import Iterator

import tidy

DOCUMENT = tidy.ROOT / "COMPLIANCE.md"
IDS = Path(__file__).with_name("rfc9293.toml")
SECTION = r"(?:\d+(?:\.\d+)*|[A-Z](?:\.\d+)+)"
CLAUSES = re.compile(rf"RFC (\d+),? sections? ({SECTION}(?:(?:,| and|, and| to) {SECTION})*)")
MARK = re.compile(r"\b(MUST|SHLD|MAY)-(\d+)((?:,? (?:and )?\d+(?!\d|\.\d))*)")
CASE = re.compile(r"^TEST(?:_[FP])?\(\s*(\w+),\s*(\w+)|^ *def (test_\w+)|^class (\w+)",
                  re.MULTILINE)
# Where an id of MARK stands in other documents' sense, or is only listed.
NOT_CITING = ("tests/tidy/",)

Places = dict[str, set[str]]


def joined(text: str) -> str:
    """Comments that go on over a line read as one; no offset moves."""
    lines, commented = [], False
    for line in text.splitlines(keepends=True):
        if commented and (start := re.match(r"[ \t]*(?:///?<?|#)", line)):
            lines[-1] = lines[-1].replace("\n", " ")
            line = " " * start.end() + line[start.end():]
            lines.append(line)
        else:
            lines.append(line)
            commented = bool(re.search(r"//|#", line))
    return "".join(lines)


def citations(text: str) -> Iterator[tuple[str, int]]:
    """Each citation, as `RFC n section x` or an id, with its offset. Blanks count as one."""
    for match in CLAUSES.finditer(re.sub(r"[ \t]", " ", text)):
        for section in re.findall(SECTION, match[2]):
            yield f"RFC {match[1]} section {section}", match.start()
    for match in MARK.finditer(text):
        yield f"{match[1]}-{match[2]}", match.start()
        for number in re.findall(r"\d+", match[3]):
            yield f"{match[1]}-{number}", match.start()


def squeezed(text: str) -> str:
    """Runs of blanks as one blank; line ends stay."""
    return re.sub(r"[ \t]+", " ", text)


def case_at(text: str, cases: list[tuple[int, str]], offset: int, otherwise: str) -> str:
    """The test case that an offset lies in; a comment of its own lines belongs to the next one."""
    line = text.rfind("\n", 0, offset) + 1
    if text.startswith("//", line):
        after = [name for start, name in cases if start > offset]
        return after[0] if after else otherwise
    before = [name for start, name in cases if start <= offset]
    return before[-1] if before else otherwise


def cases_of(text: str) -> list[tuple[int, str]]:
    cases, group = [], ""
    for match in CASE.finditer(text):
        if match[4]:
            group = match[4]
        name = f"{match[1]}.{match[2]}" if match[1] else f"{group}.{match[3] or ''}".strip(".")
        cases.append((match.start(), name))
    return cases


def collect(texts: dict[str, str]) -> tuple[Places, Places]:
    """Who obeys (files of include/ and src/) and who shows (test cases, else files)."""
    obeyed: Places = defaultdict(set)
    shown: Places = defaultdict(set)
    for path, raw in texts.items():
        if path.startswith(NOT_CITING) or not path.startswith(("src/", "include/", "tests/")):
            continue
        text = squeezed(joined(raw))
        in_tests = path.startswith("tests/")
        cases = cases_of(text) if in_tests else []
        for citation, offset in citations(text):
            if in_tests:
                shown[citation].add(case_at(text, cases, offset, path))
            else:
                obeyed[citation].add(path)
    return obeyed, shown


def requirement_findings(book: dict, obeyed: Places, shown: Places) -> Iterator[str]:
    """Ids without both citations and without a reason, and ids that there are not."""
    ids = book["ids"]
    for name in sorted((set(obeyed) | set(shown)) & {c for c in set(obeyed) | set(shown)
                                                    if "-" in c}, key=order):
        if name not in ids:
            yield f"{name} is cited, but RFC 9293 has no such id"
    for name in ids:
        if name in book["deliberate"] or name in book["elsewhere"]:
            continue
        if name not in obeyed:
            yield f"no source cites {name}: {ids[name][1]}"
        if name not in shown:
            yield f"no test cites {name}: {ids[name][1]}"


def is_shown(clause: str, shown: Places) -> bool:
    """By a test of the clause, or of a part of it."""
    return any(other == clause or other.startswith(clause + ".") for other in shown)


def clause_findings(obeyed: Places, shown: Places) -> Iterator[str]:
    for clause in sorted(obeyed, key=order):
        if clause.startswith("RFC") and not is_shown(clause, shown):
            yield f"no test cites {clause} ({min(obeyed[clause])})"


def order(name: str) -> list:
    """Numbers in a name count as numbers."""
    return [(0, int(p), "") if p.isdigit() else (1, 0, p) for p in re.findall(r"\d+|\D+", name)]


def short(places: set[str]) -> str:
    """Some places, in words: a table row stays readable."""
    names = [re.sub(r"^(include/terminus|src)/", "", p) for p in sorted(places)]
    names = sorted(set(names))
    return ", ".join(names[:3]) + (f" and {len(names) - 3} more" if len(names) > 3 else "")


def requirement_rows(book: dict, obeyed: Places, shown: Places) -> Iterator[str]:
    yield "| id | section | what it asks | obeyed in | shown by |"
    yield "|---|---|---|---|---|"
    for name, (section, says) in book["ids"].items():
        why = book["deliberate"].get(name)
        if why:
            where, test = f"Deliberate: {why}", short(shown.get(name, set()))
        elif name in book["elsewhere"]:
            where, test = book["elsewhere"][name], ""
        else:
            where, test = short(obeyed.get(name, set())), short(shown.get(name, set()))
        yield f"| {name} | {section} | {says} | {where} | {test} |"


def clause_rows(obeyed: Places, shown: Places) -> Iterator[str]:
    yield "| clause | obeyed in | shown by |"
    yield "|---|---|---|"
    for clause in sorted((c for c in obeyed if c.startswith("RFC")), key=order):
        tests = set().union(*(cases for other, cases in shown.items()
                              if other == clause or other.startswith(clause + ".")))
        yield f"| {clause} | {short(obeyed[clause])} | {short(tests)} |"


def render(book: dict, obeyed: Places, shown: Places) -> str:
    lines = [
        "# The RFCs, clause by clause", "",
        "Generated by `tests/tidy/compliance.py` from the citations in the source and the tests;",
        "`tests/run tidy` fails when it is stale, or when something cited has no test.", "",
        "## RFC 9293, Appendix B", "",
        *requirement_rows(book, obeyed, shown), "",
        "## Every clause that the source cites", "",
        *clause_rows(obeyed, shown), ""]
    return "\n".join(lines)


def read() -> tuple[dict, Places, Places]:
    with open(IDS, "rb") as file:
        book = tomllib.load(file)
    texts = tidy.read_texts(tidy.ROOT, tidy.project_files(tidy.ROOT))
    return book, *collect(texts)


def findings() -> list[str]:
    book, obeyed, shown = read()
    found = [*requirement_findings(book, obeyed, shown), *clause_findings(obeyed, shown)]
    old = DOCUMENT.read_text() if DOCUMENT.exists() else ""
    if old != render(book, obeyed, shown):
        found.append("COMPLIANCE.md is stale: tests/tidy/compliance.py writes it anew")
    return found


def main(words: list[str]) -> int:
    if "--check" in words:
        found = findings()
        print("\n".join(found) or "nothing is missing")
        return 1 if found else 0
    DOCUMENT.write_text(render(*read()))
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
