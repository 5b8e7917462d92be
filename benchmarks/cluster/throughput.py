"""Rows a second and processor time a row, sent by this process and by 1, 2 and 4 workers, to one service."""

import shutil
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import program, users
from benchmarks.cluster.watched import COORDINATOR, SCHEDULER, WORKERS, Watched, watched
from benchmarks.service.beside import Report, Service
from benchmarks.tables import figure, table

HERE: Final = "in-process"
SENDERS: Final = (HERE, "local:1", "local:2", "local:4")
_ROWS_TO_CLIMB: Final = 50
_LEAST_ROWS: Final = 4_000
_MOST_A_SECOND: Final = 2_000
_HEAD: Final = (
    "", "first reset, s", "sending, rows/s", "second half", "over the first row's", "coordinator, µs a row", "workers",
    "scheduler", "service", "all", "cores used",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Cell:
    """What is asked of all.

    Attributes:
        rows: 0: enough to climb and to go on for a while.
    """

    connections: int
    delay_milliseconds: int
    rows: int = 0

    @property
    def enough_rows(self) -> int:
        """To climb, and for four seconds more."""
        rate = 1000 * self.connections / self.delay_milliseconds if self.delay_milliseconds else _MOST_A_SECOND
        climbing = _ROWS_TO_CLIMB * self.connections if self.delay_milliseconds else 0
        return self.rows or max(_LEAST_ROWS, climbing, int(4 * min(rate, _MOST_A_SECOND)))


@dataclass(frozen=True, slots=True, kw_only=True)
class Sent:
    """By whom, and how it went. What is said of the second half is said of the time in which half of the rows came."""

    senders: str
    process: Watched
    report: Report

    @property
    def until(self) -> float:
        """When the last answer came, on the monotonic clock."""
        return (self.report.first_at or 0.0) + self.report.resets / self.report.rate

    @property
    def first_seconds(self) -> float:
        """From the start of the process to the first reset."""
        return (self.report.first_at or 0.0) - self.process.began_at

    def micros(self, *kinds: str) -> float:
        """CPU a row, in the second half."""
        rows = self.report.resets / 2
        since = self.until - rows / self.report.later_rate
        return 1e6 * sum(self.process.cpu_seconds(kind, since, self.until) for kind in kinds) / rows


def cells(*, quick: bool) -> Sequence[Cell]:
    """Of the tables."""
    if quick:
        return [Cell(64, 50)]
    return [Cell(at_once, wait) for wait in (0, 50, 300) for at_once in (64, 256)]


class Bench:
    """Carries runs out against one service, one after the other.

    Args:
        folder: on the disk that is measured too.
        recipient: whom the program seals to.
        tell: told what is under way.
    """

    def __init__(self, service: Service, folder: Path, *, recipient: str, tell: Callable[[str], None]) -> None:
        self._service = service
        self._folder = folder
        self._recipient = recipient
        self._tell = tell

    def sent(self, cell: Cell, senders: str) -> Sent:
        """A whole run."""
        self._tell(f"{cell.connections} at once, {cell.delay_milliseconds} ms, {cell.enough_rows} rows: {senders}")
        inside = self._folder / "run"
        inside.mkdir()
        try:
            users.write(inside / "users.csv", cell.enough_rows)
            job = program.write_job(
                inside, self._service, recipient=self._recipient, connections=cell.connections, report=False
            )
            command = program.run_command(inside / "users.csv", job)
            self._service.begin(cell.delay_milliseconds)
            process = watched(
                command if senders == HERE else [*command, "--cluster", senders],
                environ=program.environ(inside) | {"PYTHONPATH": str(Path.cwd())},
                folder=inside,
            )
            return Sent(senders=senders, process=process, report=self._service.end(senders))
        finally:
            shutil.rmtree(inside)

    def lines(self, wanted: Sequence[Cell], senders: Sequence[str]) -> Iterator[str]:
        """A table for each cell; all of them in turn."""
        for cell in wanted:
            found = {name: self.sent(cell, name) for name in senders}
            yield f"{cell.connections} at once, {cell.delay_milliseconds} ms, {cell.enough_rows:,} rows:"
            yield ""
            yield from table(_HEAD, (_row(one, found) for one in found.values()))
            yield ""


def _row(one: Sent, found: Mapping[str, Sent]) -> list[str]:
    first = next(iter(found.values()))
    kinds = [one.micros(kind) for kind in (COORDINATOR, WORKERS, SCHEDULER)]
    every = [*kinds, one.report.cpu_micros]
    apart = [figure(micros) if one.senders != HERE else "" for micros in kinds[1:]]
    return [
        one.senders,
        figure(one.first_seconds, 1),
        figure(one.report.rate),
        figure(one.report.later_rate),
        figure(one.report.later_rate / first.report.later_rate, 2),
        figure(kinds[0]),
        *apart,
        figure(one.report.cpu_micros),
        figure(sum(every)),
        figure(sum(every) * one.report.later_rate / 1e6, 2),
    ]
