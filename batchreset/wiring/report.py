"""The report of a run, from its plan, ledger and summary, at any time: also while it goes on, or before it began."""

import contextlib
import datetime as dt
import shlex
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from batchreset.adapters.ledger import LedgerReader
from batchreset.adapters.plan import SINGLE_LANE, Plan, open_plan
from batchreset.adapters.report import is_page, write_page
from batchreset.adapters.run_folder import is_held
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import PARTNER
from batchreset.core.reporting.headline import headline
from batchreset.core.reporting.report import Limit, Report, Throughput, Traffic
from batchreset.core.reporting.rows import Counted, Group, groups_for_a_person
from batchreset.core.reporting.senders import senders_of
from batchreset.core.reporting.traffic import Kind, Session, bar_width, bars, histogram, kind_of, latencies
from batchreset.durable import replaceable
from batchreset.errors import RunFolderError, SettingsError
from batchreset.wiring.frozen import FrozenRun, reading
from batchreset.wiring.pace_memory import read_pacing
from batchreset.wiring.report_facts import facts_of, files_of, settings_that_mattered
from batchreset.wiring.report_rows import End, found_rows
from batchreset.wiring.sent_by import refused_facts, refused_in
from batchreset.wiring.told import refused_at_last


def report_of(run: FrozenRun, *, now: dt.datetime, summary: Mapping[str, Any] | None = None) -> Report:
    """All that there is to say of the run, as of one moment.

    Args:
        run: which one.
        now: when it is said.
        summary: of the session that has just ended, by whoever holds the run; None: whatever the folder tells.

    Raises:
        LedgerError, RunFolderError: ledger, plan or run.json cannot be read.
    """
    with reading(run) as ledger:
        found = found_rows(run, ledger, summary)
        traffic = replace(
            _traffic(run, ledger, summary["pacing"] if summary is not None else read_pacing(run.folder)),
            refused=_refused(run, ledger, summary),
        )
    end, counted = found.end, found.counted
    groups = groups_for_a_person(counted)
    discarded = run.settings.password.kind == "discard"
    sealed = not discarded and (counted.of(Outcome.SUCCEEDED) or counted.of(Outcome.IN_DOUBT))
    folder = shlex.quote(str(run.folder.path))
    return Report(
        run_id=run.folder.run_id,
        state=end.state,
        written_at=now,
        exit_code=end.exit_code,
        headline=headline(end.state, counted, to_reset=found.to_reset, under_way=found.under_way),
        stopped=end.stopped,
        to_reset=found.to_reset,
        settled=found.settled,
        under_way=found.under_way,
        counted=counted,
        groups=groups,
        listing={(group.outcome, group.reason or ""): _listing(run, end, group) for group in groups},
        by_customer=_by_customer(run, end, counted),
        traffic=traffic,
        settings=tuple(settings_that_mattered(run.settings)),
        facts=tuple(facts_of(run)),
        files=tuple(files_of(run)),
        hand_over=f"batchreset handover {folder} --identity KEY" if sealed else "",
        carry_on=run.apply_command if end.state in {"planned", "dry_run", "stopped", "interrupted"} else "",
        watch=f"batchreset status {folder} --watch" if end.state == "running" else "",
        discarded=discarded,
    )


def write_report(
    run: FrozenRun, destination: Path, *, now: dt.datetime, summary: Mapping[str, Any] | None = None
) -> str | None:
    """Write the page durably, mode 0600; why there are no charts on it, if there are none.

    Raises:
        SettingsError: the destination is the input, another file of the run's folder, or no page of this program.
        RunFolderError: the file could not be written, or the plan not read.
        LedgerError: the ledger cannot be read.
    """
    _refuse_destination(run, destination)
    return write_page(report_of(run, now=now, summary=summary), destination)


def _refuse_destination(run: FrozenRun, destination: Path) -> None:
    try:
        target = replaceable(destination)
    except OSError as error:
        raise SettingsError(
            f"the report could not be written to {destination} ({error.strerror})",
            next_step="choose another file for the report",
        ) from error
    if target == Path(run.input_source).resolve():
        raise SettingsError(
            f"the report would overwrite the input {destination}", next_step="choose another file for the report"
        )
    if target.parent == run.folder.path.resolve() and target.name != run.folder.report.name:
        raise SettingsError(
            f"the report would overwrite a file of the run's folder, or lie among them as one: {destination}",
            next_step="choose a file elsewhere, or leave --out away",
        )
    with contextlib.suppress(FileNotFoundError):
        _refuse_what_is_no_page(target, destination)


def _refuse_what_is_no_page(target: Path, destination: Path) -> None:
    """A key, a list, anybody's page: they cannot be had again. Raises SettingsError, FileNotFoundError."""
    try:
        replaced = is_page(target)
    except FileNotFoundError:
        raise
    except OSError as error:
        raise SettingsError(
            f"{destination} exists already and cannot be read ({error.strerror}); only a report is replaced by one",
            next_step="choose another file, or remove that one",
        ) from error
    if not replaced:
        raise SettingsError(
            f"{destination} exists already and is no report; nothing but a report is written over",
            next_step="choose another file, or remove that one",
        )


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
    exchanged = ledger.exchanged() if ledger else ()
    sessions = ledger.sessions(exchanged) if ledger else ()
    answers = ledger.answer_times() if ledger else {}
    return Traffic(
        kinds={kind: sum(one.exchanges for one in exchanged if kind_of(one.verdict) is kind) for kind in Kind},
        sessions=sessions,
        senders=senders_of(exchanged),
        whole=_throughput(ledger, sessions, whole),
        slowest=_throughput(ledger, sessions, slowest, plan=open_plan(run.folder.plan)) if slowest else None,
        latencies=latencies(answers),
        histogram=histogram(answers),
        limits=limits,
        limits_known=pacing is not None,
        limits_left_out=int((pacing or {}).get("limits_left_out", 0)),
    )


def _refused(
    run: FrozenRun, ledger: LedgerReader | None, summary: Mapping[str, Any] | None
) -> tuple[tuple[str, str], ...]:
    found: Sequence[Mapping[str, str]] = ()
    if summary is None and is_held(run.folder):
        found = refused_facts(refused_at_last(run.folder, ledger.last_session() if ledger else None))
    else:
        with contextlib.suppress(RunFolderError):
            found = refused_in(run.folder.read_summary() if summary is None else summary)
    return tuple((one["sender"], one["why"]) for one in found)


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


def _listing(run: FrozenRun, end: End, group: Group) -> str:
    """What a person types to see all rows of a group; the columns before `outcome` hold no comma."""
    return f"grep ',{group.outcome},{group.reason or ''},' {_results(run, end)}"


def _by_customer(run: FrozenRun, end: End, counted: Counted) -> str:
    """What a person types to see all customers: their rows that need one, or where there are none, by outcome."""
    others = counted.others
    which, what = ("NR > 1", '$2 " " $5')
    if others and others.not_well:
        which, what = ('$5 == "failed" || $5 == "in_doubt"', "$2")
    count = f"{which} {{ rows[{what}]++ }} END {{ for (one in rows) print rows[one], one }}"
    return f"awk -F, '{count}' {_results(run, end)} | sort -rn"


def _results(run: FrozenRun, end: End) -> str:
    if end.state in {"finished", "stopped"}:
        return shlex.quote(str(run.folder.results))
    return f'"$(batchreset results {shlex.quote(str(run.folder.path))})"'
