"""The small regimes of the decisions that are recorded: every kind of limit and of service, few rows each."""

import copy
import itertools
import math
from collections.abc import Callable, Mapping
from typing import Final

from batchreset.core.pacing import PARTNER, Learned, LearnedLimit
from benchmarks.pacing.decisions import Plain, Small
from benchmarks.pacing.limiters import Both, DebtBucket, EachCustomer, FixedWindow, Limiter, NoLimit, SlidingWindow
from benchmarks.pacing.service import Service, Wording, as_it_is, rounded_down, rounded_up, unsaid

FEW: Final = {"a": 160, "b": 90, "c": 30, "d": 15, "e": 5}
EVEN: Final = dict.fromkeys("abcdefgh", 40)
LARGE: Final = dict.fromkeys("abcdefgh", 70)
UNEVEN: Final = {"a": 180, "b": 90} | {f"s{at:02}": 6 for at in range(30)}
CROWD: Final = {"a": 300, "b": 160, "c": 120} | {f"n{at:02}": 60 - at for at in range(16)}
MANY: Final = {f"c{at:02}": max(2, 60 // (at + 1)) for at in range(40)}


def _window(
    limit: int | Callable[[float, int], int],
    seconds: float = 60.0,
    *,
    phase_seconds: float | None = None,
    penalty_seconds: float = 0.0,
) -> FixedWindow:
    of = limit if callable(limit) else lambda _now, _ordinal: limit
    return FixedWindow(of, seconds, phase_seconds=phase_seconds, penalty_seconds=penalty_seconds)


def _each(limit: int, seconds: float = 60.0, *, phase_seconds: float | None = None) -> EachCustomer:
    return EachCustomer(lambda: _window(limit, seconds, phase_seconds=phase_seconds))


def _each_of(*limiters: Limiter) -> EachCustomer:
    """In turn."""
    kinds = itertools.cycle(limiters)
    return EachCustomer(lambda: copy.deepcopy(next(kinds)))


def _regime(  # noqa: PLR0913  one for each thing that may differ
    name: str, limiter: Callable[[], Limiter], rows: Mapping[str, int] = FEW, wording: Wording = rounded_up, *,
    failures: float = 0.0, timeouts: float = 0.0, down: tuple[float, float] = (math.inf, math.inf),
    slow: tuple[float, float] = (math.inf, math.inf), in_service: float = math.inf, breaks_at: float = math.inf,
    way_in: float = 0.0, refusal_share: float = 1.0,
    most_seconds: float = 0.4, tail_seconds: float = 0.0,
    at_once: int = 32, per_second: float | None = None, start_from: Learned | None = None, seed: int = 1,
    later: tuple[Mapping[str, int], ...] = (), returned: bool = False, sends_apart: int = 50,
) -> Small:  # fmt: skip
    def service() -> Service:
        return Plain(
            limiter=limiter(), wording=wording, failures=failures, timeouts=timeouts, down=down, in_service=in_service,
            breaks_at=breaks_at, way_in=way_in, refusal_share=refusal_share, most_seconds=most_seconds,
            tail_seconds=tail_seconds, slow=slow,
        )  # fmt: skip

    return Small(
        name=name, service=service, rows=rows, later=later, returned=returned, sends_apart=sends_apart,
        max_concurrency=at_once, max_per_second=per_second, start_from=start_from, seed=seed,
    )  # fmt: skip


def _earlier(shape: str, limit: int, *customers: tuple[str, str, int]) -> Learned:
    def one(scope: str, shape: str, limit: int) -> LearnedLimit:
        return LearnedLimit(
            scope=scope, shape=shape, limit=limit, window_seconds=60.0, refused=4, waited_seconds=90.0
        )  # fmt: skip

    partner = one(PARTNER, shape, limit) if shape else None
    return Learned(partner=partner, customers=tuple(one(*customer) for customer in customers))


def _falls(now_seconds: float, _ordinal: int) -> int:
    return 15 if 150.0 <= now_seconds < 330.0 else 50


def _falls_far(now_seconds: float, _ordinal: int) -> int:
    return 100 if 70.0 <= now_seconds < 200.0 else 500


def _rises(now_seconds: float, _ordinal: int) -> int:
    return 20 if now_seconds < 200.0 else 120


def _closed(now_seconds: float, _ordinal: int) -> int:
    return 0 if now_seconds < 300.0 else 40


def _another(_now_seconds: float, ordinal: int) -> int:
    return (60, 41, 55, 33, 48, 37, 52)[ordinal % 7]


SMALL: Final = (
    _regime("window", lambda: _window(60)),
    _regime("window-short", lambda: _window(20, 5.0), wording=rounded_down, tail_seconds=3.0),
    _regime("window-way-in", lambda: _window(50, 30.0), way_in=0.6, tail_seconds=8.0, seed=3),
    _regime("clock", lambda: _window(60, phase_seconds=23.0), wording=rounded_down, way_in=0.3),
    _regime("clock-slow", lambda: _window(40, 30.0, phase_seconds=7.0), most_seconds=2.5, tail_seconds=9.0),
    _regime("sliding", lambda: SlidingWindow(50, 60.0)),
    _regime("sliding-decimals", lambda: SlidingWindow(30, 20.0), wording=as_it_is, refusal_share=0.2, seed=2),
    _regime("bucket", lambda: DebtBucket(3.0, 20.0)),
    _regime("bucket-mild", lambda: DebtBucket(8.0, 40.0, debt=False), wording=rounded_down, tail_seconds=5.0),
    _regime("bucket-each", lambda: EachCustomer(lambda: DebtBucket(0.5, 5.0)), EVEN, as_it_is),
    _regime("penalty", lambda: _window(50, penalty_seconds=1.0), way_in=0.3),
    _regime("falls", lambda: _window(_falls), seed=2),
    _regime("rises", lambda: _window(_rises, phase_seconds=11.0)),
    _regime("another", lambda: _window(_another), wording=rounded_down, tail_seconds=5.0),
    _regime("each", lambda: _each(12), MANY),
    _regime("each-clock", lambda: _each(9, 10.0, phase_seconds=3.0), MANY, rounded_down, tail_seconds=3.0),
    _regime("each-sliding", lambda: EachCustomer(lambda: SlidingWindow(10, 60.0)), EVEN, tail_seconds=3.0),
    _regime("both", lambda: Both(_window(80), _each(20)), MANY, way_in=0.3, tail_seconds=4.0),
    _regime("both-tight", lambda: Both(_window(60, phase_seconds=31.0), _each(4)), MANY, rounded_down),
    _regime("untold", lambda: _window(60), wording=unsaid, tail_seconds=5.0),
    _regime("untold-each", lambda: _each(10, 20.0), EVEN, unsaid),
    _regime("zero", lambda: _window(50, 30.0), wording=lambda _: 0.0),
    _regime("failing", lambda: _window(60), failures=0.08, timeouts=0.04, tail_seconds=9.0),
    _regime("outage", lambda: _window(90), down=(20.0, 75.0)),
    _regime("outage-first", lambda: _each(15), EVEN, down=(0.0, 30.0), later=(EVEN,), returned=True),
    _regime("breaks", NoLimit, {"a": 2000, "b": 400}, in_service=20.0, breaks_at=45.0, at_once=96),
    _regime("open", NoLimit, {"a": 1500, "b": 300}, at_once=64, tail_seconds=9.0),
    _regime("earlier", lambda: _window(60), start_from=_earlier("window", 60)),
    _regime("earlier-wrong", lambda: _window(40), start_from=_earlier("window", 90), tail_seconds=3.0),
    _regime("earlier-each", lambda: _each(10), EVEN, start_from=_earlier(
        "", 0, ("a", "window", 10), ("b", "window", 12), ("c", "sliding", 10), ("d", "bucket", 10)
    )),
    _regime("earlier-bucket", lambda: DebtBucket(2.0, 10.0), start_from=_earlier("bucket", 120)),
    _regime("earlier-sliding", lambda: SlidingWindow(40, 60.0), start_from=_earlier("sliding", 44)),
    _regime("ceiling", lambda: _window(70), per_second=2.5),
    _regime("in-order", lambda: Both(_window(100), _each(25)), {"a": 40}, later=(
        {"b": 40}, {"a": 20, "c": 40}, {"d": 30}, {"e": 30, "a": 30}
    ), sends_apart=30),
    _regime("one", lambda: _window(25, 15.0), {"a": 150}, at_once=1),
    _regime("one-a-window", lambda: _window(1, 10.0), {"a": 20, "b": 10}, tail_seconds=6.0),
    _regime("quarter-hours", lambda: _window(40, 900.0), wording=rounded_down, way_in=0.3),
    _regime("told-half", lambda: _window(60), wording=lambda seconds: float(seconds // 2), way_in=0.3),
    _regime("told-more", lambda: _window(60), wording=lambda seconds: seconds + 7.5),
    _regime("told-hours", lambda: DebtBucket(0.5, 60.0), {"a": 70, "b": 30}, wording=lambda _: 5000.0),
    _regime("closed-first", lambda: _window(_closed, 10.0), wording=unsaid),
    _regime("closed-by-us", lambda: _window(30, 10.0, penalty_seconds=10.0), EVEN, lambda _: 1.0),
    _regime("each-even", lambda: _each(20), LARGE, tail_seconds=3.0),
    _regime("each-differs", lambda: _each_of(_window(12), _window(12), _window(30)), LARGE),
    _regime("each-kinds", lambda: _each_of(_window(20), SlidingWindow(20, 60.0), DebtBucket(0.7, 8.0)), LARGE),
    _regime("each-untold", lambda: _each(15), MANY, unsaid, tail_seconds=4.0, way_in=0.3),
    _regime("each-decimals", lambda: _each(8, 30.0), MANY, as_it_is, failures=0.03, seed=2),
    _regime("each-slides", lambda: EachCustomer(lambda: SlidingWindow(20, 60.0)), LARGE, rounded_down),
    _regime("both-uneven", lambda: Both(_window(70), _each(25)), UNEVEN, failures=0.01),
    _regime("both-late", lambda: Both(_window(90, phase_seconds=13.0), _each(30, phase_seconds=41.0)), UNEVEN,
            rounded_down, way_in=0.3, tail_seconds=5.0),
    _regime("both-slide", lambda: Both(SlidingWindow(80, 60.0), _each(12, 30.0)), UNEVEN, rounded_down),
    _regime("both-bucket", lambda: Both(DebtBucket(4.0, 20.0), _each(15, 30.0)), UNEVEN, as_it_is),
    _regime("both-outage", lambda: Both(_window(70), _each(25)), UNEVEN, down=(70.0, 130.0), tail_seconds=9.0),
    _regime("both-earlier", lambda: Both(_window(70), _each(25)), UNEVEN, start_from=_earlier(
        "window", 70, ("a", "window", 25), ("b", "window", 20), ("s01", "window", 25)
    )),
    _regime("slows", NoLimit, {"a": 3000, "b": 800}, slow=(12.0, 40.0), at_once=64, tail_seconds=3.0),
    _regime("slow-of-us", NoLimit, {"a": 4000}, in_service=16.0, failures=0.02, at_once=256, tail_seconds=9.0),
    _regime("window-odd", lambda: _window(40, 61.3), {"a": 400, "b": 100}),
    _regime("window-odd-down", lambda: _window(40, 30.7), {"a": 400, "b": 100}, rounded_down, way_in=0.3),
    _regime("window-odd-untold", lambda: _window(30, 61.3), {"a": 300, "b": 100}, unsaid),
    _regime("each-odd", lambda: _each(8, 20.5), UNEVEN, tail_seconds=3.0),
    _regime("each-slides-large", lambda: EachCustomer(lambda: SlidingWindow(25, 60.0)), CROWD, rounded_down, seed=2),
    _regime("each-slides-short", lambda: EachCustomer(lambda: SlidingWindow(6, 30.0)), MANY),
    _regime("earlier-slow", lambda: DebtBucket(0.5, 3.0), {"a": 60}, start_from=_earlier("bucket", 3)),
    _regime("window-large", lambda: _window(700), {"a": 2600, "b": 400}, at_once=64, seed=4),
    _regime("falls-large", lambda: _window(_falls_far), {"a": 1200, "b": 400}, rounded_down, at_once=64),
    _regime("bucket-large", lambda: DebtBucket(20.0, 100.0), {"a": 900, "b": 300}, way_in=0.3, at_once=64),
    _regime("sliding-large", lambda: SlidingWindow(300, 60.0), {"a": 900, "b": 300}, tail_seconds=5.0, at_once=64),
    _regime("both-large", lambda: Both(_window(400), _each(30)), CROWD, as_it_is, failures=0.01, at_once=64),
    _regime("each-large", lambda: _each(60, phase_seconds=17.0), CROWD, rounded_down, at_once=64, way_in=0.3),
    _regime("both-sliding", lambda: Both(_window(300), EachCustomer(lambda: SlidingWindow(25, 60.0))), CROWD,
            at_once=64, tail_seconds=3.0),
)  # fmt: skip
"""Some of several kinds at once: a service seldom has one habit only."""
