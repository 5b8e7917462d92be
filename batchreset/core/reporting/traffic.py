"""The exchanges of a run, counted: by session, over time, and how long answers took."""

import enum
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final


class Kind(enum.StrEnum):
    """What an exchange came to, as far as a reader tells them apart."""

    DONE = "done"
    THROTTLED = "throttled"
    REFUSED = "refused"
    UNCLEAR = "unclear"
    NOT_SENT = "not_sent"


_KINDS: Final = {
    "succeeded": Kind.DONE,
    "throttled": Kind.THROTTLED,
    "not_sent": Kind.NOT_SENT,
    **dict.fromkeys(("server_error", "timeout", "connection_lost", "sender_lost", "cancelled"), Kind.UNCLEAR),
}


def kind_of(verdict: str) -> Kind:
    """Of a verdict as the ledger keeps it; all that is not listed here is a refusal."""
    return _KINDS.get(verdict, Kind.REFUSED)


SHARES: Final = (50, 90, 95, 99)
"""Percentiles that are told, beside the longest of all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Latency:
    """How long answers of one kind took.

    Attributes:
        kind: None for all answers together.
        percentiles: milliseconds, one for each of `SHARES`.
    """

    kind: Kind | None
    answers: int
    percentiles: tuple[int, ...]
    longest: int


def percentile(counts: Sequence[tuple[int, int]], share: int) -> int:
    """The smallest value that at least `share` percent of all are not above (nearest rank).

    Args:
        counts: (value, how often), ascending, at least one.
        share: percent, 1 to 100.
    """
    # Whole numbers all the way: a share of 0.99 is none that floats have.
    wanted = -(-sum(often for _, often in counts) * share // 100)
    for value, often in counts:
        wanted -= often
        if wanted <= 0:
            return value
    raise AssertionError  # pragma: no cover  a share is at most all of them


def latencies(counted: Mapping[tuple[Kind, int], int]) -> tuple[Latency, ...]:
    """All answers, then each kind that there is. `counted`: (kind, milliseconds) and how often."""
    everything: Counter[int] = Counter()
    for (_, milliseconds), often in counted.items():
        everything[milliseconds] += often
    by_kind = [
        (kind, sorted((milliseconds, often) for (found, milliseconds), often in counted.items() if found is kind))
        for kind in Kind
    ]
    return tuple(
        Latency(
            kind=kind,
            answers=sum(often for _, often in counts),
            percentiles=tuple(percentile(counts, share) for share in SHARES),
            longest=counts[-1][0],
        )
        for kind, counts in [(None, sorted(everything.items())), *by_kind]
        if counts
    )


_HISTOGRAM_STEPS: Final = (1, 2, 5)
_HISTOGRAM_MOST: Final = 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Bin:
    """Answers that took from `least` up to, and without, `below` milliseconds."""

    least: int
    below: int
    answers: int


def histogram(counted: Mapping[tuple[Kind, int], int]) -> tuple[Bin, ...]:
    """Bins of growing width (1, 2, 5, 10, 20, 50 …), from the first that holds an answer to the last."""
    edges, size = [0], 1
    while edges[-1] <= max((milliseconds for _, milliseconds in counted), default=-1):
        edges += [size * step for step in _HISTOGRAM_STEPS]
        size *= 10
    answers = [0] * len(edges)
    for (_, milliseconds), often in counted.items():
        answers[next(index for index, edge in reversed(list(enumerate(edges))) if edge <= milliseconds)] += often
    filled = [index for index, found in enumerate(answers) if found]
    if not filled:
        return ()
    return tuple(
        Bin(least=edges[index], below=edges[index + 1], answers=answers[index])
        for index in range(filled[0], filled[-1] + 1)
    )


WIDTHS: Final = (1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600, 7200, 14400, 28800, 43200, 86400)
"""Seconds of a bar, or between two marks, each one that people count in."""
_BARS_MOST: Final = 60
_BARS_LEAST: Final = 6
_WINDOWS_TRIED: Final = 100


def bar_width(active_seconds: float, window_seconds: float | None) -> int:
    """How many seconds one bar stands for: at most about sixty bars.

    A bar holds whole windows of the limit that is drawn beside it, where enough bars are left then. Each window's
    requests go at its beginning: bars of one window and a half hold one such beginning and two in turn, and half of
    them would stand above a limit that was kept.
    """
    width = next((width for width in WIDTHS if active_seconds / width <= _BARS_MOST), WIDTHS[-1])
    if not window_seconds:
        return width
    # A bar is of whole seconds, a window need not be.
    fewest, most = math.ceil(width / window_seconds), math.floor(active_seconds / _BARS_LEAST / window_seconds)
    wholes = (window_seconds * windows for windows in range(fewest, min(most, fewest + _WINDOWS_TRIED) + 1))
    return next((int(seconds) for seconds in wholes if seconds.is_integer()), width)


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """One carrying-out of the run.

    Attributes:
        ended_at: None while it goes on, or when it was killed.
        first_sent_at: None where nothing was sent.
        last_ended_at: of its exchanges; None where there was none but such as were lost with their sender.
    """

    number: int
    began_at: int
    ended_at: int | None
    stop_reason: str | None
    exchanges: int
    throttled: int
    first_sent_at: int | None
    last_ended_at: int | None

    @property
    def active_seconds(self) -> float:
        """From its first request to the end of its last, leases of senders that were lost left out."""
        if self.first_sent_at is None or self.last_ended_at is None:
            return 0.0
        return max(0.0, (self.last_ended_at - self.first_sent_at) / 1000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Bar:
    """What was sent in `width` seconds; `at`: seconds of sending before it, pauses between sessions left out."""

    session: int
    at: int
    counts: Mapping[Kind, int]


def bars(
    sessions: Iterable[Session], counted: Mapping[tuple[int, int, Kind], int], *, width: int
) -> tuple[tuple[Bar, ...], Mapping[int, int]]:
    """The bars of all sessions one after another, empty ones too, and where each session begins.

    Args:
        sessions: in their order.
        counted: (session, bar within it, kind) and how many.
        width: seconds.
    """
    by_bar: dict[tuple[int, int], Counter[Kind]] = {}
    for (session, bar, kind), often in counted.items():
        by_bar.setdefault((session, bar), Counter())[kind] += often
    drawn: list[Bar] = []
    begins: dict[int, int] = {}
    last: dict[int, int] = {}
    for number, bar in by_bar:
        last[number] = max(bar, last.get(number, 0))
    for number in (session.number for session in sessions if session.number in last):
        begins[number] = len(drawn) * width
        for bar in range(last[number] + 1):
            drawn.append(Bar(session=number, at=len(drawn) * width, counts=by_bar.get((number, bar), Counter())))
    return tuple(drawn), begins
