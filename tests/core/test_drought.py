"""How long nothing but 429 has come."""

from batchreset.core.drought import Drought


def test_it_counts_from_the_first_429_of_a_lane_that_heard_nothing_else() -> None:
    drought = Drought()
    assert drought.heard("a", throttled=True, now_seconds=10.0) == 10.0
    assert drought.heard("b", throttled=False, now_seconds=20.0) is None
    assert drought.heard("a", throttled=True, now_seconds=30.0) == 10.0


def test_a_good_answer_of_the_lane_ends_it() -> None:
    drought = Drought()
    drought.heard("a", throttled=True, now_seconds=10.0)
    assert drought.heard("a", throttled=False, now_seconds=20.0) is None
    assert drought.heard("a", throttled=True, now_seconds=30.0) == 30.0


def test_when_nobody_hears_anything_else_it_is_everybodys() -> None:
    drought = Drought()
    drought.heard("a", throttled=True, now_seconds=10.0)
    assert drought.heard("b", throttled=True, now_seconds=3000.0) == 10.0
    drought.heard("c", throttled=False, now_seconds=3100.0)
    assert drought.heard("d", throttled=True, now_seconds=3200.0) == 3200.0
    assert drought.heard("b", throttled=True, now_seconds=3300.0) == 3000.0
