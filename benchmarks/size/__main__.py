"""`make bench-size`: peak memory and time of every command, of runs of 1 thousand to 5 million rows.

Large ledgers are filled through the program's own writer, without sending; `apply` and `run` send for some seconds and
are then stopped by [safety] max_duration, with everything written that a stopped run leaves.
"""

import argparse
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

import click

from benchmarks.recording import record
from benchmarks.service.beside import serving
from benchmarks.size.steps import Step, Steps, room_needed
from benchmarks.tables import figure, table

_SIZES: Final = (1_000, 100_000, 1_000_000, 5_000_000)
_MILLION: Final = 1_000_000
MOST_MEBIBYTES: Final = 286
"""300 MB."""
MOST_MORE_MEBIBYTES: Final = 143
"""150 MB."""
_Found = Mapping[int, Sequence[Step]]


def _lines(found: _Found) -> Iterator[str]:
    sizes = list(found)
    names = [step.name for step in found[sizes[0]]]
    by_name = {(rows, step.name): step for rows, steps in found.items() for step in steps}
    head = [f"{rows:,} rows" for rows in sizes]
    yield f"Peak memory in MiB (wanted: at most {MOST_MEBIBYTES}; at most {MOST_MORE_MEBIBYTES} more than the first):"
    yield ""
    yield from table(
        ("", *head, "more", "met"),
        (_memory(name, [by_name[rows, name].mebibytes for rows in sizes]) for name in names),
    )
    yield ""
    yield "Seconds, the whole process:"
    yield ""
    yield from table(
        ("", *head), ([name, *(figure(by_name[rows, name].seconds, 1) for rows in sizes)] for name in names)
    )
    yield ""
    yield "Seconds from the start of the process to the first reset:"
    yield ""
    sending = [name for name in names if by_name[sizes[0], name].first_seconds is not None]
    yield from table(
        ("", *head), ([name, *(figure(by_name[rows, name].first_seconds, 2) for rows in sizes)] for name in sending)
    )
    if _MILLION in sizes:
        yield ""
        yield from table(("1 million rows", "seconds", "at most", "met"), _times(found[_MILLION]))


def _memory(name: str, peaks: Sequence[float]) -> list[str]:
    more = max(peaks) - peaks[0]
    met = max(peaks) <= MOST_MEBIBYTES and more <= MOST_MORE_MEBIBYTES
    return [name, *(figure(peak) for peak in peaks), figure(more), "yes" if met else "NO"]


def _times(steps: Sequence[Step]) -> Iterator[list[str]]:
    by_name = {step.name: step for step in steps}
    for what, found, most in (
        ("plan", by_name["plan"].seconds, 6.0),
        ("first reset of a plan that exists", by_name["apply"].first_seconds, 1.5),
        ("first reset of what is left of 99 %", by_name["apply, 99 % done"].first_seconds, 5.0),
        ("results", by_name["results"].seconds, 10.0),
    ):
        yield [what, figure(found, 2), figure(most, 1), "yes" if found is not None and found <= most else "NO"]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.size", description=__doc__)
    parser.add_argument("--rows", type=int, default=max(_SIZES), help="no more than so many: %(default)s")
    parser.add_argument("--record", action="store_true", help="write the tables into README.md, too")
    parser.add_argument("--folder", type=Path, default=Path(tempfile.gettempdir()), help="%(default)s")
    asked = parser.parse_args()
    sizes = [rows for rows in _SIZES if rows <= asked.rows] or [asked.rows]
    room, free = room_needed(max(sizes)), shutil.disk_usage(asked.folder).free
    click.echo(f"Needs {room / 1e9:.1f} GB in {asked.folder} for a while; {free / 1e9:.1f} GB are free.", err=True)
    if free < room:
        raise SystemExit("Not enough room: choose another --folder, or fewer --rows.")
    found: dict[int, list[Step]] = {}
    with tempfile.TemporaryDirectory(dir=asked.folder) as inside, serving(Path(inside)) as service:
        steps = Steps(service, Path(inside), tell=lambda what: click.echo(what, err=True))
        for rows in sizes:
            found[rows] = list(steps.of(rows))
    lines = list(_lines(found))
    for line in lines:
        click.echo(line)
    if asked.record:
        record("size", lines)


if __name__ == "__main__":
    main()
