"""`make bench-parts`: where the processor time of a whole run goes, by part, in µs a row.

Two runs of different sizes; what the larger one used more, over the rows that it has more, is what a row costs. The
rest is what a run costs however long it is. Shares come from a sampling profiler (`sampled.py` says how), and are
scaled to what the same two runs use without it.
"""

import argparse
import json
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

from benchmarks import program, users
from benchmarks.measuring import measured
from benchmarks.parts.rules import BOOKKEEPING, START
from benchmarks.recording import record
from benchmarks.service.beside import Service, serving
from benchmarks.tables import figure, table

_ROWS: Final = (3_000, 9_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Split:
    """Seconds of processor time of a run without the profiler, by part."""

    parts: Mapping[str, float]


def _split(service: Service, folder: Path, rows: int, *, connections: int, delay: int, recipient: str) -> Split:
    plain = _run(service, folder, rows, connections=connections, delay=delay, recipient=recipient, sampled=None)
    into = folder / "parts.json"
    _run(service, folder, rows, connections=connections, delay=delay, recipient=recipient, sampled=into)
    parts: dict[str, float] = json.loads(into.read_text(encoding="utf-8"))
    scale = plain / sum(parts.values())
    return Split(parts={part: seconds * scale for part, seconds in parts.items()})


def _run(
    service: Service, folder: Path, rows: int, *, connections: int, delay: int, recipient: str, sampled: Path | None
) -> float:
    inside = folder / "run"
    inside.mkdir()
    try:
        users.write(inside / "users.csv", rows)
        job = program.write_job(inside, service, recipient=recipient, connections=connections)
        command = program.run_command(inside / "users.csv", job, sampled=sampled)
        service.begin(delay)
        process = measured(command, environ=program.environ(inside) | {"PYTHONPATH": str(Path.cwd())}, folder=inside)
        service.end(program.RUN_ID)
    finally:
        shutil.rmtree(inside)
    return process.cpu_seconds


def _lines(small: Split, large: Split, rows: tuple[int, int]) -> Iterator[str]:
    more = rows[1] - rows[0]
    parts = sorted(set(small.parts) | set(large.parts))
    a_row = {part: 1e6 * (large.parts.get(part, 0.0) - small.parts.get(part, 0.0)) / more for part in parts}
    a_row[START] = 0.0  # as much for ten rows as for a million: what differs is the machine's mood
    a_run = {part: 1e3 * small.parts.get(part, 0.0) - 1e-3 * a_row[part] * rows[0] for part in parts}
    total = sum(a_row.values())
    shown = sorted(parts, key=lambda part: -a_row[part])
    yield from table(
        ("part", "µs a row", "share", "ms a run"),
        [
            *([part, figure(a_row[part], 1), f"{a_row[part] / total:.0%}", figure(a_run[part])] for part in shown),
            ["**in all**", figure(total, 1), "100%", figure(sum(a_run.values()))],
            [
                "of which ledger, sealing, pacing, logging, engine",
                figure(sum(a_row.get(part, 0.0) for part in BOOKKEEPING), 1),
                f"{sum(a_row.get(part, 0.0) for part in BOOKKEEPING) / total:.0%}",
                "",
            ],
        ],
    )


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.parts", description=__doc__)
    parser.add_argument("--connections", type=int, default=64, help="%(default)s")
    parser.add_argument("--delay", type=int, default=50, help="milliseconds of service time: %(default)s")
    parser.add_argument("--rows", type=int, nargs=2, default=_ROWS, help="two sizes: %(default)s")
    parser.add_argument("--quick", action="store_true", help="of a third of the rows")
    parser.add_argument("--record", action="store_true", help="write the table into README.md, too")
    parser.add_argument("--folder", type=Path, help="on the disk that is to be measured too")
    asked = parser.parse_args()
    few, many = (rows // 3 if asked.quick else rows for rows in asked.rows)
    with tempfile.TemporaryDirectory(dir=asked.folder) as inside, serving(Path(inside)) as service:
        _, recipient = program.key_pair(Path(inside))
        small, large = (
            _split(service, Path(inside), rows, connections=asked.connections, delay=asked.delay, recipient=recipient)
            for rows in (few, many)
        )
    lines = [
        f"{asked.connections} connections, {asked.delay} ms; {few:,} and {many:,} rows:",
        "",
        *_lines(small, large, (few, many)),
    ]
    for line in lines:
        click.echo(line)
    if asked.record:
        record("parts", lines)


if __name__ == "__main__":
    main()
