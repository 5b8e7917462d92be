"""Others were sending for a session that was killed: the next one sends nothing while they may."""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, field
from io import StringIO
from pathlib import Path
from typing import Any

import pytest

from batchreset.adapters.ledger import LedgerStore
from batchreset.core.records import Intent
from batchreset.core.take_up import TakeUp
from batchreset.simulator.options import SimulatorOptions
from batchreset.wiring.applying import How, apply
from batchreset.wiring.frozen import FrozenRun
from simulation.drawing import QUIET, Moment, Point, Scenario, SessionPlan
from simulation.inputs import Shape, bound, play_folder
from simulation.playing import Last
from simulation.timing import BEGAN
from simulation.world import World

pytestmark = pytest.mark.filterwarnings("ignore:Async generator 'httpx:ResourceWarning")
"""httpx leaves its own generators where a body is not read to its end; trio alone minds."""

LEASE_SECONDS = 15.0
SCENARIO = Scenario(
    seed=1, shape=Shape((5,)), flags={"pace.max_concurrency": 1}, options=SimulatorOptions(latency_seconds=0.2)
)


@dataclass
class Killed:
    """A run whose first session was killed with its first row noted, while others sent for it."""

    run: FrozenRun
    world: World
    said: list[str] = field(default_factory=list)

    def applied(self, plan: SessionPlan = QUIET) -> dict[str, Any]:
        self.world.begins(plan, self.run.settings)
        how = How(
            take_up=TakeUp(), dry_run=False, again=False, log_files=(), log_level=logging.INFO, stderr=StringIO(),
            shown=logging.ERROR, say=self.said.append, display=Last(),
        )  # fmt: skip
        return apply(self.run, how, environ={}, machine=self.world.machine)

    @property
    def sent_at_seconds(self) -> list[float]:
        """Of virtual time, of every request, the harmless first one too."""
        return [float(line.split()[0]) for line in self.world.watch.history if " sent " in line]


@pytest.fixture
def killed() -> Iterator[Killed]:
    with play_folder() as base:
        run = bound(SCENARIO.shape, SCENARIO.flags, Path(base) / "runs")
        store = LedgerStore(run.folder.ledger, seal=None)
        store.begin_session(BEGAN, lease_seconds=LEASE_SECONDS)
        store.write_group([Intent(row=1, generation=1, request_id="r", password=None, noted_at=BEGAN)])
        store.close()
        yield Killed(run, World(SCENARIO, run.folder.path, {}))


WAITS = "the last session was ended while others were sending for it; waiting 15 s until none of them may send any more"


def test_nothing_leaves_before_the_lease_is_over_though_this_process_sends_itself(killed: Killed) -> None:
    summary = killed.applied()
    assert summary["outcomes"]["succeeded"] == 5
    assert min(killed.sent_at_seconds) >= LEASE_SECONDS
    assert killed.said == [WAITS]


def test_a_stop_ends_the_wait_and_the_next_session_waits_again(killed: Killed) -> None:
    summary = killed.applied(SessionPlan(stop=Moment(at_seconds=5.0)))
    assert (summary["exit_code"], killed.sent_at_seconds) == (130, [])
    assert killed.world.time.seconds == pytest.approx(5.0, abs=0.5)
    killed.applied()
    assert min(killed.sent_at_seconds) >= 5.0 + LEASE_SECONDS
    assert killed.said == [WAITS, WAITS]


def test_whoever_comes_after_one_that_has_waited_does_not_wait(killed: Killed) -> None:
    summary = killed.applied(SessionPlan(stop=Moment(point=Point.APPLIED, number=2)))
    assert summary["state"] == "stopped"
    before = len(killed.sent_at_seconds)
    began_seconds = killed.world.time.seconds
    killed.applied()
    assert killed.sent_at_seconds[before] < began_seconds + 1.0
    assert killed.said == [WAITS]
