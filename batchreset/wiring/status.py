"""What a run has come to so far, from its ledger; true while another process carries it out."""

from collections import Counter
from collections.abc import Mapping
from typing import Any

from batchreset.adapters.run_folder import is_held
from batchreset.core.clock import rfc3339
from batchreset.core.outcome import Outcome
from batchreset.wiring.frozen import FrozenRun, Standing


def status_of(run: FrozenRun, now: Standing) -> dict[str, Any]:
    """The figures. `state`: planned, running, finished, stopped (in order), or interrupted (killed)."""
    state = _state(run, now)
    outcomes = now.outcomes
    if state == "running":
        outcomes = Counter(now.settled_outcomes)
        outcomes[Outcome.SKIPPED] += sum(run.skipped.values())
        outcomes[Outcome.NOT_ATTEMPTED] = now.rows_left - now.under_way
    return {
        "run_id": run.folder.run_id,
        "state": state,
        "planned_at": run.facts.get("planned_at"),
        "to_reset": run.reset_count,
        "done": now.settled,
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "in_flight": now.under_way if state == "running" else 0,
        "requests": sum(now.exchanges.values()),
        "throttled": now.exchanges.get("throttled", 0),
        "stop_reason": now.last.stop_reason if now.last else None,
        "ended_at": rfc3339(now.last.ended_at) if now.last and now.last.ended_at else None,
        "folder": str(run.folder.path),
        "apply": run.apply_command,
    }


def _state(run: FrozenRun, now: Standing) -> str:
    if is_held(run.folder):
        return "running"
    if not now.rows_left:
        return "finished"
    if now.last is None:
        return "planned"
    return "stopped" if now.last.ended_at else "interrupted"


def status_lines(status: Mapping[str, Any]) -> list[str]:
    """The same for a person."""
    why = f" ({status['stop_reason']})" if status["stop_reason"] and status["state"] == "stopped" else ""
    lines = [
        f"Run {status['run_id']}: {status['state']}{why}",
        (
            f"  {status['done']:,} of {status['to_reset']:,} accounts have an outcome;"
            f" {status['requests']:,} requests, {status['throttled']:,} throttled"
        ),
    ]
    lines += [f"  {outcome:<14}{rows:>9,}" for outcome, rows in status["outcomes"].items() if rows]
    if status["in_flight"]:
        lines.append(f"  {'in flight':<14}{status['in_flight']:>9,}")
    if status["state"] in {"planned", "stopped", "interrupted"}:
        lines.append(f"  carry on with: {status['apply']}")
    return lines
