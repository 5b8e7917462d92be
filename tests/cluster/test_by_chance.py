"""Faults by chance, one upon the other, over runs of some hundreds of rows: all promises hold, whatever happens."""

import random
import signal
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import pytest
from chances import usual_and_torture
from clustered import Job, Site
from judging import judge
from waiting import let_pass

pytestmark = pytest.mark.cluster
pytest_plugins = ("one_site",)

NAMES: Final = ("w1", "w2", "w3")
FAULTS_A_RUN: Final = 6
ROWS: Final = 300
CARRIED_ON_MOST: Final = 10


@dataclass(slots=True)
class Faults:
    """What is done to one run.

    Attributes:
        history: to be shown when something does not hold.
        killed: whether a coordinator was.
    """

    job: Job
    chance: random.Random
    history: list[str] = field(default_factory=list)
    killed: bool = False

    def one(self) -> None:
        """Any of them, now."""
        kinds: dict[str, Callable[[str], None]] = {
            "killed": self._killed,
            "stopped": self._stopped,
            "cut off": self._cut_off,
            "told to end": self._told_to_end,
            "cut off from all": self._coordinator_cut_off,
            "scheduler killed": self._scheduler_killed,
            "coordinator killed": self._coordinator_killed,
        }
        kind = self.chance.choices(list(kinds), weights=[3, 3, 3, 1, 2, 1, 1])[0]
        name = self.chance.choice([name for name in NAMES if self.job.site.workers[name].alive])
        self.history.append(f"{kind} ({name})")
        kinds[kind](name)
        self.restored()

    def restored(self) -> None:
        """Who is gone is there again, and if the run has ended before its end it is carried on."""
        site = self.job.site
        site.up(*NAMES)
        last = self.job.coordinators[-1]
        if not last.alive and last.process.wait() != 0:
            self.history.append(f"carried on after {last.process.wait()}")
            self.job.carry_on()

    def _killed(self, name: str) -> None:
        self.job.site.signal(name, signal.SIGKILL)

    def _told_to_end(self, name: str) -> None:
        self.job.site.signal(name, signal.SIGTERM)

    def _stopped(self, name: str) -> None:
        with self.job.site.stopped(name):
            let_pass(self._a_while())
        # It may have been given up meanwhile, but it is left as it is: what it does now is what matters.
        self.job.site.harmed.discard(name)

    def _cut_off(self, name: str) -> None:
        with self.job.site.cut_off(name):
            let_pass(self._a_while())
        self.job.site.harmed.discard(name)

    def _coordinator_cut_off(self, _name: str) -> None:
        with self.job.site.cut_off("coordinator"):
            let_pass(self._a_while() / 3)

    def _scheduler_killed(self, _name: str) -> None:
        self.job.site.kill_scheduler()
        self.job.ended()

    def _coordinator_killed(self, _name: str) -> None:
        self.job.coordinators[-1].kill()
        self.killed = True

    def _a_while(self) -> float:
        """A moment, or longer than a lease."""
        return self.chance.choice((0.5, 2.0, 4.0, 7.0, 14.0, 20.0)) * self.chance.uniform(0.8, 1.2)


FLAGS: Final = ("--max-per-second", "15")


@pytest.mark.timeout(500)
@pytest.mark.parametrize("seed", usual_and_torture([], range(20)))
def test_whatever_befalls_a_run_all_promises_hold(cluster: Site, seed: int) -> None:
    cluster.up(*NAMES)
    job = cluster.job(ROWS)
    faults = Faults(job, random.Random(seed))
    job.begin(*FLAGS)
    for _ in range(FAULTS_A_RUN):
        let_pass(faults.chance.uniform(0.2, 4.0))
        if not job.coordinators[-1].alive:
            break
        faults.one()
    for _ in range(CARRIED_ON_MOST):
        if job.ended(seconds=150) == 0:
            break
        faults.restored()
    print(f"seed {seed}: {faults.history}")  # noqa: T201  shown when it fails
    assert job.ended() == 0
    judge(job, killed=faults.killed)
