"""Settling what records settle: the ledger first, and reconcile.csv beside it, row after row."""

import contextlib
import datetime as dt
from array import array
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, TextIO

from batchreset.adapters.ledger import LedgerReader, LedgerStore, Settling
from batchreset.adapters.plan import open_plan
from batchreset.adapters.run_folder import writing
from batchreset.core.audit import KEPT_DAYS
from batchreset.core.events import EventLog
from batchreset.core.outcome import Outcome
from batchreset.durable import replacing
from batchreset.wiring.comparing import Comparison, Records, written_into
from batchreset.wiring.frozen import FrozenRun, reading

_OUTCOMES: Final = tuple(Outcome)


def settled(run: FrozenRun, records: Records, log: EventLog, now: dt.datetime) -> Comparison:
    """What the records settle, noted in the ledger; each difference is a line of reconcile.csv.

    Of millions of rows not all have room in memory: the file is written while they pass, before the ledger has them.

    Raises:
        LedgerError: nothing of it is in the ledger, or there is no ledger any more.
        RunFolderError: the plan cannot be read, or reconcile.csv not written: nothing of it is in the ledger then
            either, unless only its last step failed.
    """
    changed = _Changed()
    with (
        writing(run.folder.reconcile),
        replacing(run.folder.reconcile) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        compared = Comparison(tell=written_into(file), kept_since=now.date() - dt.timedelta(days=KEPT_DAYS))
        with reading(run) as ledger, contextlib.closing(LedgerStore(run.folder.ledger, seal=None)) as store:
            parts = _compared(run, ledger, records, compared=compared, file=file)
            store.settle(map(changed.noted, parts), now)
        # At once: the ledger has it, whatever becomes of the file.
        changed.tell(log)
    return compared


def _compared(
    run: FrozenRun, ledger: LedgerReader | None, records: Records, *, compared: Comparison, file: TextIO
) -> Iterator[Settling]:
    """What is to be settled, of some thousand rows at a time.

    The ledger consumes it, and would take an error of the file for one of its own.
    """
    with writing(run.folder.reconcile):
        for accounts in open_plan(run.folder.plan).accounts() if ledger else ():
            for history in ledger.histories(accounts) if ledger else ():
                row = history.row
                compared.add(history, records.of(row.customer_tenant_id, row.user_id, row.correlation_ids))
            yield compared.taken()
        compared.add_unnamed(records.unnamed())
        # What the disk does not take is to be known before the ledger is committed.
        file.flush()


@dataclass(slots=True)
class _Changed:
    """Rows that were settled, or are not any more: nobody is told of them before all of it is in the ledger."""

    rows: "array[int]" = field(default_factory=lambda: array("Q"))
    outcomes: bytearray = field(default_factory=bytearray)
    unsettled: "array[int]" = field(default_factory=lambda: array("Q"))

    def noted(self, part: Settling) -> Settling:
        self.rows.extend(part.settled)
        self.outcomes.extend(_OUTCOMES.index(outcome) for outcome in part.settled.values())
        self.unsettled.extend(part.unsettled)
        return part

    def tell(self, log: EventLog) -> None:
        for row, outcome in zip(self.rows, self.outcomes, strict=True):
            log.info("row.settled", row=row, outcome=_OUTCOMES[outcome])
        for row in self.unsettled:
            log.warning("row.unsettled", row=row)
