"""The page's charts, from figures; each for a narrow and for a wide window.

One picture for both would have letters that nobody can read on a phone. They are drawn here: what draws any chart there
is (Vega) holds a JavaScript engine, and the end of a small run would wait longer for it than for all else together.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from batchreset.adapters.report.drawing import HEIGHT, LETTER, SMALL, Drawing, Mark, Upright, bar, framed, label, line
from batchreset.adapters.report.wording import clock, milliseconds
from batchreset.core.reporting.report import Report, Throughput
from batchreset.core.reporting.traffic import WIDTHS, Bin, Kind

DRAWN_KINDS: Final = (Kind.DONE, Kind.REFUSED, Kind.UNCLEAR, Kind.THROTTLED, Kind.NOT_SENT)
"""From the bottom of a bar to its top."""
_WIDTHS: Final = {"wide": 760, "narrow": 300}
_TICKS: Final = {"wide": 9, "narrow": 4}
_TIME_TITLE: Final = {"wide": "time of sending, without pauses between sessions", "narrow": "time of sending"}
_ANSWERS_TITLE: Final = {"wide": "from so long up to the next", "narrow": "from so long on"}
_HEADROOM: Final = 1.12
"""Above the highest bar, for what stands at the top."""
_BESIDE_A_LINE: Final = 4
_BETWEEN_BARS: Final = 0.08
_SESSIONS_MARKED: Final = 12


@dataclass(frozen=True, slots=True, kw_only=True)
class Chart:
    """One chart, for a narrow and for a wide window."""

    narrow: Drawing
    wide: Drawing


@dataclass(frozen=True, slots=True, kw_only=True)
class Charts:
    """All of a page; None where there is nothing to draw."""

    whole: Chart | None
    slowest: Chart | None
    answers: Chart | None


def draw(report: Report) -> Charts:
    """All charts of the page."""
    traffic = report.traffic
    return Charts(
        whole=_over_time(traffic.whole),
        slowest=_over_time(traffic.slowest) if traffic.slowest else None,
        answers=_how_long(traffic.histogram),
    )


def _over_time(throughput: Throughput) -> Chart | None:
    return Chart(**{size: _throughput(throughput, size) for size in _WIDTHS}) if throughput.bars else None


def _how_long(bins: Sequence[Bin]) -> Chart | None:
    return Chart(**{size: _histogram(bins, size) for size in _WIDTHS}) if bins else None


def _throughput(throughput: Throughput, size: str) -> Drawing:
    """Stacked bars of requests a second; the limit that was found and the beginnings of sessions as lines."""
    width, end = _WIDTHS[size], throughput.bars[-1].at + throughput.bar_seconds
    upright = Upright(title="requests a second", top=_top(throughput))

    def inside() -> Iterator[str]:
        for x, low, high, colour in _stacked(throughput):
            place, wide = x * width / end, throughput.bar_seconds * width / end
            yield bar(place, upright.y(high), width=wide, height=upright.y(low) - upright.y(high), colour=colour)
        if throughput.limit is not None:
            y = upright.y(throughput.limit.per_second)
            yield line((0, y), (width, y), "limit", dashes="6 4", wide=2)
        begins = session_marks(throughput.begins, end=end, width=width)
        for mark in begins if len(begins) > 1 else ():
            x = mark["at"] * width / end
            yield line((x, 0), (x, HEIGHT), "ink", dashes="2 3")
            yield label(x + _BESIDE_A_LINE, SMALL * 3 / 4, mark["session"])

    marks = [Mark(at=tick * width / end, text=clock(tick)) for tick in _ticks(end, _TICKS[size])]
    return framed(inside(), upright, marks, width=width, title=_TIME_TITLE[size])


def session_marks(begins: Mapping[int, int], *, end: int, width: int) -> list[dict[str, Any]]:
    """Where sessions begin, and what stands there: as much as there is room for up to the next one."""
    places = list(begins.items())[-_SESSIONS_MARKED:]
    ends = [at for _, at in places[1:]] + [end]
    marks = []
    for (number, at), until in zip(places, ends, strict=True):
        letters = ((until - at) * width / end - 2 * _BESIDE_A_LINE) / LETTER
        words = (f"session {number}", f"{number}", "")
        marks.append({"at": at, "session": next(one for one in words if len(one) <= max(letters, 0))})
    return marks


def _stacked(throughput: Throughput) -> Iterator[tuple[int, float, float, str]]:
    """From when on, from which rate to which, and the colour."""
    for one in throughput.bars:
        low = 0.0
        for kind in DRAWN_KINDS:
            rate = one.counts.get(kind, 0) / throughput.bar_seconds
            if rate:
                yield one.at, low, low + rate, kind.value.replace("_", "-")
                low += rate


def _top(throughput: Throughput) -> float:
    """Of the axis: the highest bar or the limit, whichever is higher."""
    highest = max(sum(one.counts.values()) / throughput.bar_seconds for one in throughput.bars)
    return max(highest, throughput.limit.per_second if throughput.limit else 0.0) * _HEADROOM


def _ticks(end: int, most: int) -> list[int]:
    every = next((width for width in WIDTHS if end / width <= most), WIDTHS[-1] * -(-end // (WIDTHS[-1] * most)))
    return list(range(0, end + 1, every))


def _histogram(bins: Sequence[Bin], size: str) -> Drawing:
    width = _WIDTHS[size]
    upright = Upright(title="answers", top=max(one.answers for one in bins), whole=True).rounded
    each = width / len(bins)
    bars = (
        bar(
            (number + _BETWEEN_BARS / 2) * each,
            upright.y(one.answers),
            width=(1 - _BETWEEN_BARS) * each,
            height=HEIGHT - upright.y(one.answers),
            colour="done",
        )
        for number, one in enumerate(bins)
    )
    marks = [Mark(at=(number + 0.5) * each, text=milliseconds(one.least)) for number, one in enumerate(bins)]
    return framed(bars, upright, marks, width=width, title=_ANSWERS_TITLE[size], turned=size == "narrow")
