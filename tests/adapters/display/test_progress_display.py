"""Progress for people: a calm picture on a terminal, a line now and then elsewhere, and never a run's end."""

import contextlib
import datetime as dt
import fcntl
import os
import re
import struct
import termios
import threading
from collections import Counter
from collections.abc import Iterator
from typing import TextIO

import anyio
import pytest
from trio.testing import MockClock

from batchreset.adapters.display import event_fields, logged_progress, terminal_progress
from batchreset.core.figures import Figures, Pace, TimeLeft, Wave
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import PaceSnapshot, Pause
from batchreset.core.progress import Progress
from batchreset.core.senders import SenderFigures, SenderState

pytestmark = pytest.mark.anyio

STYLES = re.compile(r"\x1b\[[0-9;]*m")
MOVES = re.compile(r"[\r\n]|\x1b\[[0-9;?]*[A-Za-ln-z]")
COLOURS = re.compile(r"\x1b\[[0-9;]*(?:3[0-8]|4[0-8]|9[0-7]|10[0-7])[;m]")


class FixedProgress(Progress):
    """As if the engine had filled it in."""

    def __init__(
        self, *, planned: int = 10_000, outcomes: dict[Outcome, int] | None = None, pace: PaceSnapshot | None = None
    ) -> None:
        super().__init__(planned=planned)
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
        """In the order in which they were drawn; what had not changed was not drawn again."""
        return [line.rstrip() for line in MOVES.split(STYLES.sub("", self.drawn())) if line]


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
        await anyio.sleep(4.9)

    lines = terminal.lines()
    assert lines[3] == "sending"
    assert [line for line in lines if "3,000 of 10,000    30 %" in line]
    assert "succeeded  2,990   failed      8   in_doubt      2   skipped      0" in lines
    assert "in flight   64     202.0 rows/s   429s      0" in lines


async def test_the_last_picture_is_of_the_end(terminal: Terminal) -> None:
    progress = FixedProgress(planned=10, pace=pace(in_flight=1, refused=3))
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        progress.outcomes[Outcome.SUCCEEDED] = 10
        progress.snapshot = pace(in_flight=0, refused=3)

    lines = terminal.lines()
    assert any(line.endswith("10 of 10   100 %") for line in lines)
    assert lines[-1] == "all rows have an outcome"


async def test_a_wait_is_told_with_its_clock_time(terminal: Terminal) -> None:
    until = anyio.current_time() + 57
    progress = FixedProgress(pace=pace(Pause(scope="partner", until_seconds=until, told=True)))
    at = dt.datetime(2026, 11, 21, 14, 0, tzinfo=dt.UTC)
    async with terminal_progress(progress, stream=terminal.stream, color=False, now=lambda: at):
        pass

    clock = (at + dt.timedelta(seconds=57)).astimezone().strftime("%H:%M:%S")
    assert f"throttled until {clock} (in  57 s): the partner" in terminal.lines()


async def test_a_run_that_is_asked_to_stop_says_what_it_still_awaits(terminal: Terminal) -> None:
    progress = FixedProgress(pace=pace(in_flight=12))
    async with terminal_progress(progress, stream=terminal.stream, color=True):
        progress.stops(anyio.current_time() + 30)
        await anyio.sleep(4)
    assert "stopping: 12 in flight are awaited, at most 30 s" in (lines := terminal.lines())
    assert "stopping: 12 in flight are awaited, at most 26 s" in lines


async def test_colours_are_shown_only_to_those_who_want_them() -> None:
    drawn = []
    for color in (True, False):
        terminal = Terminal()
        progress = FixedProgress(
            outcomes={Outcome.FAILED: 1}, pace=pace(Pause(scope="x", until_seconds=1e6, told=True))
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
    assert drawn.count("\x1b[?25l") == drawn.count("\x1b[?25h") >= 1
    assert drawn.rindex("\x1b[?25l") < drawn.rindex("\x1b[?25h")


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
    progress = FixedProgress(planned=100, outcomes={Outcome.SUCCEEDED: 15}, pace=pace(in_flight=2))
    async with logged_progress(progress, log=lines, say=lines.say):
        for second in range(95):
            # As whoever tells others of the run does.
            progress.figures(anyio.current_time(), dt.datetime.now(dt.UTC))
            if second == 45:
                progress.outcomes.update({Outcome.SUCCEEDED: 55, Outcome.FAILED: 5})
            await anyio.sleep(1)

    assert [round(at - began) for at, _ in lines.said] == [30, 60, 90]
    assert lines.said[0][1] == (
        "15 of 100 (15 %); succeeded 15; in flight 2; 0.0 rows/s; time left not known yet; sending"
    )
    assert lines.events[1] == (
        "run.progress",
        {
            "done": 75, "planned": 100, "in_flight": 2, "per_second": 1.0, "throttled": 0,
            "succeeded": 70, "failed": 5,
        },
    )  # fmt: skip
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


def test_an_event_has_waves_and_the_time_left() -> None:
    told = Pace(wave=Wave(number=1, of=2, done=3, rows=10), left=TimeLeft(seconds=61.4, at_least=True))
    fields = event_fields(Figures(planned=20, outcomes={}, pace=told))
    assert fields == {
        "done": 0, "planned": 20, "in_flight": 0, "per_second": 0.0, "throttled": 0,
        "wave": 1, "wave_done": 3, "wave_rows": 10, "left_seconds": 61, "left_at_least": True,
    }  # fmt: skip


def test_an_event_says_how_many_send_where_others_do() -> None:
    senders = tuple(SenderFigures(name="w", host="h", state=state) for state in SenderState)
    fields = event_fields(Figures(planned=20, outcomes={}, pace=Pace(senders=senders)))
    assert (fields["senders"], fields["senders_sending"]) == (len(SenderState), 1)


def test_an_event_without_a_pace_has_counts() -> None:
    figures = Figures(planned=20, outcomes={Outcome.FAILED: 2}, pace=None)
    assert event_fields(figures) == {"done": 2, "planned": 20, "failed": 2}


async def test_a_listener_who_goes_away_does_not_end_the_run() -> None:
    """`batchreset … 2>&1 | head`: the events go on."""
    lines = Lines()

    def gone(line: str) -> None:
        raise BrokenPipeError

    async with logged_progress(FixedProgress(), log=lines, say=gone):
        await anyio.sleep(100)
    assert len(lines.events) == 3
