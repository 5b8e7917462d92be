"""`python -m benchmarks.size.fill FOLDER FIRST LAST RECIPIENT`: a run that was carried out, without sending anything.

Rows FIRST to LAST of the plan are noted, answered and ended in the run's ledger, through the program's own writer, as a
service would have answered them: 1 of 100 is not found, 1 of 1000 ends in doubt after two attempts. The session ends as
one that was interrupted.
"""

import datetime as dt
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.sealing import parse_recipients, sealer
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Attempt, Ending, Intent, Record
from batchreset.core.secret import Secret

GROUP: Final = 250
"""Rows committed together."""
_TAKES: Final = dt.timedelta(milliseconds=180)
_MILLISECOND: Final = dt.timedelta(milliseconds=1)
_NOT_FOUND_EACH: Final = 100
_IN_DOUBT_EACH: Final = 1000


def _records(row: int, sent_at: dt.datetime) -> Iterator[Record]:
    request_id, correlation_id = f"00000000-0000-4000-8000-{row:012x}", f"11111111-0000-4000-8000-{row:012x}"
    password = Secret(f"Zx9-{row:016d}")
    yield Intent(row=row, generation=1, request_id=request_id, password=password, noted_at=sent_at)
    outcome, reason, attempts, code = Outcome.SUCCEEDED, None, 1, ""
    if row % _IN_DOUBT_EACH == 0:
        outcome, reason, attempts = Outcome.IN_DOUBT, Reason.TIMEOUT, 2
    elif row % _NOT_FOUND_EACH == 0:
        outcome, reason, code = Outcome.FAILED, Reason.NOT_FOUND, "60002"
    for number in range(1, attempts + 1):
        yield Attempt(
            row=row,
            number=number,
            generation=1,
            verdict={Outcome.SUCCEEDED: "succeeded", Outcome.FAILED: "not_found"}.get(outcome, "timeout"),
            unclear=outcome is Outcome.IN_DOUBT,
            http_status={Outcome.SUCCEEDED: 200, Outcome.FAILED: 404}.get(outcome),
            error_code=code,
            error_description="The user was not found." if code else "",
            correlation_id=correlation_id,
            request_id=request_id,
            sent_at=sent_at,
            ended_at=sent_at + _TAKES,
            sent_correlation_id=correlation_id,
        )
    yield Ending(
        row=row,
        generation=1,
        outcome=outcome,
        reason=reason,
        attempts=attempts,
        first_sent_at=sent_at,
        completed_at=sent_at + _TAKES,
    )


def fill(folder: Path, first: int, last: int, recipient: str) -> None:
    """See above."""
    # So long ago that the last row has been answered by now, at a thousand a second.
    began = dt.datetime.now(tz=dt.UTC) - _MILLISECOND * (last - first) - _TAKES
    store = LedgerStore(folder / "ledger.sqlite", seal=sealer(parse_recipients([recipient])))
    try:
        store.begin_session(began)
        for start in range(first, last + 1, GROUP):
            rows = range(start, min(start + GROUP, last + 1))
            store.write_group(
                [record for row in rows for record in _records(row, began + _MILLISECOND * (row - first))]
            )
        store.end_session(dt.datetime.now(tz=dt.UTC), stop_reason=Reason.INTERRUPTED, exit_code=130)
    finally:
        store.close()


if __name__ == "__main__":
    fill(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]), sys.argv[4])
