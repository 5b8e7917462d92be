"""The service beside whoever measures: a process on a core of its own, where there are two."""

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import click


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What came to the service.

    Attributes:
        resets: PATCH requests that were as documented.
        first_at: when the first of them came, on the monotonic clock, which processes share.
        rate: resets a second, from the first one to the last answer.
        later_rate: the same of the second half: whoever climbs has climbed.
        most_under_way: at once.
        cpu_micros: the service's own, a request: one core carries no more than a million over that.
    """

    resets: int
    first_at: float | None
    rate: float
    later_rate: float
    most_under_way: int
    connections: int
    looks: int
    cpu_micros: float


class Service:
    """One at a time asks it."""

    def __init__(self, ask: IO[str], answer: IO[str], ca_file: Path) -> None:
        self._ask = ask
        self._answer = answer
        self.ca_file = ca_file
        self.base_url = f"https://localhost:{json.loads(answer.readline())['port']}"

    def begin(self, delay_milliseconds: int) -> None:
        """Count anew."""
        self._said({"begin": delay_milliseconds})

    def end(self, who: str) -> Report:
        """What came. Raises ClickException when `who` did not send what was to be sent."""
        came = self._said({"end": True})
        if came["twice"] or came["strange"] or came["passwords"] < came["users"]:
            raise click.ClickException(
                f"{who} is no fair peer: {came['twice']} users twice, {came['strange']} requests that are not as"
                f" documented ({came['strange_first']}), {came['passwords']} passwords for {came['users']} users"
            )
        first, resets = came["first_at"], came["resets"]
        seconds = came["last_at"] - first if first is not None else 0.0
        return Report(
            resets=resets,
            first_at=first,
            rate=resets / seconds if seconds > 0 else 0.0,
            later_rate=came["second_half_a_second"] or 0.0,
            most_under_way=came["most_under_way"],
            connections=came["connections"],
            looks=came["looks"],
            cpu_micros=1e6 * came["cpu_seconds"] / max(1, resets + came["looks"]),
        )

    def _said(self, what: dict[str, object]) -> Any:
        self._ask.write(json.dumps(what) + "\n")
        self._ask.flush()
        return json.loads(self._answer.readline())


def cores() -> tuple[list[int], list[int]]:
    """Those of the service, and those of whoever is measured; both all of them where there is only one."""
    allowed = sorted(os.sched_getaffinity(0))
    return (allowed, allowed) if len(allowed) == 1 else (allowed[-1:], allowed[:-1])


@contextlib.contextmanager
def serving(folder: Path) -> Iterator[Service]:
    """While the block runs; this process and all that it starts afterwards keep off the service's core."""
    service_cores, our_cores = cores()
    allowed = os.sched_getaffinity(0)
    with started(folder, service_cores) as service:
        os.sched_setaffinity(0, our_cores)
        try:
            yield service
        finally:
            os.sched_setaffinity(0, allowed)


@contextlib.contextmanager
def started(folder: Path, on: Sequence[int] = ()) -> Iterator[Service]:
    """While the block runs, on these cores, or on any."""
    ca_file = folder / "ca.pem"
    command = [sys.executable, "-m", "benchmarks.service", str(ca_file), *map(str, on)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:  # noqa: S603  ours
        assert process.stdin is not None  # noqa: S101  a pipe
        assert process.stdout is not None  # noqa: S101  a pipe
        try:
            yield Service(process.stdin, process.stdout, ca_file)
        finally:
            process.terminate()
