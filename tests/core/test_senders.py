"""Names that a cluster gives."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.senders import NAME_MOST, plain_name


@given(text=st.text(max_size=2 * NAME_MOST))
def test_a_name_from_outside_gives_no_orders_and_is_short(text: str) -> None:
    shown = plain_name(text)
    assert shown.isascii()
    assert all(one.isprintable() for one in shown)
    assert len(shown) == min(len(text), NAME_MOST)
    assert plain_name(shown) == shown


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("tls://10.0.0.5:38291", "tls://10.0.0.5:38291"),
        ("node-\x1b[2J\u202e\ud800\n", "node-?[2J???"),
        ("x" * NAME_MOST, "x" * NAME_MOST),
        ("x" * (NAME_MOST + 1), "x" * (NAME_MOST - 1) + "~"),
    ],
)
def test_a_name_is_shown_as_far_as_it_can_be(text: str, shown: str) -> None:
    assert plain_name(text) == shown
