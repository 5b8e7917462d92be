"""From figures to the page. Everything is escaped unless it was drawn here; nothing on the page is loaded or run."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jinja2
from markupsafe import Markup

from batchreset.adapters.report import wording
from batchreset.adapters.report.charts import DRAWN_KINDS, Chart, Charts, draw
from batchreset.core.outcome import Outcome, Reason, advice
from batchreset.core.reporting import meanings
from batchreset.core.reporting.report import Report, Throughput
from batchreset.core.reporting.rows import GROUPS_SHOWN, SHOWN_AT_ONCE, attempt_bins
from batchreset.core.reporting.traffic import SHARES, Kind
from batchreset.durable import replacing
from batchreset.errors import RunFolderError

Draw = Callable[[Report], Charts]
"""As `charts.draw`."""

_NO_CHARTS: Final = Charts(whole=None, slowest=None, answers=None)
_SESSIONS_SHOWN: Final = 12
_LIMITS_SHOWN: Final = 10
_SENDERS_SHOWN: Final = 50
_REFUSED_SHOWN: Final = 10
_BARS_LISTED: Final = 60

STATES: Final = {
    "planned": "planned",
    "dry_run": "dry run",
    "running": "going on",
    "finished": "finished",
    "stopped": "stopped",
    "interrupted": "broken off",
}
OUTCOME_NAMES: Final = {
    Outcome.SUCCEEDED: "succeeded",
    Outcome.FAILED: "failed",
    Outcome.IN_DOUBT: "in doubt",
    Outcome.SKIPPED: "skipped",
    Outcome.NOT_ATTEMPTED: "not attempted",
}
KIND_NAMES: Final[Mapping[Kind, str]] = {
    Kind.DONE: "reset",
    Kind.REFUSED: "another refusal",
    Kind.UNCLEAR: "no clear answer",
    Kind.THROTTLED: "refused by a limit (429)",
    Kind.NOT_SENT: "never left its machine",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """The page's text, and why there are no charts on it, if there are none."""

    html: str
    without_charts: str | None


def page(report: Report, *, draw: Draw = draw) -> Page:
    """The whole page. Charts that cannot be drawn are left out: every figure stands in a table too."""
    charts, why = _charts(report, draw)
    html = _ENVIRONMENT.get_template("page.html.j2").render(
        r=report,
        charts=charts,
        without_charts=why,
        outcomes=list(Outcome),
        kinds=DRAWN_KINDS,
        bins=attempt_bins(report.counted.attempts),
        answers=max((one.answers for one in report.traffic.histogram), default=0),
        sessions=report.traffic.sessions[-_SESSIONS_SHOWN:],
        senders=report.traffic.senders[:_SENDERS_SHOWN],
        not_attempted=report.counted.of(Outcome.NOT_ATTEMPTED) - report.under_way,
        limits=report.traffic.limits[:_LIMITS_SHOWN],
        limits_more=max(0, len(report.traffic.limits) - _LIMITS_SHOWN) + report.traffic.limits_left_out,
        groups=report.groups[:GROUPS_SHOWN],
        groups_more=report.groups[GROUPS_SHOWN:],
    )
    return Page(html=html, without_charts=why)


def write_page(report: Report, destination: Path, *, draw: Draw = draw) -> str | None:
    """Write the page durably, mode 0600; why there are no charts on it, if there are none.

    Raises:
        RunFolderError: it could not be written; what was there before is as it was.
    """
    made = page(report, draw=draw)
    try:
        with replacing(destination) as temporary:
            temporary.write_text(made.html, encoding="utf-8", errors="backslashreplace")
    except OSError as error:
        raise RunFolderError(
            f"the report could not be written to {destination} ({error.strerror})",
            next_step="see that the disk has room and that you may write there, then write it with `batchreset report`",
        ) from error
    return made.without_charts


def _charts(report: Report, draw: Draw) -> tuple[Charts, str | None]:
    try:
        return draw(report), None
    except Exception as error:  # noqa: BLE001  a bug in them costs the charts and no figure
        return _NO_CHARTS, f"they could not be drawn ({type(error).__name__})"


def _reasons(report: Report) -> list[tuple[Outcome, str, int, str]]:
    """Outcome, reason, rows and advice of all rows that did not succeed, the largest first."""
    found = [(ending, rows) for ending, rows in report.counted.endings.items() if ending[1] is not None and rows]
    found.sort(key=lambda item: (-item[1], str(item[0])))
    under_way = report.under_way
    return [
        (outcome, str(reason), rows - under_way, meanings.TO_COME)
        if report.state == "running" and reason is Reason.PLANNED
        else (outcome, str(reason), rows, advice(outcome, reason))
        for (outcome, reason), rows in found
        if reason is not Reason.PLANNED or rows > under_way
    ]


def _chart(chart: Chart | None, name: str, title: str, text: str) -> Markup:
    """Both drawings of a chart; the one that is not shown is not read out either."""
    if chart is None:
        return Markup("")
    drawn = Markup("")
    for size, drawing in (("narrow", chart.narrow), ("wide", chart.wide)):
        own = f"chart-{name}-{size}"
        # Drawn here from figures; the texts in it were escaped by who drew it.
        inside = Markup(drawing.inside)  # noqa: S704
        drawn += Markup(
            '<svg class="chart {size}" role="img" viewBox="{box}" aria-labelledby="{own}-t {own}-d">'
            '<title id="{own}-t">{title}</title><desc id="{own}-d">{text}</desc>{inside}</svg>'
        ).format(size=size, box=drawing.view_box, own=own, title=title, text=text, inside=inside)
    return drawn


_NOT_TOLD: Final = {"running": "the run goes on", "interrupted": "the run was killed"}


def _limit_words(throughput: Throughput, report: Report) -> str:
    """What was found of the limit that is drawn, and why bars stand above it, where they do."""
    limit = throughput.limit
    if limit is None and not report.traffic.limits_known:
        why = _NOT_TOLD.get(report.state, "there is no summary of its last session")
        return f"What was learned of limits is not known to this page: {why}."
    if limit is None:
        return (
            f"No limit of the partner as a whole was found{'; customers’ own are below' * bool(report.traffic.limits)}."
        )
    short = throughput.bar_seconds < limit.window_seconds
    above = (
        " Bars stand above it where they are shorter than that: a window’s requests go at its beginning."
        if short
        else " Where a bar stands above it, requests went before it was found, were refused by it, or one more window"
        " began within the bar."
    )
    return (
        f"Found limit: {limit.requests:,} requests in {limit.window_seconds:g} s,"
        f" {limit.per_second:.3g} a second on the average.{above if throughput.above_limit else ''}"
    )


def _listed_bars(throughput: Throughput) -> list[dict[str, Any]]:
    """At most about sixty lines: several bars of a long run together."""
    every = -(-len(throughput.bars) // _BARS_LISTED) or 1
    parts = [throughput.bars[start : start + every] for start in range(0, len(throughput.bars), every)]
    return [
        {
            "from": wording.clock(part[0].at),
            "counts": {kind: sum(bar.counts.get(kind, 0) for bar in part) for kind in DRAWN_KINDS},
        }
        for part in parts
    ]


def _environment() -> jinja2.Environment:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("batchreset.adapters.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    words = (
        "foreign",
        "number",
        "share",
        "moment",
        "bare_moment",
        "at",
        "milliseconds",
        "duration",
        "span",
        "sentence",
        "css_text",
    )
    environment.filters.update({name: getattr(wording, name) for name in words})
    environment.globals.update(
        {
            "states": STATES,
            "outcome_names": OUTCOME_NAMES,
            "outcome_meanings": meanings.OUTCOMES,
            "exit_meanings": meanings.EXIT_CODES,
            "reason_meanings": meanings.REASONS,
            "meanings": meanings,
            "shown_at_once": SHOWN_AT_ONCE,
            "refused_shown": _REFUSED_SHOWN,
            "kind_names": KIND_NAMES,
            "shares": SHARES,
            "reasons_of": _reasons,
            "chart": _chart,
            "limit_words": _limit_words,
            "listed_bars": _listed_bars,
        }
    )
    return environment


_ENVIRONMENT: Final = _environment()
