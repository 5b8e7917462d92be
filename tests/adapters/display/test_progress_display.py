"""Progress for people: a calm picture on a terminal, a line now and then elsewhere, and never a run's end."""

import contextlib
import fcntl
import io
import itertools
import os
import re
import struct
import termios
import threading
from collections import Counter
from collections.abc import Iterator
from dataclasses import replace
from typing import TextIO

import anyio
import pytest
from trio.testing import MockClock

from batchreset.adapters.display import logged_progress, terminal_progress
from batchreset.adapters.display.progress import RATE_OVER_SECONDS, Rate
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import PaceSnapshot, Pause
from batchreset.core.progress import Progress

pytestmark = pytest.mark.anyio

STYLES = re.compile(r"\x1b\[[0-9;]*m")
MOVES = re.compile(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-ln-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


class FixedProgress(Progress):
    """As if the engine had filled it in."""

    def __init__(
        self,
        *,
        planned: int = 10_000,
        before: int = 0,
        outcomes: dict[Outcome, int] | None = None,
        pace: PaceSnapshot | None = None,
    ) -> None:
        super().__init__(planned=planned, before=before)
        self.outcomes = Counter(outcomes or {})
        self.snapshot = pace

    def pace(self) -> PaceSnapshot | None:
        return self.snapshot


def pace(*pauses: Pause, in_flight: int = 64, refused: int = 0) -> PaceSnapshot:
    return PaceSnapshot(concurrency=64, in_flight=in_flight, waiting=1, per_second=None, refused=refused, pauses=pauses)


class Terminal:
    """A pseudo terminal of 80 columns and what is drawn on it."""

    def __init__(self) -> None:
        self._ours, theirs = os.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 25, 80, 0, 0))
        self.stream: TextIO = os.fdopen(theirs, "w", encoding="utf-8", buffering=1)
        self._drawn = bytearray()
        self._reading = threading.Thread(target=self._read)
        self._reading.start()

    def _read(self) -> None:
        with contextlib.suppress(OSError):
            while received := os.read(self._ours, 65536):
                self._drawn += received

    def drawn(self) -> str:
        """All of it; nothing can be drawn any more."""
        self.stream.close()
        self._reading.join()
        os.close(self._ours)
        return self._drawn.decode()

    def lines(self) -> list[str]:
        """Of every picture, three each, in their order."""
        return [line for line in MOVES.split(STYLES.sub("", self.drawn())) if line]


@pytest.fixture(autouse=True)
def usual_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("NO_COLOR", "FORCE_COLOR", "TTY_COMPATIBLE", "TTY_INTERACTIVE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("LINES", "25")


@pytest.fixture
def anyio_backend() -> tuple[str, dict[str, object]]:
    """Time passes only while everybody sleeps."""
    return "trio", {"clock": MockClock(autojump_threshold=0)}


@pytest.fixture
def terminal() -> Iterator[Terminal]:
    opened = Terminal()
    yield opened
    with contextlib.suppress(OSError, ValueError):
        opened.drawn()


async def test_a_terminal_shows_how_far_the_run_is(terminal: Terminal) -> None:
    progress = FixedProgress(outcomes={Outcome.SUCCEEDED: 1_000}, pace=pace())
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        await anyio.sleep(5)
        progress.outcomes.update({Outcome.SUCCEEDED: 1_990, Outcome.FAILED: 8, Outcome.IN_DOUBT: 2})
        await anyio.sleep(5)

    assert terminal.lines()[-3:] == [
        "━" * 30 + "  3,000 of 10,000  200.0 rows/s  0:00:35 left",
        "succeeded 2,990  failed 8  in_doubt 2  in flight 64  429s 0",
        "sending",
    ]


@pytest.mark.parametrize(
    ("left", "expected"),
    [(7, "0:00:07 left"), (600, "0:10:00 left"), (7_322, "2:02:02 left"), (360_000, "100:00:00 left")],
)
async def test_the_time_left_is_what_the_rate_makes_of_the_rows_left(
    left: int, expected: str, terminal: Terminal
) -> None:
    progress = FixedProgress(planned=10 + left, pace=pace())
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        await anyio.sleep(10)
        progress.outcomes[Outcome.SUCCEEDED] = 10

    assert terminal.lines()[-3].endswith(f"1.0 rows/s  {expected}")


async def test_while_a_window_is_awaited_the_time_left_is_reckoned_over_several(terminal: Terminal) -> None:
    """60 rows at the begin of each minute: nothing for 50 seconds does not mean that it will never end."""
    progress = FixedProgress(planned=1000, pace=pace())
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        for _ in range(5):
            progress.outcomes[Outcome.SUCCEEDED] += 60
            await anyio.sleep(60)

    assert re.search(r"300 of 1,000  0\.0 rows/s  0:1[0-5]:\d\d left$", terminal.lines()[-3])


async def test_a_finished_run_is_shown_as_such(terminal: Terminal) -> None:
    progress = FixedProgress(planned=10, before=4, pace=pace(in_flight=1, refused=3))
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        progress.outcomes[Outcome.SUCCEEDED] = 6
        progress.snapshot = pace(in_flight=0, refused=3)

    first, second, _ = terminal.lines()[-3:]
    assert first.endswith("  10 of 10  0.0 rows/s  done")
    assert second == "succeeded 6  failed 0  in_doubt 0  before 4  in flight 0  429s 3"


@pytest.mark.parametrize(
    ("snapshot", "waves_left", "expected"),
    [
        pytest.param(None, 0, "checking the sign-in", id="before the first wave"),
        pytest.param(pace(), 1, "canary rows first", id="canary"),
        pytest.param(pace(), 0, "sending", id="sending"),
        pytest.param(
            pace(Pause(scope="c1", until_seconds=57, told=True)), 0, "throttled: waits 57 s (c1)", id="one waits"
        ),
        pytest.param(
            pace(Pause(scope="c1", until_seconds=5, told=True), Pause(scope="partner", until_seconds=90, told=True)),
            1,
            "throttled: waits 90 s (partner and 1 more)",
            id="the longest of several",
        ),
        pytest.param(
            pace(Pause(scope="c1", until_seconds=5, told=True), Pause(scope="c2", until_seconds=90, told=False)),
            0,
            "throttled: waits 5 s (c1)",
            id="what was refused before what is spent",
        ),
        pytest.param(
            pace(Pause(scope="partner", until_seconds=12, told=False)),
            0,
            "limit reached: next window in 12 s (partner)",
            id="spent",
        ),
        pytest.param(
            pace(Pause(scope="c1", until_seconds=12, told=False), Pause(scope="c2", until_seconds=3, told=False)),
            0,
            "limit reached: next window in 12 s (c1 and 1 more)",
            id="several spent",
        ),
        pytest.param(
            replace(pace(Pause(scope="c1", until_seconds=5, told=True)), outage_until_seconds=7.0),
            0,
            "service unavailable: one row goes in 7 s",
            id="outage",
        ),
        pytest.param(
            pace(Pause(scope="c1", until_seconds=-1, told=True)), 0, "throttled: one row goes first", id="over"
        ),
    ],
)
async def test_the_last_line_says_what_is_going_on(
    snapshot: PaceSnapshot | None, waves_left: int, expected: str, terminal: Terminal
) -> None:
    """`until_seconds` are of the loop's clock, which begins at nought here."""
    if snapshot is not None:
        now = anyio.current_time()
        moved = tuple(Pause(scope=p.scope, until_seconds=now + p.until_seconds, told=p.told) for p in snapshot.pauses)
        outage = snapshot.outage_until_seconds
        snapshot = replace(pace(*moved), outage_until_seconds=None if outage is None else now + outage)
    progress = FixedProgress(pace=snapshot)
    progress.waves_left = waves_left
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        pass

    assert terminal.lines()[-1] == expected


@pytest.mark.parametrize("told", [True, False], ids=["refused", "spent"])
@pytest.mark.parametrize("rows", [1, 9_999, 99_999, 9_999_999])
async def test_no_line_is_wider_than_the_terminal(rows: int, terminal: Terminal, *, told: bool) -> None:
    """A line that wraps would make every redrawing climb up the screen."""
    longest = Pause(scope="0f8fad5b-d9cb-469f-a165-70867728950e", until_seconds=anyio.current_time() + 3600, told=told)
    progress = FixedProgress(
        planned=10 * rows,
        before=rows,
        outcomes=dict.fromkeys((Outcome.SUCCEEDED, Outcome.FAILED, Outcome.IN_DOUBT), rows),
        pace=pace(longest, longest, refused=rows),
    )
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        await anyio.sleep(2)

    lines = terminal.lines()
    assert max(map(len, lines)) <= 80
    assert re.search(r"next window in 3[56]\d\d s" if not told else r"waits 3[56]\d\d s", lines[-1])


async def test_the_usual_run_fits_wholly(terminal: Terminal) -> None:
    """Ten thousand rows: nothing is cut."""
    progress = FixedProgress(
        before=1_000,
        outcomes={Outcome.SUCCEEDED: 8_000, Outcome.FAILED: 99, Outcome.IN_DOUBT: 9},
        pace=pace(refused=99),
    )
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        await anyio.sleep(2)

    assert "…" not in "".join(terminal.lines())


async def test_colours_are_shown_only_to_those_who_want_them() -> None:
    drawn = []
    for color in (True, False):
        terminal = Terminal()
        progress = FixedProgress(
            outcomes={Outcome.FAILED: 1}, pace=pace(Pause(scope="x", until_seconds=1e9, told=True))
        )
        async with terminal_progress(progress, stream=terminal.stream, color=color):
            await anyio.sleep(2)
        drawn.append(terminal.drawn())

    assert COLOURS.search(drawn[0])
    assert not COLOURS.search(drawn[1])


async def test_a_terminal_is_left_as_it_was_found(terminal: Terminal) -> None:
    async with terminal_progress(FixedProgress(), stream=terminal.stream, color=True):
        await anyio.sleep(2)

    drawn = terminal.drawn()
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") == 1
    assert drawn.index("\x1b[?25l") < drawn.index("\x1b[?25h")


@pytest.mark.parametrize("after_seconds", [0, 3])
async def test_a_terminal_that_is_closed_does_not_end_the_run(after_seconds: float) -> None:
    ours, theirs = os.openpty()
    carried_out = False
    stream = os.fdopen(theirs, "w", encoding="utf-8", buffering=1)
    async with terminal_progress(FixedProgress(), stream=stream, color=True):
        await anyio.sleep(after_seconds)
        os.close(ours)
        await anyio.sleep(10)
        carried_out = True
    assert carried_out
    with contextlib.suppress(OSError):
        stream.close()


async def test_what_ends_the_block_passes(terminal: Terminal) -> None:
    with pytest.raises(ExceptionGroup) as caught:
        async with terminal_progress(FixedProgress(), stream=terminal.stream, color=True):
            raise OSError("the run's own")
    assert caught.group_contains(OSError, match="the run's own")


class Lines:
    """Takes down what is said and logged, and when."""

    def __init__(self) -> None:
        self.said: list[tuple[float, str]] = []
        self.events: list[tuple[str, dict[str, object]]] = []

    def say(self, line: str) -> None:
        self.said.append((anyio.current_time(), line))

    def info(self, event: str, **fields: object) -> None:
        self.events.append((event, fields))

    debug = warning = error = info


async def test_elsewhere_a_line_and_an_event_come_every_half_minute() -> None:
    lines, began = Lines(), anyio.current_time()
    progress = FixedProgress(planned=100, before=10, outcomes={Outcome.SUCCEEDED: 5}, pace=pace(in_flight=2))
    async with logged_progress(progress, log=lines, say=lines.say):
        await anyio.sleep(45)
        progress.outcomes.update({Outcome.SUCCEEDED: 55, Outcome.FAILED: 5})
        await anyio.sleep(50)

    assert [round(at - began) for at, _ in lines.said] == [30, 60, 90]
    assert lines.said[0][1].endswith(
        "  15 of 100  0.0 rows/s  time left unknown; "
        "succeeded 5  failed 0  in_doubt 0  before 10  in flight 2  429s 0; sending"
    )
    assert lines.events[1] == (
        "run.progress",
        {"done": 75, "planned": 100, "per_second": 2.0, "succeeded": 60, "failed": 5},
    )
    assert [event for event, _ in lines.events] == ["run.progress"] * 3


async def test_a_short_run_says_nothing_on_its_way() -> None:
    lines = Lines()
    async with logged_progress(FixedProgress(), log=lines, say=lines.say):
        await anyio.sleep(29)
    assert lines.said == []
    assert lines.events == []


async def test_an_event_says_who_waits() -> None:
    lines = Lines()
    until = anyio.current_time() + 50
    progress = FixedProgress(pace=pace(Pause(scope="c1", until_seconds=until, told=True)))
    async with logged_progress(progress, log=lines, say=lines.say):
        await anyio.sleep(31)
    event = lines.events[0][1]
    assert (event["waits_for"], event["waits_scope"], event["waits_seconds"]) == ("throttled", "c1", 20)


async def test_a_listener_who_goes_away_does_not_end_the_run() -> None:
    """`batchreset … 2>&1 | head`: the events go on."""
    lines = Lines()

    def gone(line: str) -> None:
        raise BrokenPipeError

    async with logged_progress(FixedProgress(), log=lines, say=gone):
        await anyio.sleep(100)
    assert len(lines.events) == 3


def test_no_control_codes_go_into_a_file() -> None:
    stream = io.StringIO()

    async def show() -> None:
        async with terminal_progress(FixedProgress(), stream=stream, color=False):
            pass

    anyio.run(show)
    assert "\x1b" not in stream.getvalue()
    assert "0 of 10,000" in stream.getvalue()


def test_the_rate_is_that_of_the_last_seconds() -> None:
    rate = Rate()
    assert rate.per_second(0.0, 0) == 0.0
    assert rate.per_second(0.0, 5) == 0.0
    assert rate.per_second(2.0, 20) == 10.0
    for now in itertools.count(3):
        if now > 2 + RATE_OVER_SECONDS:
            break
        rate.per_second(float(now), 20)
    assert rate.per_second(2 + 2 * RATE_OVER_SECONDS, 20) == 0.0


def test_the_rate_of_an_even_run_is_even() -> None:
    rate = Rate()
    rates = [rate.per_second(half / 2, half * 7) for half in range(200)]
    assert set(rates[1:]) == {14.0}
