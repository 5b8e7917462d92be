"""What a run came to: summary.json and the text for a person, from the same figures."""

import contextlib
import datetime as dt
from collections.abc import Mapping, Sequence
from typing import Any, Final

from batchreset.adapters.plan import SINGLE_LANE, open_plan
from batchreset.core.clock import rfc3339
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import PARTNER
from batchreset.core.reporting import meanings
from batchreset.core.stop import APPLY, Stop, exit_code_of
from batchreset.errors import ExitCode, RunFolderError
from batchreset.settings.model import Settings
from batchreset.wiring.cluster import who_sends
from batchreset.wiring.frozen import FrozenRun, Standing
from batchreset.wiring.passwords import strength
from batchreset.wiring.sent_by import refused_facts, refused_in, sender_facts, who_sent
from batchreset.wiring.told import refused_at_last

FORMAT: Final = 1
_SHOWN_REASONS: Final = 12
_PLANNED_AUTH: Final = (
    "; this run keeps [auth] as it was planned: if tenant_id, client_id or kind was wrong, begin a new run instead"
)
_SHOWN_CUSTOMERS: Final = 10
SHOWN_OF_A_GUID: Final = 8
"""Characters; summary.json has the rest."""


def exit_code(now: Standing, stop: Stop | None) -> ExitCode:
    """What the process exits with."""
    return exit_code_of(now.outcomes, stop, rows_left=now.rows_left)


def summarize(
    run: FrozenRun,
    now: Standing,
    *,
    stop: Stop | None,
    pacing: Mapping[str, Any] | None,
    dry_run: bool,
    began_at: dt.datetime,
    ended_at: dt.datetime,
) -> dict[str, Any]:
    """The content of summary.json. No secret is in it. `pacing`: as `pacing_summary` makes it; None: not known."""
    outcomes = now.outcomes
    code = ExitCode.OK if dry_run and stop is None else exit_code(now, stop)
    stopped = stop if now.rows_left else None
    next_step = stopped.next_step.replace(APPLY, f"`{run.apply_command}`") if stopped else ""
    if stopped is not None and code is ExitCode.SIGN_IN:
        next_step += _PLANNED_AUTH
    state = "dry_run" if dry_run else "stopped" if now.rows_left else "finished"
    return {
        "format": FORMAT,
        "run_id": run.folder.run_id,
        "state": state,
        "exit_code": int(code),
        "stop": {"reason": stopped.reason, "what": stopped.what, "next_step": next_step} if stopped else None,
        "rows": sum(outcomes.values()),
        "to_reset": run.reset_count - now.settled_outcomes[Outcome.SKIPPED],
        "outcomes": {outcome.value: outcomes[outcome] for outcome in Outcome},
        "reasons": [
            {"outcome": outcome.value, "reason": reason.value, "rows": rows}
            for (outcome, reason), rows in sorted(now.totals.items(), key=lambda item: (-item[1], str(item[0])))
            if reason is not None
        ],
        "sent": now.sent,
        "throttled": now.exchanges.get("throttled", 0),
        "senders": sender_facts(now.senders),
        "senders_refused": _refused(run, now),
        "pacing": pacing,
        "began_at": rfc3339(began_at),
        "finished_at": rfc3339(ended_at),
        "duration_seconds": round((ended_at - began_at).total_seconds(), 3),
        "plan_sha256": run.plan_sha256,
        "input": {"source": run.facts["input"]["source"], "sha256": run.input_sha256},
        "files": {
            "folder": str(run.folder.path),
            "results": str(run.folder.results),
            "ledger": str(run.folder.ledger),
            "log": str(run.folder.log),
        },
        "passwords": "nobody" if run.settings.password.kind == "discard" else "sealed",
    }


def _refused(run: FrozenRun, now: Standing) -> list[dict[str, str]]:
    """By the session that ends; where none does (a comparison afterwards), as the summary before this has it."""
    if refused := refused_at_last(run.folder, now.last):
        return refused_facts(refused)
    with contextlib.suppress(RunFolderError):
        return refused_in(run.folder.read_summary())
    return []


def stop_of(summary: Mapping[str, Any]) -> Stop | None:
    """The stop that a summary was made of, so that another one can be made of it; None: it was none."""
    stop = summary.get("stop")
    if not stop:
        return None
    return Stop(
        reason=Reason(stop["reason"]),
        what=stop["what"],
        next_step=stop["next_step"].removesuffix(_PLANNED_AUTH),
        exit_code=ExitCode(summary["exit_code"]),
    )


def summary_lines(summary: Mapping[str, Any], *, repeated: bool = False) -> list[str]:
    """The summary for a person: at most about twenty lines, 80 columns where the names allow.

    `repeated`: it is of an earlier session; nothing was done in this one.
    """
    outcomes: Mapping[str, int] = summary["outcomes"]
    lines = [f"Run {summary['run_id']}: {_headline(summary)}", ""]
    for outcome, meaning in meanings.OUTCOMES.items():
        rows = outcomes[outcome.value]
        if rows or outcome is Outcome.SUCCEEDED:
            lines.append(f"  {outcome.value:<14}{rows:>9,}  {meaning}")
            lines += [
                f"      {reason['rows']:>15,}  {reason['reason']}"
                for reason in summary["reasons"][:_SHOWN_REASONS]
                if reason["outcome"] == outcome.value
            ]
    throttled = f", {summary['throttled']:,} of them throttled (429)" if summary["throttled"] else ""
    took = f"{'the last' if repeated else 'this'} session took {_duration(summary['duration_seconds'])}"
    senders, refused = summary.get("senders") or [], refused_in(summary)
    by = f" by {who}" if (who := who_sent(senders)) else ""
    sent = f"{summary['sent']:,} requests{by}{throttled}"
    lines += ["", f"  {sent}; {took}", *_worker_lines(senders, refused), *_limit_lines(summary.get("pacing"))]
    named = ((name, summary["files"].get(name)) for name in ("results", "report", "log"))
    lines += ["", *(f"  {name:<11}{path}" for name, path in named if path)]
    if summary["passwords"] == "sealed" and (outcomes["succeeded"] or outcomes["in_doubt"]):
        lines.append(f"  hand-over  batchreset handover {summary['files']['folder']} --identity KEY")
    return lines


def _worker_lines(senders: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> list[str]:
    """What befell workers; whatever else there is to say of each of them, `status` says."""
    lines = []
    if lost := sum(one["lost"] for one in senders):
        lines.append(f"  {lost:,} of them had no answer, as {'its' if lost == 1 else 'their'} worker was lost")
    if refused:
        who = "1 worker was" if len(refused) == 1 else f"{len(refused):,} workers were"
        lines.append(f"  {who} there and could not send ({refused[0]['why']})")
    return lines


def _limit_lines(pacing: Mapping[str, Any] | None) -> list[str]:
    """The partner's limit, and the customers' in one line: many have the same."""
    known = [limit for limit in (pacing or {}).get("limits", []) if limit["limit"]]
    partner = [limit for limit in known if limit["scope"] == PARTNER]
    customers = [limit for limit in known if limit["scope"] != PARTNER]
    lines = [f"  limit found: {_limit(limit)} for the partner; {_waited(limit)}" for limit in partner]
    if customers:
        each = " at most each" if len(customers) > 1 else ""
        lines.append(f"  limit found: {_limit(customers[0])} for {_who(customers)}; {_waited(customers[0])}{each}")
    return lines


def _who(customers: Sequence[Mapping[str, Any]]) -> str:
    if customers[0]["scope"] == SINGLE_LANE:
        return "all rows, in the input's order"
    shown = f"customer {customers[0]['scope'][:SHOWN_OF_A_GUID]}…"
    return f"{shown} and {len(customers) - 1:,} more" if len(customers) > 1 else shown


def _limit(limit: Mapping[str, Any]) -> str:
    return f"{limit['limit']:,} requests in {limit['window_seconds']:g} s"


def _waited(limit: Mapping[str, Any]) -> str:
    return f"waited {_duration(limit['waited_seconds'])}"


def plan_lines(run: FrozenRun) -> list[str]:
    """The plan for a person, before anything is sent."""
    customers = sorted(open_plan(run.folder.plan).rows_per_customer().items(), key=lambda item: -item[1])
    settings = run.settings
    what = f"{_counted(run.reset_count, 'account')} of {_counted(len(customers), 'customer')}"
    lines = [f"Plan {run.folder.run_id}: {what}, from {run.facts['input']['source']}"]
    lines += [f"  {customer}  {rows:>9,}" for customer, rows in customers[:_SHOWN_CUSTOMERS]]
    if len(customers) > _SHOWN_CUSTOMERS:
        rest = sum(rows for _, rows in customers[_SHOWN_CUSTOMERS:])
        lines.append(f"  {f'and {len(customers) - _SHOWN_CUSTOMERS:,} more customers':<36}  {rest:>9,}")
    lines += [f"  skipped: {rows:,} ({reason})" for reason, rows in run.skipped.items()]
    if run.problem_count:
        lines.append(f"  problems:  {run.problem_count:,}, in {run.folder.problems}")
    online = run.facts.get("online")
    if online:
        lines.append(f"  findings:  {online['noted']:,}, in {run.folder.findings}")
    if run.protected_names:
        lines.append(f"  protected: by name {run.protected_names:,}, looked up before the first reset")
    keys = len(settings.password.recipients)
    sealed = f"sealed to {keys} public {'key' if keys == 1 else 'keys'}"
    known_by = "nobody will know them" if settings.password.kind == "discard" else sealed
    clustered = settings.cluster.scheduler or (run.facts["settings"].get("cluster") or {}).get("scheduler")
    return [
        *lines,
        f"  passwords: {strength(settings.password)}, {known_by}",
        f"  service:   {settings.partner_center.api_base_url}",
        *([f"  sends:     {who_sends(settings)}"] if clustered else []),
        f"  safety:    {_safety(settings)}",
        f"  plan SHA-256 {run.plan_sha256}",
    ]


def _counted(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def _safety(settings: Settings) -> str:
    safety = settings.safety
    limits = [f"canary of {safety.canary}" if safety.canary else "no canary"]
    limits.append(f"stops above {safety.max_failure_rate:.0%} failures")
    if safety.max_failures:
        limits.append(f"or above {safety.max_failures:,} of them")
    if safety.max_duration:
        limits.append(f"or after {safety.max_duration}")
    return ", ".join(limits)


def _headline(summary: Mapping[str, Any]) -> str:
    outcomes = summary["outcomes"]
    not_well = outcomes["failed"] + outcomes["in_doubt"]
    match summary["state"]:
        case "dry_run":
            return f"dry run, nothing was sent; {outcomes['not_attempted']:,} accounts would be reset"
        case "stopped":
            return f"stopped before its end (exit {summary['exit_code']})"
        case _ if not summary["to_reset"]:
            return "finished, no account was reset: all are protected"
        case _ if not_well:
            return f"finished, {not_well:,} of {summary['to_reset']:,} accounts need a look (exit 3)"
        case _:
            doubted = sum(one["rows"] for one in summary["reasons"] if one["reason"] == Reason.DOUBTED)
            but = f"; {doubted:,} perhaps by somebody else since" if doubted else ""
            return f"finished, all {summary['to_reset']:,} accounts were reset{but}"


def _duration(seconds: float) -> str:
    whole = round(seconds)
    if whole < 60:  # noqa: PLR2004  seconds in a minute
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"
