"""The page stands alone, is safe to open whatever stands in it, and can be read by whoever reads it."""

import dataclasses
import itertools
import re
from collections import Counter
from pathlib import Path

import pytest
from made_reports import PARTNERS, ROW, no_charts, report
from proof import Page

from batchreset.adapters.report import page, write_page
from batchreset.adapters.report.charts import Charts, session_marks
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting import meanings
from batchreset.core.reporting.report import Report, Stopped, Throughput
from batchreset.core.reporting.rows import Ending, groups_for_a_person
from batchreset.core.reporting.senders import SentBy
from batchreset.core.reporting.traffic import Kind, bars
from batchreset.errors import RunFolderError

UNSEEN = re.compile(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u200e\u200f\u061c\u2028\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
MADE = report(stopped=Stopped(reason="canary", what="too many failed", next_step="look with `batchreset`"))
HOSTILE = [
    pytest.param("<script>alert(1)</script>", id="a script"),
    pytest.param("<img src=x onerror=alert(1)>", id="an image"),
    pytest.param("</td></table></main><h1>All is well</h1>", id="the end of the table"),
    pytest.param('" onmouseover="alert(1)" x="', id="an attribute"),
    pytest.param("{{ 7 * 7 }}{% raw %}", id="a template"),
    pytest.param("</style><style>body{display:none}", id="a style"),
    pytest.param("&lt;script&gt;", id="escaped before"),
    pytest.param("\u202egnp.exe\u2066\u200f\u061c", id="turned around"),
    pytest.param("a\x00b\x1b[2J\x9bc\r\nd\u2028e\ud800", id="control characters"),
    pytest.param("A" * 100_000, id="very long"),
]


@pytest.fixture(scope="module")
def drawn() -> str:
    """With its charts."""
    made = page(MADE)
    assert made.without_charts is None
    return made.html


def test_nothing_is_loaded_and_nothing_is_run(drawn: str) -> None:
    elements = Page.of(drawn).elements
    assert {tag for tag, _ in elements}.isdisjoint(
        {"script", "iframe", "object", "embed", "img", "form", "base", "use"}
    )
    named = [(name, value or "") for _, attributes in elements for name, value in attributes.items()]
    assert [name for name, _ in named if name.startswith("on")] == []
    assert [value for name, value in named if name.endswith(("href", "src")) and value[:1] != "#"] == ["data:,"]
    assert re.findall(r"@import|url\((?!#)", drawn) == []
    (policy,) = [a["content"] for tag, a in elements if a.get("http-equiv") == "Content-Security-Policy"]
    assert (policy or "").startswith("default-src 'none'; style-src 'unsafe-inline'; img-src data:")


def test_its_parts_are_where_a_screen_reader_looks_for_them(drawn: str) -> None:
    read = Page.of(drawn)
    tags = Counter(tag for tag, _ in read.elements)
    assert (tags["h1"], tags["main"], tags["header"], tags["footer"], tags["title"] >= 1) == (1, 1, 1, 1, True)
    assert read.unclosed == []
    levels = [int(tag[1]) for tag, _ in read.elements if re.fullmatch(r"h[1-6]", tag)]
    assert all(after - before <= 1 for before, after in itertools.pairwise(levels))
    ids = [attributes["id"] for _, attributes in read.elements if "id" in attributes]
    assert [name for name, often in Counter(ids).items() if often > 1] == []
    named = [
        a.get(name) or "" for _, a in read.elements for name in ("aria-labelledby", "aria-describedby") if name in a
    ]
    assert {one for names in named for one in names.split()} <= set(ids)
    assert [attributes for tag, attributes in read.elements if tag == "th" and "scope" not in attributes] == []


def test_every_chart_has_a_name_a_description_and_a_table(drawn: str) -> None:
    charts = re.findall(r'<svg class="chart [a-z]+" role="img" .*?</svg>', drawn, re.DOTALL)
    assert len(charts) == 2 * 3, "three, each for a narrow and for a wide window"
    for chart in charts:
        assert re.search(r"<title [^>]*>[^<]+</title><desc [^>]*>[^<]+</desc>", chart)
    assert drawn.count("These figures as a table") == 3


def test_charts_have_the_colours_of_the_page(drawn: str) -> None:
    """So that they are dark where it is."""
    colours = set(re.findall(r'(?:fill|stroke)="([^"]+)"', drawn)) - {"none", "transparent"}
    assert colours
    assert {colour for colour in colours if not re.fullmatch(r"var\(--[a-z-]+\)", colour)} == set()
    assert set(re.findall(r"var\((--[a-z-]+)\)", drawn)) <= set(re.findall(r"(--[a-z-]+):", drawn))


@pytest.mark.parametrize("text", HOSTILE)
def test_what_somebody_else_wrote_is_text_and_nothing_more(text: str) -> None:
    row = dataclasses.replace(
        ROW, customer=text, customer_name=text, user=text, who=text, error_code=text, error_description=text,
        correlation_id=text,
    )  # fmt: skip
    plain = page(report(), draw=no_charts).html
    spoilt = page(report(row, name=text), draw=no_charts).html
    assert [tag for tag, _ in Page.of(spoilt).elements] == [tag for tag, _ in Page.of(plain).elements]
    assert Page.of(spoilt).unclosed == []
    assert not UNSEEN.search(spoilt)
    assert len(spoilt) < len(plain) + 10_000
    start = spoilt.index('data-row="7"')
    assert spoilt[start:].count("<bdi>") >= 6


def sent_by(sender: str, *, lost: int = 0) -> SentBy:
    return SentBy(
        sender=sender, exchanges=1_300, answered=1_290, throttled=7, lost=lost, given_up=0, succeeded=1_200,
        first_sent_at=1_790_000_000_000, last_answer_at=1_790_000_010_000, last_ended_at=1_790_000_022_000,
        active_seconds=10.0,
    )  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_sender_is_called_is_text_and_nothing_more(text: str) -> None:
    plain = page(report(senders=(sent_by("w"),)), draw=no_charts).html
    spoilt = page(report(senders=(sent_by(text),)), draw=no_charts).html
    assert [tag for tag, _ in Page.of(spoilt).elements] == [tag for tag, _ in Page.of(plain).elements]
    assert Page.of(spoilt).unclosed == []
    assert not UNSEEN.search(spoilt)
    assert len(spoilt) < len(plain) + 2_000


def test_whoever_sent_is_told_with_what_came_of_it_and_nobody_where_nobody_else_did() -> None:
    senders = (sent_by("tls://10.0.0.1:38291", lost=4), *(sent_by(f"w{number}") for number in range(60)))
    read = Page.of(page(report(senders=senders), draw=no_charts).html)
    names = ("attempts", "answered", "throttled", "no_answer", "lost", "succeeded")
    assert [read.figures[f"sender.1.{name}"] for name in names] == [1_300, 1_290, 7, 6, 4, 1_200]
    assert "first request (UTC) last answer (UTC)" in read.words
    line = "tls://10.0.0.1:38291 129.0 1,200 1,300 1,290 7 6 4 2026-09-21 14:13:20 2026-09-21 14:13:30"
    assert line in read.words
    assert "11 more are in summary.json" in read.words
    assert "12 requests to reset were handed out" in read.words, "whether they left is not known of all"
    assert "sender.51.attempts" not in read.figures
    alone = Page.of(page(report(), draw=no_charts).html)
    assert not [name for name in alone.figures if name.startswith("sender.")]
    assert "Workers" not in alone.words
    assert "12 requests to reset left this machine" in alone.words


@pytest.mark.parametrize(
    ("given_up", "expected"), [(1_300, "given up when the run was stopped"), (1_299, "the run’s own process")]
)
def test_what_nobody_waited_for_is_not_said_to_have_been_sent_by_the_runs_own_process(
    given_up: int, expected: str
) -> None:
    own = dataclasses.replace(sent_by(""), given_up=given_up)
    assert f"{expected} 129.0" in Page.of(page(report(senders=(sent_by("w"), own)), draw=no_charts).html).words


def with_refused(*refused: tuple[str, str]) -> Page:
    made = report()
    return Page.of(
        page(dataclasses.replace(made, traffic=dataclasses.replace(made.traffic, refused=refused)), draw=no_charts).html
    )


def test_who_was_there_and_could_not_send_is_told_with_the_reason() -> None:
    one = with_refused(("10.0.0.9:8790", "it did not answer"))
    assert "Workers 1 worker was there and could not send: 10.0.0.9:8790 : it did not answer" in one.words
    many = with_refused(*[(f"w{number}", "it did not answer") for number in range(60)])
    assert "60 workers were there and could not send:" in many.words
    assert "w9 : it did not answer 50 more are in summary.json" in many.words


@pytest.mark.parametrize("text", HOSTILE)
def test_what_a_refused_worker_says_is_text_and_nothing_more(text: str) -> None:
    plain, spoilt = with_refused(("w", "why")), with_refused((text, text))
    assert [tag for tag, _ in spoilt.elements] == [tag for tag, _ in plain.elements]
    assert spoilt.unclosed == []


def test_a_run_that_goes_on_tells_of_rows_under_way_and_of_nothing_to_be_carried_out() -> None:
    ending = Outcome.NOT_ATTEMPTED, Reason.PLANNED
    counted = dataclasses.replace(MADE.counted, endings={**MADE.counted.endings, ending: 10})
    traffic = dataclasses.replace(MADE.traffic, whole=dataclasses.replace(MADE.traffic.whole, limit=None), limits=(),
                                  limits_known=False)  # fmt: skip
    going_on = dataclasses.replace(
        MADE, state="running", counted=counted, traffic=traffic, under_way=4, groups=(), stopped=None, watch="watch it"
    )
    read = Page.of(page(going_on, draw=no_charts).html)
    assert (read.figures["under_way"], read.figures["outcome.not_attempted"]) == (4, 6)
    assert read.figures["reason.not_attempted.planned"] == 6
    assert "carries the plan out" not in read.words
    assert "watch it" in read.words
    assert "is not known to this page: the run goes on." in read.words
    all_sent = dataclasses.replace(going_on, under_way=10)
    assert "reason.not_attempted.planned" not in Page.of(page(all_sent, draw=no_charts).html).figures


def test_rows_that_a_killed_process_was_at_work_on_are_told_apart_from_other_doubt() -> None:
    endings: dict[Ending, int] = {(Outcome.IN_DOUBT, reason): 2 for reason in (Reason.INTERRUPTED, Reason.TIMEOUT)}
    counted = dataclasses.replace(MADE.counted, endings=endings)
    groups = groups_for_a_person(counted)
    listing: dict[tuple[str, str], str] = {(group.outcome, group.reason or ""): "grep" for group in groups}
    killed = dataclasses.replace(MADE, state="interrupted", counted=counted, groups=groups, listing=listing)
    words = Page.of(page(killed, draw=no_charts).html).words
    assert words.count(meanings.KILLED_OVER_THEM) == 1
    stopped = dataclasses.replace(killed, state="stopped")
    assert meanings.KILLED_OVER_THEM not in Page.of(page(stopped, draw=no_charts).html).words


def test_where_there_is_nothing_to_do_no_full_stop_stands_for_it() -> None:
    ending = Outcome.SUCCEEDED, Reason.RECONCILED
    counted = dataclasses.replace(MADE.counted, endings={ending: 3})
    html = page(dataclasses.replace(MADE, counted=counted), draw=no_charts).html
    assert re.findall(r'<td[^>]* class="text nil">([^<]*)</td>', html) == ["–"]
    assert f"reconciled {meanings.REASONS[Reason.RECONCILED]} " in Page.of(html).words


@pytest.mark.parametrize(
    ("sent", "told"),
    [
        pytest.param(50, "on the average. Each bar", id="kept"),
        pytest.param(51, "on the average. Where a bar stands above it, ", id="not kept"),
    ],
)
def test_a_bar_above_the_limit_is_explained(sent: int, told: str) -> None:
    drawn, begins = bars(MADE.traffic.sessions, {(1, 0, Kind.DONE): sent}, width=60)
    limit = dataclasses.replace(PARTNERS, requests=50)
    whole = Throughput(limit=limit, bar_seconds=60, bars=drawn, begins=begins)
    made = dataclasses.replace(MADE, traffic=dataclasses.replace(MADE.traffic, whole=whole, slowest=None))
    assert told in Page.of(page(made, draw=no_charts).html).words


@pytest.mark.parametrize(
    ("begins", "words"),
    [
        pytest.param({1: 0, 2: 40, 3: 70}, ["session 1", "session 2", "session 3"], id="room for all"),
        pytest.param({1: 0, 2: 50, 3: 60}, ["session 1", "2", "session 3"], id="close together"),
        pytest.param({1: 0, 2: 50, 3: 51, 4: 99}, ["session 1", "", "session 3", ""], id="upon one another"),
    ],
)
def test_names_of_sessions_are_as_long_as_there_is_room(begins: dict[int, int], words: list[str]) -> None:
    assert [mark["session"] for mark in session_marks(begins, end=100, width=300)] == words


@pytest.mark.parametrize("error", [ValueError("broken <b>"), MemoryError()])
def test_what_goes_wrong_with_charts_costs_the_charts_alone(error: Exception, drawn: str) -> None:
    def failing(_report: Report) -> Charts:
        raise error

    made = page(MADE, draw=failing)
    assert made.without_charts == f"they could not be drawn ({type(error).__name__})"
    assert "<svg" not in made.html
    assert f"There are no charts on this page: {made.without_charts}." in Page.of(made.html).words
    assert Page.of(made.html).figures == Page.of(drawn).figures
    assert made.html.count("<details open>") == 3


def test_ctrl_c_while_charts_are_drawn_is_none_of_their_failures(tmp_path: Path) -> None:
    def draw(_report: Report) -> Charts:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        write_page(report(), tmp_path / "report.html", draw=draw)
    assert list(tmp_path.iterdir()) == []


def test_a_page_that_cannot_be_written_leaves_the_one_before(tmp_path: Path) -> None:
    (tmp_path / "taken").mkdir()
    with pytest.raises(RunFolderError, match="could not be written"):
        write_page(report(), tmp_path / "taken", draw=no_charts)
    assert write_page(report(), tmp_path / "report.html", draw=no_charts) is None
    assert (tmp_path / "report.html").stat().st_mode & 0o777 == 0o600
