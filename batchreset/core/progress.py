"""What a run has done so far, for whoever looks: the display, the log, other processes. Counts only, no rows."""

import collections
import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from batchreset.core.figures import Cause, Figures, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Learned, Pacer, PaceSnapshot
from batchreset.core.senders import SenderFigures, SenderState, plain_name, plain_why
from batchreset.core.time_left import Awake, Flow, Rate, time_left

_NOT_THERE: Final = {SenderState.GONE, SenderState.REFUSED}


class Progress:
    """Filled by the engine, read at any time.

    Args:
        planned: rows that are to be reset in all.
        earlier: of them, those that earlier sessions of the run have settled, by outcome.
        refused_before: 429s of those sessions.
        others_send: others than the run's own process.
        senders: who they are, as they are at the moment; none where that process sends.
        gives_up: when the run ends because nobody can send, by the pacer's clock; None: somebody can.

    Attributes:
        outcomes: of this session, by outcome.
        ending: the engine is done; results are written.
        concluded: of all sessions, by the ledger, once the engine is done: rows that were cut off count too.
    """

    def __init__(
        self, *, planned: int, earlier: Mapping[Outcome, int] | None = None, refused_before: int = 0,
        others_send: bool = False, senders: Callable[[], Sequence[SenderFigures]] = tuple,
        gives_up: Callable[[], float | None] = lambda: None,
    ) -> None:  # fmt: skip
        self.planned = planned
        self.earlier: collections.Counter[Outcome] = collections.Counter(earlier)
        self.refused_before = refused_before
        self.outcomes: collections.Counter[Outcome] = collections.Counter()
        self.ending = False
        self.concluded: Mapping[Outcome, int] | None = None
        self._pacer: Pacer | None = None
        self._waves: Sequence[int] = ()
        self._wave = 0
        self._done_before_wave = 0
        self._others_send = others_send
        self._senders = senders
        self._gives_up = gives_up
        self._held_until_seconds: float | None = None
        self._stopping_until_seconds: float | None = None
        self._awake = Awake()
        self._rate = Rate()
        self._flow = Flow()

    @property
    def done(self) -> int:
        """Rows with an outcome, of all sessions."""
        return self.earlier.total() + self.outcomes.total()

    def held(self, until_seconds: float | None) -> None:
        """Others may send for an earlier session still, until then; None: nobody may any more."""
        self._held_until_seconds = until_seconds

    def begins(self, pacer: Pacer, *, waves: Sequence[int]) -> None:
        """Rows are about to go, paced by `pacer`, in waves of so many."""
        self._pacer, self._waves = pacer, waves

    def wave_begins(self) -> None:
        """The next of the waves."""
        self._wave += 1
        self._done_before_wave = self.done

    def ended(self, outcome: Outcome) -> None:
        """One more row has its outcome."""
        self.outcomes[outcome] += 1

    def stops(self, until_seconds: float) -> None:
        """Nothing new is sent; what is in flight is awaited, until then at most."""
        self._stopping_until_seconds = until_seconds

    @property
    def learned(self) -> Learned | None:
        """What pacing has learned so far; None before the first wave."""
        return self._pacer.learned if self._pacer else None

    def pace(self) -> PaceSnapshot | None:
        """What pacing is doing; None before the first wave."""
        return self._pacer.snapshot() if self._pacer else None

    def figures(self, now_seconds: float, now: dt.datetime) -> Figures:
        """How it stands. Each look is one observation of how fast it goes, whoever looks, however often.

        Args:
            now_seconds: of the pacer's clock.
            now: the same moment on the wall.
        """
        pace = self.pace()
        awake_seconds = self._awake.seconds(now_seconds)
        outcomes = self.earlier + self.outcomes if self.concluded is None else self.concluded
        senders = self._senders()
        phase = self._phase(pace, senders)
        # A request that was broken off never came back to the pacer.
        in_flight = pace.in_flight if pace and phase is not Phase.ENDING else 0
        alone = self._without_senders(phase, now_seconds, now)
        return Figures(
            planned=self.planned,
            outcomes=outcomes,
            pace=Pace(
                phase=phase,
                in_flight=in_flight,
                refused=self.refused_before + (pace.refused if pace else 0),
                # What comes before the first row is no time in which rows could go.
                per_second=self._rate.per_second(awake_seconds, self.done) if pace else 0.0,
                wave=self._wave_now(),
                waiting=self._held(now_seconds, now) or alone or waiting(pace, now_seconds, now),
                left=None if alone else self._left(pace, now_seconds, awake_seconds),
                stopping_seconds=self._stopping_seconds(now_seconds),
                senders=tuple(map(_plain, senders)),
            ),
        )

    def _phase(self, pace: PaceSnapshot | None, senders: Sequence[SenderFigures]) -> Phase:
        if self.ending or self.done >= self.planned:
            return Phase.ENDING
        if self._stopping_until_seconds is not None:
            return Phase.STOPPING
        if pace:
            return Phase.SENDING
        # The sign-in is checked by whoever will send.
        awaited = self._others_send and all(one.state in _NOT_THERE for one in senders)
        return Phase.CLUSTER if awaited else Phase.SIGN_IN

    def _held(self, now_seconds: float, now: dt.datetime) -> Waiting | None:
        if self._held_until_seconds is None:
            return None
        seconds = self._held_until_seconds - now_seconds
        return Waiting(cause=Cause.LEASE, seconds=_whole(seconds), until=_at(now, seconds))

    def _without_senders(self, phase: Phase, now_seconds: float, now: dt.datetime) -> Waiting | None:
        gives_up = self._gives_up() if phase in {Phase.CLUSTER, Phase.SIGN_IN, Phase.SENDING} else None
        if gives_up is None:
            return None
        seconds = gives_up - now_seconds
        return Waiting(cause=Cause.SENDER, seconds=_whole(seconds), until=_at(now, seconds))

    def _stopping_seconds(self, now_seconds: float) -> float | None:
        until = self._stopping_until_seconds
        return None if until is None else max(0.0, until - now_seconds)

    def _wave_now(self) -> Wave | None:
        if not self._wave:
            return None
        rows = self._waves[self._wave - 1]
        done = min(rows, self.done - self._done_before_wave)
        return Wave(number=self._wave, of=len(self._waves), done=done, rows=rows)

    def _left(self, pace: PaceSnapshot | None, now_seconds: float, awake_seconds: float) -> TimeLeft | None:
        if pace is None or self._pacer is None:
            return None
        outage = pace.outage_until_seconds is not None
        flow = self._flow.per_second(awake_seconds, self.done, under_way=pace.in_flight > 0 and not outage)
        rows = self.planned - self.done
        if not rows or outage or self._stopping_until_seconds is not None:
            return None
        return time_left(
            rows,
            outlook=self._pacer.outlook(now_seconds, rows_to_come=sum(self._waves[self._wave :])),
            flow_per_second=flow,
            most_per_second=self._pacer.most_per_second,
        )


def waiting(pace: PaceSnapshot | None, now_seconds: float, now: dt.datetime) -> Waiting | None:
    """An outage, else what was refused, else who awaits the next window of a known limit; None: nobody waits."""
    if pace is None:
        return None
    if pace.outage_until_seconds is not None:
        seconds = pace.outage_until_seconds - now_seconds
        return Waiting(cause=Cause.OUTAGE, seconds=_whole(seconds), until=_at(now, seconds))
    if not pace.pauses:
        return None
    told = [pause for pause in pace.pauses if pause.told]
    those = told or pace.pauses
    longest = max(those, key=lambda pause: pause.until_seconds)
    seconds = longest.until_seconds - now_seconds
    return Waiting(
        cause=Cause.THROTTLED if told else Cause.WINDOW,
        scope=longest.scope,
        seconds=_whole(seconds),
        until=_at(now, seconds),
        others=len(those) - 1,
    )


def _plain(one: SenderFigures) -> SenderFigures:
    """Others' words, fit to be shown beside its name."""
    why = plain_why(one.why).removeprefix(f"the worker {one.name} ")
    return replace(one, name=plain_name(one.name), host=plain_name(one.host), why=why)


def _whole(seconds: float) -> int:
    return max(0, math.ceil(seconds))


def _at(now: dt.datetime, seconds: float) -> dt.datetime:
    return now + dt.timedelta(seconds=max(0.0, seconds))
