"""The ceiling at the moment of sending."""

import itertools
import math
from dataclasses import replace

from engine_world import LIMITS, OK, UNAUTHORIZED, UNAVAILABLE, Tokens, always, scene
from hypothesis import given
from hypothesis import strategies as st

from batchreset.engine.ceiling import ARRIVAL_SHARE, SendCeiling


@given(
    per_second=st.sampled_from([0.3, 1.0, 2.5, 7.0, 50.0]),
    longer_share=st.sampled_from([0.0, 0.03]),
    asked=st.lists(st.floats(0.0, 2.0), max_size=60),
    begins_seconds=st.sampled_from([0.0, 1e6 / 3]),
)
def test_no_second_has_more_however_it_is_asked(
    per_second: float, longer_share: float, asked: list[float], begins_seconds: float
) -> None:
    ceiling, now, sent = SendCeiling(per_second, longer_share=longer_share), begins_seconds, []
    for gap in asked:
        now += gap / per_second
        now = max(now, ceiling.opens_seconds(now))
        assert ceiling.opens_seconds(now) <= now
        ceiling.sent(now)
        sent.append(now)

    many = max(1, math.floor(per_second))
    span = max(1.0, 1 / per_second) * (1 + longer_share)
    assert all(later - sooner >= span for sooner, later in zip(sent, sent[many:], strict=False))


def test_up_to_a_seconds_worth_goes_at_once_and_then_the_next_waits_for_the_first() -> None:
    ceiling = SendCeiling(3.0)
    for moment in (0.0, 0.1, 0.2):
        assert ceiling.opens_seconds(moment) == moment
        ceiling.sent(moment)

    assert ceiling.opens_seconds(0.3) == 1.0
    assert ceiling.opens_seconds(1.5) == 1.5


def test_without_a_ceiling_everything_goes_at_once() -> None:
    ceiling = SendCeiling(0)
    for _ in range(5):
        assert ceiling.opens_seconds(7.0) == 7.0
        ceiling.sent(7.0)


def test_leave_is_given_a_little_slower_than_the_ceiling_for_arrivals_are_uneven() -> None:
    played = scene(always(OK), 60, limits=replace(LIMITS, max_per_second=10)).play()
    sent = [request.at_seconds for request in played.service.requests]

    spans = [later - sooner for sooner, later in zip(sent, sent[10:], strict=False)]
    assert min(spans) >= 1 + ARRIVAL_SHARE - 1e-9
    assert max(spans) <= 1.1


def test_the_check_before_all_keeps_to_the_ceiling_too() -> None:
    """One request in two seconds, also where each of them is to be asked again."""
    limits = replace(LIMITS, max_per_second=0.5, check_mfa=True)
    played = scene(
        always(OK), 1, looked=(UNAVAILABLE, UNAUTHORIZED, UNAVAILABLE, OK), limits=limits, tokens=Tokens(last=2)
    )
    played.play()
    asked = [*played.service.looked_at_seconds, *(request.at_seconds for request in played.service.requests)]
    assert len(asked) == 5
    assert all(later - sooner >= 2.0 for sooner, later in itertools.pairwise(asked))
