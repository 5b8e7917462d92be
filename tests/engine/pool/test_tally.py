"""What is counted of one sender: its rate stands beside the run's own, and both are read together."""

import datetime as dt
import random

import pytest

from batchreset.core.exchange import Answered, LossKind, Lost
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Pacer
from batchreset.core.progress import Progress
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.engine.pool.tally import Tally

NOW = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
NEW = SenderFigures(name="w", host="h", state=SenderState.SENDING)
SIGN_IN_SECONDS = 5


class Run:
    """Two senders, of which the one answers 5 rows a second and the other 2, after a sign-in of five seconds."""

    def __init__(self) -> None:
        self.tallies = Tally(NEW), Tally(NEW)
        self.progress = Progress(planned=10_000, senders=lambda: [self._figures(one) for one in self.tallies])
        self.seconds = 0.0

    def _figures(self, tally: Tally) -> SenderFigures:
        return tally.figures(SenderState.SENDING, in_flight=3, now_seconds=self.seconds)

    def rates(self) -> tuple[float, list[float]]:
        pace = self.progress.figures(self.seconds, NOW).pace
        assert pace is not None
        return pace.per_second, [one.per_second for one in pace.senders]

    def until(self, second: int) -> None:
        while self.seconds < second:
            self.seconds += 0.5
            self.rates()
            if self.seconds == SIGN_IN_SECONDS:
                pacer = Pacer({"a": 10_000}, max_concurrency=4, random=random.Random(1))
                self.progress.begins(pacer, waves=[10_000])
            if self.seconds >= SIGN_IN_SECONDS and self.seconds.is_integer():
                for tally, rows in zip(self.tallies, (5, 2), strict=True):
                    for _ in range(rows):
                        tally.count(Answered(status=200))
                        self.progress.ended(Outcome.SUCCEEDED)


@pytest.mark.parametrize("age", [4, 8, 20, 100])
def test_the_rates_of_all_senders_are_the_runs_own_from_the_beginning(age: int) -> None:
    run = Run()
    run.until(SIGN_IN_SECONDS + age)
    whole, senders = run.rates()
    assert sum(senders) == pytest.approx(whole, rel=0.2)
    assert senders == pytest.approx([5.0, 2.0], rel=0.3)


def test_a_sender_that_was_asked_late_is_as_fast_as_it_is() -> None:
    """It joined with the others and had no rows for a minute."""
    tally = Tally(NEW)
    for second in range(60):
        tally.figures(SenderState.SENDING, in_flight=0, now_seconds=float(second))
    for second in range(60, 65):
        for _ in range(10):
            tally.count(Answered(status=200))
        figures = tally.figures(SenderState.SENDING, in_flight=9, now_seconds=second + 0.9)
    assert figures.per_second == pytest.approx(10.0, rel=0.25)


def test_what_it_did_when_it_was_here_before_is_counted_and_is_no_haste() -> None:
    tally = Tally(SenderFigures(name="w", host="h", state=SenderState.GONE, answered=5_000, failed=4, lost=3))
    tally.count(Answered(status=429))
    tally.count(Lost(kind=LossKind.TIMEOUT))
    tally.count_lost()
    figures = tally.figures(SenderState.SENDING, in_flight=0, now_seconds=2.0)
    assert (figures.answered, figures.throttled, figures.failed, figures.lost) == (5_001, 1, 5, 4)
    assert figures.per_second == 0.0
