"""What one side spells the other reads, and a secret is seen nowhere else."""

import json
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.exchange import Answered, Exchange, LossKind, Lost, NotSent, NotSentKind
from batchreset.core.secret import Secret
from batchreset.engine.pool.messages import (
    Batch,
    Done,
    Greeted,
    Order,
    Report,
    Welcome,
    batch_bytes,
    batch_of,
    greeted_of,
    greeting_bytes,
    report_bytes,
    report_of,
    welcome_of,
)

words = st.text(max_size=30)
seconds = st.floats(allow_nan=False, allow_infinity=False)
exchanges: st.SearchStrategy[Exchange] = st.one_of(
    st.builds(
        Answered,
        status=st.integers(100, 999),
        error_code=words,
        error_description=words,
        correlation_id=st.none() | words,
        request_id=st.none() | words,
        retry_after_seconds=st.none() | seconds,
        claims=st.none() | words,
        mfa_compliant=st.none() | st.booleans(),
    ),
    st.builds(Lost, kind=st.sampled_from(LossKind), detail=words),
    st.builds(NotSent, kind=st.sampled_from(NotSentKind), detail=words),
)
orders = st.builds(
    Order,
    number=st.integers(1),
    customer=words,
    user=words,
    force_change_password=st.booleans(),
    password=st.none() | st.builds(Secret, words),
    request_id=words,
    correlation_id=words,
    token=st.builds(Secret, st.sampled_from(["a token", "a renewed one"])),
)


@given(
    batch=st.builds(Batch, sequence=st.integers(1), leaves_before_seconds=seconds, orders=st.lists(orders, max_size=5))
)
def test_a_batch_is_read_as_it_was_written(batch: Batch) -> None:
    assert batch_of(batch_bytes(batch)) == batch


def test_a_token_is_told_once_however_many_orders_it_goes_with() -> None:
    order = Order(number=1, customer="c", request_id="r", correlation_id="i", token=Secret("token-of-2-KB"))

    assert batch_bytes(Batch(sequence=1, leaves_before_seconds=1.0, orders=[order] * 20)).count(b"token-of-2-KB") == 1


@given(
    report=st.builds(
        Report,
        now_seconds=seconds,
        done=st.lists(st.builds(Done, serial=st.integers(1), number=st.integers(1), exchange=exchanges), max_size=5),
        draining=st.booleans(),
    )
)
def test_a_report_is_read_as_it_was_written(report: Report) -> None:
    assert report_of(report_bytes(report)) == report


def test_a_greeting_and_its_answer_are_read_as_they_were_written() -> None:
    greeted = Greeted(
        protocol=1, version="1.2", run_id="incident-7", session=2, mark="c", before=("b", "a"), public=b"\x00\xff"
    )
    welcome = Welcome(version="1.2", host="host", refused="no", public=b"\x01", now_seconds=1.5)

    assert greeted_of(greeting_bytes(greeted)) == greeted
    assert welcome_of(greeting_bytes(welcome)) == welcome


@given(message=st.binary(max_size=40) | st.sampled_from([b"{}", b"[]", b"null", b'{"public": 1}', b'{"public": "zz"}']))
def test_what_is_no_greeting_is_none(message: bytes) -> None:
    assert greeted_of(message) is None
    assert welcome_of(message) is None


@pytest.mark.parametrize(
    "change",
    [{"host": 5}, {"version": None}, {"refused": 7}, *({"now_seconds": odd} for odd in ("x", None, math.nan, 10**400))],
)
def test_a_welcome_of_odd_types_is_none(change: dict[str, object]) -> None:
    """A worker of another kind must not end a run."""
    facts = json.loads(greeting_bytes(Welcome(version="1.2", host="host", now_seconds=1.5)))
    assert welcome_of(json.dumps(facts).encode()) is not None
    assert welcome_of(json.dumps(facts | change).encode()) is None


@pytest.mark.parametrize(
    "message",
    [
        *(b"", b"null", b"{}", b"[1.0, [], 0, 1]", b"[NaN, [], 0]", b'["x", [], 0]', b"[1.0, [1], 0]", b"[" * 100_000),
        *(b'[1.0, [[%b, ["lost", ["timeout", ""]]]], 0]' % odd for odd in (b'"x", 1', b"1, [1]", b'1, "2"')),
        b'[1.0, [[1, 1, ["answered", ["200", "", "", null, null, null, null, null]]]], 0]',
    ],
)
def test_what_is_no_report_is_none(message: bytes) -> None:
    assert report_of(message) is None


def test_an_order_shows_neither_password_nor_token() -> None:
    order = Order(
        number=1,
        customer="c",
        password=Secret("canary-p"),
        request_id="r",
        correlation_id="i",
        token=Secret("canary-t"),
    )

    assert "canary" not in f"{order} {order!r}"
