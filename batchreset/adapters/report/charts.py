"""The page's charts: Vega-Lite by altair, drawn to SVG by vl-convert in a process of its own. Only when drawn.

Colours are the page's own variables, so that a chart is dark where the page is. Each chart is drawn twice, for a
narrow and for a wide window: one picture for both would have letters that nobody can read on a phone.
"""

import importlib.util
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from batchreset.adapters.report.wording import clock, milliseconds
from batchreset.core.reporting.report import Report, Throughput
from batchreset.core.reporting.traffic import WIDTHS, Bin, Kind

DRAWN_KINDS: Final = (Kind.DONE, Kind.REFUSED, Kind.UNCLEAR, Kind.THROTTLED, Kind.NOT_SENT)
"""From the bottom of a bar to its top."""
_WIDTHS: Final = {"wide": 760, "narrow": 300}
_HEIGHT: Final = 210
_TICKS: Final = {"wide": 9, "narrow": 4}
_TIME_TITLE: Final = {"wide": "time of sending, without pauses between sessions", "narrow": "time of sending"}
_HEADROOM: Final = 1.12
"""Above the highest bar, for what stands at the top."""
_FONT: Final = "system-ui, sans-serif"
_SMALL: Final = 12
_LETTER: Final = 6.5
"""Pixels of one that is small, at most."""
_BESIDE_A_LINE: Final = 4
_SESSIONS_MARKED: Final = 12
DRAWING_SECONDS: Final = 20.0
"""Half a second is usual; a run's end waits for it."""
DRAWER: Final = (sys.executable, "-I", str(Path(__file__).with_name("drawer.py")))
"""Isolated: nothing in the folder where the run was started is imported."""
INSTALL: Final = "pip install 'batchreset[report]'"


class NoChartsError(Exception):
    """There are none; the text says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What stands inside an `<svg>` element, and its `viewBox`."""

    view_box: str
    inside: str


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


def draw(report: Report, *, drawer: Sequence[str] = DRAWER) -> Charts:
    """All charts of the page. Raises NoChartsError, and whatever the libraries raise."""
    if importlib.util.find_spec("vl_convert") is None or importlib.util.find_spec("altair") is None:
        raise NoChartsError(f"what draws them is not installed ({INSTALL})")
    traffic = report.traffic
    slowest = traffic.slowest
    wanted = {
        "whole": (_throughput, traffic.whole) if traffic.whole.bars else None,
        "slowest": (_throughput, slowest) if slowest and slowest.bars else None,
        "answers": (_histogram, traffic.histogram) if traffic.histogram else None,
    }
    try:
        return Charts(**_drawn(wanted, drawer))
    except ImportError as error:
        raise NoChartsError(f"of what draws them, {error.name} is not installed ({INSTALL})") from error


def _drawn(wanted: Mapping[str, tuple[Any, Any] | None], drawer: Sequence[str]) -> dict[str, Chart | None]:
    """Each in both sizes; one process draws all."""
    specs = [
        _spec(make(what, size).properties(width=width, height=_HEIGHT))
        for make, what in filter(None, wanted.values())
        for size, width in _WIDTHS.items()
    ]
    drawings = iter([_opened(svg) for svg in _svgs(specs, drawer)] if specs else [])
    return {name: Chart(**{size: next(drawings) for size in _WIDTHS}) if one else None for name, one in wanted.items()}


def _svgs(specs: Sequence[object], drawer: Sequence[str]) -> list[str]:
    """Raises NoChartsError: the process that draws ended otherwise than it should, or takes too long."""
    secretless = {name: value for name, value in os.environ.items() if not name.upper().startswith("BATCHRESET_")}
    try:
        drawn = subprocess.run(  # noqa: S603  ourselves
            drawer,
            input=json.dumps(specs).encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=secretless,
            timeout=DRAWING_SECONDS,
            check=True,
            # Ctrl-C is ours to hear, and what it means for the drawing too.
            start_new_session=True,
        ).stdout
        svgs = json.loads(drawn)
    except subprocess.TimeoutExpired as error:
        raise NoChartsError(f"drawing them took longer than {DRAWING_SECONDS} s") from error
    except subprocess.CalledProcessError as error:
        code = error.returncode
        how = f"was ended by {signal.Signals(-code).name}" if code < 0 else f"ended with {code}"
        raise NoChartsError(f"the process that draws them {how}") from error
    except ValueError as error:
        raise NoChartsError("the process that draws them gave no drawings") from error
    if len(svgs) != len(specs):
        raise NoChartsError("the process that draws them gave too few drawings")
    return [str(svg) for svg in svgs]


def _throughput(throughput: Throughput, size: str) -> Any:
    """Stacked bars of requests a second; the limit that was found and the beginnings of sessions as lines."""
    import altair as alt  # noqa: PLC0415

    x_axis = alt.Axis(
        title=_TIME_TITLE[size],
        values=_ticks(throughput, _TICKS[size]),
        labelExpr=_clock_labels(_ticks(throughput, _TICKS[size])),
        grid=False,
    )
    end = throughput.bars[-1].at + throughput.bar_seconds
    x_scale = alt.Scale(domain=[0, end], nice=False)
    layers: list[Any] = [
        alt.Chart(alt.InlineData(values=_stacked(throughput)))
        .mark_bar(binSpacing=0, strokeWidth=0)
        .encode(
            x=alt.X("from:Q", scale=x_scale, axis=x_axis),
            x2=alt.X2("to:Q"),
            y=alt.Y(
                "low:Q",
                axis=alt.Axis(title="requests a second", tickCount=5),
                scale=alt.Scale(domain=[0, _top(throughput)]),
            ),
            y2=alt.Y2("high:Q"),
            color=alt.Color("color:N", scale=None, legend=None),
        )
    ]
    if throughput.limit is not None:
        line = alt.Chart(alt.InlineData(values=[{"limit": throughput.limit.per_second}]))
        layers.append(line.mark_rule(color="var(--limit)", strokeDash=[6, 4], strokeWidth=2).encode(y="limit:Q"))
    begins = session_marks(throughput.begins, end=end, width=_WIDTHS[size])
    if len(begins) > 1:
        lines = alt.Chart(alt.InlineData(values=begins))
        layers.append(lines.mark_rule(color="var(--ink)", strokeDash=[2, 3]).encode(x=alt.X("at:Q", scale=x_scale)))
        layers.append(
            lines.mark_text(
                align="left", dx=_BESIDE_A_LINE, baseline="top", color="var(--ink)", fontSize=_SMALL
            ).encode(x=alt.X("at:Q", scale=x_scale), y=alt.value(0), text="session:N")
        )
    return alt.layer(*layers)


def session_marks(begins: Mapping[int, int], *, end: int, width: int) -> list[dict[str, Any]]:
    """Where sessions begin, and what stands there: as much as there is room for up to the next one."""
    places = list(begins.items())[-_SESSIONS_MARKED:]
    ends = [at for _, at in places[1:]] + [end]
    marks = []
    for (number, at), until in zip(places, ends, strict=True):
        letters = ((until - at) * width / end - 2 * _BESIDE_A_LINE) / _LETTER
        words = (f"session {number}", f"{number}", "")
        marks.append({"at": at, "session": next(one for one in words if len(one) <= max(letters, 0))})
    return marks


def _stacked(throughput: Throughput) -> list[dict[str, Any]]:
    drawn = []
    for bar in throughput.bars:
        low = 0.0
        for kind in DRAWN_KINDS:
            rate = bar.counts.get(kind, 0) / throughput.bar_seconds
            if rate:
                drawn.append(
                    {
                        "from": bar.at,
                        "to": bar.at + throughput.bar_seconds,
                        "low": low,
                        "high": low + rate,
                        "color": f"var(--{kind.value.replace('_', '-')})",
                    }
                )
                low += rate
    return drawn


def _top(throughput: Throughput) -> float:
    """Of the axis: the highest bar or the limit, whichever is higher."""
    highest = max(sum(bar.counts.values()) / throughput.bar_seconds for bar in throughput.bars)
    return max(highest, throughput.limit.per_second if throughput.limit else 0.0) * _HEADROOM


def _ticks(throughput: Throughput, most: int) -> list[int]:
    end = throughput.bars[-1].at + throughput.bar_seconds
    every = next((width for width in WIDTHS if end / width <= most), WIDTHS[-1] * -(-end // (WIDTHS[-1] * most)))
    return list(range(0, end + 1, every))


def _clock_labels(ticks: Sequence[int]) -> str:
    """A Vega expression: what stands below each tick."""
    return "".join(f"datum.value == {tick} ? '{clock(tick)}' : " for tick in ticks) + "''"


def _histogram(bins: Sequence[Bin], size: str) -> Any:
    import altair as alt  # noqa: PLC0415

    values = [
        {"order": number, "label": f"{milliseconds(one.least)}", "answers": one.answers}
        for number, one in enumerate(bins)
    ]
    title = "from so long up to the next" if size == "wide" else "from so long on"
    return (
        alt.Chart(alt.InlineData(values=values))
        .mark_bar(color="var(--done)")
        .encode(
            x=alt.X(
                "label:N", sort=alt.SortField("order"),
                axis=alt.Axis(title=title, labelAngle=0 if size == "wide" else -60, labelOverlap=False),
                scale=alt.Scale(paddingInner=0.08, paddingOuter=0.04),
            ),
            y=alt.Y("answers:Q", axis=alt.Axis(title="answers", tickCount=5, format=",d")),
        )
    )  # fmt: skip


def _spec(chart: Any) -> object:
    return chart.configure(
        background="transparent",
        font=_FONT,
        aria=False,
        padding=4,
        view={"stroke": "transparent"},
        axis={
            "labelColor": "var(--soft)", "titleColor": "var(--soft)", "gridColor": "var(--grid)",
            "domainColor": "var(--line)", "tickColor": "var(--line)", "labelFontSize": _SMALL,
            "titleFontSize": _SMALL, "titleFontWeight": "normal", "gridDash": [1, 3],
        },
    ).to_dict()  # fmt: skip


def _opened(svg: str) -> Drawing:
    """Without the element itself: the page gives it its size, its name and its description."""
    head, _, rest = svg.partition(">")
    view_box = re.search(r'viewBox="([^"]+)"', head)
    inside, closed, _ = rest.rpartition("</svg>")
    if view_box is None or not closed:
        raise ValueError("what was drawn is no SVG document")
    return Drawing(view_box=view_box.group(1), inside=inside)
