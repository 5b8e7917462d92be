"""One seed's run from its plan to its end, over stops and crashes; and the proof of what is left."""

import contextlib
import dataclasses
import datetime as dt
import hashlib
import io
import json
import logging
import traceback
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import anyio
from proof import Seen, collected, complaints, page_complaints, sealed_in, sha256

from batchreset.adapters.report import page
from batchreset.core.events import EventLog
from batchreset.core.figures import Figures, Phase
from batchreset.core.outcome import Outcome
from batchreset.core.progress import Progress
from batchreset.core.take_up import TakeUp
from batchreset.simulator.options import RetryAfterStyle, SimulatorOptions
from batchreset.simulator.state import Exchange
from batchreset.wiring.applying import How, apply, summary_of
from batchreset.wiring.frozen import FrozenRun, read_frozen, standing
from batchreset.wiring.report import report_of
from simulation.drawing import QUIET, Scenario, SessionPlan, draw
from simulation.inputs import bound, planned_input, play_folder
from simulation.world import World

MOST_SESSIONS_AFTER_RECOVERY: Final = 40
SEEDS_A_REPORT: Final = 10
"""Of so many seeds one has its report read too."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Played:
    """What came of a seed."""

    scenario: Scenario
    history: tuple[str, ...]
    complaints: tuple[str, ...]
    outcomes: Mapping[Outcome, int]
    exchanges: Sequence[Exchange]
    in_flight_most: int

    @property
    def sha256(self) -> str:
        """Of the history."""
        return hashlib.sha256("\n".join(self.history).encode()).hexdigest()

    @property
    def verdict(self) -> str:
        """Complaints, and how to see them again; empty if there are none."""
        if not self.complaints:
            return ""
        return "\n".join(
            (
                f"seed {self.scenario.seed} (again: python tests/simulation {self.scenario.seed} -v)",
                *(f"  {complaint}" for complaint in self.complaints[:15]),
            )
        )


class Last:
    """A display that draws before anything is sent, and at the very end."""

    def __init__(self) -> None:
        self.first: Figures | None = None
        self.figures: Figures | None = None

    @contextlib.asynccontextmanager
    async def showing(self, progress: Progress, log: EventLog) -> AsyncIterator[None]:
        self.first = self._look(progress)
        yield
        self.figures = self._look(progress)

    def _look(self, progress: Progress) -> Figures:
        return progress.figures(anyio.current_time(), dt.datetime(2026, 11, 26, tzinfo=dt.UTC))

    def began_elsewhere(self, *, hosts: int) -> bool:
        """Whether it began otherwise than by reaching its hosts, or with them where it has none."""
        if self.first is None or self.first.pace is None or self.first.pace.phase is Phase.ENDING:
            return False
        return self.first.pace.phase is not (Phase.CLUSTER if hosts else Phase.SIGN_IN)

    def contradicts(self, summary: Mapping[str, Any]) -> bool:
        """Whether the picture above the summary tells other counts, or that somebody is still awaited."""
        if self.figures is None or self.figures.pace is None:
            return False
        shown = {outcome: self.figures.outcomes.get(outcome, 0) for outcome in _SHOWN}
        return self.figures.pace.in_flight > 0 or shown != {one: summary["outcomes"][one.value] for one in _SHOWN}


def play(seed: int) -> Played:
    """Play what the seed chooses."""
    return play_scenario(draw(seed))


def play_scenario(scenario: Scenario, *, world_of: type[World] = World) -> Played:
    """Play one that was made by hand; `world_of` may be another machine."""
    with play_folder() as base:
        run = bound(scenario.shape, scenario.flags, Path(base) / "runs")
        rows = {number: (line[0], line[1]) for number, line in reversed(list(enumerate(scenario.shape.lines, start=1)))}
        world = world_of(scenario, run.folder.path, rows)
        _Play(scenario, run, world).to_its_end()
        return Played(
            scenario=scenario,
            history=tuple(world.watch.history),
            complaints=tuple(world.watch.complaints),
            outcomes=standing(run).outcomes,
            exchanges=tuple(exchange for exchange in world.state.exchanges if exchange.method == "PATCH"),
            in_flight_most=world.watch.in_flight_most,
        )


class _Play:
    def __init__(self, scenario: Scenario, run: FrozenRun, world: World) -> None:
        self._scenario = scenario
        self._run = run
        self._world = world
        self._said = io.StringIO()
        self._not_all_kept = False

    def to_its_end(self) -> None:
        take_up, summary = TakeUp(), None
        for number, plan in enumerate(self._scenario.plans):
            summary = self._session(plan, take_up)
            if self._world.watch.complaints or (summary is not None and self._is_over(summary)):
                break
            self._world.time.passes(60.0)
            take_up = TakeUp(in_doubt=number % 2 == 1, failed=number % 4 == 3)
        if summary is None and not self._world.watch.complaints:
            summary = self._session(QUIET, TakeUp())
        if not self._world.watch.complaints:
            self._prove()
        if self._scenario.ends_well and not self._world.watch.complaints:
            self._end_well()

    def _is_over(self, summary: Mapping[str, Any]) -> bool:
        well = summary["outcomes"]["failed"] + summary["outcomes"]["in_doubt"] == 0
        return bool(summary["state"] == "finished" and well)

    def _end_well(self) -> None:
        """A service that has recovered makes an end of every run, within a few sessions and with success."""
        self._world.recover()
        take_up = TakeUp(in_doubt=True, failed=True)
        for _ in range(MOST_SESSIONS_AFTER_RECOVERY):
            if not standing(self._run).rows_to_send(take_up):
                break
            self._world.time.passes(60.0)
            summary = self._session(QUIET, take_up)
            if self._world.watch.complaints or summary is None:
                return
        wrong = {
            outcome: rows for outcome, rows in standing(self._run).outcomes.items() if rows and outcome not in _WELL
        }
        if wrong:
            self._world.watch.complain(f"the service has recovered, and yet there are {wrong}")
        self._prove()

    def _session(self, plan: SessionPlan, take_up: TakeUp) -> Mapping[str, Any] | None:
        """Its summary; None if it was killed."""
        run, world = read_frozen(self._run.folder), self._world
        if not standing(run).rows_to_send(take_up):
            return summary_of(run)
        world.begins(plan, run.settings)
        if plan.failing_group is not None:
            self._not_all_kept = True
        how = How(
            take_up=take_up, dry_run=False, again=False, log_files=(), log_level=logging.INFO, stderr=self._said,
            shown=logging.ERROR, say=lambda line: None, display=(last := Last()),
        )  # fmt: skip
        try:
            summary = apply(run, how, environ={}, machine=world.machine)
        except BaseException:  # noqa: BLE001  whatever it is: it is told, with the seed
            if not world.dead:
                world.watch.complain(f"the program itself failed: {traceback.format_exc()}")
                return None
            self._after_kill()
            return None
        if last.began_elsewhere(hosts=self._scenario.hosts):
            world.watch.complain(f"the first picture says {last.first}")
        if plan.failing_group is None and last.contradicts(summary):
            world.watch.complain(f"the last picture says {last.figures}, the summary {summary['outcomes']}")
        digest = hashlib.sha256(run.folder.results.read_bytes()).hexdigest()
        world.watch.tell("ends", exit_code=summary["exit_code"], results=digest, **summary["outcomes"])
        return summary

    def _after_kill(self) -> None:
        """Whatever the service has applied is sealed on the disk that is left."""
        self._not_all_kept = True
        self._world.restore()
        if self._scenario.discards:
            return
        lines = self._scenario.shape.lines
        sealed = {
            (lines[one.row - 1][:2], sha256(one.password))
            for one in sealed_in(self._run.folder.path, planned_input(self._scenario.shape).key)
        }
        for applied in self._world.state.applied:
            if ((applied.customer, applied.user), applied.sha256) not in sealed:
                self._world.watch.complain(f"killed: {applied.user} has a password that is not sealed in the ledger")

    def _prove(self) -> None:
        planned, state = planned_input(self._scenario.shape), self._world.state
        evidence = collected(
            self._run.folder.path,
            source=planned.source,
            key=planned.key,
            seen=Seen(
                applied=[json.loads(applied.line()) for applied in state.applied],
                exchanges=[exchange for exchange in state.exchanges if exchange.method == "PATCH"],
                correlation_ids={exchange.correlation_id for exchange in state.exchanges},
                protocol_errors=state.protocol_errors,
                in_force={user: account.sha256 for user, account in state.in_force.items()},
                tells_waits=_tells_waits(self._scenario.options),
            ),
            said=[self._said.getvalue()],
            secrets=self._world.tokens_given,
            discarded=self._scenario.discards,
            killed=self._not_all_kept,
        )
        if not self._scenario.looks_for_secrets:
            evidence = dataclasses.replace(evidence, texts={})
        found = complaints(evidence)
        if self._scenario.seed % SEEDS_A_REPORT == 0:
            found += page_complaints(self._report(), evidence.results, evidence.summary)
        for complaint in found:
            self._world.watch.complain(complaint)

    def _report(self) -> str:
        return page(report_of(read_frozen(self._run.folder), now=self._world.time.now())).html


def _tells_waits(options: SimulatorOptions) -> bool:
    true = {RetryAfterStyle.SECONDS, RetryAfterStyle.DECIMAL, RetryAfterStyle.DATE}
    penalty = options.partner_penalty_seconds or options.customer_penalty_seconds
    return options.retry_after in true and not penalty


_SHOWN: Final = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT)
_WELL: Final = frozenset({Outcome.SUCCEEDED, Outcome.SKIPPED})
