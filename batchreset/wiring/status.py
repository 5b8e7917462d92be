"""What a run has come to so far: counts from its ledger, true while another process carries it out; pace as that tells.

`Looking` looks once or again and again; both as values, and as lines for a person.
"""

import contextlib
import datetime as dt
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.adapters.run_folder import RunFolder, all_folders, is_held
from batchreset.core.clock import rfc3339
from batchreset.core.figures import Figures, Pace
from batchreset.core.outcome import Outcome
from batchreset.errors import RunFolderError
from batchreset.wiring.frozen import FrozenRun, Standing, read_frozen, standing
from batchreset.wiring.sent_by import refused_in, sender_facts, sender_lines
from batchreset.wiring.told import Listener, pace_facts

RUNNING: Final = "running"
PLANNED: Final = "planned"


@dataclass(frozen=True, slots=True, kw_only=True)
class Look:
    """One look at a run.

    Attributes:
        status: as `status --json` prints it. `state`: planned, running, finished, stopped (in order), interrupted
            (killed). `done`: rows with an outcome; of a run at rest also those in doubt because it was cut off.
            `begun`: rows that were noted and have none, in flight or waiting for another try; `in_flight` is the
            process's own figure, None where it tells none. `senders`: who sent, of a run at rest, and
            `senders_refused`: who was there at its end and could not; `pace` has those of one under way.
        figures: for the picture; None while nobody carries the run out.
    """

    status: Mapping[str, Any]
    figures: Figures | None

    @property
    def running(self) -> bool:
        """Whether a process carries it out."""
        return self.figures is not None


class Looking:
    """At one run.

    Raises:
        BatchresetError: (also `look`) the run, or its ledger, cannot be read.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._run = read_frozen(folder)
        self._listener = Listener(folder)

    def look(self, *, now: dt.datetime, now_seconds: float) -> Look:
        """How it stands; the same moment on the wall, and of a clock that never runs backwards."""
        run, running = self._run, is_held(self._run.folder)
        # While it goes on, that is what the process itself tells.
        stands = standing(run, by_sender=not running)
        pace = self._listener.pace(stands.last, now=now, now_seconds=now_seconds) if running else None
        state = RUNNING if running else _state_at_rest(stands)
        return Look(
            status=_status(run, stands, state, pace),
            figures=_figures(run, stands, pace) if running else None,
        )


def newest_running(runs_dir: Path) -> RunFolder | None:
    """The run of that folder that was planned last and is being carried out. Raises RunFolderError."""
    return next((folder for folder in reversed(all_folders(runs_dir)) if is_held(folder)), None)


def _figures(run: FrozenRun, now: Standing, pace: Pace | None) -> Figures:
    return Figures(
        planned=run.reset_count,
        outcomes=now.settled_outcomes,
        pace=pace,
        begun=now.under_way,
        refused=now.exchanges.get("throttled", 0),
    )


def _status(run: FrozenRun, now: Standing, state: str, pace: Pace | None) -> dict[str, Any]:
    outcomes = now.outcomes
    if state == RUNNING:
        outcomes = Counter(now.settled_outcomes)
        outcomes[Outcome.SKIPPED] += sum(run.skipped.values())
        outcomes[Outcome.NOT_ATTEMPTED] = now.rows_left - now.under_way
    return {
        "run_id": run.folder.run_id,
        "state": state,
        "dry_run": state == PLANNED and _was_tried(run),
        "planned_at": run.facts.get("planned_at"),
        "to_reset": run.reset_count,
        "done": now.settled if state == RUNNING else run.reset_count - outcomes[Outcome.NOT_ATTEMPTED],
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "in_flight": (pace.in_flight if pace else None) if state == RUNNING else 0,
        "begun": now.under_way if state == RUNNING else 0,
        "requests": now.sent,
        "throttled": now.exchanges.get("throttled", 0),
        "senders": None if state == RUNNING else sender_facts(now.senders),
        "senders_refused": None if state == RUNNING else refused_in(_summary(run)),
        "pace": pace_facts(pace) if pace else None,
        "stop_reason": now.last.stop_reason if now.last else None,
        "ended_at": rfc3339(now.last.ended_at) if now.last and now.last.ended_at else None,
        "folder": str(run.folder.path),
        "apply": run.apply_command,
    }


def _state_at_rest(now: Standing) -> str:
    if not now.rows_left:
        return "finished"
    if now.last is None:
        return PLANNED
    return "stopped" if now.last.ended_at else "interrupted"


def _was_tried(run: FrozenRun) -> bool:
    """Whether a dry run was made of it, as far as its folder can tell."""
    return (_summary(run) or {}).get("state") == "dry_run"


def _summary(run: FrozenRun) -> Mapping[str, Any] | None:
    """Of its last session; None where that was killed, or its summary cannot be read."""
    with contextlib.suppress(RunFolderError):
        return run.folder.read_summary()
    return None


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """A run at rest, for a person; of one under way the beginning, as the picture has the rest."""
    why = f" ({status['stop_reason']})" if status["stop_reason"] and status["state"] == "stopped" else ""
    why = " (a dry run was made)" if status["dry_run"] else why
    lines = [f"Run {status['run_id']}: {status['state']}{why}"]
    if status["state"] == RUNNING:
        return lines
    lines.append(
        f"  {status['done']:,} of {status['to_reset']:,} accounts have an outcome;"
        f" {status['requests']:,} requests, {status['throttled']:,} throttled"
    )
    lines += [f"  {outcome:<14}{rows:>9,}" for outcome, rows in status["outcomes"].items() if rows]
    lines += sender_lines(status["senders"], status["senders_refused"])
    if status["state"] in {PLANNED, "stopped", "interrupted"}:
        lines.append(f"  carry on with: {status['apply']}")
    return lines


def list_line(status: Mapping[str, Any]) -> str:
    """One of many."""
    return f"{status['run_id']:<28} {status['state']:<12} {status['done']:>9,} of {status['to_reset']:>9,} accounts"
