"""Each cell: so many connections and so much service time; how many rows of it, and what came of whom."""

import shutil
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import program, users
from benchmarks.measuring import Measured, measured
from benchmarks.service.beside import Report, Service
from benchmarks.speed.peers.catalogue import Asked, Peer

ROWS_UNDELAYED: Final = 4_000
"""Without service time: the same for all, that whole processes can be put side by side."""
ROWS_TO_CLIMB: Final = 50
"""For each connection of the program: its pacer allows one for 40 rows, and has to get there."""
START_ROWS: Final = 200
START_CONNECTIONS: Final = 16
_STOPPED_SECONDS: Final = 8.0
_PROGRAM_STOPPED_SECONDS: Final = 40.0
"""Whoever takes longer is judged by what was done by then."""
_LEAST_ROWS_FOR_CPU: Final = 1_000
_LEAST_CPU_SECONDS: Final = 0.5


@dataclass(frozen=True, slots=True)
class Cell:
    """What all peers are asked to do."""

    connections: int
    delay_milliseconds: int

    @property
    def bound(self) -> float | None:
        """Rows a second that the service's time allows; None: no such bound."""
        return 1000 * self.connections / self.delay_milliseconds if self.delay_milliseconds else None

    def rows(self, peer: Peer, seconds: float) -> int:
        """For about so many seconds; for twice as many of the program, that it can climb."""
        if self.bound is None:
            return ROWS_UNDELAYED // 2 if self.connections == 1 or peer.serial else ROWS_UNDELAYED
        rate = min(self.bound, peer.most_a_second)
        if not peer.is_program:
            return max(int(seconds * rate), 2 * self.connections)
        return max(int(2 * seconds * rate), ROWS_TO_CLIMB * self.connections if self.connections > 1 else 0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Start:
    """What a peer costs before it has sent much."""

    cpu_seconds: float
    rows: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Result:
    """What a peer did in a cell.

    Attributes:
        process: whole.
        report: what the service saw.
        cpu_micros: a row, its start taken away; None where too little was sent to say.
    """

    peer: Peer
    process: Measured
    report: Report
    cpu_micros: float | None

    @property
    def whole_rate(self) -> float:
        """Rows a second of the whole process, its start and end too."""
        return self.report.resets / self.process.seconds


class Bench:
    """Measures one peer after the other against one service.

    Args:
        folder: on the disk that is measured too.
        seconds: about so long for a cell of a peer.
        recipient: whom the program seals to.
        tell: told what is under way.
    """

    def __init__(
        self, service: Service, folder: Path, *, seconds: float, recipient: str, tell: Callable[[str], None]
    ) -> None:
        self._service = service
        self._folder = folder
        self._seconds = seconds
        self._recipient = recipient
        self._tell = tell
        self._starts: dict[str, Start] = {}

    def cell(self, cell: Cell, peers: Sequence[Peer], *, times: int = 1) -> list[Result]:
        """In turn, so that a slow minute of the machine hits all; of several times the fastest whole process."""
        found: dict[str, Result] = {}
        for _ in range(times):
            for peer in peers:
                self._tell(f"{cell.connections} connections, {cell.delay_milliseconds} ms: {peer.name}")
                result = self._result(cell, peer)
                before = found.get(peer.name)
                if before is None or result.whole_rate > before.whole_rate:
                    found[peer.name] = result
        return list(found.values())

    def _result(self, cell: Cell, peer: Peer) -> Result:
        start = self._starts.get(peer.name)
        if start is None:
            process, report = self._sent(peer, Cell(START_CONNECTIONS, 0), START_ROWS)
            self._starts[peer.name] = start = Start(cpu_seconds=process.cpu_seconds, rows=report.resets)
        process, report = self._sent(peer, cell, cell.rows(peer, self._seconds))
        rows, cpu_seconds = report.resets - start.rows, process.cpu_seconds - start.cpu_seconds
        if process.stopped and peer.is_program:
            # It has not come to its end, which is in what would be taken away.
            rows, cpu_seconds = report.resets, process.cpu_seconds
        enough = rows >= _LEAST_ROWS_FOR_CPU or (rows > 0 and cpu_seconds >= _LEAST_CPU_SECONDS)
        return Result(
            peer=peer, process=process, report=report, cpu_micros=1e6 * cpu_seconds / rows if enough else None
        )

    def _sent(self, peer: Peer, cell: Cell, rows: int) -> tuple[Measured, Report]:
        folder = self._folder / "cell"
        folder.mkdir()
        try:
            users.write(folder / "users.csv", rows)
            asked = Asked(service=self._service, folder=folder, connections=cell.connections, recipient=self._recipient)
            command = peer.command(asked)
            self._service.begin(cell.delay_milliseconds)
            process = measured(
                command,
                environ=program.environ(folder) | {"TOKEN": program.TOKEN, "PYTHONPATH": str(Path.cwd())},
                folder=folder,
                most_seconds=_PROGRAM_STOPPED_SECONDS if peer.is_program else _STOPPED_SECONDS,
            )
            report = self._service.end(peer.name)
        finally:
            shutil.rmtree(folder)
        if not process.stopped and report.resets != rows:
            raise RuntimeError(f"{peer.name} ended well and sent {report.resets} of {rows} rows")
        return process, report
