"""Parts of README.md and other texts of the tree, for pages that would else repeat them."""

import os
import re
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[2]
_PAGES: Final = {
    "SECURITY.md": "explanation/security.md",
    "jobs/README.md": "how-to/jobs.md",
    "jobs/cluster/README.md": "how-to/cluster.md",
    "jobs/systemd/README.md": "how-to/systemd.md",
    "sample_inputs/README.md": "reference/samples.md",
}
"""Where a file of the tree is a page of its own."""
_HEADING: Final = re.compile(r"^(#+) ")
_LINK: Final = re.compile(r"(\]\()(?!https?:|#|mailto:)([^)#\s]+)")
_SETTINGS_MARK: Final = re.compile(r"<!-- /?settings -->\n")


def part(name: str, title: str, *, below: int, page: str) -> str:
    """The text below a heading of a file at the top of the tree, to stand in another page.

    Args:
        name: of the file, from the top of the tree.
        title: of the heading; empty for all below the file's title.
        below: level of the heading that it is to stand under.
        page: path of that page within docs/, so that links lead to the same places.

    Raises:
        LookupError: there is no such heading.
    """
    lines = _SETTINGS_MARK.sub("", (ROOT / name).read_text(encoding="utf-8")).splitlines()
    first, level = _find(lines, title, name)
    taken: list[str] = []
    fenced = False
    for line in lines[first + 1 :]:
        fenced ^= line.startswith("```")
        heading = None if fenced else _HEADING.match(line)
        if heading and len(heading[1]) <= level:
            break
        taken.append("#" * (len(heading[1]) + below - level) + line[len(heading[1]) :] if heading else line)
    beside = Path(name).parent
    return _LINK.sub(lambda link: link[1] + _from(page, os.path.normpath(beside / link[2])), "\n".join(taken).strip())


def table(name: str, title: str) -> list[list[str]]:
    """The lines of the first table below a heading, without its header. Raises LookupError: no heading, no table."""
    lines = [line for line in part(name, title, below=2, page="index.md").splitlines() if line.startswith("|")]
    if not lines:
        raise LookupError(f"{name} has no table below {title!r}, which is taken from there")
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def _find(lines: list[str], title: str, name: str) -> tuple[int, int]:
    for number, line in enumerate(lines):
        heading = _HEADING.match(line)
        if heading and (line[heading.end() :].strip() == title or not title):
            return number, len(heading[1])
    raise LookupError(f"{name} has no heading {title!r}, which a page of docs/ takes its text from")


def _from(page: str, target: str) -> str:
    where = f"docs/{_PAGES[target]}" if target in _PAGES else target
    return os.path.relpath(ROOT / where, (ROOT / "docs" / page).parent)
