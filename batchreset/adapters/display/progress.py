"""Progress for a person: a calm block of lines on a terminal; elsewhere one event from time to time."""

import collections
import contextlib
import math
from collections.abc import AsyncIterator, Callable
from typing import Any, Final, TextIO, cast

import anyio
from rich.console import Console
from rich.live import Live
from rich.text import Text

from batchreset.adapters.display.alongside import alongside
from batchreset.adapters.display.waiting import Waiting, waiting
from batchreset.core.events import EventLog
from batchreset.core.outcome import Outcome
from batchreset.core.progress import Progress

REDRAW_SECONDS: Final = 0.5
LINE_EVERY_SECONDS: Final = 30.0
RATE_OVER_SECONDS: Final = 10.0
TIME_LEFT_OVER_SECONDS: Final = 150.0
"""A limit of so many a minute is spent in bursts: the time left is reckoned over more than two of its windows."""
BAR_COLUMNS: Final = 30

_STYLES: Final = {Outcome.SUCCEEDED: "green", Outcome.FAILED: "red", Outcome.IN_DOUBT: "yellow"}


class Rate:
    """Rows a second over the last while, or since the last observation when that is longer ago."""

    def __init__(self, over_seconds: float = RATE_OVER_SECONDS) -> None:
        self._over_seconds = over_seconds
        self._seen: collections.deque[tuple[float, int]] = collections.deque()

    def per_second(self, now_seconds: float, done: int) -> float:
        """The rate, with this observation in it; 0 before there are two."""
        self._seen.append((now_seconds, done))
        while len(self._seen) > 1 and self._seen[1][0] <= now_seconds - self._over_seconds:
            self._seen.popleft()
        began, before = self._seen[0]
        return (done - before) / (now_seconds - began) if now_seconds > began else 0.0


class _Terminal:
    """A stream whose going away (a closed window, a lost connection) does not take the run with it."""

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream

    def write(self, text: str) -> None:
        with contextlib.suppress(OSError):
            self._stream.write(text)

    def flush(self) -> None:
        with contextlib.suppress(OSError):
            self._stream.flush()

    def __getattr__(self, name: str) -> Any:
        return getattr(self._stream, name)


@contextlib.asynccontextmanager
async def terminal_progress(progress: Progress, *, stream: TextIO, color: bool) -> AsyncIterator[None]:
    """Redraw a few lines on `stream` while the block runs; the last picture stays."""
    console = Console(file=cast("TextIO", _Terminal(stream)), no_color=not color, highlight=False, soft_wrap=False)
    rates = _Rates()

    def picture() -> Text:
        return _picture(progress, rates, anyio.current_time())

    with Live(picture(), console=console, auto_refresh=False, transient=False) as live:

        async def redraw() -> None:
            while True:
                live.update(picture(), refresh=True)
                await anyio.sleep(REDRAW_SECONDS)

        async with alongside(redraw):
            yield
        live.update(picture(), refresh=True)


@contextlib.asynccontextmanager
async def logged_progress(progress: Progress, *, log: EventLog, say: Callable[[str], None]) -> AsyncIterator[None]:
    """One `run.progress` event, and one line, every half minute while the block runs."""
    rates = _Rates()

    async def report() -> None:
        while True:
            await anyio.sleep(LINE_EVERY_SECONDS)
            now_seconds = anyio.current_time()
            picture = _picture(progress, rates, now_seconds)
            with contextlib.suppress(OSError):  # nobody listens any more
                say(picture.plain.replace("\n", "; "))
            log.info(
                "run.progress",
                done=progress.done,
                planned=progress.planned,
                per_second=round(rates.now_per_second, 1),
                **_waiting_fields(waiting(progress.pace(), now_seconds)),
                **{outcome.value: rows for outcome, rows in progress.outcomes.items()},
            )

    async with alongside(report):
        yield


class _Rates:
    """How fast it goes now, and how fast it went over the last windows."""

    def __init__(self) -> None:
        self._now = Rate()
        self._lately = Rate(TIME_LEFT_OVER_SECONDS)
        self.now_per_second = 0.0
        self.lately_per_second = 0.0

    def look(self, now_seconds: float, done: int) -> None:
        self.now_per_second = self._now.per_second(now_seconds, done)
        self.lately_per_second = self._lately.per_second(now_seconds, done)


def _picture(progress: Progress, rates: _Rates, now_seconds: float) -> Text:
    rates.look(now_seconds, progress.done)
    done, planned = progress.done, max(1, progress.planned)
    filled = BAR_COLUMNS * done // planned
    pace = progress.pace()
    text = Text(no_wrap=True, overflow="ellipsis")
    text.append("━" * filled, style="green").append("━" * (BAR_COLUMNS - filled), style="dim")
    text.append(f"  {done:,} of {progress.planned:,}  {rates.now_per_second:,.1f} rows/s  ")
    text.append(f"{_time_left(progress, rates.lately_per_second)}\n")
    for outcome in (Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT):
        text.append(f"{outcome.value} {progress.outcomes[outcome]:,}  ", style=_STYLES[outcome])
    if progress.before:
        text.append(f"before {progress.before:,}  ", style="dim")
    text.append(f"in flight {pace.in_flight if pace else 0}  429s {pace.refused if pace else 0}\n")
    waits = waiting(pace, now_seconds)
    text.append(str(waits) if waits else _phase(progress), style="yellow" if waits else "dim")
    return text


def _waiting_fields(waits: Waiting | None) -> dict[str, object]:
    if waits is None:
        return {}
    return {"waits_for": waits.cause.value, "waits_scope": waits.scope or None, "waits_seconds": waits.seconds}


def _phase(progress: Progress) -> str:
    if progress.done == progress.planned:
        return "all rows have an outcome"
    if progress.pace() is None:
        return "checking the sign-in"
    return "canary rows first" if progress.waves_left else "sending"


def _time_left(progress: Progress, per_second: float) -> str:
    left = progress.planned - progress.done
    if not left:
        return "done"
    if not per_second:
        return "time left unknown"
    minutes, seconds = divmod(math.ceil(left / per_second), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{seconds:02} left"
