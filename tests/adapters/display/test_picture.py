"""The picture of a run: lines of fixed columns, whatever the figures and however wide the terminal."""

import datetime as dt
import re
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.display import FIGURES, LINES, SENDERS_SHOWN, picture, plain, said, sender_table
from batchreset.adapters.display.words import scope_name, time_left
from batchreset.core.figures import Cause, Figures, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.outcome import Outcome
from batchreset.core.senders import NAME_MOST, WHY_MOST, SenderFigures, SenderState

UNTIL = dt.datetime(2026, 11, 21, 14, 5, 33, tzinfo=dt.UTC)
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
SPENT = Waiting(cause=Cause.WINDOW, scope="partner", seconds=12, until=UNTIL)
REFUSED = Waiting(cause=Cause.THROTTLED, scope=CUSTOMER, seconds=57, until=UNTIL, others=3)
PACE = Pace(
    phase=Phase.SENDING,
    in_flight=12,
    refused=31,
    per_second=9.84,
    wave=Wave(number=2, of=2, done=6_990, rows=9_990),
    left=TimeLeft(seconds=890.0),
)
RUN = Figures(
    planned=10_000,
    outcomes={Outcome.SUCCEEDED: 6_980, Outcome.FAILED: 15, Outcome.IN_DOUBT: 3, Outcome.SKIPPED: 2},
    pace=PACE,
)


def drawn(figures: Figures, columns: int) -> list[str]:
    return [plain(line) for line in picture(figures, columns=columns, zone=dt.UTC)]


def last_line(pace: Pace | None, columns: int = 80) -> str:
    return drawn(replace(RUN, pace=pace), columns)[-1]


def test_the_usual_run_at_80_columns() -> None:
    assert drawn(replace(RUN, pace=replace(PACE, waiting=SPENT)), 80) == [
        "━━━━━━━━━━━━━━━━━━········    7,000 of 10,000    70 %          about 15 min left",
        "succeeded  6,980   failed     15   in_doubt      3   skipped      2",
        "in flight   12       9.8 rows/s   429s     31   wave 2 of 2:  6,990 of  9,990",
        "limit spent until 14:05:33 (in  12 s): the partner",
    ]


def test_at_60_columns_what_matters_less_is_left_out() -> None:
    assert drawn(RUN, 60) == [
        "━━━━··    7,000 of 10,000    70 %          about 15 min left",
        "succeeded  6,980   failed     15   in_doubt      3",
        "in flight   12       9.8 rows/s   429s     31   wave 2 of 2",
        "sending",
    ]


def test_at_40_columns_words_are_short() -> None:
    assert drawn(RUN, 40) == [
        " 7,000 of 10,000    70 %        ~15 min",
        "ok  6,980   bad     15   doubt      3",
        "in flight   12       9.8/s   429s     31",
        "sending",
    ]


COUNTS = st.integers(0, 10_000_000)
SECONDS = st.floats(0, 1e6)
WAITS = st.builds(
    Waiting,
    cause=st.sampled_from(Cause),
    scope=st.sampled_from(["", "partner", "*", CUSTOMER]),
    seconds=st.integers(0, 99_999),
    until=st.just(UNTIL),
    others=COUNTS,
)
SENDERS = st.builds(
    SenderFigures,
    name=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=NAME_MOST),
    host=st.just("h"),
    state=st.sampled_from(SenderState),
    why=st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=WHY_MOST),
    in_flight=COUNTS,
    throttled=COUNTS,
    lost=COUNTS,
    per_second=SECONDS,
)
PACES = st.builds(
    Pace,
    phase=st.sampled_from(Phase),
    in_flight=COUNTS,
    refused=COUNTS,
    per_second=SECONDS,
    wave=st.none() | st.builds(Wave, number=st.integers(1, 2), of=st.just(2), done=COUNTS, rows=COUNTS),
    waiting=st.none() | WAITS,
    left=st.none() | st.builds(TimeLeft, seconds=SECONDS, at_least=st.booleans()),
    stopping_seconds=st.none() | st.floats(0, 30),
    senders=st.lists(SENDERS, max_size=SENDERS_SHOWN + 2).map(tuple),
)


@st.composite
def any_figures(draw: st.DrawFn) -> Figures:
    outcomes = {outcome: draw(st.integers(0, 1_000_000)) for outcome in Outcome if draw(st.booleans())}
    planned = sum(outcomes.values()) + draw(COUNTS)
    return Figures(planned=planned, outcomes=outcomes, pace=draw(st.none() | PACES))


@given(figures=any_figures(), columns=st.sampled_from([40, 60, 80, 120]) | st.integers(1, 200), narrow=st.booleans())
def test_never_wider_than_the_terminal_and_always_as_many_lines(
    figures: Figures, columns: int, *, narrow: bool
) -> None:
    """A line that wraps would make every redrawing climb up the screen."""
    lines = picture(figures, columns=columns, ascii_only=narrow, zone=dt.UTC)
    senders = figures.pace.senders if figures.pace and figures.pace.phase is not Phase.ENDING else ()
    assert len(lines) == LINES + (len(senders) if len(senders) <= SENDERS_SHOWN else 1)
    assert all(len(plain(line)) <= columns for line in lines)
    assert all(plain(line).isascii() or not narrow for line in lines)


WITHIN = st.integers(0, 10_000)


@given(
    columns=st.sampled_from([40, 60, 80, 120]),
    one=st.lists(WITHIN, min_size=5, max_size=5),
    other=st.lists(WITHIN, min_size=5, max_size=5),
)
def test_nothing_moves_when_figures_change(columns: int, one: list[int], other: list[int]) -> None:
    """The same words at the same places, of any two moments of a run of ten thousand rows."""

    def frame(counts: list[int]) -> list[list[tuple[str, int]]]:
        succeeded, failed, refused, done, rate = counts
        outcomes = {Outcome.SUCCEEDED: succeeded, Outcome.FAILED: min(failed, 10_000 - succeeded)}
        wave = Wave(number=2, of=2, done=min(done, 9_990), rows=9_990)
        pace = replace(PACE, refused=refused, per_second=rate / 7, wave=wave, left=None)
        lines = drawn(Figures(planned=10_000, outcomes=outcomes, pace=pace), columns)
        return [[(word[0], word.start()) for word in re.finditer(r"[a-z_]+", line)] for line in lines]

    assert frame(one) == frame(other)


@pytest.mark.parametrize(
    ("pace", "expected"),
    [
        (Pace(), "checking the sign-in"),
        (
            replace(PACE, wave=Wave(number=1, of=2, done=1, rows=10)),
            "sending the canary: the rest goes only if it succeeds",
        ),
        (replace(PACE, wave=Wave(number=1, of=1, done=1, rows=10)), "sending"),
        (replace(PACE, waiting=SPENT), "limit spent until 14:05:33 (in  12 s): the partner"),
        (replace(PACE, waiting=REFUSED), "throttled until 14:05:33 (in  57 s): customer 0f8fad5b… and 3 more"),
        (
            replace(PACE, waiting=replace(REFUSED, seconds=0)),
            "throttled: one row goes to see: customer 0f8fad5b… and 3 more",
        ),
        (replace(PACE, waiting=replace(SPENT, scope="*")), "limit spent until 14:05:33 (in  12 s): all rows"),
        (
            replace(PACE, waiting=Waiting(cause=Cause.OUTAGE, seconds=7, until=UNTIL)),
            "service down: one row goes 14:05:33 (in   7 s) to see",
        ),
        (
            replace(PACE, phase=Phase.STOPPING, stopping_seconds=29.2),
            "stopping: 12 in flight are awaited, at most 30 s",
        ),
        (
            replace(PACE, phase=Phase.STOPPING, in_flight=1, stopping_seconds=0.0),
            "stopping: 1 in flight is awaited, at most 0 s",
        ),
        (
            Pace(waiting=Waiting(cause=Cause.LEASE, seconds=12, until=UNTIL)),
            "held until 14:05:33 (in  12 s): the killed session's senders may still send",
        ),
        (Pace(phase=Phase.CLUSTER), "reaching the cluster"),
        (
            Pace(phase=Phase.CLUSTER, waiting=Waiting(cause=Cause.SENDER, seconds=42, until=UNTIL)),
            "no worker yet: the run ends 14:05:33 (in  42 s) if none can send",
        ),
        (
            replace(PACE, waiting=Waiting(cause=Cause.SENDER, seconds=42, until=UNTIL)),
            "no worker can send: the run ends 14:05:33 (in  42 s)",
        ),
        (replace(PACE, phase=Phase.ENDING), "ended early: 3,000 were not attempted"),
        (None, "the pace is not known: the process has told nothing of it lately"),
    ],
)  # fmt: skip
def test_the_last_line_says_what_is_going_on(pace: Pace | None, expected: str) -> None:
    assert last_line(pace) == expected


def test_when_all_have_an_outcome_the_last_line_says_so() -> None:
    figures = Figures(planned=5, outcomes={Outcome.SUCCEEDED: 5}, pace=replace(PACE, phase=Phase.ENDING, left=None))
    lines = drawn(figures, 80)
    assert "5 of 5   100 %" in lines[0]
    assert lines[-1] == "all rows have an outcome"


def test_at_60_columns_a_wait_still_says_until_when_and_whose() -> None:
    assert last_line(replace(PACE, waiting=REFUSED), 60) == "throttled until 14:05:33 (in  57 s): 0f8fad5b… and 3 more"


def test_not_all_is_never_100_percent() -> None:
    figures = Figures(planned=100_000, outcomes={Outcome.SUCCEEDED: 99_999}, pace=PACE)
    assert " 99 %" in drawn(figures, 80)[0]


@pytest.mark.parametrize(
    ("seconds", "expected"),
    [
        (0.0, "about 5 s left"),
        (11.0, "about 15 s left"),
        (90.0, "about 90 s left"),
        (91.0, "about 2 min left"),
        (7_100.0, "about 119 min left"),
        (7_322.0, "about 2 h 03 min left"),
        (359_000.0, "about 99 h 44 min left"),
        (900_000.0, "about 250 h left"),
    ],
)
def test_the_time_left_is_as_coarse_as_it_is_true(seconds: float, expected: str) -> None:
    assert time_left(TimeLeft(seconds=seconds)) == expected


def test_that_the_time_left_is_not_known_is_said() -> None:
    unknown = replace(RUN, pace=replace(PACE, left=None))
    assert drawn(unknown, 80)[0].endswith("7,000 of 10,000    70 %    time left not known yet")
    assert "time left not known yet" in said(unknown)
    assert "left" not in said(replace(RUN, pace=replace(PACE, left=None, phase=Phase.STOPPING)))


def test_of_a_run_that_will_end_for_want_of_workers_no_time_left_is_told() -> None:
    alone = replace(PACE, left=None, waiting=Waiting(cause=Cause.SENDER, seconds=42, until=UNTIL))
    assert "left" not in said(replace(RUN, pace=alone))
    assert "left" not in drawn(replace(RUN, pace=alone), 120)[0]


def test_a_bound_is_told_as_one() -> None:
    left = TimeLeft(seconds=100.0, at_least=True)
    assert (time_left(left), time_left(left, short=True)) == ("at least 2 min left", "≥2 min")


def test_without_a_pace_counts_are_shown_and_no_rate_is_made_up() -> None:
    lines = drawn(replace(RUN, pace=None, begun=4, refused=9), 80)
    assert lines[0].rstrip().endswith("7,000 of 10,000    70 %")
    assert lines[2].rstrip() == "begun        4         - rows/s   429s      9"


def test_one_line_says_the_same() -> None:
    figures = replace(RUN, pace=replace(PACE, waiting=SPENT))
    assert said(figures, zone=dt.UTC) == (
        "7,000 of 10,000 (70 %); succeeded 6,980; failed 15; in_doubt 3; skipped 2; in flight 12; 9.8 rows/s; 429s 31;"
        " wave 2 of 2: 6,990 of 9,990; about 15 min left; limit spent until 14:05:33 (in  12 s): the partner"
    )


@pytest.mark.parametrize(("scope", "expected"), [("partner", "the partner"), ("*", "all rows"), ("c1", "customer c1")])
def test_who_waits(scope: str, expected: str) -> None:
    assert scope_name(scope) == expected


def sender(
    number: int, state: SenderState = SenderState.SENDING, *, lost: int = 0, rate: float = 80.25
) -> SenderFigures:
    return SenderFigures(
        name=f"tls://10.0.0.{number}:38291", host=f"node-{number}", state=state, in_flight=40 + number, answered=12_345,
        throttled=7, failed=2, lost=lost, per_second=rate * number,
    )  # fmt: skip


FEW = (sender(1), sender(2, SenderState.SILENT, lost=41), sender(3, SenderState.DRAINING))
MANY = (*FEW, sender(4, SenderState.GONE), sender(5), sender(6))


def sender_lines(senders: tuple[SenderFigures, ...], columns: int, phase: Phase = Phase.SENDING) -> list[str]:
    return drawn(replace(RUN, pace=replace(PACE, phase=phase, senders=senders)), columns)[LINES:]


def test_a_few_senders_have_a_line_each() -> None:
    assert sender_lines(FEW, 120) == [
        "tls://10.0.0.1:38291   sending       80.2/s   has   41   429s     7   no answer    2   lost    0",
        "tls://10.0.0.2:38291   silent       160.5/s   has   42   429s     7   no answer    2   lost   41",
        "tls://10.0.0.3:38291   draining     240.8/s   has   43   429s     7   no answer    2   lost    0",
    ]
    assert sender_lines(FEW, 80)[1] == "tls://10.0.0.2:38291  silent      160.5/s  has   42  no answer    2  lost   41"
    assert sender_lines(FEW, 60)[1] == "~0.0.0.2:38291   silent       160.5/s   lost   41"
    assert sender_lines(FEW, 40)[1] == "~0.0.0.2:38291   silent       160.5/s"


def test_who_is_refused_is_shown_with_the_reason() -> None:
    why = "it has batchreset 0.9, and the coordinator 1.0"
    refused = SenderFigures(name="10.0.0.9:8790", host="", state=SenderState.REFUSED, why=why)
    assert sender_lines((FEW[0], refused), 90)[1] == f"10.0.0.9:8790          refused    {why}"
    assert sender_lines((refused,), 40) == ["10.0.0.9:8790  refused   it has batchre…"]
    assert sender_table(replace(PACE, senders=(refused,)))[1].endswith(f"  10.0.0.9:8790: {why}")


def test_where_all_of_many_are_refused_the_reason_is_told_on_their_line_and_where_lines_are_told() -> None:
    why = "it does not trust the coordinator's certificate"
    refused = tuple(
        SenderFigures(name=f"10.0.0.{number}:8790", host="", state=SenderState.REFUSED, why=why) for number in range(6)
    )
    assert sender_lines(refused, 120) == [f"6 workers: 6 refused   no answer 0   lost 0   refused: {why}"]
    assert sender_lines(refused, 80) == [f"0 of 6 workers sending  refused: {why}"]
    told = replace(RUN, pace=Pace(phase=Phase.CLUSTER, senders=refused))
    assert said(told).endswith(f"; 6 workers: 6 refused; refused: {why}; reaching the cluster")
    assert "refused:" not in said(replace(told, pace=Pace(senders=(*refused, *FEW))))


def test_many_are_summed_up_with_who_is_slowest_of_those_that_send() -> None:
    states = "6 workers: 3 sending, 1 silent, 1 draining, 1 gone"
    assert sender_lines(MANY, 120) == [f"{states}   no answer 12   lost 41   slowest 80.2/s tls://10.0.0.1:38291"]
    assert sender_lines(MANY, 80) == [f"{states}   no answer 12   lost 41"]
    assert sender_lines(MANY, 60) == [f"{states}   lost 41"]
    assert sender_lines(MANY, 40) == ["3 of 6 workers sending   lost 41"]
    assert sender_lines((FEW[1],) * 5, 80) == ["5 workers: 5 silent   no answer 10   lost 205"]


def test_those_who_have_been_dismissed_do_not_stay_in_the_last_picture() -> None:
    assert sender_lines(FEW, 80, Phase.ENDING) == []


def test_one_line_says_how_many_of_them_send() -> None:
    pace = replace(PACE, senders=MANY, left=None)
    assert said(replace(RUN, pace=pace)).endswith(
        "; 6 workers: 3 sending, 1 silent, 1 draining, 1 gone; no answer 12; lost 41; sending"
    )
    assert "; 1 worker: 1 sending; no answer 2; sending" in said(replace(RUN, pace=replace(pace, senders=FEW[:1])))


def test_a_table_has_every_figure_of_every_sender() -> None:
    assert sender_table(replace(PACE, senders=MANY[:2])) == [
        "  state     answers/s  has  answered  429s  no answer  lost  worker",
        "  sending        80.2   41    12,345     7          2     0  tls://10.0.0.1:38291 on node-1",
        "  silent        160.5   42    12,345     7          2    41  tls://10.0.0.2:38291 on node-2",
    ]
    assert len(sender_table(replace(PACE, senders=MANY))) == len(MANY) + 1
    assert sender_table(PACE) == []


@pytest.mark.parametrize(
    ("in_flight", "expected"),
    [
        (41, []),
        (42, ["  1 of 42 in flight has no worker yet: noted in the ledger first, or waiting for one"]),
        (1_054, ["  1,013 of 1,054 in flight have no worker yet: noted in the ledger first, or waiting for one"]),
    ],
)
def test_rows_in_flight_that_no_worker_has_are_accounted_for(in_flight: int, expected: list[str]) -> None:
    assert sender_table(replace(PACE, in_flight=in_flight, senders=MANY[:1]))[2:] == expected


def test_a_figure_has_one_name_and_one_place_wherever_it_is_shown() -> None:
    """A row without an answer and a row that was lost are two figures, in the lines as in the tables."""

    def named(text: str) -> list[str]:
        return re.findall(r"answered|429s|no answer|lost|failed|unanswered", text)

    (heading, *_), (line, *_) = sender_table(replace(PACE, senders=FEW)), sender_lines(FEW, 120)
    assert named(heading) == list(FIGURES)
    assert named(line) == list(FIGURES[1:])
    assert named(sender_lines(MANY, 120)[0]) == named(said(replace(RUN, pace=replace(PACE, senders=MANY))))[-2:]


@given(columns=st.sampled_from([40, 60, 80, 120]), one=st.lists(WITHIN, min_size=3, max_size=3))
def test_no_line_of_a_sender_moves_when_its_figures_change(columns: int, one: list[int]) -> None:
    in_flight, throttled, lost = one
    changed = tuple(
        replace(first, in_flight=in_flight % 1_000, throttled=throttled, lost=lost % 1_000, per_second=lost / 3)
        for first in FEW
    )

    def places(senders: tuple[SenderFigures, ...]) -> list[list[tuple[str, int]]]:
        lines = sender_lines(senders, columns)
        return [[(word[0], word.start()) for word in re.finditer(r"[a-z_]+", line)] for line in lines]

    assert places(FEW) == places(changed)
