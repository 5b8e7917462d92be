"""What is measured of a run of one size: every command, in the order in which people give them."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks import program, users
from benchmarks.measuring import measured
from benchmarks.service.beside import Service

DONE_SHARE: Final = 0.99
SENDING: Final = "4s"
"""So long runs send before they are stopped, however many rows are left."""
DELAY_MILLISECONDS: Final = 50
_BYTES_A_ROW: Final = 1_000
_STOPPED: Final = (0, 3, 4)
"""Finished, finished with rows that need a look, stopped by its limit."""
_HOUR: Final = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """A command of a run of this size.

    Attributes:
        first_seconds: from the start of the process to its first reset; None where none is sent.
    """

    name: str
    seconds: float
    mebibytes: float
    first_seconds: float | None = None


def room_needed(rows: int) -> int:
    """Bytes on disk at the most."""
    return rows * _BYTES_A_ROW + (1 << 26)


class Steps:
    """One run after the other, each of its own size.

    Args:
        folder: all is made here and removed again.
        tell: told what is under way.
    """

    def __init__(self, service: Service, folder: Path, tell: Callable[[str], None]) -> None:
        self._service = service
        self._folder = folder
        self._tell = tell
        self._key, self._recipient = program.key_pair(folder)

    def of(self, rows: int) -> Iterator[Step]:
        """`plan`, `apply` of it, `run` of the same, and, of a run of which nearly all is done, the others."""
        inside = self._folder / str(rows)
        inside.mkdir()
        try:
            yield from self._of(inside, rows)
        finally:
            shutil.rmtree(inside)

    def _of(self, inside: Path, rows: int) -> Iterator[Step]:
        users.write(inside / "users.csv", rows)
        job = program.write_job(inside, self._service, recipient=self._recipient, max_duration=SENDING)
        given = [str(inside / "users.csv"), "--job", str(job), "--run-id", program.RUN_ID, "--quiet"]
        yield self._step("plan", rows, ["plan", *given], inside)
        frozen = inside / "runs" / program.RUN_ID

        shutil.copytree(frozen, inside / "applied" / program.RUN_ID)
        apply = ["apply", "--yes", "--quiet", "--again"]
        yield self._step("apply", rows, [*apply, str(inside / "applied" / program.RUN_ID)], inside)
        shutil.rmtree(inside / "applied")
        yield self._step("run", rows, ["run", *given, "--yes", "--again", "--runs-dir", "carried-out"], inside)
        shutil.rmtree(inside / "carried-out")

        done = int(rows * DONE_SHARE)
        fill = [program.COMMAND[0], "-m", "benchmarks.size.fill", str(frozen), str(done), self._recipient]
        self._tell(f"{rows:,} rows: filling a ledger")
        measured(fill, environ={"PYTHONPATH": str(Path.cwd())})
        yield self._step("status", rows, ["status", str(frozen)], inside)
        yield self._step("apply, 99 % done", rows, [*apply, str(frozen)], inside)
        yield self._step("results", rows, ["results", str(frozen)], inside)
        yield from self._copied("results as Parquet", rows, ["results", str(frozen), "--results"], inside / "r.parquet")
        yield self._step("report", rows, ["report", str(frozen)], inside)
        handover = ["handover", str(frozen), "--identity", str(self._key), "--out"]
        yield from self._copied("handover", rows, handover, inside / "handed.csv")
        yield self._step("reconcile", rows, ["reconcile", str(frozen)], inside)

    def _copied(self, name: str, rows: int, words: Sequence[str], to: Path) -> Iterator[Step]:
        """What is written there makes room for the next."""
        yield self._step(name, rows, [*words, str(to)], to.parent)
        to.unlink()

    def _step(self, name: str, rows: int, words: Sequence[str], inside: Path) -> Step:
        self._tell(f"{rows:,} rows: {name}")
        self._service.begin(DELAY_MILLISECONDS)
        process = measured(
            [*program.COMMAND, *words],
            environ=program.environ(inside),
            folder=inside,
            most_seconds=_HOUR,
            codes=_STOPPED,
        )
        first_at = self._service.end(name).first_at
        return Step(
            name=name,
            seconds=process.seconds,
            mebibytes=process.mebibytes,
            first_seconds=None if first_at is None else first_at - process.began_at,
        )
