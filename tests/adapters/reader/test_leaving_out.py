"""Rows that are left out after the check: skipped for their reason, and no longer among the accounts."""

from pathlib import Path

import polars as pl
import pytest

from batchreset.adapters.reader import CheckedInput, Rules, check, reading
from batchreset.core.columns import DECISION, REASON
from batchreset.core.outcome import Reason
from batchreset.errors import PlanRefusedError

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USERS = [f"7c9e6679-7425-40de-944b-e07fc1f90ae{digit}" for digit in range(5)]
RULES = Rules(
    on_invalid="skip",
    max_rows=100,
    customers=frozenset(),
    protected_users=frozenset(USERS[:1]),
    protected_customers=frozenset(),
    protected_upns=frozenset(),
)


def checked(folder: Path, users: list[str]) -> CheckedInput:
    path = folder / "users.csv"
    path.write_text(
        "customer-tenant-id,user-id,note\n" + "".join(f"{CUSTOMER},{user},n{user}\n" for user in users),
        encoding="utf-8",
    )
    room = folder / f"room-{len(users)}"
    room.mkdir()
    with reading(str(path), max_rows=100) as raw:
        return check(raw, RULES, room=room)


def frame_of(some: CheckedInput) -> pl.DataFrame:
    return pl.concat(some.batches())


def test_rows_are_skipped_for_their_reason_and_the_others_are_as_they_were(tmp_path: Path) -> None:
    before = checked(tmp_path, [*USERS, USERS[1], "x"])
    after = before.leaving_out({3: Reason.FEDERATED, 5: Reason.NOT_FOUND})
    assert [row[1:] for row in frame_of(after).select("row", DECISION, REASON).rows()] == [
        ("skip", "protected"),
        ("reset", None),
        ("skip", "federated"),
        ("reset", None),
        ("skip", "not_found"),
        ("skip", "duplicate"),
        ("skip", "invalid"),
    ]
    assert frame_of(after).drop(DECISION, REASON).equals(frame_of(before).drop(DECISION, REASON))
    assert frame_of(after).schema == frame_of(before).schema
    assert after.reset_count == 2
    assert after.skipped == dict.fromkeys(
        [Reason.PROTECTED, Reason.DUPLICATE, Reason.INVALID, Reason.FEDERATED, Reason.NOT_FOUND], 1
    )


def test_the_accounts_are_those_that_are_left(tmp_path: Path) -> None:
    """So that a second run of the same file within a day is the same run."""
    after = checked(tmp_path, USERS).leaving_out({3: Reason.DELETED})
    assert after.accounts_sha256 == checked(tmp_path, [USERS[4], USERS[1], USERS[3]]).accounts_sha256
    assert list(after.accounts()) == [[(2, CUSTOMER, USERS[1]), (4, CUSTOMER, USERS[3]), (5, CUSTOMER, USERS[4])]]


def test_without_reasons_it_is_the_same_plan(tmp_path: Path) -> None:
    before = checked(tmp_path, USERS)
    assert frame_of(before.leaving_out({})).equals(frame_of(before))
    assert before.leaving_out({}).accounts_sha256 == before.accounts_sha256


def test_nothing_left_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PlanRefusedError, match=r"left to reset: 1 protected, 1 deleted"):
        checked(tmp_path, USERS[:2]).leaving_out({2: Reason.DELETED})
