"""batchreset from outside: a process in a folder of its own with a clean environment, and a simulator in this one."""

import contextlib
import csv
import functools
import json
import os
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pyrage
from here import run_here
from prefork import Prefork, Process
from syscalls import Watch

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import RunningSimulator, running

COMMAND = (sys.executable, "-m", "batchreset")
TOKEN = "canary-token-e9Kq7Zx2vLm4"
DEADLINE_SECONDS = 60.0
HEADER = ("customer-tenant-id", "user-id", "forceChangePassword")
CUSTOMERS = tuple(str(uuid.UUID(int=(0xC0 << 120) + number)) for number in range(1, 9))

_KEPT = ("PATH", "COVERAGE_PROCESS_START", "COVERAGE_FILE", "SYSTEMROOT")


@dataclass(frozen=True, slots=True, kw_only=True)
class Finished:
    """A process that has ended."""

    code: int
    stdout: str
    stderr: str

    @property
    def json(self) -> Any:
        return json.loads(self.stdout)


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """One line of an input."""

    customer: str
    user: str
    force: bool = True


def accounts(*sizes: int, start: int = 0) -> list[Account]:
    """So many accounts of the first, the second, … customer, in turn; every seventh keeps its password."""
    left = list(sizes)
    made: list[Account] = []
    while any(left):
        for index in (index for index, size in enumerate(left) if size):
            left[index] -= 1
            number = start + len(made) + 1
            user = str(uuid.UUID(int=(0xA5 << 120) + number * 7_919))
            made.append(Account(customer=CUSTOMERS[index], user=user, force=number % 7 != 0))
    return made


def write_csv(path: Path, rows: Iterable[Account]) -> Path:
    """An input with two further columns."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow((*HEADER, "displayName", "note"))
        for number, row in enumerate(rows, start=1):
            writer.writerow((row.customer, row.user, str(row.force).lower(), f"Nóra {number}", 'a "note", quoted'))
    return path


def until(condition: Callable[[], object], *, seconds: float = DEADLINE_SECONDS) -> None:
    """Look again and again until it holds; no event tells of what another process has come to."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.002)


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """One operator's machine, and the service.

    Attributes:
        folder: where the program is started.
        key: the helpdesk's secret key.
        recipient: its public key.
        options: the simulator's.
        said: everything the program wrote to standard output and standard error, hand-overs left out.
        looked_at: ids of the runs that were proved, or that a test has spoilt for it.
    """

    folder: Path
    simulator: RunningSimulator
    options: SimulatorOptions
    key: Path
    recipient: str
    said: list[str] = field(default_factory=list)
    looked_at: set[str] = field(default_factory=set)

    @property
    def runs(self) -> Path:
        return self.folder / "runs"

    @property
    def requests(self) -> int:
        """How many requests the service has seen, GET too."""
        return len(self.simulator.state.exchanges)

    @property
    def resets(self) -> int:
        """How many requests to reset a password the service has seen."""
        return sum(exchange.method == "PATCH" for exchange in list(self.simulator.state.exchanges))

    @property
    def token_requests(self) -> list[str]:
        """How the requests of the sign-in service's token endpoint ended: `ok`, or an AADSTS number."""
        return [request.ended for request in list(self.simulator.state.sign_in.token_requests)]

    def signing_in(self, **changes: str | None) -> dict[str, str | None]:
        """Changes to the environment: an operator who signs in unattended. Names without `BATCHRESET_AUTH__`."""
        names = {
            "KIND": "refresh_token",
            "ACCESS_TOKEN": None,
            "AUTHORITY": self.simulator.base_url,
            "TENANT_ID": self.options.tenant_id,
            "CLIENT_ID": self.options.client_id,
            "CLIENT_SECRET": self.options.client_secret,
            "REFRESH_TOKEN": self.options.refresh_token,
            **changes,
        }
        return {f"BATCHRESET_AUTH__{name}": value for name, value in names.items()}

    @property
    def kept_sign_ins(self) -> list[Path]:
        """The files that keep sign-ins, below the operator's state folder."""
        return sorted((self.folder / ".local" / "state" / "batchreset").rglob("*.json"))

    def input(self, rows: Iterable[Account], name: str = "users.csv") -> Path:
        return write_csv(self.folder / name, rows)

    def environment(self, changes: Mapping[str, str | None] | None = None) -> dict[str, str]:
        """Nothing of this process's own but what Python needs; a change to None leaves that variable out."""
        whole: dict[str, str | None] = {
            **{name: os.environ[name] for name in _KEPT if name in os.environ},
            "HOME": str(self.folder),
            "BATCHRESET_PARTNER_CENTER__BASE_URL": self.simulator.base_url,
            "BATCHRESET_PARTNER_CENTER__CA_FILE": str(self.simulator.ca_file),
            "BATCHRESET_AUTH__KIND": "access_token",
            "BATCHRESET_AUTH__ACCESS_TOKEN": TOKEN,
            "BATCHRESET_PASSWORD__RECIPIENTS": self.recipient,
            "BATCHRESET_PACE__MAX_CONCURRENCY": "8",
            "BATCHRESET_OUTPUT__REPORT": "false",  # it costs a tenth of a second of each run; tests of it switch it on
            **(changes or {}),
        }
        return {name: value for name, value in whole.items() if value is not None}

    def batchreset(
        self,
        *arguments: str | Path,
        environ: Mapping[str, str | None] | None = None,
        stdin: bytes = b"",
        stdout: IO[bytes] | None = None,
        apart: bool = False,
        watch: Watch | None = None,
    ) -> Finished:
        """Run it to its end.

        Args:
            arguments: of the command line.
            environ: changes to the environment.
            stdin: what is typed, or piped.
            stdout: where its output goes instead of into what is returned.
            apart: in a process of its own, not in this one.
            watch: the same, and its calls are watched.
        """
        words = [str(argument) for argument in arguments]
        with (
            tempfile.TemporaryFile() as given,
            tempfile.TemporaryFile() as output,
            tempfile.TemporaryFile() as stderr,
        ):
            given.write(stdin)
            given.seek(0)
            streams = [stream.fileno() for stream in (given, stdout or output, stderr)]
            environment = self.environment(environ)
            if apart or watch:
                code = _run_apart(words, cwd=self.folder, env=environment, streams=streams, watch=watch)
            else:
                code = run_here(words, cwd=self.folder, env=environment, streams=streams)
            output.seek(0)
            stderr.seek(0)
            finished = Finished(code=code, stdout=output.read().decode(), stderr=stderr.read().decode())
        self.said.append(finished.stderr)
        if arguments[0] != "handover":
            self.said.append(finished.stdout)
        return finished

    @contextlib.contextmanager
    def started(self, *arguments: str | Path, environ: Mapping[str, str | None] | None = None) -> Iterator[Process]:
        """It runs while the block does; killed at its end if it still lives."""
        with (self.folder / "said.txt").open("a+b") as output:
            began = output.seek(0, os.SEEK_END)
            with Path(os.devnull).open("rb") as nothing:
                process = _start(arguments, self.folder, self.environment(environ), (nothing, output, output))
            try:
                yield process
            finally:
                process.kill()
                process.wait()
                output.seek(began)
                self.said.append(output.read().decode())

    def handover(self, run: str | Path, *arguments: str, key: Path | None = None) -> list[dict[str, str]]:
        """The hand-over's lines."""
        opened = self.batchreset("handover", run, "--identity", key or self.key, *arguments)
        assert opened.code == 0, opened.stderr
        return list(csv.DictReader(opened.stdout.splitlines()))

    def results(self, run: str = "r") -> list[dict[str, str]]:
        """The lines of a run's results file."""
        with (self.runs / run / "results.csv").open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def summary(self, run: str = "r") -> dict[str, Any]:
        content: dict[str, Any] = json.loads((self.runs / run / "summary.json").read_text(encoding="utf-8"))
        return content


def _run_apart(
    words: Sequence[str], *, cwd: Path, env: Mapping[str, str], streams: Sequence[int], watch: Watch | None
) -> int:
    process = _prefork().start(words, cwd=cwd, env=env, streams=streams, watch=watch)
    try:
        return process.wait(DEADLINE_SECONDS)
    finally:
        process.kill()


def _start(
    arguments: Sequence[str | Path],
    folder: Path,
    environ: Mapping[str, str],
    streams: Sequence[IO[bytes]],
    *,
    watch: Watch | None = None,
) -> Process:
    """`streams`: standard input, output and error."""
    return _prefork().start(
        [str(argument) for argument in arguments],
        cwd=folder,
        env=environ,
        streams=[stream.fileno() for stream in streams],
        watch=watch,
    )


@functools.cache
def _prefork() -> Prefork:
    return Prefork()


@contextlib.contextmanager
def world(folder: Path, options: SimulatorOptions | None = None) -> Iterator[World]:
    """An empty folder, a key pair, a simulator."""
    identity = pyrage.x25519.Identity.generate()
    folder.mkdir(parents=True, exist_ok=True)
    key = folder / "helpdesk.key"
    # As age-keygen writes it.
    key.write_text(
        f"# created: 2026-11-26T00:00:00Z\n# public key: {identity.to_public()}\n{identity}\n", encoding="ascii"
    )
    options = options or SimulatorOptions()
    with running(options) as simulator:
        yield World(folder=folder, simulator=simulator, options=options, key=key, recipient=str(identity.to_public()))


def outcomes(results: Sequence[Mapping[str, str]]) -> dict[str, int]:
    """How many lines have which outcome."""
    counts: dict[str, int] = {}
    for line in results:
        counts[line["outcome"]] = counts.get(line["outcome"], 0) + 1
    return counts
