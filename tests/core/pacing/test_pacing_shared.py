"""What customers learn from one another."""

import math
import random

import pytest

from batchreset.core.pacing.gates.door import Cause
from batchreset.core.pacing.gates.gate import Gate
from batchreset.core.pacing.gates.refusals import Refusal
from batchreset.core.pacing.limits.fixed import Fixed, borrowed, lent
from batchreset.core.pacing.limits.habits import Habits
from batchreset.core.pacing.limits.history import NOTHING_SEEN
from batchreset.core.pacing.limits.shape import Known, Open, Standing
from batchreset.core.pacing.limits.sliding import Sliding
from batchreset.core.pacing.scopes.shared import WITNESSES_TO_TRUST, Shared


def gate(customer: str) -> Gate:
    return Gate(customer, Habits(), random.Random(1), lambda _note: None, groups_kept=8)


def slid(shared: Shared, customers: int, *, window_seconds: float = 60.0, apart: int = 1) -> Shared:
    for number in range(customers):
        one = gate(f"slid-{number}")
        one.limit = Sliding(count=50 + apart * number, window_seconds=window_seconds, refused_at_seconds=0.0)
        shared.renew(one)
        shared.learned(one.scope, one)
    return shared


@pytest.mark.parametrize("told", [True, False], ids=["that-was-told-another-window", "of-which-nothing-was-seen"])
@pytest.mark.parametrize("customers", [WITNESSES_TO_TRUST, WITNESSES_TO_TRUST - 1], ids=["enough", "too-few"])
def test_where_windows_of_several_customers_slide_those_of_all_do(*, told: bool, customers: int) -> None:
    shared, other = slid(Shared(), customers), gate("other")
    if told:
        other.limit = lent(60, 60.0, history=NOTHING_SEEN, unprobed_windows=1)
        shared.renew(other)
    else:
        shared.advise(other, 100)

    limit = other.limit
    assert isinstance(limit, Sliding) is (customers == WITNESSES_TO_TRUST)
    if isinstance(limit, Sliding):
        assert (limit.count, limit.window_seconds) == (50 + customers - 1, 60.0)
        assert limit.known is not None
        assert (limit.standing, limit.refused_at_seconds) == (Standing.LENT, -math.inf), "nobody was refused here"


@pytest.mark.parametrize(
    "shared",
    [
        pytest.param(slid(Shared(), WITNESSES_TO_TRUST, window_seconds=10.0), id="short-ones"),
        pytest.param(slid(Shared(), WITNESSES_TO_TRUST, apart=10), id="ones-that-differ"),
    ],
)
def test_windows_that_slide_are_not_lent_where_they_may_be_misread(shared: Shared) -> None:
    other = gate("other")
    shared.advise(other, 100)

    assert other.limit.known is None


def test_a_window_that_was_measured_is_not_replaced_before_it_ends() -> None:
    shared, other = slid(Shared(), WITNESSES_TO_TRUST), gate("other")
    other.limit = measured = Fixed(count=60, window_seconds=60.0, standing=Standing.MEASURED)
    shared.advise(other, 100)

    assert other.limit == measured
    shared.renew(other)
    assert other.limit.known == Known(shape="sliding", count=52, window_seconds=60.0)


def test_one_customer_that_seems_to_slide_is_told_the_window_that_several_others_measured() -> None:
    shared, doubtful = Shared(), gate("doubtful")
    for number in range(WITNESSES_TO_TRUST):
        one = gate(f"measured-{number}")
        one.limit = Fixed(count=60, window_seconds=60.0, standing=Standing.MEASURED)
        shared.learned(one.scope, one)
    doubtful.limit = Sliding(count=50, window_seconds=60.0, refused_at_seconds=0.0)
    shared.renew(doubtful)

    assert doubtful.limit.known == Known(shape="window", count=60, window_seconds=60.0)


def measured_by(*windows: tuple[int, float]) -> Shared:
    shared = Shared()
    for number, (count, window_seconds) in enumerate(windows):
        one = gate(f"measured-{number}")
        one.limit = Fixed(count=count, window_seconds=window_seconds, standing=Standing.MEASURED)
        shared.learned(one.scope, one)
    return shared


@pytest.mark.parametrize(
    ("third", "standing"),
    [
        pytest.param((100, 60.0), Standing.LENT, id="the-same"),
        pytest.param((103, 61.8), Standing.LENT, id="nearly"),
        pytest.param((97, 58.2), Standing.LENT, id="nearly-and-less"),
        pytest.param((104, 60.0), Standing.BORROWED, id="another-count"),
        pytest.param((96, 60.0), Standing.BORROWED, id="a-lower-one"),
        pytest.param((100, 62.0), Standing.BORROWED, id="another-window"),
        pytest.param((100, 58.0), Standing.BORROWED, id="a-shorter-one"),
    ],
)
def test_a_limit_is_lent_when_three_customers_measured_the_same_count_in_the_same_window(
    third: tuple[int, float], standing: Standing
) -> None:
    shared, other = measured_by((100, 60.0), (100, 60.0), third), gate("other")
    shared.advise(other, 10)

    assert isinstance(other.limit, Fixed)
    assert (other.limit.count, other.limit.window_seconds, other.limit.standing) == (*third, standing)


def test_of_a_limit_that_was_lent_a_small_customer_leaves_more_windows_unprobed_than_a_large_one() -> None:
    shared = measured_by(*[(100, 60.0)] * 3)
    unprobed = {}
    for waiting in (400, 401):
        other = gate("other")
        shared.advise(other, waiting)
        assert not other.limit.borrowed
        unprobed[waiting] = other.limit.history.unprobed_windows

    assert unprobed == {400: 4, 401: 1}


def test_who_disproved_what_others_have_is_not_told_again() -> None:
    shared, other = measured_by(*[(100, 60.0)] * 3), gate("other")
    other.limit = borrowed(10, 60.0, history=NOTHING_SEEN, measured=True).given_up()
    shared.advise(other, 100)

    assert isinstance(other.limit, Open)


def test_a_guess_neither_counts_as_a_measurement_nor_replaces_one() -> None:
    shared = measured_by((100, 60.0), (100, 60.0))
    guess, other = gate("guess"), gate("other")
    guess.limit = Fixed(count=50, window_seconds=60.0)
    shared.learned("guess", guess)
    shared.advise(other, 10)

    assert (other.limit.count, other.limit.standing) == (100, Standing.BORROWED)


def hinted(*counts: int) -> Shared:
    """Customers that were refused after so many, and have not been let through again."""
    shared = Shared()
    for ordinal, count in enumerate(counts):
        one = gate(f"hint-{ordinal}")
        for number in range(1, count + 2):
            one.sent_one(0.01 * number, number)
            one.returned(number)
        one.refuse(
            Refusal(number=count + 1, at_seconds=10.0, sent_at_seconds=10.0, retry_after_seconds=50.0), learns=True
        )
        shared.hint(one.scope, one)
    return shared


@pytest.mark.parametrize(
    ("counts", "count", "standing"),
    [
        pytest.param((20, 20), 20, Standing.BORROWED_GUESS, id="two"),
        pytest.param((20, 20, 20), 20, Standing.LENT, id="three"),
        pytest.param((24, 22, 20), 24, Standing.LENT, id="three-that-nearly-agree"),
        pytest.param((25, 22, 20), 20, Standing.BORROWED_GUESS, id="three-that-do-not"),
        pytest.param((20, 22, 25), 25, Standing.BORROWED_GUESS, id="nor-these"),
    ],
)
def test_three_customers_whose_refusals_hint_at_the_same_limit_are_believed(
    counts: tuple[int, ...], count: int, standing: Standing
) -> None:
    shared, other = hinted(*counts), gate("other")
    shared.advise(other, 10)

    assert (other.limit.count, other.limit.window_seconds, other.limit.standing) == (count, 60.0, standing)


def test_who_borrowed_one_hint_is_lent_what_more_hints_agree_on_unless_that_is_another() -> None:
    near, far = gate("near"), gate("far")
    near.limit = borrowed(22, 60.0, history=NOTHING_SEEN, measured=False)
    far.limit = borrowed(30, 60.0, history=NOTHING_SEEN, measured=False)
    shared = hinted(20, 20, 20)
    shared.advise(near, 10)
    shared.advise(far, 10)

    assert (near.limit.count, near.limit.standing) == (20, Standing.LENT)
    assert (far.limit.count, far.limit.standing) == (30, Standing.BORROWED_GUESS)


def test_who_is_told_of_a_limit_is_told_when_windows_of_it_ended() -> None:
    other = gate("other")
    hinted(20).advise(other, 10)
    assert other.traffic.window.ended_before_seconds == 60.0

    shared, one = Shared(), gate("one")
    one.limit = Fixed(count=60, window_seconds=60.0, standing=Standing.MEASURED)
    one.door.close(10.0, 77.0, Cause.SPENT)
    shared.learned("one", one)
    shared.advise(other := gate("other"), 10)
    assert other.traffic.window.ended_before_seconds == 77.0
    assert not other.traffic.window.prompt
