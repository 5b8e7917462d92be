"""The shapes of limits, without a network: what passes, what is refused, and how long a refusal says to wait."""

import itertools
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from simulator_client import CUSTOMER, OTHER_CUSTOMER, calling

from batchreset.simulator.limits import LimitKind, Limits, Refused, Rule, Scope
from batchreset.simulator.limits.rule import WITH_WINDOWS
from batchreset.simulator.options import RetryAfterStyle, SimulatorOptions

WINDOW = Rule(limit=2, window_seconds=60)
CLOCK = replace(WINDOW, kind=LimitKind.CLOCK)
SLIDING = replace(WINDOW, kind=LimitKind.SLIDING)
BUCKET = Rule(limit=3, kind=LimitKind.BUCKET, window_seconds=30)
UNLIMITED = Rule()

MOMENTS = st.lists(st.floats(min_value=0, max_value=1000), max_size=60).map(sorted)
KINDS = st.sampled_from(LimitKind)


def waits(rule: Rule, moments: Sequence[float], *, seed: str = "") -> list[float]:
    """What requests at these moments are told."""
    limit = rule.made(seed=seed)
    return [limit.wait_seconds(now) for now in moments]


def passing(rule: Rule, moments: Sequence[float], *, seed: str = "") -> list[float]:
    """Those of the moments whose requests pass."""
    told = waits(rule, moments, seed=seed)
    return [now for now, wait in zip(moments, told, strict=True) if wait == 0]


def most_in(seconds: float, moments: Sequence[float]) -> int:
    """The largest number of them in any span of that length, its end left out."""
    return max((sum(start <= now < start + seconds for now in moments) for start in moments), default=0)


@pytest.mark.parametrize(
    ("rule", "moments", "told"),
    [
        (WINDOW, [100, 110, 120, 159, 160, 161, 162], [0, 0, 40, 1, 0, 0, 58]),
        (CLOCK, [100, 110, 119, 120, 121, 122, 185], [0, 0, 1, 0, 0, 58, 0]),
        # 4 windows of 0.1 s are over at 0.5 s by floor division, and the fifth ends at 0.5 by multiplication.
        (Rule(limit=1, kind=LimitKind.CLOCK, window_seconds=0.1), [0.5, 0.5, 0.55, 0.65], [0, 0.1, 0.05, 0]),
        # The last two count, whether they passed or not: the one at 170 waits for 119, which was refused.
        (SLIDING, [100, 110, 119, 170, 171, 231], [0, 0, 51, 0, 59, 0]),
        (SLIDING, [100, 110, 119, 160, 220], [0, 0, 51, 19, 0]),
        # A token in ten seconds. The fourth and the fifth leave a debt of two, so that the sixth is too early.
        (BUCKET, [0, 0, 0, 0, 0, 20, 60, 99], [0, 0, 0, 20, 30, 20, 0, 0]),
        # Full again after a long while, not fuller.
        (BUCKET, [0, 1000, 1000, 1000, 1000], [0, 0, 0, 0, 20]),
        (UNLIMITED, [0] * 1000, [0] * 1000),
    ],
    ids=[
        "window",
        "clock",
        "clock, rounding",
        "sliding",
        "sliding, refused ones count",
        "bucket",
        "bucket, full",
        "none",
    ],
)
def test_what_passes_and_what_is_told(rule: Rule, moments: list[float], told: list[float]) -> None:
    assert waits(rule, moments) == pytest.approx(told)


@pytest.mark.parametrize(
    ("rule", "moments", "told"),
    [
        # 160 would be the window's end; two refusals put it off to 170.
        (WINDOW, [100, 110, 120, 125, 170, 171, 172], [0, 0, 45, 45, 0, 0, 63]),
        # 120 would be; it is put off to 130, and the next one ends by the clock again, but for its own refusal.
        (CLOCK, [100, 110, 115, 116, 130, 131, 132], [0, 0, 10, 14, 0, 0, 53]),
    ],
    ids=["window", "clock"],
)
def test_each_refused_request_puts_the_end_of_its_window_off(
    rule: Rule, moments: list[float], told: list[float]
) -> None:
    assert waits(replace(rule, penalty_seconds=5), moments) == told


@given(moments=MOMENTS, limit=st.integers(1, 9), penalty=st.sampled_from([0.0, 0.5, 90.0]))
def test_a_window_from_its_first_request_lets_no_more_than_its_limit_through(
    moments: list[float], limit: int, penalty: float
) -> None:
    passed = passing(Rule(limit=limit, penalty_seconds=penalty), moments)
    # Each window's first request passes, and the next window's comes when the window is over.
    assert all(later >= first + 60 for first, later in itertools.pairwise(passed[::limit]))
    assert moments[:1] == passed[:1]


@given(moments=MOMENTS, limit=st.integers(1, 9), window=st.sampled_from([0.25, 7.0, 60.0]))
def test_a_window_by_the_clock_lets_exactly_its_limit_through_if_so_many_come(
    moments: list[float], limit: int, window: float
) -> None:
    passed = passing(Rule(limit=limit, kind=LimitKind.CLOCK, window_seconds=window), moments)
    came = Counter(now // window for now in moments)
    assert Counter(now // window for now in passed) == {number: min(limit, many) for number, many in came.items()}


@given(moments=MOMENTS, limit=st.integers(1, 9), window=st.sampled_from([0.1, 7.0, 60.0]))
def test_a_sliding_window_lets_no_more_than_its_limit_through_in_any_span(
    moments: list[float], limit: int, window: float
) -> None:
    rule = Rule(limit=limit, kind=LimitKind.SLIDING, window_seconds=window)
    assert most_in(window, passing(rule, moments)) <= limit


@given(moments=MOMENTS, limit=st.integers(1, 9), window=st.sampled_from([0.1, 7.0, 60.0]))
def test_a_bucket_lets_no_more_than_its_burst_and_what_flowed_in_through(
    moments: list[float], limit: int, window: float
) -> None:
    passed = passing(Rule(limit=limit, kind=LimitKind.BUCKET, window_seconds=window), moments)
    for first, start in enumerate(passed):
        for count, end in enumerate(passed[first:], start=1):
            assert count <= limit + (end - start) * limit / window + 1e-6


@given(moments=MOMENTS.filter(bool), limit=st.integers(1, 9), kind=KINDS, penalty=st.sampled_from([0.0, 0.5]))
def test_who_waits_as_told_and_sends_nothing_meanwhile_passes(
    moments: list[float], limit: int, kind: LimitKind, penalty: float
) -> None:
    rule = Rule(limit=limit, kind=kind, penalty_seconds=penalty if kind in WITH_WINDOWS else 0.0)
    made = rule.made(seed="")
    told = [made.wait_seconds(now) for now in moments][-1]
    # A hair more than told: sums of floats.
    assert told == 0 or made.wait_seconds(moments[-1] + told + 1e-6) == 0


@given(moments=MOMENTS.filter(bool), limit=st.integers(1, 9), kind=KINDS)
def test_who_comes_earlier_than_told_does_not(moments: list[float], limit: int, kind: LimitKind) -> None:
    made = Rule(limit=limit, kind=kind).made(seed="")
    told = [made.wait_seconds(now) for now in moments][-1]
    assert told <= 1e-6 or made.wait_seconds(moments[-1] + told - 1e-6) > 0


def passed_in_each_window(rule: Rule, *, seed: str, windows: int = 200) -> list[int]:
    """How many of 20 requests that come at each window's beginning."""
    limit = rule.made(seed=seed)
    return [sum(limit.wait_seconds(window * 60.0) == 0 for _ in range(20)) for window in range(windows)]


@pytest.mark.parametrize("kind", sorted(WITH_WINDOWS))
def test_a_range_gives_each_window_another_limit_drawn_from_all_of_it(kind: LimitKind) -> None:
    rule = Rule(limit=12, limit_least=4, kind=kind)
    passed = passed_in_each_window(rule, seed="a")
    assert set(passed) == set(range(4, 13))
    # Each of the nine about 22 times.
    assert all(passed.count(limit) > 8 for limit in range(4, 13))
    assert passed == passed_in_each_window(rule, seed="a")
    assert passed != passed_in_each_window(rule, seed="b")


def test_each_customer_has_a_range_of_its_own_and_a_seed_repeats_them_all() -> None:
    rule = Rule(limit=12, limit_least=4)

    def passed(seed: int) -> dict[str, int]:
        limits = Limits(partner=UNLIMITED, customer=rule, seed=seed)
        return {customer: sum(limits.admit(customer, 0) is None for _ in range(20)) for customer in "abcdefgh"}

    assert len(set(passed(1).values())) > 2
    assert passed(1) == passed(1) != passed(2)


def test_every_request_counts_against_both_limits_also_when_one_refuses_it() -> None:
    limits = Limits(partner=Rule(limit=3), customer=Rule(limit=1, window_seconds=30))
    assert limits.admit("a", 0) is None
    assert limits.admit("a", 1) == Refused(scope=Scope.CUSTOMER, seconds=29)
    assert limits.admit("b", 2) is None
    assert limits.admit("c", 3) == Refused(scope=Scope.PARTNER, seconds=57)
    # Its refused request was the one of customer c's window.
    assert limits.admit("c", 4) == Refused(scope=Scope.PARTNER, seconds=56)


@pytest.mark.parametrize("kind", [LimitKind.SLIDING, LimitKind.BUCKET])
@pytest.mark.parametrize("scope", Scope)
def test_a_request_that_one_limit_refuses_draws_from_the_other_too(kind: LimitKind, scope: Scope) -> None:
    """The strict limit refuses all but the first; ten refused ones leave the other one nothing for a while."""
    strict, other = Rule(limit=1, window_seconds=10), Rule(limit=5, kind=kind, window_seconds=100)
    partner, customer = (strict, other) if scope is Scope.PARTNER else (other, strict)
    limits = Limits(partner=partner, customer=customer)
    told = [limits.admit("a", 1) for _ in range(11)]
    assert told[0] is None
    assert told[1] == Refused(scope=scope, seconds=10)
    later = limits.admit("a", 11)
    assert later is not None
    assert later.scope is not scope


def test_a_limit_that_refuses_one_customer_refuses_no_other() -> None:
    limits = Limits(partner=UNLIMITED, customer=replace(BUCKET, limit=1))
    assert limits.admit("a", 0) is None
    assert limits.admit("a", 0) == Refused(scope=Scope.CUSTOMER, seconds=60)
    assert limits.admit("b", 0) is None


def test_over_the_wire_limits_have_their_shape_and_a_refusal_its_wording() -> None:
    """A bucket in debt: the wait that is told grows by a token's time with each refused request."""
    options = SimulatorOptions(
        customer_limit=1,
        customer_limit_kind=LimitKind.BUCKET,
        customer_window_seconds=600,
        retry_after=RetryAfterStyle.DECIMAL,
    )
    with calling(options) as caller:
        answers = [caller.get(f"/v1/customers/{CUSTOMER}") for _ in range(3)]
        other = caller.get(f"/v1/customers/{OTHER_CUSTOMER}")
        throttled = caller.report()["throttled"]
    assert [answer.status_code for answer in (*answers, other)] == [200, 429, 429, 200]
    assert [float(answer.headers["Retry-After"]) for answer in answers[1:]] == pytest.approx([1200, 1800], abs=5)
    assert throttled == {"partner": 0, "customer": 2}


def test_the_options_of_either_scope_make_its_rule() -> None:
    options = SimulatorOptions(
        partner_limit=9,
        partner_limit_kind=LimitKind.CLOCK,
        partner_window_seconds=10,
        partner_penalty_seconds=1,
        partner_limit_least=8,
        customer_limit=7,
        customer_limit_kind=LimitKind.CLOCK,
        customer_window_seconds=6,
        customer_penalty_seconds=5,
        customer_limit_least=4,
    )
    clock = LimitKind.CLOCK
    assert options.partner_rule == Rule(limit=9, kind=clock, window_seconds=10, penalty_seconds=1, limit_least=8)
    assert options.customer_rule == Rule(limit=7, kind=clock, window_seconds=6, penalty_seconds=5, limit_least=4)
    assert SimulatorOptions().partner_rule == SimulatorOptions().customer_rule == UNLIMITED


def test_over_the_wire_the_seed_draws_the_limits() -> None:
    def passed(seed: int) -> int:
        options = SimulatorOptions(partner_limit=9, partner_limit_least=1, partner_window_seconds=600, seed=seed)
        with calling(options) as caller:
            return sum(caller.get(f"/v1/customers/{CUSTOMER}").status_code == 200 for _ in range(10))

    assert len({passed(seed) for seed in range(3)}) > 1


def test_over_the_wire_a_429_may_say_0_and_a_penalty_grows() -> None:
    options = SimulatorOptions(
        partner_limit=1, partner_window_seconds=600, partner_penalty_seconds=600, retry_after=RetryAfterStyle.ZERO
    )
    with calling(options) as caller:
        answers = [caller.get(f"/v1/customers/{CUSTOMER}") for _ in range(3)]
    assert [answer.headers.get("Retry-After") for answer in answers] == [None, "0", "0"]
    assert [int(answer.json()["message"].split()[-2]) for answer in answers[1:]] == pytest.approx([1200, 1800], abs=5)
