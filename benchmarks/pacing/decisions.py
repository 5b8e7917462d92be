"""What pacing decides in small regimes, send by send, and the record of it that a test holds it to.

Latencies and chance are made of sums and products only, and moments are rounded to microseconds, so that machines
agree. The pacer itself takes a few logarithms and powers (`climb`, `sample`, `outage`, `rate`), whose last bit is the
libm's: with each of them a bit more, or a bit less, the record was the same.
"""

import dataclasses
import hashlib
import json
import math
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.core.pacing import Answer, Learned, LearnedLimit, Pacer, Paused, Ticket
from benchmarks.pacing.service import Service
from benchmarks.pacing.simulate import simulate

RECORD: Final = Path(__file__).resolve().parents[2] / "tests" / "core" / "pacing" / "decisions.json"
SENDS_A_SNAPSHOT: Final = 7
TAIL_SHARE: Final = 0.02
SLOW_IN_SERVICE: Final = 12.0
LIMITS_SHOWN: Final = 5
"""The digest is of all."""

Decisions = Mapping[str, object]
"""The figures of one regime, and a digest of its trace."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Plain(Service):
    """A service whose latencies lie evenly between two bounds, but for a few that take much longer.

    Attributes:
        least_seconds: the one bound.
        most_seconds: the other.
        tail_seconds: so much longer at the most the few take.
        slow: from when to when few are in service.
        timeouts: the share of answers that do not come in time.
    """

    least_seconds: float = 0.15
    most_seconds: float = 0.4
    tail_seconds: float = 0.0
    slow: tuple[float, float] = (math.inf, math.inf)
    timeouts: float = 0.0

    def latency_seconds(self, now_seconds: float, chance: random.Random, under_way: int) -> float:
        seconds = self.least_seconds + (self.most_seconds - self.least_seconds) * chance.random()
        if chance.random() < TAIL_SHARE:
            seconds += self.tail_seconds * chance.random()
        begins, ends = self.slow
        in_service = SLOW_IN_SERVICE if begins <= now_seconds < ends else self.in_service
        return seconds * max(1.0, under_way / in_service)

    def answer(
        self, now_seconds: float, customer: str, chance: random.Random, under_way: int
    ) -> tuple[Answer, float | None]:
        # Written out, as a class with slots is made anew and a bare super() would name the old one.
        came, told = Service.answer(self, now_seconds, customer, chance, under_way)
        if came is Answer.OK and chance.random() < self.timeouts:
            return Answer.TIMEOUT, None
        return came, told


@dataclass(frozen=True, slots=True, kw_only=True)
class Small:
    """A small regime, always the same.

    Attributes:
        name: as recorded.
        service: made afresh for each run.
        rows: of each customer.
        later: more of them, so many sends after the start or the last that came.
        returned: those were sent before.
        sends_apart: how many.
        max_concurrency: what the pacer is allowed.
        max_per_second: the operator's ceiling.
        start_from: what an earlier run learned.
        seed: of both chances.
    """

    name: str
    service: Callable[[], Service]
    rows: Mapping[str, int]
    later: Sequence[Mapping[str, int]] = ()
    returned: bool = False
    sends_apart: int = 50
    max_concurrency: int = 32
    max_per_second: float | None = None
    start_from: Learned | None = None
    seed: int = 1


class Watched:
    """A pacer whose decisions are written down."""

    def __init__(self, regime: Small) -> None:
        self._pacer = Pacer(
            regime.rows,
            max_concurrency=regime.max_concurrency,
            max_per_second=regime.max_per_second,
            random=random.Random(regime.seed),
            start_from=regime.start_from,
        )
        self._later = list(regime.later)
        self._returned = regime.returned
        self._sends_apart = regime.sends_apart
        self._sent = 0
        self._trace = hashlib.sha256()
        self.pauses = 0

    def take(self, now_seconds: float) -> Ticket | float:
        turn = self._pacer.take(now_seconds)
        if isinstance(turn, Ticket):
            self._sent += 1
            self.write("sent", now_seconds, turn.customer)
            if self._sent % SENDS_A_SNAPSHOT == 0:
                self.write(self._pacer.snapshot())
            if self._later and self._sent % self._sends_apart == 0:
                self._pacer.add_rows(self._later.pop(0), returned=self._returned)
        self._drain()
        return turn

    def answer(
        self,
        now_seconds: float,
        ticket: Ticket,
        answer: Answer,
        *,
        latency_seconds: float,
        retry_after_seconds: float | None = None,
        again: bool,
    ) -> None:
        self._pacer.answer(
            now_seconds,
            ticket,
            answer,
            latency_seconds=latency_seconds,
            retry_after_seconds=retry_after_seconds,
            again=again,
        )
        self._drain()

    @property
    def done(self) -> bool:
        if self._pacer.done and self._later:
            self._pacer.add_rows(self._later.pop(0), returned=self._returned)
        return self._pacer.done

    @property
    def learned(self) -> Learned:
        return self._pacer.learned

    @property
    def trace(self) -> str:
        return self._trace.hexdigest()

    def _drain(self) -> None:
        for note in self._pacer.drain_notes():
            self.pauses += isinstance(note, Paused)
            self.write(note)

    def write(self, *decided: object) -> None:
        self._trace.update(json.dumps([_plain(one, 6) for one in decided]).encode())


def decided(regime: Small) -> Decisions:
    """One run: its figures, and the digest of all it decided."""
    watched = Watched(regime)
    run = simulate(watched, regime.service(), random.Random(f"service {regime.seed}"))
    learned = [limit for limit in (watched.learned.partner, *watched.learned.customers) if limit]
    watched.write(*learned)
    return {
        "makespan_seconds": round(run.makespan_seconds, 3),
        "succeeded": run.succeeded,
        "refused": run.refused,
        "most_under_way": run.most_under_way,
        "pauses": watched.pauses,
        "learned": [_told(limit) for limit in learned[:LIMITS_SHOWN]],
        "trace": watched.trace,
    }


def recorded(path: Path) -> dict[str, Decisions]:
    """What was decided when the record was made."""
    found: dict[str, Decisions] = json.loads(path.read_text()) if path.exists() else {}
    return found


def record(regimes: Sequence[Small], path: Path) -> Iterator[str]:
    """Makes the record anew, and tells what is another than before: regime, figure, before, after."""
    before, after = recorded(path), {regime.name: decided(regime) for regime in regimes}
    for name in dict.fromkeys((*before, *after)):
        was, is_now = before.get(name, {}), after.get(name, {})
        for figure in dict.fromkeys((*was, *is_now)):
            if was.get(figure) != is_now.get(figure):
                yield f"{name:18} {figure:17} {_shown(was.get(figure)):36} → {_shown(is_now.get(figure))}"
    path.write_text(json.dumps(after, indent=1) + "\n")
    same = sum(before.get(name) == decisions for name, decisions in after.items())
    yield f"{same} of {len(after)} regimes as before; {path.name} is written"


def _told(limit: LearnedLimit) -> str:
    shape = f"{limit.shape} {limit.limit} in {limit.window_seconds:.3f} s" if limit.shape else "none found"
    return f"{limit.scope}: {shape}, {limit.refused} refused, waited {limit.waited_seconds:.3f} s"


def _shown(figure: object) -> str:
    return " | ".join(figure) if isinstance(figure, list) else str("-" if figure is None else figure)[:36]


def _plain(value: object, digits: int) -> object:
    """As JSON has it, moments rounded."""
    match value:
        case float():
            return round(value, digits)
        case tuple():
            return [_plain(one, digits) for one in value]
        case str() | int() | None:
            return value
        case _ if dataclasses.is_dataclass(value):
            fields = (getattr(value, field.name) for field in dataclasses.fields(value))
            return [type(value).__name__, *(_plain(one, digits) for one in fields)]
        case _:
            raise TypeError(f"{value!r} has no place in a trace")
