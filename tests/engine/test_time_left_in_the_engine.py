"""The time left that is shown along whole runs in virtual time, beside the time that it then took."""

import datetime as dt
import itertools
from dataclasses import dataclass, replace

import anyio
import pytest
from engine_world import BEGAN, LIMITS, OK, MemoryLedger, Scene, always, rows
from limited_service import UNLIMITED, LimitedService

from batchreset.core.figures import Figures, Phase, TimeLeft
from batchreset.core.outcome import Reason
from batchreset.core.stop import stop_for
from batchreset.engine.runner import IN_FLIGHT_GRACE_SECONDS
from batchreset.engine.stopping import StopSwitch
from batchreset.simulator.limits import LimitKind, Rule

LOOK_EVERY_SECONDS = 2.0
BROAD = replace(LIMITS, max_concurrency=64, canary=10)
WINDOW = Rule(limit=120, window_seconds=60)


@dataclass(frozen=True)
class Seen:
    """One look.

    Attributes:
        truth_seconds: how long it then took.
    """

    at_seconds: float
    truth_seconds: float
    figures: Figures

    @property
    def left(self) -> TimeLeft | None:
        return self.figures.pace.left if self.figures.pace else None

    @property
    def claims(self) -> bool:
        """Whether it says how long, and not only how long at least."""
        return self.left is not None and not self.left.at_least

    @property
    def left_seconds(self) -> float:
        assert self.left is not None
        return self.left.seconds


def watched(*sizes: int, partner: Rule = UNLIMITED, customer: Rule = UNLIMITED) -> list[Seen]:
    """A run, looked at again and again."""
    looks: list[tuple[float, Figures]] = []

    async def look(_: StopSwitch) -> None:
        for number in itertools.count():
            seconds = number * LOOK_EVERY_SECONDS
            looks.append((seconds, scene.progress.figures(anyio.current_time(), BEGAN + dt.timedelta(seconds=seconds))))
            await anyio.sleep(LOOK_EVERY_SECONDS)

    service = LimitedService(always(OK), partner=partner, customer=customer)
    scene = Scene(service=service, rows=rows(*sizes), limits=BROAD, ledger=MemoryLedger())
    scene.during = look
    scene.play()
    return [Seen(seconds, scene.took_seconds - seconds, figures) for seconds, figures in looks]


@pytest.mark.parametrize(
    ("sizes", "partner", "customer", "looks"),
    [
        ((220, 150, 100, 80), WINDOW, UNLIMITED, 60),
        ((220, 150, 100, 80), replace(WINDOW, kind=LimitKind.BUCKET), UNLIMITED, 55),
        ((220, 60, 20, 20), UNLIMITED, replace(WINDOW, limit=40), 60),
        ((230, 130, 60), WINDOW, replace(WINDOW, limit=50), 30),
    ],
    ids=["partner's window", "bucket", "customer's window", "both"],
)
def test_under_a_limit_the_time_left_is_true_as_soon_as_the_limit_was_met(
    sizes: tuple[int, ...], partner: Rule, customer: Rule, looks: int
) -> None:
    """Within a fifth, or ten seconds at the very end. As long as it is "at least", it takes no less."""
    seen = watched(*sizes, partner=partner, customer=customer)
    late = [look for look in seen if look.at_seconds > 1.2 * 60 and look.truth_seconds > 0 and look.claims]
    off = [abs(look.left_seconds - look.truth_seconds) - max(0.2 * look.truth_seconds, 10.0) for look in late]
    assert len(late) > looks
    assert max(off) <= 0
    bounds = [look for look in seen if look.left is not None and look.left.at_least]
    assert all(look.left_seconds <= 1.1 * look.truth_seconds + 1 for look in bounds)


def test_while_a_limit_is_met_and_not_known_the_wait_for_the_next_try_is_not_told_as_the_time_left() -> None:
    """Five windows of 20 seconds: the first refusal comes within the first, and is waited out."""
    seen = watched(500, partner=Rule(limit=100, window_seconds=20))
    refused = [look for look in seen if look.figures.pace and look.figures.pace.refused and look.truth_seconds > 0]
    unknown = [look for look in refused if look.left is None]
    assert len(unknown) > 5
    assert max(look.at_seconds for look in unknown) < 25
    assert all(look.left is None or look.left_seconds > 0.7 * look.truth_seconds - 5 for look in refused)


def test_the_time_left_under_a_limit_does_not_jump() -> None:
    """From one look to the next it falls by the time between, or by little more or less."""
    late = [look for look in watched(300, 200, partner=WINDOW) if look.at_seconds > 72 and look.truth_seconds > 5]
    changes = [sooner.left_seconds - later.left_seconds for sooner, later in itertools.pairwise(late)]
    assert all(-3.0 <= change <= 3.0 + LOOK_EVERY_SECONDS for change in changes)


def test_waves_are_told_and_counts_are_the_runs() -> None:
    seen = watched(100, 50)
    waves = [look.figures.pace.wave for look in seen if look.figures.pace and look.figures.pace.wave]
    assert {(wave.number, wave.of, wave.rows) for wave in waves} == {(1, 2, 10), (2, 2, 140)}
    assert all(look.figures.pace and look.figures.pace.phase is not Phase.STOPPING for look in seen)


def test_a_run_that_is_asked_to_stop_tells_how_long_it_waits_at_most() -> None:
    found: list[Figures] = []

    async def stop(switch: StopSwitch) -> None:
        await anyio.sleep(3.0)
        switch.request(stop_for(Reason.INTERRUPTED, "SIGINT was received"))
        await anyio.sleep(0.1)
        found.append(scene.progress.figures(anyio.current_time(), BEGAN))

    scene = Scene(service=LimitedService(always(OK)), rows=rows(400), limits=BROAD, ledger=MemoryLedger(), during=stop)
    scene.play()
    pace = found[0].pace
    assert pace
    assert (pace.phase, pace.left) == (Phase.STOPPING, None)
    assert pace.stopping_seconds == pytest.approx(IN_FLIGHT_GRACE_SECONDS - 0.1)
    assert pace.in_flight > 0
