"""Who is measured, how each is started, and what each of them leaves out."""

import importlib.util
import shutil
import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.measuring import measured
from benchmarks.program import TOKEN, run_command, write_job
from benchmarks.service.beside import Service

PROGRAM: Final = "batchreset"
CURL: Final = "curl -Z"
STRAIGHT: Final = "straight script"
MODULE: Final = "module's sequence"
BARE_HTTPTOOLS: Final = "httptools"
BARE_AIOHTTP: Final = ("aiohttp", "aiohttp, uvloop")
BARE_PYREQWEST: Final = "pyreqwest, uvloop"
BARE: Final = (BARE_HTTPTOOLS, *BARE_AIOHTTP, BARE_PYREQWEST)
"""Loops that send and record nothing; whoever is fastest of them is what the program is judged by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """What is to be sent.

    Attributes:
        folder: empty but for `users.csv`.
        recipient: whom the program seals to.
    """

    service: Service
    folder: Path
    connections: int
    recipient: str

    @property
    def users(self) -> Path:
        """The input."""
        return self.folder / "users.csv"


@dataclass(frozen=True, slots=True, kw_only=True)
class Peer:
    """One who sends.

    Attributes:
        name: in tables.
        about: what it does besides sending.
        command: makes what it needs, and says how it is started.
        modules: that it needs; it is left out where one is missing.
        programs: likewise.
        most_a_second: so many rows are chosen as if it were that fast.
        serial: one at a time, however many connections are asked for.
        is_program: its rows are enough for pacing to climb.
    """

    name: str
    about: str
    command: Callable[[Asked], Sequence[str]]
    modules: Sequence[str] = ()
    programs: Sequence[str] = ()
    most_a_second: int = 4_000
    serial: bool = False
    is_program: bool = False

    def missing(self) -> list[str]:
        """What is not installed."""
        modules = [name for name in self.modules if importlib.util.find_spec(name) is None]
        return modules + [name for name in self.programs if shutil.which(name) is None]


def _script(module: str, *further: str) -> Callable[[Asked], Sequence[str]]:
    def command(asked: Asked) -> Sequence[str]:
        where = (asked.service.base_url, str(asked.service.ca_file), str(asked.users), str(asked.connections))
        return [sys.executable, "-m", f"benchmarks.speed.peers.{module}", *where, *further]

    return command


def _curl(asked: Asked) -> Sequence[str]:
    config = asked.folder / "curl.config"
    where = (asked.service.base_url, str(asked.service.ca_file), str(asked.users))
    measured(
        [sys.executable, "-m", "benchmarks.speed.peers.curl_config", str(config), *where], environ={"TOKEN": TOKEN}
    )
    at_once = ("--parallel", "--parallel-immediate", "--parallel-max", str(asked.connections))
    return ["curl", "--silent", *at_once, "--config", str(config)]


def _program(*, report: bool) -> Callable[[Asked], Sequence[str]]:
    def command(asked: Asked) -> Sequence[str]:
        job = write_job(
            asked.folder, asked.service, recipient=asked.recipient, connections=asked.connections, report=report
        )
        return run_command(asked.users, job)

    return command


PEERS: Final = (
    Peer(
        name=PROGRAM,
        about="whole: plan, ledger with full sync, sealing, pacing, results, summary, report",
        command=_program(report=True),
        most_a_second=2_500,
        is_program=True,
    ),
    Peer(
        name="batchreset --no-report",
        about="the same without the page for people",
        command=_program(report=False),
        most_a_second=2_500,
        is_program=True,
    ),
    Peer(name=CURL, about="records nothing", command=_curl, programs=("curl",)),
    Peer(
        name=BARE_HTTPTOOLS,
        about="bare loop over what our own transport stands on, records nothing",
        command=_script("bare_httptools"),
        modules=("httptools",),
    ),
    Peer(
        name=BARE_AIOHTTP[0], about="bare loop, records nothing", command=_script("bare_aiohttp"), modules=("aiohttp",)
    ),
    Peer(
        name=BARE_AIOHTTP[1],
        about="the same on uvloop",
        command=_script("bare_aiohttp", "uvloop"),
        modules=("aiohttp", "uvloop"),
    ),
    Peer(
        name=BARE_PYREQWEST,
        about="bare loop over a wire written in Rust, records nothing",
        command=_script("bare_pyreqwest", "uvloop"),
        modules=("pyreqwest", "uvloop"),
    ),
    Peer(
        name=STRAIGHT,
        about="httpx, asyncio, a semaphore, tenacity; results at the end, passwords in clear",
        command=_script("straight"),
        most_a_second=600,
    ),
    Peer(
        name=MODULE,
        about="GET then PATCH, one at a time, as the official PowerShell module",
        command=_script("module_sequence"),
        most_a_second=300,
        serial=True,
    ),
)
