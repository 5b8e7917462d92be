"""`python -m benchmarks.size.fill FOLDER ROWS RECIPIENT`: a run that was carried out, without sending anything.

The first ROWS of the plan are noted, answered and ended in the run's ledger, through the program's own writer, as a
service would have answered them: 1 of 100 is not found, 1 of 1000 ends in doubt after two attempts. The session ends as
one that was interrupted.
"""

import datetime as dt
import sys
from collections.abc import Callable, Iterator, Sequence
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


def mixed(row: int) -> Outcome:
    """As a service would have it."""
    if row % _IN_DOUBT_EACH == 0:
        return Outcome.IN_DOUBT
    return Outcome.FAILED if row % _NOT_FOUND_EACH == 0 else Outcome.SUCCEEDED


def fill(folder: Path, rows: Sequence[int], recipient: str, *, outcome_of: Callable[[int], Outcome] = mixed) -> None:
    """See above; rows in the order in which they were sent."""
    # So long ago that the last row has been answered by now, at a thousand a second.
    began = dt.datetime.now(tz=dt.UTC) - _MILLISECOND * len(rows) - _TAKES
    store = LedgerStore(folder / "ledger.sqlite", seal=sealer(parse_recipients([recipient])))
    try:
        store.begin_session(began)
        for first in range(0, len(rows), GROUP):
            store.write_group(
                [
                    record
                    for turn, row in enumerate(rows[first : first + GROUP], first)
                    for record in _records(row, outcome_of(row), began + _MILLISECOND * turn)
                ]
            )
        store.end_session(dt.datetime.now(tz=dt.UTC), stop_reason=Reason.INTERRUPTED, exit_code=130)
    finally:
        store.close()


def _records(row: int, outcome: Outcome, sent_at: dt.datetime) -> Iterator[Record]:
    request_id, correlation_id = f"00000000-0000-4000-8000-{row:012x}", f"11111111-0000-4000-8000-{row:012x}"
    password = Secret(f"Zx9-{row:016d}")
    yield Intent(row=row, generation=1, request_id=request_id, password=password, noted_at=sent_at)
    reason, attempts, code = None, 1, ""
    if outcome is Outcome.IN_DOUBT:
        reason, attempts = Reason.TIMEOUT, 2
    elif outcome is Outcome.FAILED:
        reason, code = Reason.NOT_FOUND, "60002"
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


if __name__ == "__main__":
    fill(Path(sys.argv[1]), range(1, int(sys.argv[2]) + 1), sys.argv[3])
