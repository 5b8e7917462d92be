"""`reconcile`: a run beside Partner Center's own records. Only GETs are sent; what they settle goes into the ledger."""

import contextlib
import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, TextIO

from batchreset.adapters.ledger import LedgerReader
from batchreset.adapters.plan import open_plan
from batchreset.adapters.run_folder import holding
from batchreset.core.audit import LATE_AT_MOST, AuditQuery, queries_of, spans_of
from batchreset.core.clock import rfc3339
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reconcile import Difference
from batchreset.core.stop import stop_for
from batchreset.engine.reading import Reader, list_audit_records
from batchreset.errors import ExitCode, PlanRefusedError
from batchreset.wiring.comparing import Comparison, Records
from batchreset.wiring.concluding import Around as Told
from batchreset.wiring.concluding import conclude
from batchreset.wiring.frozen import FrozenRun, reading, standing
from batchreset.wiring.pace_memory import read_pacing
from batchreset.wiring.reading import Around, read
from batchreset.wiring.run_log import run_log
from batchreset.wiring.settling import settled
from batchreset.wiring.sign_in import refuse_unusable
from batchreset.wiring.summary import stop_of
from batchreset.wiring.unchanged import check_plan_is_unchanged

FORMAT: Final = 1


@dataclass(frozen=True, slots=True, kw_only=True)
class Telling:
    """Where events and messages go, beside the run's own log; as in `wiring.applying.How`."""

    log_files: Sequence[Path]
    log_level: int
    stderr: TextIO
    shown: int
    say: Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """What is compared: whose records of which days; `last` is when the run last did anything."""

    customers: Sequence[str]
    spans: Sequence[tuple[dt.date, dt.date]]
    last: dt.datetime

    @property
    def queries(self) -> list[AuditQuery]:
        return queries_of(self.customers, self.spans)


def reconcile(run: FrozenRun, telling: Telling, *, environ: Mapping[str, str], now: dt.datetime) -> dict[str, Any]:
    """Read the records, settle what they settle, and write results, summary and reconcile.csv; what came of it.

    Killed at any moment it leaves all of it in the ledger, or nothing; done once more it comes to the same.

    Raises:
        RunHeldError: another process holds the run.
        PlanRefusedError: nothing was sent, or so long ago that nothing is recorded any more.
        RunFolderError: plan or settings are not those that were frozen, or the folder cannot be written.
        LedgerError: the ledger cannot be read or written.
        ResultsError: settled, but the results could not be written.
        And as `wiring.reading.read`: nothing was changed then.
    """
    with holding(run.folder), run_log(run, telling) as log, contextlib.ExitStack() as closing:
        check_plan_is_unchanged(run)
        refuse_unusable(run.settings)
        asked = _asked(run, now)
        log.info("reconcile.began", customers=len(asked.customers), spans=len(asked.spans))
        records = closing.enter_context(contextlib.closing(Records(asked.customers)))

        async def main(reader: Reader) -> None:
            await list_audit_records(reader, asked.queries, records.saw)

        around = Around(environ=environ, log=log, say=telling.say)
        read(run.settings, around, main, so_far=lambda: f"{records.read:,} records read so far", what="records")
        compared = settled(run, records, log, now)
        _conclude(run, now, Told(log=log, say=telling.say, written_at=now, copied=False))
        found = _found(run, asked, compared, read_records=records.read, now=now)
        log.info(
            "reconcile.ended", exit_code=found["exit_code"], settled=found["settled"], differences=found["differences"]
        )
        return found


def _asked(run: FrozenRun, now: dt.datetime) -> _Asked:
    with reading(run) as ledger:
        moments = ledger.asked_moments() if ledger else []
        customers = _customers_asked(run, ledger) if ledger else []
    if not moments:
        raise PlanRefusedError(
            "nothing has been sent for this run, so that there is nothing to compare",
            next_step=f"apply it first: `{run.apply_command}`",
        )
    last = max(moment for _, moment in moments)
    spans = spans_of(moments, now=now)
    if not spans:
        raise PlanRefusedError(
            f"this run last sent something on {last.date()}, and Partner Center keeps its records for 90 days: nothing"
            " can be compared any more",
            next_step=f"give rows in doubt a new password with `{run.apply_command}`, or look at each of their users in"
            " Partner Center",
        )
    return _Asked(customers=customers, spans=spans, last=last)


def _customers_asked(run: FrozenRun, ledger: LedgerReader) -> list[str]:
    """Those of rows that were touched, in the order of the first ones."""
    customers: dict[str, None] = {}
    for accounts in open_plan(run.folder.plan).accounts():
        touched = ledger.generations(accounts[0][0], accounts[-1][0])
        customers.update(dict.fromkeys(customer for row, customer, _ in accounts if row in touched))
    return list(customers)


def _conclude(run: FrozenRun, now: dt.datetime, told: Told) -> None:
    """Results, summary and report once more, as the last session left them but for what was settled.

    Not the results' copy elsewhere: a newer run may have written there since.
    """
    summary = run.folder.read_summary()
    if summary is not None and summary.get("state") in {"finished", "stopped"}:
        stop, (began_at, ended_at) = stop_of(summary), (dt.datetime.fromisoformat(summary[name]) for name in _TIMES)
    else:
        last = standing(run).last
        reason = last and last.stop_reason
        what = f"the run was stopped before ({reason})" if reason else "a process that carried the run out was killed"
        stop = stop_for(reason or Reason.INTERRUPTED, what)
        began_at = ended_at = (last and last.ended_at) or now
    conclude(
        run, stop, pacing=read_pacing(run.folder), dry_run=False, began_at=began_at, ended_at=ended_at, around=told
    )


_TIMES: Final = ("began_at", "finished_at")


def _found(
    run: FrozenRun, asked: _Asked, compared: Comparison, *, read_records: int, now: dt.datetime
) -> dict[str, Any]:
    """What came of it, for a program; no secret is in it."""
    waits = compared.differences[Difference.IN_DOUBT] or compared.differences[Difference.NOT_RECORDED]
    again = asked.last + LATE_AT_MOST
    return {
        "format": FORMAT,
        "run_id": run.folder.run_id,
        "exit_code": int(ExitCode.ROWS_FAILED if compared.differences.total() else ExitCode.OK),
        "days": [[str(start), str(end)] for start, end in asked.spans],
        "customers": len(asked.customers),
        "records": read_records,
        "settled": {outcome.value: compared.settled[outcome] for outcome in _SETTLED},
        "differences": {what.value: compared.differences[what] for what in Difference if compared.differences[what]},
        "too_old": compared.too_old,
        "try_again_at": rfc3339(again) if waits and now < again else None,
        "outcomes": {outcome.value: rows for outcome, rows in standing(run).outcomes.items() if rows},
        "files": {
            "folder": str(run.folder.path),
            "reconcile": str(run.folder.reconcile),
            "results": str(run.folder.results),
        },
        "passwords": "nobody" if run.settings.password.kind == "discard" else "sealed",
        "apply": run.apply_command,
    }


_SETTLED: Final = (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT)
