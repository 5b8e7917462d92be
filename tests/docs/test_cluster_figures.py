"""Figures of docs/cluster.md are those that were recorded, all of them and not the kind ones."""

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
RECORDED = (ROOT / "benchmarks" / "README.md").read_text(encoding="utf-8")
PAGE = (ROOT / "docs" / "cluster.md").read_text(encoding="utf-8")


def cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


def recorded(mark: str) -> list[str]:
    _, found, rest = RECORDED.partition(f"<!-- cluster {mark} -->")
    assert found
    return rest.partition(f"<!-- /cluster {mark} -->")[0].splitlines()


def shown(first: str) -> dict[str, list[str]]:
    """Rows of the page's table whose first heading it is."""
    lines = PAGE.partition(f"| {first} |")[2].partition("\n\n")[0].splitlines()[2:]
    return {name: rest for name, *rest in map(cells, lines)}


def test_the_share_of_in_process_is_shown_for_every_measured_place() -> None:
    found: dict[str, list[str]] = {}
    place = ""
    for line in recorded("throughput"):
        if heading := re.match(r"(\d+) at once, (\d+ ms), ", line):
            place = f"{heading[1]}, {heading[2]}"
        elif line.startswith("| local:"):
            found.setdefault(place, []).append(cells(line)[4])
    assert found
    assert shown("at once, an answer takes") == found


def test_429s_are_shown_beside_in_process_for_every_limit() -> None:
    rows = [cells(line) for line in recorded("refusals") if line.startswith(("| partner", "| customer"))]
    assert rows
    assert shown("limit") == {name: [cell.partition(" (")[0] for cell in rest] for name, *rest in rows}
