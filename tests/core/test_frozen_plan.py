"""A plan's SHA-256 changes with everything that it binds; a plan of more than a day is old."""

import datetime as dt
import hashlib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.frozen_plan import age, as_sha256, is_old, plan_sha256

BOUND: dict[str, Any] = {
    "file_sha256": "f1",
    "input_sha256": "17",
    "accounts_sha256": "acc",
    "counts": {"reset": 5, "skipped": {"protected": 1}},
    "settings": {"password": {"recipients": ["age1a", "age1b"], "length": 20}, "safety": {"max_failure_rate": 0.1}},
    "again": False,
}
PLANNED = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
DAY = dt.timedelta(hours=24)
MOMENT = dt.timedelta(microseconds=1)


@pytest.mark.parametrize(
    "change",
    [
        {"file_sha256": "f2"},
        {"input_sha256": "f1", "file_sha256": "17"},
        {"input_sha256": "18"},
        {"accounts_sha256": "ac"},
        {"counts": {"reset": 2, "skipped": {"protected": 1}}},
        {"again": True},
        {"settings": {**BOUND["settings"], "password": {"recipients": ["age1a"], "length": 20}}},
        {"settings": {**BOUND["settings"], "password": {"recipients": ["age1b", "age1a"], "length": 20}}},
        {"settings": {**BOUND["settings"], "password": {"recipients": ["age1a", "age1b"], "length": "20"}}},
        {"settings": {**BOUND["settings"], "further": {}}},
    ],
    ids=[
        "file",
        "swapped",
        "input",
        "accounts",
        "counts",
        "again",
        "a recipient less",
        "their order",
        "a type",
        "a section more",
    ],
)
def test_whatever_is_changed_makes_another_figure(change: dict[str, Any]) -> None:
    assert plan_sha256(**{**BOUND, **change}) != plan_sha256(**BOUND)


def test_the_order_of_keys_says_nothing_and_the_figure_is_a_sha256() -> None:
    settings = {section: dict(reversed(keys.items())) for section, keys in reversed(BOUND["settings"].items())}
    figure = plan_sha256(**{**BOUND, "settings": settings})
    assert figure == plan_sha256(**BOUND)
    assert as_sha256(figure) == figure


def test_the_figure_of_a_plan_stays_the_same_from_version_to_version() -> None:
    """Whoever noted it may apply with a later one: SHA-256 of the sorted JSON, without blanks, all in ASCII."""
    text = (
        r'{"accounts_sha256":"acc","again":false,"counts":{"reset":5},"input_sha256":"17","plan_file_sha256":"f1",'
        r'"settings":{"input":{"path":"Entz\u00fcge.csv"},"output":{"notify":[]}}}'
    )
    settings = {"output": {"notify": []}, "input": {"path": "Entzüge.csv"}}

    figure = plan_sha256(**{**BOUND, "counts": {"reset": 5}, "settings": settings})

    assert figure == hashlib.sha256(text.encode()).hexdigest()


@pytest.mark.parametrize("text", ["", "0" * 63, "0" * 65, "g" * 64, "0x" + "0" * 62, "٠" * 64])
def test_what_is_no_sha256_is_none(text: str) -> None:
    assert as_sha256(text) is None


@given(st.binary(min_size=32, max_size=32))
def test_a_sha256_is_taken_in_any_case_with_blanks_around(digest: bytes) -> None:
    assert as_sha256(f" {digest.hex().upper()}\n") == digest.hex()


@pytest.mark.parametrize(
    ("later", "old"),
    [(dt.timedelta(0), False), (DAY, False), (DAY + MOMENT, True), (-DAY - MOMENT, False)],
    ids=["just made", "24 hours to the moment", "a moment more", "a clock that was set back"],
)
def test_a_plan_is_old_after_24_hours_and_not_a_moment_before(later: dt.timedelta, *, old: bool) -> None:
    assert is_old(PLANNED, PLANNED + later) is old


@pytest.mark.parametrize(
    ("hours", "said"), [(24.5, "24 hours"), (47.9, "47 hours"), (48, "2 days"), (71.9, "2 days"), (240, "10 days")]
)
def test_its_age_is_told_in_hours_and_then_in_days(hours: float, said: str) -> None:
    assert age(PLANNED, PLANNED + dt.timedelta(hours=hours)) == said
