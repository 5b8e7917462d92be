"""What the process that carries a run out tells others of it, about once a second, in the run's folder.

Counts are the ledger's; pacing's state is in no ledger. Whoever reads it trusts nothing: the file may be torn by a
power cut, left by a killed process, of another machine with another clock, or somebody else's altogether.
"""

import contextlib
import datetime as dt
import functools
import math
import os
import socket
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import replace
from typing import Annotated, Any, Final, Literal

import anyio
import pydantic

from batchreset.adapters.ledger import LastSession
from batchreset.adapters.run_folder import RunFolder
from batchreset.core.clock import Clock, rfc3339
from batchreset.core.figures import Cause, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.progress import Progress
from batchreset.core.senders import NAME_MOST, WHY_MOST, SenderFigures, SenderState
from batchreset.settings.section import Section
from batchreset.wiring.aside import Aside

TOLD_EVERY_SECONDS: Final = 1.0
STALE_SECONDS: Final = 15.0
"""Older than that, it is what a process told that hangs or is gone."""
CLOCKS_AGREE_SECONDS: Final = 2.0
WAIT_MOST_SECONDS: Final = 86_400.0
SENDERS_MOST: Final = 500
"""Of more than these nobody is told; those that are gone are left out first."""

_Count = Annotated[int, pydantic.Field(ge=0, le=1_000_000_000)]
_Seconds = Annotated[float, pydantic.Field(ge=0, le=1e9)]
_Name = Annotated[str, pydantic.Field(pattern=r"^[ -~]*$", max_length=NAME_MOST)]
_Why = Annotated[str, pydantic.Field(pattern=r"^[ -~]*$", max_length=WHY_MOST)]
_Moment = pydantic.AwareDatetime
_Scope = Annotated[str, pydantic.Field(pattern=r"^(|partner|\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]


class _Wave(Section):
    number: _Count
    of: _Count
    done: _Count
    rows: _Count


class _Waits(Section):
    cause: Cause
    scope: _Scope
    seconds: _Count
    until: _Moment
    others: _Count


class _Left(Section):
    seconds: _Seconds
    at_least: bool


class _Sender(Section):
    name: _Name
    host: _Name
    state: SenderState
    in_flight: _Count
    per_second: _Seconds
    answered: _Count
    throttled: _Count
    failed: _Count
    lost: _Count
    why: _Why = ""


class _Pace(Section):
    phase: Phase
    in_flight: _Count
    per_second: _Seconds
    throttled: _Count
    wave: _Wave | None
    waits: _Waits | None
    left: _Left | None
    stopping_seconds: _Seconds | None
    senders: Annotated[tuple[_Sender, ...], pydantic.Field(max_length=SENDERS_MOST)] = ()


class _Told(Section):
    format: Literal[1]
    number: _Count
    pid: int
    host: str
    written_at: _Moment
    pace: _Pace


def pace_facts(pace: Pace) -> dict[str, Any]:
    """As it stands in progress.json, and in what `status --json` prints."""
    waits, left, wave = pace.waiting, pace.left, pace.wave
    return {
        "phase": pace.phase.value,
        "in_flight": pace.in_flight,
        "per_second": round(pace.per_second, 2),
        "throttled": pace.refused,
        "wave": {"number": wave.number, "of": wave.of, "done": wave.done, "rows": wave.rows} if wave else None,
        "waits": waits
        and {
            "cause": waits.cause.value,
            "scope": waits.scope,
            "seconds": waits.seconds,
            "until": rfc3339(waits.until),
            "others": waits.others,
        },
        "left": left and {"seconds": round(left.seconds, 1), "at_least": left.at_least},
        "stopping_seconds": None if pace.stopping_seconds is None else round(pace.stopping_seconds, 1),
        "senders": [_sender_facts(one) for one in _those_told_of(pace.senders)],
    }


def _those_told_of(senders: Sequence[SenderFigures]) -> Sequence[SenderFigures]:
    if len(senders) <= SENDERS_MOST:
        return senders
    return sorted(senders, key=lambda one: one.state is SenderState.GONE)[:SENDERS_MOST]


def _sender_facts(one: SenderFigures) -> dict[str, Any]:
    return {
        "name": one.name,
        "host": one.host,
        "state": one.state.value,
        "in_flight": one.in_flight,
        "per_second": round(one.per_second, 2),
        "answered": one.answered,
        "throttled": one.throttled,
        "failed": one.failed,
        "lost": one.lost,
        "why": one.why,
    }


@contextlib.asynccontextmanager
async def others_told(folder: RunFolder, progress: Progress, *, clock: Clock, aside: Aside) -> AsyncIterator[None]:
    """Tell others while the block runs, and that it is over; a run of less than a second tells nothing."""
    who = {"format": 1, "pid": os.getpid(), "host": socket.gethostname()}
    number = 0

    def facts() -> Mapping[str, Any]:
        pace = progress.figures(clock.monotonic(), clock.now()).pace
        told = pace_facts(pace) if pace else None
        return {**who, "number": number, "written_at": rfc3339(clock.now()), "pace": told}

    async def tell() -> None:
        nonlocal number
        while True:
            await anyio.sleep(TOLD_EVERY_SECONDS)
            number += 1
            await aside(functools.partial(folder.leave_progress, facts()))

    try:
        async with anyio.create_task_group() as beside:
            beside.start_soon(tell)
            try:
                yield
            finally:
                beside.cancel_scope.cancel()
    finally:
        # Only now has whoever wrote aside ended: an older word must not come after the last one.
        if number:
            number += 1
            folder.leave_progress(facts())


class Listener:
    """Hears what is told of one run; looks again and again see whether it is told still.

    The clocks of two machines differ: that a new one came is believed of our own clock, not of what it says.
    """

    def __init__(self, folder: RunFolder) -> None:
        self._folder = folder
        self._number = -1
        self._heard_seconds = 0.0

    def pace(self, session: LastSession | None, *, now: dt.datetime, now_seconds: float) -> Pace | None:
        """As it is by now; None: nothing was told of late by the process that holds the run.

        Args:
            session: the ledger's newest.
            now: on the wall.
            now_seconds: the same moment of a clock that never runs backwards.
        """
        told = _told_by(session, self._folder)
        if told is None:
            return None
        if told.pace.phase is not Phase.ENDING and self._age_seconds(told, now, now_seconds) > STALE_SECONDS:
            return None
        return _aged(told, self._age_seconds(told, now, now_seconds), now)

    def _age_seconds(self, told: _Told, now: dt.datetime, now_seconds: float) -> float:
        """By what it says where both clocks agree, as far as can be seen; else since it was seen to be new."""
        if told.number != self._number:
            first, self._number = self._number < 0, told.number
            self._heard_seconds = -math.inf if first else now_seconds
        said = (now - told.written_at).total_seconds()
        agree = -CLOCKS_AGREE_SECONDS <= said <= STALE_SECONDS
        return max(0.0, said) if agree else now_seconds - self._heard_seconds


def refused_at_last(folder: RunFolder, session: LastSession | None) -> tuple[SenderFigures, ...]:
    """Who was there and could not send, by the last word of that session; asked by whoever holds the run still."""
    told = _told_by(session, folder)
    senders = _senders(told.pace) if told is not None else ()
    return tuple(one for one in senders if one.state is SenderState.REFUSED)


def _told_by(session: LastSession | None, folder: RunFolder) -> _Told | None:
    """None where that session has told nothing, or nothing that can be believed."""
    content = folder.read_progress()
    if content is None or session is None:
        return None
    try:
        told = _Told.model_validate_json(content)
    except ValueError:
        return None
    return told if (told.pid, told.host) == (session.pid, session.host) else None


def _senders(facts: _Pace) -> tuple[SenderFigures, ...]:
    return tuple(SenderFigures(**one.model_dump()) for one in facts.senders)


def _aged(told: _Told, age_seconds: float, now: dt.datetime) -> Pace:
    """What was so long when it was told, is so much shorter by now."""
    facts = told.pace
    waits, left, wave = facts.waits, facts.left, facts.wave
    pace = Pace(
        phase=facts.phase,
        in_flight=facts.in_flight,
        refused=facts.throttled,
        per_second=facts.per_second,
        wave=Wave(number=wave.number, of=wave.of, done=wave.done, rows=wave.rows) if wave else None,
        senders=_senders(facts),
    )
    if waits is not None:
        seconds = min(max(0.0, (waits.until - told.written_at).total_seconds() - age_seconds), WAIT_MOST_SECONDS)
        waiting = Waiting(
            cause=waits.cause,
            scope=waits.scope,
            seconds=math.ceil(seconds),
            until=now + dt.timedelta(seconds=seconds),
            others=waits.others,
        )
        pace = replace(pace, waiting=waiting)
    if left is not None:
        pace = replace(pace, left=TimeLeft(seconds=max(0.0, left.seconds - age_seconds), at_least=left.at_least))
    if facts.stopping_seconds is not None:
        pace = replace(pace, stopping_seconds=max(0.0, facts.stopping_seconds - age_seconds))
    return pace
