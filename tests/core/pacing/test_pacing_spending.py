"""When the next may go in a fixed window: what is trusted, what lies beyond, and nothing when it is spent."""

import math
from dataclasses import replace

import pytest

from batchreset.core.pacing.gates import spending
from batchreset.core.pacing.gates.traffic import Traffic
from batchreset.core.pacing.limits.fixed import Fixed
from batchreset.core.pacing.limits.habits import Alignment
from batchreset.core.pacing.limits.shape import Standing

NOW_SECONDS = 100.0


def seen(*counts: int, probing: bool = True) -> Fixed:
    limit = Fixed(count=counts[0], window_seconds=60.0, standing=Standing.MEASURED)
    for count in counts:
        limit = limit.observed(count)
    return replace(limit, probing=probing)


STEADY = seen(600, 600)
WILD = seen(300, 500, 400, 600)
GUESSED = Fixed(count=60, window_seconds=60.0)


def opens(
    limit: Fixed, *, sent: int, under_way: int = 0, beyond: int = 0, just_sent: bool = False, spurts: bool = False
) -> float | None:
    """Seconds from now; None: the window is spent."""
    traffic = Traffic(8)
    traffic.window.begin(NOW_SECONDS, 1, limit, Alignment.UNKNOWN, prompt=True)
    traffic.window.sent = sent
    traffic.window.over_in_flight = beyond
    traffic.in_flight = under_way
    traffic.last_sent_seconds = NOW_SECONDS if just_sent else -math.inf
    at = spending.in_window(NOW_SECONDS, limit, traffic, spurts=spurts)
    return None if at is None else at - NOW_SECONDS


@pytest.mark.parametrize(
    ("limit", "spurts", "seconds"),
    [
        pytest.param(STEADY, False, 0.25 * 60 / 600, id="seen-again"),
        pytest.param(seen(600), False, 0.3 * 60 / 600, id="seen-once"),
        pytest.param(seen(200), False, 0.08, id="seen-once-but-no-more-than-a-moment"),
        pytest.param(seen(60), False, 0.25 * 60 / 60, id="seen-once-and-so-far-apart-anyhow"),
        pytest.param(WILD, False, 0.15 * 60 / 300, id="another-each-window"),
        pytest.param(STEADY, True, 0.05 * 60 / 600, id="all-that-is-left"),
        pytest.param(WILD, True, 0.05 * 60 / 300, id="all-that-is-left-of-a-wild-one"),
        pytest.param(GUESSED, False, 0.25 * 60 / 60, id="guessed"),
    ],
)
def test_within_what_is_trusted_requests_are_so_far_apart(
    *,
    limit: Fixed,
    spurts: bool,
    seconds: float,
) -> None:
    assert opens(limit, sent=1, just_sent=True, spurts=spurts) == pytest.approx(seconds)
    assert opens(limit, sent=1, spurts=spurts) == 0.0


@pytest.mark.parametrize(
    ("sent", "spurts", "spaced"),
    [(254, False, True), (255, False, False), (255, True, True), (299, True, True), (300, True, False)],
)
def test_a_wild_limit_is_trusted_with_a_part_of_its_least_and_with_all_of_it_if_that_is_all_there_is(
    *,
    sent: int,
    spurts: bool,
    spaced: bool,
) -> None:
    at = opens(WILD, sent=sent, just_sent=True, spurts=spurts)

    assert at is not None
    assert (at > 0.0) is spaced


@pytest.mark.parametrize(
    ("limit", "sent", "seconds"),
    [
        pytest.param(replace(STEADY, probing=False), 599, 0.0, id="one-is-left"),
        pytest.param(replace(STEADY, probing=False), 600, None, id="none-is-left"),
        pytest.param(STEADY, 600, 0.0, id="it-is-looked-beyond"),
        pytest.param(replace(WILD, probing=False), 299, 0.0, id="not-trusted-but-within"),
        pytest.param(replace(WILD, probing=False), 300, None, id="none-is-left-of-a-wild-one"),
    ],
)
def test_a_window_is_spent_at_its_limit_unless_it_is_looked_beyond(
    limit: Fixed, sent: int, seconds: float | None
) -> None:
    assert opens(limit, sent=sent) == seconds


@pytest.mark.parametrize(
    ("limit", "sent", "under_way", "spurts", "seconds"),
    [
        pytest.param(STEADY, 600, 1, False, math.inf, id="one-is-under-way"),
        pytest.param(STEADY, 600, 0, False, 0.0, id="none-is"),
        pytest.param(STEADY, 600, 1, True, 0.0, id="nothing-is-left-behind"),
        pytest.param(STEADY, 601, 1, False, 0.0, id="the-second"),
        pytest.param(seen(600), 600, 1, False, 0.0, id="not-seen-again"),
    ],
)
def test_the_first_beyond_a_limit_that_was_seen_again_waits_until_none_is_under_way(
    *,
    limit: Fixed,
    sent: int,
    under_way: int,
    spurts: bool,
    seconds: float,
) -> None:
    assert opens(limit, sent=sent, under_way=under_way, spurts=spurts) == seconds


def test_beyond_the_limit_those_under_way_beyond_it_count_and_within_a_guess_all_do() -> None:
    assert opens(STEADY, sent=601, under_way=9, beyond=0) == 0.0
    assert opens(STEADY, sent=601, under_way=9, beyond=1) == math.inf
    assert opens(GUESSED, sent=1, under_way=3) == 0.0
    assert opens(GUESSED, sent=1, under_way=4) == math.inf
    assert opens(GUESSED, sent=1, under_way=4, spurts=True) == 0.0
    assert opens(STEADY, sent=1, under_way=64) == 0.0
