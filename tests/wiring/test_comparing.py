"""Records put to their rows, and the differences as lines: strangers' left out, hostile words made harmless."""

import contextlib
import csv
import datetime as dt
import io
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from batchreset.adapters.ledger import RowHistory
from batchreset.core.audit import AuditRecord, Recorded
from batchreset.core.outcome import Outcome
from batchreset.core.reconcile import Generation, LedgerRow, SentAttempt
from batchreset.wiring.comparing import Comparison, Records, written_into

NOON = dt.datetime(2026, 11, 21, 12, tzinfo=dt.UTC)
CUSTOMER, USER = "customer", "user"
OWN = frozenset({"own"})
TODAY = NOON.date()


def record(correlation_id: str = "x", **changes: Any) -> AuditRecord:
    given: dict[str, Any] = {"customer_tenant_id": CUSTOMER, "user_id": USER, "at": NOON, **changes}
    return AuditRecord(correlation_id=correlation_id, status=Recorded.SUCCEEDED, **given)


def history(outcome: Outcome | None = Outcome.SUCCEEDED) -> RowHistory:
    succeeded = outcome is Outcome.SUCCEEDED
    sent = SentAttempt(correlation_id="own", succeeded=succeeded, unclear=not succeeded, sent_at=NOON, ended_at=NOON)
    row = LedgerRow(
        row=7,
        customer_tenant_id=CUSTOMER,
        user_id=USER,
        outcome=outcome,
        generations=(Generation(number=1, noted_at=NOON, cut_off=False, attempts=(sent,)),),
    )
    return RowHistory(row=row, records=(), outcome=outcome, settled=False)


def compare(since: dt.date = TODAY) -> tuple[Comparison, Callable[[], list[dict[str, str]]]]:
    """One, and what it has told so far."""
    file = io.StringIO()
    return (
        Comparison(tell=written_into(file), kept_since=since),
        lambda: list(csv.DictReader(file.getvalue().splitlines())),
    )


@pytest.fixture
def records() -> Iterator[Records]:
    with contextlib.closing(Records([CUSTOMER])) as records:
        yield records


def test_a_record_is_its_accounts_and_one_without_a_user_is_so_by_its_correlation_id(records: Records) -> None:
    records.saw([record("a"), record("a"), record("b", user_id="other"), record("c", customer_tenant_id="stranger")])
    records.saw([record("own", user_id=""), record("d", user_id=""), record("e", user_id="", is_reset=False)])
    assert records.read == 7
    assert {one.correlation_id for one in records.of(CUSTOMER, USER, OWN)} == {"a", "own"}
    assert [one.correlation_id for one in records.unnamed()] == ["d"]
    assert records.of(CUSTOMER, "nobody", frozenset()) == set()


def test_resets_of_nobody_knows_whom_are_told_in_a_fixed_order(records: Records) -> None:
    records.saw([record(name, user_id="", at=at) for name, at in (("b", NOON), ("a", NOON), ("c", None))])
    compared, lines = compare()
    compared.add_unnamed(records.unnamed())
    assert [(line["row"], line["user-id"], line["difference"], line["ms_correlation_id"]) for line in lines()] == [
        ("", "", "no_user", name) for name in "cab"
    ]


@pytest.mark.parametrize("by", ["=cmd|'/C calc'!A0", "+1", "-1", "@SUM(A1)"])
def test_what_a_spreadsheet_would_carry_out_has_an_apostrophe_before_it(by: str) -> None:
    compared, lines = compare()
    compared.add(history(), {record("own"), record(by=by)})
    (line,) = lines()
    assert (line["difference"], line["recorded_by"], line["row"]) == ("somebody_else", f"'{by}", "7")
    assert (line["recorded_status"], line["recorded_at"]) == ("succeeded", "2026-11-21T12:00:00.000Z")


def test_what_was_done_before_records_are_kept_is_no_difference_unless_it_is_in_doubt() -> None:
    compared, lines = compare(TODAY + dt.timedelta(days=1))
    compared.add(history(), set())
    compared.add(history(Outcome.IN_DOUBT), set())
    assert (compared.too_old, dict(compared.differences)) == (1, {"in_doubt": 1})
    assert [(line["difference"], line["recorded_at"]) for line in lines()] == [("in_doubt", "")]


def test_what_was_settled_before_is_counted_and_not_written_again_and_can_be_taken_back() -> None:
    before = RowHistory(
        row=history(Outcome.IN_DOUBT).row, records=(record("own"),), outcome=Outcome.SUCCEEDED, settled=True
    )
    compared, _ = compare()
    compared.add(before, set())
    assert (dict(compared.settled), compared.settling.settled, compared.settling.unsettled) == (
        {Outcome.SUCCEEDED: 1},
        {},
        [],
    )
    contradicted, _ = compare()
    failed = AuditRecord(
        customer_tenant_id=CUSTOMER, user_id=USER, correlation_id="own", status=Recorded.FAILED, at=NOON
    )
    contradicted.add(before, {failed})
    assert (dict(contradicted.settled), contradicted.settling.unsettled) == ({}, [7])
