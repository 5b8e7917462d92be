"""What a run tells others of its pace: heard while it is true, and whatever else lies there is passed over."""

import datetime as dt
import json
import os
import random
import resource
import socket
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import anyio
import pytest
from hypothesis import given
from hypothesis import strategies as st
from virtual_time import in_virtual_time

from batchreset.adapters.ledger import LastSession
from batchreset.adapters.run_folder import RunFolder, holding
from batchreset.core.figures import Cause, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.outcome import Outcome
from batchreset.core.pacing import Pacer
from batchreset.core.progress import Progress
from batchreset.core.senders import NAME_MOST, SenderFigures, SenderState
from batchreset.engine.clock import LoopClock
from batchreset.wiring.told import (
    SENDERS_MOST,
    STALE_SECONDS,
    TOLD_EVERY_SECONDS,
    Listener,
    others_told,
    pace_facts,
    refused_at_last,
)

NOW = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
PACE = Pace(
    phase=Phase.SENDING,
    in_flight=12,
    refused=31,
    per_second=9.5,
    wave=Wave(number=2, of=2, done=40, rows=90),
    waiting=Waiting(cause=Cause.THROTTLED, scope=CUSTOMER, seconds=57, until=NOW + dt.timedelta(seconds=57), others=3),
    left=TimeLeft(seconds=600.0, at_least=True),
    senders=(
        SenderFigures(
            name="tls://10.0.0.5:38291", host="node-1", state=SenderState.SILENT, in_flight=40, answered=1234,
            throttled=5, failed=6, lost=7, per_second=80.25,
        ),
        SenderFigures(name="10.0.0.6:8790", host="", state=SenderState.REFUSED, why="it did not answer"),
    ),
)  # fmt: skip
HERE = LastSession(ended_at=None, stop_reason=None, exit_code=None, pid=os.getpid(), host=socket.gethostname())


def after(seconds: float) -> dt.datetime:
    return NOW + dt.timedelta(seconds=seconds)


@dataclass
class Heard:
    """A run's folder with what was told in it, and whoever looks."""

    folder: RunFolder
    listener: Listener = field(init=False)

    def __post_init__(self) -> None:
        self.listener = Listener(self.folder)

    def told(self, number: int = 1, *, pace: Pace = PACE, at: dt.datetime = NOW, **changes: Any) -> None:
        whole = {"format": 1, "number": number, "pid": HERE.pid, "host": HERE.host, "written_at": at.isoformat()}
        self.folder.progress_json.write_text(json.dumps({**whole, "pace": pace_facts(pace), **changes}))

    def look(self, seconds: float, session: LastSession | None = HERE) -> Pace | None:
        return self.listener.pace(session, now=after(seconds), now_seconds=1000.0 + seconds)


@pytest.fixture
def heard(tmp_path: Path) -> Heard:
    return Heard(RunFolder(tmp_path))


def test_what_is_told_is_heard_as_it_was_meant(heard: Heard) -> None:
    heard.told()
    assert heard.look(0.0) == PACE


def test_of_very_many_senders_those_that_are_gone_are_left_out_first(heard: Heard) -> None:
    """And no name is so long that nothing is heard of any of them."""
    one, _ = PACE.senders
    long = replace(one, name='"' * NAME_MOST, host='"' * NAME_MOST)
    gone = replace(long, state=SenderState.GONE)
    heard.told(pace=replace(PACE, senders=(*[gone] * 10, *[long] * (SENDERS_MOST - 5))))
    pace = heard.look(0.0)
    assert pace
    assert pace.senders == (*[long] * (SENDERS_MOST - 5), *[gone] * 5)


def test_who_could_not_send_is_known_by_the_last_word_of_the_session_that_ends(heard: Heard) -> None:
    heard.told(pace=replace(PACE, phase=Phase.ENDING))
    assert refused_at_last(heard.folder, HERE) == PACE.senders[1:]
    assert refused_at_last(heard.folder, replace(HERE, pid=HERE.pid + 1)) == ()
    assert refused_at_last(heard.folder, None) == ()
    heard.folder.progress_json.write_text("{")
    assert refused_at_last(heard.folder, HERE) == ()


def test_what_an_earlier_version_told_has_no_senders(heard: Heard) -> None:
    facts = pace_facts(PACE)
    del facts["senders"]
    heard.folder.progress_json.write_bytes(changed(pace=facts))
    assert heard.look(0.0) == replace(PACE, senders=())


def test_what_was_so_long_is_so_much_shorter_by_now(heard: Heard) -> None:
    heard.told(pace=replace(PACE, stopping_seconds=20.0))
    pace = heard.look(4.0)
    assert pace
    assert pace.waiting
    assert pace.left
    assert (pace.waiting.seconds, pace.waiting.until) == (53, after(57))
    assert (pace.left.seconds, pace.stopping_seconds) == (596.0, 16.0)


def test_what_is_stale_is_not_heard(heard: Heard) -> None:
    heard.told()
    assert heard.look(STALE_SECONDS - 0.1)
    assert heard.look(STALE_SECONDS + 0.1) is None


@pytest.mark.parametrize("ahead_seconds", [-7200.0, -20.0, 20.0, 7200.0])
def test_of_another_machine_whose_clock_differs_that_it_goes_on_counts(heard: Heard, ahead_seconds: float) -> None:
    """At the first look nobody can tell; at the next there is another one."""

    def told(number: int, seconds: float) -> None:
        waiting = Waiting(cause=Cause.WINDOW, scope="partner", seconds=9, until=after(seconds + ahead_seconds + 9))
        heard.told(number, at=after(seconds + ahead_seconds), pace=replace(PACE, waiting=waiting))

    told(1, 0.0)
    assert heard.look(0.0) is None
    told(2, 1.0)
    pace = heard.look(1.0)
    assert pace
    assert pace.waiting
    assert (pace.waiting.seconds, pace.waiting.until) == (9, after(10))
    assert heard.look(1.0 + STALE_SECONDS + 0.1) is None


@pytest.mark.parametrize(
    "session",
    [None, replace(HERE, pid=HERE.pid + 1), replace(HERE, host="elsewhere")],
    ids=["none", "another process", "another machine"],
)
def test_what_another_process_left_is_not_heard(heard: Heard, session: LastSession | None) -> None:
    heard.told()
    assert heard.look(0.0, session) is None


def test_that_it_is_over_is_heard_however_long_ago(heard: Heard) -> None:
    """Results of a million rows take a while; nothing more is told meanwhile."""
    heard.told(pace=Pace(phase=Phase.ENDING))
    assert heard.look(600.0) == Pace(phase=Phase.ENDING)


WHOLE = json.dumps({
    "format": 1, "number": 1, "pid": HERE.pid, "host": HERE.host, "written_at": NOW.isoformat(),
    "pace": pace_facts(PACE),
})  # fmt: skip


def changed(**facts: object) -> bytes:
    return json.dumps({**json.loads(WHOLE), **facts}).encode()


def pace_changed(**facts: object) -> bytes:
    return changed(pace={**pace_facts(PACE), **facts})


@pytest.mark.parametrize(
    "content",
    [
        b"", b"\0" * 400, WHOLE[:-9].encode(), b"[]", b"null", b"[" * 9000, b"\xff\xfe", WHOLE.encode() + b" " * 20_000,
        changed(format=2), changed(number=-1), changed(more=1), changed(written_at="soon"),
        changed(written_at="2026-11-21"), changed(pid="1"), changed(pace=None), pace_changed(phase="sleeping"),
        pace_changed(per_second=float("nan")),
        pace_changed(left={"seconds": float("inf"), "at_least": True}), pace_changed(in_flight=10**30),
        pace_changed(waits={**pace_facts(PACE)["waits"], "scope": "\x1b[2J\x1b]0;owned\x07"}),
        pace_changed(senders=[{**pace_facts(PACE)["senders"][0], "name": "\x1b[2J"}]),
        pace_changed(senders=[{**pace_facts(PACE)["senders"][0], "host": "h\n"}]),
        pace_changed(senders=[{**pace_facts(PACE)["senders"][0], "lost": -1}]),
        pace_changed(senders=[{**pace_facts(PACE)["senders"][0], "name": "x" * 100}]),
        pace_changed(senders=pace_facts(PACE)["senders"] * 1000),
        pace_changed(waits={**pace_facts(PACE)["waits"], "until": "9999-12-31T23:59:59-23:59"}),
    ],
    ids=lambda content: repr(content[:20]) if isinstance(content, bytes) else None,
)  # fmt: skip
def test_whatever_else_lies_there_is_passed_over(heard: Heard, content: bytes) -> None:
    heard.folder.progress_json.write_bytes(content)
    found = heard.look(0.0)
    assert found is None or (found.waiting is not None and found.waiting.seconds <= 86_400)
    assert found is None or found.senders == PACE.senders


@given(cut=st.integers(0, len(WHOLE)), junk=st.binary(max_size=30))
def test_no_file_that_is_torn_or_spoilt_does_harm(
    tmp_path_factory: pytest.TempPathFactory, cut: int, junk: bytes
) -> None:
    heard = Heard(RunFolder(tmp_path_factory.getbasetemp()))
    heard.folder.progress_json.write_bytes(WHOLE.encode()[:cut] + junk + WHOLE.encode()[cut + len(junk) :])
    found = heard.look(0.0)
    assert found is None or isinstance(found, Pace)


def test_no_file_is_no_pace(heard: Heard) -> None:
    assert heard.look(0.0) is None
    heard.folder.progress_json.mkdir()
    assert heard.look(0.0) is None


async def at_once(does: Callable[[], None]) -> None:
    does()


def progress_under_way() -> Progress:
    progress = Progress(planned=10)
    progress.begins(Pacer({"a": 10}, max_concurrency=2, random=random.Random(1)), waves=[10])
    progress.wave_begins()
    return progress


def test_a_run_tells_about_once_a_second_and_at_its_end_that_it_is_over(tmp_path: Path) -> None:
    folder, progress, numbers = RunFolder(tmp_path), progress_under_way(), []

    async def main() -> None:
        clock = LoopClock(NOW)
        listener = Listener(folder)
        async with others_told(folder, progress, clock=clock, aside=at_once):
            await anyio.sleep(TOLD_EVERY_SECONDS / 2)
            assert folder.read_progress() is None
            for _ in range(3):
                await anyio.sleep(TOLD_EVERY_SECONDS)
                numbers.append(json.loads(folder.read_progress() or b"")["number"])
                pace = listener.pace(HERE, now=clock.now(), now_seconds=clock.monotonic())
                assert pace
                assert pace.phase is Phase.SENDING
            progress.ended(Outcome.SUCCEEDED)
            progress.ending = True
        pace = listener.pace(HERE, now=clock.now(), now_seconds=clock.monotonic())
        assert pace
        assert (pace.phase, pace.wave) == (Phase.ENDING, Wave(number=1, of=1, done=1, rows=10))

    in_virtual_time(main)
    assert numbers == [1, 2, 3]
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
    assert folder.progress_json.stat().st_mode & 0o777 == 0o600


def test_a_disk_that_takes_only_part_of_it_ends_no_run_and_leaves_what_was(tmp_path: Path) -> None:
    """As a full one does; the limit is the system's own on the size of a file."""
    folder, limits = RunFolder(tmp_path), resource.getrlimit(resource.RLIMIT_FSIZE)
    folder.leave_progress({"number": 1})
    resource.setrlimit(resource.RLIMIT_FSIZE, (50, limits[1]))
    try:
        folder.leave_progress({"number": 2, "more": "x" * 1000})
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]
    assert folder.read_progress() == b'{"number": 1}\n'


def test_a_folder_that_is_gone_or_cannot_be_written_ends_no_run(tmp_path: Path) -> None:
    carried_out = False
    gone = RunFolder(tmp_path / "gone")
    in_the_way = RunFolder(tmp_path)
    (in_the_way.progress_json / "not empty").mkdir(parents=True)

    async def main() -> None:
        nonlocal carried_out
        for folder in (gone, in_the_way):
            async with others_told(folder, progress_under_way(), clock=LoopClock(NOW), aside=at_once):
                await anyio.sleep(5)
        carried_out = True

    in_virtual_time(main)
    assert carried_out
    assert [path.name for path in tmp_path.iterdir()] == ["progress.json"]


def test_it_is_there_only_while_the_run_is_held(tmp_path: Path) -> None:
    """What a killed process left is gone before another one tells anything."""
    heard = Heard(RunFolder(tmp_path))
    heard.told()
    with holding(heard.folder):
        assert not heard.folder.progress_json.exists()
        heard.told()
    assert not heard.folder.progress_json.exists()
