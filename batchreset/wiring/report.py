"""The report of a run, from its plan, ledger and summary, at any time: also while it goes on, or before it began."""

import datetime as dt
import shlex
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.adapters.ledger import LedgerReader
from batchreset.adapters.plan import SINGLE_LANE, Plan, open_plan
from batchreset.adapters.report import write_page
from batchreset.adapters.results import count_results
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.pacing import PARTNER
from batchreset.core.reporting.headline import headline
from batchreset.core.reporting.report import Limit, Report, Stopped, Throughput, Traffic
from batchreset.core.reporting.rows import Counted, Group, groups_for_a_person
from batchreset.core.reporting.traffic import Kind, Session, bar_width, bars, histogram, kind_of, latencies
from batchreset.core.stop import exit_code_of
from batchreset.errors import SettingsError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun, reading, standing, unattempted_reason
from batchreset.wiring.pace_memory import read_pacing
from batchreset.wiring.status import status_of

_SHOWN_RECIPIENTS: Final = 5
_SHOWN_OF_A_KEY: Final = 70


@dataclass(frozen=True, slots=True, kw_only=True)
class _End:
    """How far the run has come, and why it is not further."""

    state: str
    exit_code: int | None
    stopped: Stopped | None


def report_of(run: FrozenRun, *, now: dt.datetime, summary: Mapping[str, Any] | None = None) -> Report:
    """All that there is to say of the run, as of one moment.

    Args:
        run: which one.
        now: when it is said.
        summary: of the session that has just ended, by whoever holds the run; None: whatever the folder tells.

    Raises:
        LedgerError, RunFolderError: ledger, plan or run.json cannot be read.
    """
    end = _end_of(summary) if summary is not None else _found_end(run)
    with reading(run) as ledger:
        counted, settled, left_out = _rows(run, ledger, end)
        under_way = _under_way(ledger) if end.state == "running" else 0
        traffic = _traffic(run, ledger, summary["pacing"] if summary is not None else read_pacing(run.folder))
    groups = groups_for_a_person(counted)
    to_reset = run.reset_count - left_out
    discarded = run.settings.password.kind == "discard"
    sealed = not discarded and (counted.of(Outcome.SUCCEEDED) or counted.of(Outcome.IN_DOUBT))
    folder = shlex.quote(str(run.folder.path))
    return Report(
        run_id=run.folder.run_id,
        state=end.state,
        written_at=now,
        exit_code=end.exit_code,
        headline=headline(end.state, counted, to_reset=to_reset, under_way=under_way),
        stopped=end.stopped,
        to_reset=to_reset,
        settled=settled - left_out,
        counted=counted,
        groups=groups,
        listing={(group.outcome, group.reason or ""): _listing(run, end, group) for group in groups},
        traffic=traffic,
        settings=tuple(_settings(run.settings)),
        facts=tuple(_facts(run)),
        files=tuple(_files(run)),
        hand_over=f"batchreset handover {folder} --identity KEY" if sealed else "",
        carry_on=run.apply_command if end.state in {"planned", "dry_run", "stopped", "interrupted"} else "",
        discarded=discarded,
    )


def write_report(
    run: FrozenRun, destination: Path, *, now: dt.datetime, summary: Mapping[str, Any] | None = None
) -> str | None:
    """Write the page durably, mode 0600; why there are no charts on it, if there are none.

    Raises:
        SettingsError: the destination is the input, or another file of the run's folder.
        RunFolderError: the file could not be written, or the plan not read.
        LedgerError: the ledger cannot be read.
    """
    _refuse_destination(run, destination)
    return write_page(report_of(run, now=now, summary=summary), destination)


def _refuse_destination(run: FrozenRun, destination: Path) -> None:
    target = destination.expanduser().resolve()
    if target == Path(run.input_source).resolve():
        raise SettingsError(
            f"the report would overwrite the input {destination}", next_step="choose another file for the report"
        )
    if target.parent == run.folder.path.resolve() and target.name != run.folder.report.name:
        raise SettingsError(
            f"the report would overwrite a file of the run's folder, or lie among them as one: {destination}",
            next_step="choose a file elsewhere, or leave --out away",
        )


def _end_of(summary: Mapping[str, Any]) -> _End:
    stop = summary["stop"]
    return _End(
        state=summary["state"],
        exit_code=summary["exit_code"],
        stopped=Stopped(reason=stop["reason"], what=stop["what"], next_step=stop["next_step"]) if stop else None,
    )


def _found_end(run: FrozenRun) -> _End:
    """By the summary where it is of this state of things, else by the ledger."""
    now = standing(run)
    state = status_of(run, now)["state"]
    summary = run.folder.read_summary() if state in {"planned", "stopped", "finished"} else None
    if summary is not None and summary.get("state") == ("dry_run" if state == "planned" else state):
        return _end_of(summary)
    match state:
        case "finished":
            return _End(state=state, exit_code=int(exit_code_of(now.outcomes, None, rows_left=0)), stopped=None)
        case "stopped":
            what = f"the run was stopped ({now.last.stop_reason if now.last else ''})"
            code = now.last.exit_code if now.last else None
        case "interrupted":
            what = "the process that carried it out was killed, or its machine went down; all that it had noted is kept"
            code = None
        case _:
            return _End(state=state, exit_code=None, stopped=None)
    stopped = Stopped(reason=Reason.INTERRUPTED, what=what, next_step=f"continue the run with `{run.apply_command}`")
    return _End(state=state, exit_code=code, stopped=stopped)


def _rows(run: FrozenRun, ledger: LedgerReader | None, end: _End) -> tuple[Counted, int, int]:
    """The rows, how many have an outcome of their own, and how many of them were left out at the last moment.

    While a session goes on, rows under way are rows to come: nobody has to look at them.
    """
    running = end.state == "running"
    last = ledger.last_session() if ledger else None
    reason = Reason.PLANNED if running else unattempted_reason(last, dry_run=end.state == "dry_run")
    counted = count_results(
        plan=run.folder.plan,
        endings=lambda first, to: (
            ledger.endings_between(first, to, unfinished=None if running else reason) if ledger else []
        ),
        outcomes=lambda first, to: ledger.results_between(first, to, unfinished=reason) if ledger else [],
        unattempted=reason,
    )
    totals = ledger.totals() if ledger else {}
    left_out = sum(rows for (outcome, _), rows in totals.items() if outcome is Outcome.SKIPPED)
    return counted, sum(totals.values()), left_out


def _under_way(ledger: LedgerReader | None) -> int:
    return sum(ledger.unfinished(Reason.INTERRUPTED).values()) if ledger else 0


def _traffic(run: FrozenRun, ledger: LedgerReader | None, pacing: Mapping[str, Any] | None) -> Traffic:
    limits = tuple(
        Limit(
            scope=limit["scope"],
            requests=limit["limit"],
            window_seconds=limit["window_seconds"],
            refused=limit["refused"],
            waited_seconds=limit["waited_seconds"],
        )
        for limit in (pacing or {}).get("limits", [])
        if limit["limit"] and limit["window_seconds"]
    )
    # The customer's that waited longest comes first.
    slowest = next((limit for limit in limits if limit.scope not in {PARTNER, SINGLE_LANE}), None)
    whole = next((limit for limit in limits if limit.scope in {PARTNER, SINGLE_LANE}), None)
    sessions = ledger.sessions() if ledger else ()
    answers = ledger.answer_times() if ledger else {}
    exchanges = ledger.verdicts() if ledger else {}
    return Traffic(
        kinds={kind: sum(often for verdict, often in exchanges.items() if kind_of(verdict) is kind) for kind in Kind},
        sessions=sessions,
        whole=_throughput(ledger, sessions, whole),
        slowest=_throughput(ledger, sessions, slowest, plan=open_plan(run.folder.plan)) if slowest else None,
        latencies=latencies(answers),
        histogram=histogram(answers),
        limits=limits,
        limits_left_out=int((pacing or {}).get("limits_left_out", 0)),
    )


def _throughput(
    ledger: LedgerReader | None, sessions: Sequence[Session], limit: Limit | None, *, plan: Plan | None = None
) -> Throughput:
    """Of all customers; with a plan: of the one whose limit it is."""
    active = sum(session.active_seconds for session in sessions)
    width = bar_width(active, limit.window_seconds if limit else None)
    counted: Counter[tuple[int, int, Kind]] = Counter()
    if ledger is not None:
        parts = plan.rows_of(limit.scope) if plan is not None and limit is not None else [None]
        for rows in parts:
            counted.update(ledger.bars(sessions, width_seconds=width, rows=rows))
    drawn, begins = bars(sessions, counted, width=width)
    return Throughput(limit=limit, bar_seconds=width, bars=drawn, begins=begins)


def _listing(run: FrozenRun, end: _End, group: Group) -> str:
    """What a person types to see all rows of a group; the columns before `outcome` hold no comma."""
    results = shlex.quote(str(run.folder.results))
    if end.state not in {"finished", "stopped"}:
        results = f'"$(batchreset results {shlex.quote(str(run.folder.path))})"'
    return f"grep ',{group.outcome},{group.reason or ''},' {results}"


def _settings(settings: Settings) -> Iterator[tuple[str, str]]:
    """Those that decided what was done; none is a secret, and where a notice goes is one."""
    password, partner_center, auth = settings.password, settings.partner_center, settings.auth
    pace, safety = settings.pace, settings.safety
    yield (
        "Passwords",
        password.kind if password.kind == "passphrase" else f"{password.kind}, {password.length} characters",
    )
    keys = password.recipients if password.kind != "discard" else ()
    for number, key in enumerate(keys[:_SHOWN_RECIPIENTS], start=1):
        yield f"Sealed to key {number}", key if len(key) <= _SHOWN_OF_A_KEY else key[:_SHOWN_OF_A_KEY] + "…"
    if len(keys) > _SHOWN_RECIPIENTS:
        yield "Sealed to further keys", f"{len(keys) - _SHOWN_RECIPIENTS:,}"
    if not keys:
        yield "Sealed to", "nobody: these passwords are known to no one"
    yield "Service", partner_center.api_base_url
    yield "Sign-in", f"{settings.authority}, tenant {auth.tenant_id or '(not given)'}"
    yield "Application", auth.client_id or "(not given)"
    yield "Protected", f"{len(settings.input.protected):,} lists and entries"
    if settings.input.customers:
        yield "Customers allowed", f"{len(settings.input.customers):,}"
    yield "Invalid rows", "refused" if settings.input.on_invalid == "stop" else "left out"
    yield "At once", f"{pace.max_concurrency:,} requests at most"
    yield (
        "Rate",
        f"{pace.max_per_second:g} requests a second at most" if pace.max_per_second else "as the service allows",
    )
    yield "Attempts", f"{pace.max_attempts:,} a row at most, refusals by limits (429) not counted"
    yield "Canary", f"{safety.canary:,} rows first" if safety.canary else "none"
    yield "Stops at", ", ".join(_stops(settings))
    yield "MFA check", "before the first reset" if safety.check_mfa else "switched off"


def _stops(settings: Settings) -> Iterator[str]:
    safety = settings.safety
    yield f"more than {safety.max_failure_rate:.0%} failures of the last 200"
    if safety.max_failures:
        yield f"more than {safety.max_failures:,} failures"
    if safety.max_duration:
        yield f"{safety.max_duration} of sending"


def _facts(run: FrozenRun) -> Iterator[tuple[str, str]]:
    facts = run.facts
    operator, versions = facts.get("operator") or {}, facts.get("versions") or {}
    yield "Run", run.folder.run_id
    yield "Planned at", str(facts.get("planned_at", "(not known)"))
    yield "Planned by", f"{operator.get('user', '(not known)')} on {operator.get('host', '(not known)')}"
    yield "Input", run.input_source
    yield "Input SHA-256", run.input_sha256
    yield "Accounts SHA-256", run.accounts_sha256
    yield "Plan SHA-256", run.plan_sha256
    yield "Versions", ", ".join(f"{name} {version}" for name, version in versions.items())


def _files(run: FrozenRun) -> Iterator[tuple[str, str]]:
    """Of the run's folder, as far as they are there."""
    folder = run.folder
    described = (
        (folder.results, "one line an input row, with outcome, reason and advice"),
        (folder.summary_json, "these totals, for programs"),
        (folder.plan, "what was to be done: every input row, checked and decided on"),
        (folder.run_json, "settings, versions, operator, SHA-256 of input and plan"),
        (folder.ledger, "every attempt and outcome, and the passwords, sealed"),
        (folder.findings, "accounts that were found to be deleted, federated and so on"),
        (folder.problems, "what is wrong with rows of the input"),
        (folder.log, "events: ids and outcomes"),
    )
    yield from ((path.name, text) for path, text in described if path.exists())
