"""What pacing does is told as events, and what the canary taught the rest knows."""

from dataclasses import replace

import anyio
import pytest
from engine_world import LIMITS, OK, Scene, Service, rows, throttled
from kept_log import Log

from batchreset.core.exchange import Exchange
from batchreset.core.pacing import Learned, LimitLearned, PaceNote, Paused, Resumed, Throttled
from batchreset.core.rows import PlannedRow
from batchreset.engine.pace_events import log_note

WINDOW_SECONDS = 60.0
CUSTOMER_LIMIT = 30
RETRY_AFTER_FROM_SECONDS = 0.5


class Windows:
    """So many requests of each customer in a fixed window from its first one."""

    def __init__(self, limit: int) -> None:
        self.limit = limit
        self.windows: dict[str, tuple[float, int]] = {}

    def __call__(self, row: PlannedRow, number: int) -> Exchange:
        del number
        now = anyio.current_time()
        began, used = self.windows.get(row.customer_tenant_id, (-WINDOW_SECONDS, 0))
        if now >= began + WINDOW_SECONDS:
            began, used = now, 0
        self.windows[row.customer_tenant_id] = (began, used + 1)
        return OK if used < self.limit else throttled(round(began + WINDOW_SECONDS - now + RETRY_AFTER_FROM_SECONDS))


def paced(*sizes: int, limit: int = CUSTOMER_LIMIT, canary: int = 0, start_from: Learned | None = None) -> Scene:
    limits = replace(LIMITS, max_concurrency=16, canary=canary)
    scene = Scene(service=Service(Windows(limit)), rows=rows(*sizes), limits=limits, start_from=start_from)
    return scene.play()


def events(scene: Scene, name: str) -> list[dict[str, object]]:
    return [fields for event, fields in scene.log.events if event == name]


def test_throttling_learning_and_pausing_are_events_with_scope_and_figures() -> None:
    played = paced(100, 10)

    [first, *_] = events(played, "pace.throttled")
    assert first["scope"] == "customer-0"
    assert 50.0 <= float(str(first["retry_after_seconds"])) <= 60.0
    assert events(played, "pace.paused")[0]["scope"] == "customer-0"
    assert 50.0 <= float(str(events(played, "pace.paused")[0]["seconds"])) <= 62.0
    learned = events(played, "pace.learned")[-1]
    assert learned == {"scope": "customer-0", "shape": "window", "limit": CUSTOMER_LIMIT, "window_seconds": 60.0}
    resumed = events(played, "pace.resumed")
    assert {str(event["scope"]) for event in resumed} == {"customer-0"}
    assert 3 * 45.0 <= sum(float(str(event["waited_seconds"])) for event in resumed) <= 3 * 62.0


def test_what_was_learned_is_there_when_the_run_has_ended() -> None:
    played = paced(100, 10)

    learned = played.progress.learned
    assert learned is not None
    assert learned.partner is None
    [customer] = learned.customers
    assert (customer.scope, customer.limit, customer.window_seconds) == ("customer-0", CUSTOMER_LIMIT, 60.0)
    assert customer.refused == sum(attempt.http_status == 429 for attempt in played.ledger.attempts)


def test_what_the_canary_learned_is_not_forgotten_by_the_rest() -> None:
    """One pacer for both waves: the canary meets the limit, and the rest need not meet it anew."""
    played = paced(25, canary=10, limit=5)

    [learned] = events(played, "pace.learned")
    assert learned["limit"] == 5
    assert learned["window_seconds"] == 60.0


def test_a_run_that_starts_from_what_another_learned_is_refused_less() -> None:
    first = paced(100, 100, 100)
    again = paced(100, 100, 100, start_from=first.progress.learned)

    refused = [sum(attempt.http_status == 429 for attempt in run.ledger.attempts) for run in (first, again)]
    assert 0 < refused[1] < refused[0]


NOTES: list[tuple[PaceNote, str, str, dict[str, object]]] = [
    (
        Throttled(scope="partner", retry_after_seconds=None),
        "info",
        "pace.throttled",
        {"scope": "partner", "retry_after_seconds": None},
    ),
    (
        LimitLearned(scope="c", shape="bucket", limit=1200, window_seconds=60.0),
        "info",
        "pace.learned",
        {"scope": "c", "shape": "bucket", "limit": 1200, "window_seconds": 60.0},
    ),
    (
        Paused(scope="c", until_seconds=107.00049, told=True),
        "info",
        "pace.paused",
        {"scope": "c", "seconds": 7.0, "told": True},
    ),
    (
        Paused(scope="c", until_seconds=99.0, told=False),
        "debug",
        "pace.paused",
        {"scope": "c", "seconds": 0.0, "told": False},
    ),
    (
        Resumed(scope="c", waited_seconds=7.25, told=True),
        "info",
        "pace.resumed",
        {"scope": "c", "waited_seconds": 7.25},
    ),
    (
        Resumed(scope="c", waited_seconds=7.25, told=False),
        "debug",
        "pace.resumed",
        {"scope": "c", "waited_seconds": 7.25},
    ),
]


class LevelLog(Log):
    """Keeps levels too."""

    def __init__(self) -> None:
        super().__init__()
        self.levels: list[str] = []

    def debug(self, event: str, **fields: object) -> None:
        self.levels.append("debug")
        super().debug(event, **fields)

    def info(self, event: str, **fields: object) -> None:
        self.levels.append("info")
        super().debug(event, **fields)


@pytest.mark.parametrize(("note", "level", "name", "fields"), NOTES)
def test_each_note_is_one_event(note: PaceNote, level: str, name: str, fields: dict[str, object]) -> None:
    log = LevelLog()
    log_note(log, note, now_seconds=100.0)

    assert log.levels == [level]
    assert log.events == [(name, fields)]
