"""Events are JSON lines in private files, short lines for people, and never the reason that a run ends."""

import datetime as dt
import errno
import io
import json
import logging
import os
import stat
from pathlib import Path
from typing import Any, TextIO

import pytest
import structlog

from batchreset.adapters.events import event_log
from batchreset.adapters.events.log import LogFiles, logger_into
from batchreset.core.outcome import Reason
from batchreset.core.secret import Secret

DEBUG, INFO, WARNING, ERROR = logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR


def lines(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "log.ndjson"


def test_an_event_is_a_line_of_json_with_name_time_level_run_and_fields(path: Path) -> None:
    before = dt.datetime.now(dt.UTC)
    with event_log([path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
        log.info("row.answered", row=7, reason=Reason.TIMEOUT, name="Zoë", path=Path("x"), none=None)

    (event,) = lines(path)
    assert before <= dt.datetime.fromisoformat(event.pop("time")) <= dt.datetime.now(dt.UTC)
    assert event == {
        "event": "row.answered",
        "level": "info",
        "run_id": "r1",
        "row": 7,
        "reason": "timeout",
        "name": "Zoë",
        "path": "x",
        "none": None,
    }


def test_an_event_is_in_the_file_when_the_call_returns(path: Path) -> None:
    with event_log([path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
        for number in range(1, 4):
            log.info("a.b")
            assert len(lines(path)) == number


@pytest.mark.parametrize(
    ("level", "written"),
    [
        pytest.param(DEBUG, ["debug", "info", "warning", "error"], id="debug"),
        pytest.param(INFO, ["info", "warning", "error"], id="info"),
        pytest.param(WARNING, ["warning", "error"], id="warning"),
    ],
)
def test_events_below_the_level_are_not_written(path: Path, level: int, written: list[str]) -> None:
    with event_log([path], level=level, stream=None, shown=ERROR, run_id="r1") as log:
        log.debug("a.debug")
        log.info("a.info")
        log.warning("a.warning")
        log.error("a.error")

    assert [event["level"] for event in lines(path)] == written
    assert [event["event"] for event in lines(path)] == [f"a.{level}" for level in written]


def test_people_see_their_level_as_short_lines(path: Path) -> None:
    stream = io.StringIO()
    with event_log([path], level=DEBUG, stream=stream, shown=WARNING, run_id="r1") as log:
        log.info("row.succeeded", row=1)
        log.warning("row.failed", row=2, reason="timeout", detail=None)

    shown = stream.getvalue()
    clock, rest = shown[:8], shown[8:]
    dt.time.fromisoformat(clock)
    assert rest.startswith(" warning row.failed ")
    assert "row=2" in rest
    assert "reason=timeout" in rest
    assert "detail" not in rest
    assert shown.count("\n") == 1
    assert len(lines(path)) == 2


def test_every_file_gets_every_event(tmp_path: Path) -> None:
    paths = [tmp_path / "a", tmp_path / "b"]
    with event_log(paths, level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
        log.info("a.b")
    assert [len(lines(path)) for path in paths] == [1, 1]


def test_a_log_is_private_and_goes_on_from_where_it_was(path: Path) -> None:
    before = os.umask(0)
    try:
        for _ in range(2):
            with event_log([path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
                log.info("a.b")
    finally:
        os.umask(before)

    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(lines(path)) == 2


def test_a_secret_is_masked_wherever_it_stands_in_an_event(path: Path) -> None:
    secret, stream = Secret("canary"), io.StringIO()
    with event_log([path], level=DEBUG, stream=stream, shown=DEBUG, run_id="r1") as log:
        log.info("a.b", one=secret, many=[secret], named={"it": secret}, text=f"{secret}", deep=({"x": (secret,)},))

    written = path.read_text() + stream.getvalue()
    assert "canary" not in written
    assert written.count("********") >= 8


@pytest.mark.parametrize("text", ["\ud800", os.fsdecode(b"/runs/\xff"), "\x1b[31m\n\x00", "\u2028"])
def test_any_text_is_one_line_that_reads_back_as_it_was(path: Path, text: str) -> None:
    with event_log([path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
        log.info("a.b", text=text)

    (line,) = path.read_bytes().splitlines()
    assert json.loads(line)["text"] == text


class Counting(io.FileIO):
    """Takes `most` bytes at a time, and knows what it was given."""

    def __init__(self, path: Path, *, most: int = 1_000_000) -> None:
        super().__init__(path, "w")
        self.most = most
        self.given: list[bytes] = []

    def write(self, data: Any) -> int:
        self.given.append(bytes(data))
        return super().write(data[: self.most])


def test_an_event_is_one_write_to_each_file_and_one_that_is_switched_off_none(tmp_path: Path) -> None:
    """What a logged row costs; and a line that is longer than any buffer is in one piece, too."""
    files = [Counting(tmp_path / "a"), Counting(tmp_path / "b")]
    with files[0], files[1]:
        log = logger_into(LogFiles([*files]), level=INFO, stream=None, shown=ERROR, run_id="r1")
        for row in range(50):
            log.debug("row.exchange", row=row)
            log.info("row.succeeded", row=row, reason=None, attempts=1, long="y" * 10_000)

    for file, name in zip(files, ("a", "b"), strict=True):
        assert [json.loads(line)["row"] for line in file.given] == list(range(50))
        assert (tmp_path / name).read_bytes() == b"".join(file.given)


def test_what_a_disk_takes_in_parts_is_whole(tmp_path: Path) -> None:
    with Counting(tmp_path / "a", most=7) as file:
        logger_into(LogFiles([file]), level=INFO, stream=None, shown=ERROR, run_id="r1").info("a.b", text="z" * 40)

    (event,) = lines(tmp_path / "a")
    assert event["text"] == "z" * 40


def test_a_log_that_nobody_reads_holds_nothing_up(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """A full pipe that must not be waited for, as `--log-file /dev/stderr` may be one: given up as a full disk is."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    os.set_blocking(reading, False)
    with (
        io.FileIO(writing, "w") as pipe,
        io.FileIO(reading) as end,
        Counting(tmp_path / "a") as file,
    ):
        log = logger_into(LogFiles([pipe, file]), level=INFO, stream=None, shown=ERROR, run_id="r1")
        for _ in range(30):
            log.info("a.b", x="y" * 10_000)
        assert end.read(1)

    assert len(lines(tmp_path / "a")) == 30
    assert capsys.readouterr().err.count(f"cannot be written any more ({os.strerror(errno.EAGAIN)})") == 1


def full() -> TextIO:
    """Standard error on a full disk, line by line."""
    return Path("/dev/full").open("w", buffering=1)


def test_a_full_disk_is_told_once_and_ends_nothing(path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Neither an event, nor the end of the block, raises; the other log goes on."""
    with event_log([Path("/dev/full"), path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log:
        for _ in range(3):
            log.info("a.b", x="y" * 10_000)

    assert len(lines(path)) == 3
    assert capsys.readouterr().err == (
        "warning: the log /dev/full cannot be written any more (No space left on device); all else goes on without it\n"
    )


def test_whoever_looked_may_go(path: Path) -> None:
    stream = full()
    with event_log([path], level=DEBUG, stream=stream, shown=DEBUG, run_id="r1") as log:
        for _ in range(3):
            log.info("a.b")

    assert len(lines(path)) == 3
    with pytest.raises(OSError, match="No space"):
        stream.close()


def test_nobody_can_be_told_that_a_log_is_full(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = full()
    monkeypatch.setattr("sys.stderr", stream)
    with event_log([Path("/dev/full")], level=DEBUG, stream=stream, shown=DEBUG, run_id="r1") as log:
        log.info("a.b")
    with pytest.raises(OSError, match="No space"):
        stream.close()


@pytest.mark.parametrize("wrong", ["none/log", ""])
def test_a_log_that_cannot_be_made_is_an_error_that_names_it(tmp_path: Path, wrong: str) -> None:
    """And the logs that were opened before it are closed."""
    with (
        pytest.raises(OSError, match=r"No such file|Is a directory") as caught,
        event_log([tmp_path / "first", tmp_path / wrong], level=DEBUG, stream=None, shown=ERROR, run_id="r1"),
    ):
        pass
    assert str(caught.value.filename) == str(tmp_path / wrong)


def test_what_ends_the_block_passes(path: Path) -> None:
    def fail(log: structlog.typing.FilteringBoundLogger) -> None:
        log.info("a.b")
        raise ZeroDivisionError

    with (
        pytest.raises(ZeroDivisionError),
        event_log([path], level=DEBUG, stream=None, shown=ERROR, run_id="r1") as log,
    ):
        fail(log)
    assert len(lines(path)) == 1
