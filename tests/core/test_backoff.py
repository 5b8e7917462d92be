"""How long a row keeps its place before it is sent again."""

import math
import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.retry import backoff_seconds


class Chance(random.Random):
    """Always draws the same."""

    def __init__(self, drawn: float) -> None:
        super().__init__()
        self._drawn = drawn

    def random(self) -> float:
        return self._drawn


@pytest.mark.parametrize(
    ("charged", "ceiling_seconds"),
    [(0, 0.5), (1, 0.5), (2, 1.0), (3, 2.0), (4, 4.0), (5, 8.0), (6, 16.0), (7, 30.0), (8, 30.0), (100, 30.0)],
)
def test_it_doubles_to_half_a_minute_and_half_of_it_is_chance(charged: int, ceiling_seconds: float) -> None:
    assert backoff_seconds(charged, None, Chance(0.0)) == ceiling_seconds / 2
    assert backoff_seconds(charged, None, Chance(0.5)) == ceiling_seconds * 0.75
    assert backoff_seconds(charged, None, Chance(1.0)) == ceiling_seconds


@pytest.mark.parametrize(
    ("retry_after_seconds", "waited_seconds"),
    [
        pytest.param(57.0, 57.0, id="seconds"),
        pytest.param(0.6, 0.6, id="decimals"),
        pytest.param(0.4, 0.5, id="shorter-than-the-backoff"),
        pytest.param(0.0, 0.5, id="zero"),
        pytest.param(-5.0, 0.5, id="negative"),
        pytest.param(math.nan, 0.5, id="nan"),
        pytest.param(3600.0, 3600.0, id="an-hour"),
        pytest.param(604800.0, 3600.0, id="a-week-is-not-believed"),
        pytest.param(math.inf, 3600.0, id="inf"),
    ],
)
def test_retry_after_is_honoured_up_to_an_hour(retry_after_seconds: float, waited_seconds: float) -> None:
    assert backoff_seconds(1, retry_after_seconds, Chance(1.0)) == waited_seconds


@given(
    charged=st.integers(0, 10**6),
    retry_after_seconds=st.none() | st.floats(),
    seed=st.integers(),
)
def test_it_is_always_a_quarter_second_to_an_hour(charged: int, retry_after_seconds: float | None, seed: int) -> None:
    waited = backoff_seconds(charged, retry_after_seconds, random.Random(seed))

    assert 0.25 <= waited <= 3600.0
    if retry_after_seconds is None:
        assert waited <= 30.0
    elif math.isfinite(retry_after_seconds):
        assert waited >= min(retry_after_seconds, 3600.0)
