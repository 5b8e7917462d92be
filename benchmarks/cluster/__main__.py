"""`make bench-cluster`: workers beside this process on the same service, and what a coordinator carries.

Whoever has two cores sees no gain in rows a second: service, coordinator and workers share them. What hosts of their
own would do follows from each one's processor time a row.
"""

import argparse
import contextlib
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Final

import click

from benchmarks import program
from benchmarks.cluster import carried, refusals
from benchmarks.cluster.throughput import HERE, SENDERS, Bench, Cell, Sent, cells
from benchmarks.cluster.watched import COORDINATOR, WORKERS
from benchmarks.recording import record
from benchmarks.service.beside import Service, started
from benchmarks.tables import figure, table

PARTS: Final = ("throughput", "memory", "carried", "refusals")
_MEMORY_ROWS: Final = (20_000, 200_000)


def _bench(service: Service, folder: Path) -> Bench:
    return Bench(service, folder, recipient=program.key_pair(folder)[1], tell=_tell)


def _throughput(folder: Path, *, quick: bool) -> Generator[str, None, None]:
    senders = (HERE, "local:2") if quick else SENDERS
    with started(folder) as service:
        yield from _bench(service, folder).lines(cells(quick=quick), senders)


def _memory(folder: Path, *, quick: bool) -> Generator[str, None, None]:
    few, many = (_MEMORY_ROWS[0] // 10, _MEMORY_ROWS[0]) if quick else _MEMORY_ROWS
    found: dict[tuple[str, int], Sent] = {}
    with started(folder) as service:
        bench = _bench(service, folder)
        for rows in (few, many):
            for name in (HERE, "local:2"):
                found[name, rows] = bench.sent(Cell(256, 50, rows=rows), name)
    yield "Peak memory in MiB, of the largest process of its kind:"
    yield ""
    yield from table(
        ("", f"{few:,} rows", f"{many:,} rows", "more"),
        [
            [what, *_sizes([found[name, rows].process.mebibytes.get(kind, 0.0) for rows in (few, many)])]
            for what, name, kind in (
                (HERE, HERE, COORDINATOR),
                ("coordinator of local:2", "local:2", COORDINATOR),
                ("a worker of local:2", "local:2", WORKERS),
            )
        ],
    )
    yield ""


def _sizes(sizes: list[float]) -> list[str]:
    return [*map(figure, sizes), figure(sizes[1] - sizes[0])]


def _carried(_folder: Path, *, quick: bool) -> Generator[str, None, None]:
    yield from carried.lines(rows=20_000 if quick else 100_000, sampled=not quick, tell=_tell)


def _refusals(folder: Path, *, quick: bool) -> Generator[str, None, None]:
    senders = (HERE, "local:2") if quick else SENDERS
    yield from refusals.lines(folder, senders, seeds=1 if quick else refusals.SEEDS, rows=refusals.ROWS, tell=_tell)


def _tell(what: str) -> None:
    click.echo(what, err=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.cluster", description=__doc__)
    parser.add_argument("--part", choices=PARTS, action="append", help="only this; may be repeated")
    parser.add_argument("--quick", action="store_true", help="few cells and rows: two minutes")
    parser.add_argument("--record", action="store_true", help="write the tables into README.md, too")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured too")
    asked = parser.parse_args()
    measures = dict(zip(PARTS, (_throughput, _memory, _carried, _refusals), strict=True))
    for part in asked.part or PARTS:
        found = []
        with tempfile.TemporaryDirectory(dir=asked.folder) as inside, contextlib.closing(
            measures[part](Path(inside), quick=asked.quick)
        ) as told:  # fmt: skip
            for line in told:
                click.echo(line)
                found.append(line)
        if asked.record:
            record(f"cluster {part}", found)


if __name__ == "__main__":
    main()
