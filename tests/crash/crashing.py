"""Runs that are crashed again and again and carried on each time, until they come to their end and are proved."""

import contextlib
import random
import signal
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from acceptance_world import Finished, World, accounts, world
from evidence import Before, gather
from looking import complaints_about
from proof import prove
from syscalls import Recording, Rule, Watch
from syscalls.disk import Disk

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.state import Exchange

ROWS = (8, 7, 5)
AT_ONCE = 3
_FLAGS = ("--yes", "--canary", "0", "--max-failure-rate", "1")


@dataclass(frozen=True, slots=True, kw_only=True)
class Started:
    """A process that was watched, and has ended.

    Attributes:
        disk: as it was before.
        sent: how many requests to reset a password the service heard meanwhile.
    """

    ended: Finished
    recording: Recording
    disk: Disk
    sent: int

    @property
    def killed(self) -> bool:
        return self.ended.code == -signal.SIGKILL


@dataclass(slots=True, kw_only=True)
class Crashing:
    """One world, and in it one run after another, each with accounts of its own.

    Attributes:
        chance: draws what is not given.
        rows: of each customer, in every run's input.
        at_once: so many rows may be under way at a time.
        report: whether runs write their report.
        history: what was done to the run, to be shown when something does not hold.
        succeeded: users that the run recorded as such, and how many requests the service had seen then.
    """

    made: World
    chance: random.Random
    rows: tuple[int, ...] = ROWS
    at_once: int = AT_ONCE
    report: bool = False
    number: int = 0
    history: list[str] = field(default_factory=list)
    succeeded: dict[str, int] = field(default_factory=dict)
    before: Before = field(default_factory=Before)

    def __post_init__(self) -> None:
        self.made.runs.mkdir(mode=0o700)
        self.begin()

    @property
    def run(self) -> str:
        return f"r{self.number}"

    @property
    def folder(self) -> Path:
        return self.made.runs / self.run

    @property
    def source(self) -> Path:
        return self.made.folder / f"users{self.number}.csv"

    def begin(self) -> None:
        """The next run is one of other accounts."""
        state = self.made.simulator.state
        self.before = Before(applied=len(state.applied), requests=len(state.exchanges))
        self.number += 1
        self.made.input(accounts(*self.rows, start=1_000 * self.number), self.source.name)
        self.history.clear()
        self.succeeded.clear()

    def start(self, rules: Sequence[Rule], what: str) -> Started:
        """Begin the run, or carry it on, with the same command; `what` the rules mean, for whoever reads of it."""
        self.history.append(what)
        recording = self.made.folder / "recording"
        disk = Disk(self.made.runs)
        watch = Watch(root=self.made.runs, recording=recording, rules=rules)
        flags = (*_FLAGS, "--max-concurrency", str(self.at_once), "--report" if self.report else "--no-report")
        command = ("run", self.source.name, "--run-id", self.run, *flags)
        before = self.made.resets
        ended = self.made.batchreset(*command, watch=watch)
        sent = self.made.resets - before
        return Started(ended=ended, recording=Recording.read(recording), disk=disk, sent=sent)

    def look(self) -> None:
        """Nothing is lost: what was applied is handed over, what was recorded as succeeded is in force."""
        seen, applied = self.made.requests, self.made.simulator.state.applied[self.before.applied :]
        found, succeeded = complaints_about(
            self.folder,
            self.made.key,
            rows=sum(self.rows),
            applied=applied,
            sent=[exchange.user for exchange in self.sent()],
            scratch=self.made.folder,
        )
        for user in succeeded:
            self.succeeded.setdefault(user, seen)
        self.assert_nothing(found)

    def sent(self) -> list[Exchange]:
        """Requests of this run to reset a password, as the service has heard them."""
        exchanges = self.made.simulator.state.exchanges[self.before.requests :]
        return [exchange for exchange in exchanges if exchange.method == "PATCH"]

    def finish(self) -> None:
        """Carry the run on to its end, and prove it."""
        self.ended(self.start([], "carried on").ended)

    def ended(self, finished: Finished) -> None:
        """The run has come to its end; the next one begins."""
        assert finished.code in {0, 3}, f"{self.history}: {finished.code}\n{finished.stderr}"
        prove(gather(self.made, self.source, self.run, before=self.before, killed=True))
        self.assert_nothing([])
        self.begin()

    def assert_nothing(self, found: Sequence[str]) -> None:
        """Nor was anybody who had succeeded sent again."""
        exchanges = list(self.made.simulator.state.exchanges)
        again = [
            f"{user}: sent again although recorded as succeeded"
            for user, seen in self.succeeded.items()
            if any(exchange.user == user for exchange in exchanges[seen:])
        ]
        assert not [*found, *again], "\n".join([f"after {self.history}:", *found, *again])


@contextlib.contextmanager
def crashing_runs(folder: Path, seed: int, **options: Any) -> Iterator[Crashing]:
    """With a simulator of these options; the same seed draws the same."""
    with world(folder / "world", SimulatorOptions(seed=seed, latency_seconds=0.004, **options)) as made:
        yield Crashing(made=made, chance=random.Random(seed))
