"""Progress for a person: a calm block of lines on a terminal, a line from time to time elsewhere; an event always."""

import contextlib
import datetime as dt
from collections.abc import AsyncIterator, Callable
from typing import Final, TextIO

import anyio

from batchreset.adapters.display.alongside import alongside
from batchreset.adapters.display.picture import picture, said
from batchreset.adapters.display.screen import Screen, others_above
from batchreset.core.events import EventLog
from batchreset.core.figures import Figures, Waiting
from batchreset.core.outcome import Outcome
from batchreset.core.progress import Progress
from batchreset.core.senders import SenderState

REDRAW_SECONDS: Final = 0.5
LINE_EVERY_SECONDS: Final = 30.0


def _utc_now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


@contextlib.asynccontextmanager
async def terminal_progress(
    progress: Progress, *, stream: TextIO, color: bool, now: Callable[[], dt.datetime] = _utc_now
) -> AsyncIterator[None]:
    """Redraw a few lines on `stream` while the block runs; the last picture stays."""
    screen = Screen(stream, color=color)

    def draw() -> None:
        seconds = anyio.current_time()
        columns, _ = screen.size
        screen.draw(picture(progress.figures(seconds, now()), columns=columns, ascii_only=screen.ascii_only))

    async def redraw() -> None:
        while True:
            draw()
            await anyio.sleep(REDRAW_SECONDS)

    with screen.kept_up(), others_above(screen, stream):
        async with alongside(redraw):
            try:
                yield
            finally:
                draw()


@contextlib.asynccontextmanager
async def logged_progress(
    progress: Progress, *, log: EventLog, say: Callable[[str], None], now: Callable[[], dt.datetime] = _utc_now
) -> AsyncIterator[None]:
    """One `run.progress` event, and one line, every half minute while the block runs."""

    async def report() -> None:
        while True:
            await anyio.sleep(LINE_EVERY_SECONDS)
            figures = progress.figures(anyio.current_time(), now())
            with contextlib.suppress(OSError):  # nobody listens any more
                say(said(figures))
            log.info("run.progress", **event_fields(figures))

    async with alongside(report):
        yield


def event_fields(figures: Figures) -> dict[str, object]:
    """Of `run.progress`; what is not known or nought is left out."""
    fields: dict[str, object] = {"done": figures.done, "planned": figures.planned}
    pace = figures.pace
    if pace is not None:
        fields |= {"in_flight": pace.in_flight, "per_second": round(pace.per_second, 1), "throttled": pace.refused}
        if pace.wave is not None:
            fields |= {"wave": pace.wave.number, "wave_done": pace.wave.done, "wave_rows": pace.wave.rows}
        if pace.left is not None:
            fields |= {"left_seconds": round(pace.left.seconds), "left_at_least": pace.left.at_least}
        if pace.senders:
            sending = sum(one.state is SenderState.SENDING for one in pace.senders)
            fields |= {"senders": len(pace.senders), "senders_sending": sending}
        fields |= _waiting_fields(pace.waiting)
    return fields | {outcome.value: figures.outcomes[outcome] for outcome in Outcome if figures.outcomes.get(outcome)}


def _waiting_fields(waits: Waiting | None) -> dict[str, object]:
    if waits is None:
        return {}
    return {"waits_for": waits.cause.value, "waits_scope": waits.scope or None, "waits_seconds": waits.seconds}
