"""The rows of a run beside the records that were read: what is to be settled, and the differences, a line each."""

import csv
import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final, TextIO

from batchreset.adapters.ledger import RecordSpool, RowHistory, Settling
from batchreset.core.audit import AuditRecord
from batchreset.core.clock import rfc3339
from batchreset.core.columns import RECONCILE
from batchreset.core.outcome import Outcome
from batchreset.core.reconcile import Difference, Reconciled, reconcile_row

_EXPLANATIONS: Final = {
    Difference.IN_DOUBT: "No record tells (yet) whether the password was changed; a missing one proves nothing.",
    Difference.NOT_RECORDED: "It succeeded by the service's answer, and is not recorded (yet).",
    Difference.RECORDED_FAILED: (
        "It succeeded by the service's answer, and is recorded as failed: the hand-over gives its password as possible."
    ),
    Difference.RECORDED_SUCCEEDED: "It failed by the service's answer, and is recorded as succeeded.",
    Difference.RECORDED_LATER: (
        "An earlier password of this run is recorded after a later one, or perhaps after it: the hand-over gives both"
        " as possible."
    ),
    Difference.SOMEBODY_ELSE: (
        "A reset that this run did not send; after ours, our password is not in force any more."
    ),
    Difference.PERHAPS_OURS: (
        "A reset that this run may have sent when a process of it was killed, or somebody else did."
    ),
    Difference.NO_USER: "A reset of a user of this customer; the record does not say of which.",
}
_FORMULA: Final = ("-", "=", "+", "@")


class Records:
    """The records that were read, by account; each once."""

    def __init__(self, customers: Sequence[str]) -> None:
        self._customers = frozenset(customers)
        self._spool = RecordSpool()
        self.read = 0

    def close(self) -> None:
        """They are not needed any more."""
        self._spool.close()

    def saw(self, records: Sequence[AuditRecord]) -> None:
        """One page more; of other customers nothing is kept."""
        self.read += len(records)
        self._spool.add(record for record in records if record.customer_tenant_id in self._customers)

    def of(self, customer: str, user: str, correlation_ids: frozenset[str]) -> set[AuditRecord]:
        """Those of one account; one that names no user is its own when the request was."""
        return {*self._spool.take_unnamed(customer, correlation_ids), *self._spool.of(customer, user)}

    def unnamed(self) -> Iterator[AuditRecord]:
        """Resets whose user nobody knows, those left out that `of` has given; in a fixed order."""
        return self._spool.unnamed()


@dataclass(slots=True, kw_only=True)
class Comparison:
    """Filled row by row.

    Attributes:
        tell: takes a line for each difference, in the order of rows.
        kept_since: of what was done before this day Partner Center has no record any more.
        settled: rows whose outcome records decide, now or before, by that outcome.
        too_old: rows that succeeded before `kept_since`, and are not compared.
    """

    tell: Callable[[tuple[str, ...]], object]
    kept_since: dt.date
    settling: Settling = field(default_factory=Settling)
    settled: Counter[Outcome] = field(default_factory=Counter)
    differences: Counter[Difference] = field(default_factory=Counter)
    too_old: int = 0

    def taken(self) -> Settling:
        """What is to be settled of the rows that came since it was taken the last time."""
        taken, self.settling = self.settling, Settling()
        return taken

    def add(self, history: RowHistory, records: set[AuditRecord]) -> None:
        """One row, with all records of its account."""
        row, found = history.row, reconcile_row(history.row, {*history.records, *records})
        number, settling = row.row, self.settling
        settling.records += [(number, record) for record in records]
        if found.certainties:
            settling.certainties[number] = found.certainties
        if found.settled and found.outcome is not None:
            self.settled[found.outcome] += 1
            if not history.settled or history.outcome is not found.outcome:
                settling.settled[number] = found.outcome
        elif history.settled:
            settling.unsettled.append(number)
        old = row.generations[-1].noted_at.date() < self.kept_since
        for one in found.differences:
            if old and one.what is Difference.NOT_RECORDED:
                self.too_old += 1
                continue
            self._tell(one.what, history, found, one.record)

    def add_unnamed(self, records: Iterable[AuditRecord]) -> None:
        """Resets of nobody knows whom."""
        for record in records:
            self.differences[Difference.NO_USER] += 1
            self.tell(("", record.customer_tenant_id, "", *_about(Difference.NO_USER, "", record)))

    def _tell(self, what: Difference, history: RowHistory, found: Reconciled, record: AuditRecord | None) -> None:
        self.differences[what] += 1
        row, outcome = history.row, found.outcome or Outcome.IN_DOUBT
        ids = (str(row.row), row.customer_tenant_id, row.user_id)
        self.tell((*ids, *_about(what, outcome.value, record)))


def written_into(file: TextIO) -> Callable[[Iterable[str]], object]:
    """reconcile.csv, begun; what is given writes a line."""
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(RECONCILE)
    return writer.writerow


def _about(what: Difference, outcome: str, record: AuditRecord | None) -> Iterator[str]:
    yield from (what.value, outcome)
    if record is None:
        yield from ("", "", "", "")
    else:
        # Words of the service that a spreadsheet would carry out (OWASP: CSV injection).
        by = f"'{record.by}" if record.by.startswith(_FORMULA) else record.by
        yield from (record.status.value, rfc3339(record.at) if record.at else "", by, record.correlation_id)
    yield _EXPLANATIONS[what]
