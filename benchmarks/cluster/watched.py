"""One run of the program with all of its processes: what each kind of them used, and when.

A worker's parent is the cluster's one child, whose session all of them are in: by that they are known apart. What has
ended is not there any more, so that all are looked at every so often; a tick of the kernel's accounts is 10 ms.
"""

import contextlib
import os
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import click

LOOK_SECONDS: Final = 0.05
COORDINATOR: Final = "coordinator"
SCHEDULER: Final = "scheduler"
WORKERS: Final = "workers"
_TICKS: Final = os.sysconf("SC_CLK_TCK")
_PROC: Final = Path("/proc")


@dataclass(frozen=True, slots=True)
class Look:
    """At all of them.

    Attributes:
        at: on the monotonic clock.
        cpu_seconds: so far, by kind.
    """

    at: float
    cpu_seconds: Mapping[str, float]


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """A whole run.

    Attributes:
        began_at: on the monotonic clock.
        mebibytes: of each kind the largest process's peak.
    """

    began_at: float
    seconds: float
    looks: Sequence[Look]
    mebibytes: Mapping[str, float]

    def cpu_seconds(self, kind: str, since: float, until: float) -> float:
        """Between two moments."""
        return self._at(kind, until) - self._at(kind, since)

    def _at(self, kind: str, moment: float) -> float:
        before = self.looks[0]
        for look in self.looks:
            if look.at >= moment:
                span = look.at - before.at
                share = (moment - before.at) / span if span > 0 else 1.0
                first, last = before.cpu_seconds.get(kind, 0.0), look.cpu_seconds.get(kind, 0.0)
                return first + share * (last - first)
            before = look
        return before.cpu_seconds.get(kind, 0.0)


def watched(
    command: Sequence[str], *, environ: Mapping[str, str], folder: Path, codes: Sequence[int] = (0,)
) -> Watched:
    """Run it to its end.

    Args:
        command: of the program.
        environ: beside this process's own.
        folder: its working directory.
        codes: that it may end with.

    Raises:
        ClickException: it ended otherwise.
    """
    began = time.monotonic()
    with (folder / "said").open("w+b") as said:
        process = subprocess.Popen(  # noqa: S603  our own commands
            command, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=said,
            env=dict(os.environ) | dict(environ), cwd=folder,
        )  # fmt: skip
        family = _Family(process.pid)
        looks = [family.look()]
        while process.poll() is None:
            time.sleep(LOOK_SECONDS)
            looks.append(family.look())
        if process.returncode not in codes:
            said.seek(0)
            raise click.ClickException(f"the run ended with {process.returncode}: {said.read().decode()[-2000:]}")
    seconds = time.monotonic() - began
    return Watched(began_at=began, seconds=seconds, looks=looks, mebibytes=family.mebibytes)


class _Family:
    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._cpu: dict[int, tuple[str, float]] = {}
        self.mebibytes: dict[str, float] = {}

    def look(self) -> Look:
        for pid, kind in self._members():
            if (used := _cpu_seconds(pid)) is not None:
                self._cpu[pid] = kind, used
            self.mebibytes[kind] = max(self.mebibytes.get(kind, 0.0), _peak_mebibytes(pid))
        totals: dict[str, float] = {}
        for kind, used in self._cpu.values():
            totals[kind] = totals.get(kind, 0.0) + used
        return Look(time.monotonic(), totals)

    def _members(self) -> Iterator[tuple[int, str]]:
        yield self._pid, COORDINATOR
        for leader in _children(self._pid):
            yield leader, SCHEDULER
            below = _children(leader)
            while below:
                pid = below.pop()
                yield pid, WORKERS
                below += _children(pid)


def _children(pid: int) -> list[int]:
    """Each thread has its own."""
    found: list[int] = []
    for told in (_PROC / str(pid)).glob("task/*/children"):
        with contextlib.suppress(OSError):
            found += [int(child) for child in told.read_text().split()]
    return found


def _cpu_seconds(pid: int) -> float | None:
    try:
        fields = (_PROC / f"{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
    return (int(fields[11]) + int(fields[12])) / _TICKS


def _peak_mebibytes(pid: int) -> float:
    try:
        lines = (_PROC / f"{pid}/status").read_text().splitlines()
    except OSError:
        return 0.0
    return next((int(line.split()[1]) / 1024 for line in lines if line.startswith("VmHWM:")), 0.0)
