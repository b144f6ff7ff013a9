"""The table of ARCHITECTURE.md that says what a busy flow costs is held to the source.

A row is | what | bytes | `Type` in `file` | bound | resource |: the file says with a static_assert
that the type is so large, a bound in backticks is an option of the configuration, and the resource
is one that the metrics count.
"""

import re
from typing import Iterator

HEADING = "### What a busy flow costs"
SCHEMA, FAMILIES = "src/control/schema.cc", "src/control/families.cc"


def rows(document: str) -> Iterator[tuple[int, list[str]]]:
    """Line number and cells of each row below the heading, its two first lines left out."""
    found = False
    lines = document.splitlines()
    for number, line in enumerate(lines, 1):
        if line.startswith("#"):
            found = line == HEADING
        elif found and line.startswith("|") and not re.match(r"\|(-| what )", line):
            yield number, [cell.strip() for cell in line.strip("|").split("|")]


def judge(cells: list[str], texts: dict[str, str]) -> Iterator[str]:
    _, size, kind, bound, resource = cells
    named = re.fullmatch(r"`(\w+)` in `([^`]+)`", kind)
    if not named:
        yield f"{kind}: not `Type` in `file`"
    else:
        asserted = rf"static_assert\(sizeof\({named[1]}\) == {size}\b"
        if not re.search(asserted, texts.get(named[2], "")):
            yield f"{named[2]} does not assert that a {named[1]} has {size} bytes"
    for option in re.findall(r"`(\w+)`", bound):
        if f'"{option}"' not in texts.get(SCHEMA, ""):
            yield f"{option} is no option of the configuration"
    counted = resource.strip("`")
    if f'"{counted}"' not in texts.get(FAMILIES, ""):
        yield f"{counted} is not counted"


def findings(texts: dict[str, str]) -> Iterator[tuple[int, str]]:
    found = list(rows(texts.get("ARCHITECTURE.md", "")))
    if not found:
        yield 1, f"no table below {HEADING!r}"
    for number, cells in found:
        if len(cells) != 5:
            yield number, "a row has five cells"
            continue
        for message in judge(cells, texts):
            yield number, message
