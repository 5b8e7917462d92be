"""`status`: a run looked at from another terminal, once or until it ends; nothing that lies about breaks it."""

import contextlib
import datetime as dt
import json
import os
import shutil
import socket
import sqlite3
import sys
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from acceptance_world import accounts, write_csv
from click.testing import CliRunner, Result
from emulator import Emulator

from batchreset.adapters.ledger import LedgerStore
from batchreset.adapters.run_folder import RunFolder, holding, is_held
from batchreset.adapters.sealing import new_key_pair
from batchreset.cli.plan import plan as plan_command
from batchreset.cli.status import status as status_command
from batchreset.cli.watching import Around, watch
from batchreset.core.figures import Cause, Pace, Phase, TimeLeft, Waiting, Wave
from batchreset.core.outcome import Outcome, Reason
from batchreset.core.records import Attempt, Ending, Intent
from batchreset.core.senders import SenderFigures, SenderState
from batchreset.errors import ExitCode, LedgerError
from batchreset.wiring.concluding import conclude
from batchreset.wiring.frozen import read_frozen
from batchreset.wiring.report import write_report
from batchreset.wiring.status import Looking, newest_running
from batchreset.wiring.told import pace_facts

NOW = dt.datetime(2026, 11, 21, 3, 0, tzinfo=dt.UTC)
PACE = Pace(
    phase=Phase.SENDING,
    in_flight=2,
    refused=1,
    per_second=1.5,
    wave=Wave(number=2, of=2, done=3, rows=10),
    waiting=Waiting(cause=Cause.WINDOW, scope="partner", seconds=30, until=NOW + dt.timedelta(seconds=30)),
    left=TimeLeft(seconds=120.0),
)
BESIDES = replace(
    PACE,
    senders=tuple(
        SenderFigures(
            name=f"tls://10.0.0.{number}:38291", host=f"node-{number}", state=SenderState.SENDING, in_flight=4,
            answered=1234, throttled=5, failed=6, lost=7, per_second=80.25,
        )
        for number in range(1, 8)
    ),
)  # fmt: skip


class UnderWay:
    """A run of 20 accounts that this very process holds: `ends` rows, `tells` its pace, and stops."""

    def __init__(self, folder: Path) -> None:
        self.folder = RunFolder(folder)
        self.store = LedgerStore(self.folder.ledger, seal=None)
        self.rows = 0
        self.number = 0
        self._held = contextlib.ExitStack()
        self._held.enter_context(holding(self.folder))
        self.store.begin_session(NOW)

    def ends(self, rows: int, *, sender: str = "", seconds: int = 0, verdict: str = "succeeded") -> None:
        for row in range(self.rows + 1, self.rows + rows + 1):
            intent = Intent(row=row, generation=1, request_id=f"id-{row}", password=None, noted_at=NOW)
            attempt = Attempt(
                row=row, number=1, generation=1, verdict=verdict, unclear=False, http_status=200, error_code="",
                error_description="", correlation_id=f"c-{row}", request_id=f"id-{row}", sent_at=NOW,
                ended_at=NOW + dt.timedelta(seconds=seconds), sender=sender,
            )  # fmt: skip
            ending = Ending(
                row=row, generation=1, outcome=Outcome.SUCCEEDED, reason=None, attempts=1, first_sent_at=NOW,
                completed_at=NOW,
            )  # fmt: skip
            self.store.write_group([intent, attempt, ending])
        self.rows += rows

    def tells(self, pace: Pace = PACE, *, at: dt.datetime = NOW) -> None:
        self.number += 1
        whole = {"format": 1, "number": self.number, "pid": os.getpid(), "host": socket.gethostname()}
        self.folder.leave_progress({**whole, "written_at": at.isoformat(), "pace": pace_facts(pace)})

    def stops(self) -> None:
        self.store.end_session(NOW, stop_reason=Reason.INTERRUPTED, exit_code=130)
        self._held.close()

    def close(self) -> None:
        self._held.close()
        self.store.close()


@pytest.fixture(scope="module")
def planned_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a run that nobody has begun."""
    place = tmp_path_factory.mktemp("planned")
    source = write_csv(place / "users.csv", accounts(20))
    _, recipient = new_key_pair()
    flags = ["--run-id", "r", "--runs-dir", str(place), "--recipient", recipient]
    made = CliRunner().invoke(plan_command, [str(source), *flags], standalone_mode=False)
    assert made.exception is None, made.output
    return place / "r"


@pytest.fixture
def runs(planned_once: Path, tmp_path: Path) -> Path:
    """A folder of runs with two of them: `later` and `r`."""
    for name in ("r", "later"):
        shutil.copytree(planned_once, tmp_path / name)
    return tmp_path


@pytest.fixture
def run(runs: Path) -> Iterator[UnderWay]:
    under_way = UnderWay(runs / "r")
    yield under_way
    under_way.close()


def status(runs: Path, *arguments: str) -> Result:
    return CliRunner().invoke(status_command, [*arguments, "--runs-dir", str(runs)], standalone_mode=False)


def around(*meanwhile: Callable[[], object]) -> Around:
    """Each sleep is one of them; the last must end the run."""
    steps, seconds = iter(meanwhile), [0.0]

    def sleep(so_long: float) -> None:
        seconds[0] += so_long
        next(steps)()

    return Around(
        now=lambda: NOW + dt.timedelta(seconds=seconds[0]), now_seconds=lambda: 500.0 + seconds[0], sleep=sleep
    )


def test_a_run_under_way_shows_counts_from_its_ledger_and_what_it_tells_of_its_pace(runs: Path, run: UnderWay) -> None:
    run.ends(7)
    run.tells(at=dt.datetime.now(dt.UTC))
    lines = status(runs, "r").stdout.splitlines()
    assert (lines[0], len(lines)) == ("Run r: running", 5)
    assert "7 of 20    35 %" in lines[1]
    assert lines[2] == "succeeded  7   failed  0   in_doubt  0   skipped  0"
    assert lines[3] == "in flight    2       1.5 rows/s   429s      1   wave 2 of 2:  3 of 10"

    facts = json.loads(status(runs, "r", "--json").stdout)
    assert (facts["state"], facts["done"], facts["outcomes"]["not_attempted"]) == ("running", 7, 13)
    assert (facts["pace"]["per_second"], facts["pace"]["wave"]["rows"]) == (1.5, 10)
    assert facts["pace"]["waits"]["cause"] == "window"


def test_whoever_sends_for_it_is_shown_with_every_figure(runs: Path, run: UnderWay) -> None:
    run.tells(BESIDES, at=dt.datetime.now(dt.UTC))
    lines = status(runs, "r").stdout.splitlines()
    assert len(lines) == 5 + 1 + 7
    assert lines[5:7] == [
        "  state     answers/s  has  answered  429s  no answer  lost  worker",
        "  sending        80.2    4     1,234     5          6     7  tls://10.0.0.1:38291 on node-1",
    ]
    facts = json.loads(status(runs, "r", "--json").stdout)
    assert facts["senders"] is None, "by the ledger, of a run at rest"
    assert facts["pace"]["senders"][6] == {
        "name": "tls://10.0.0.7:38291", "host": "node-7", "state": "sending", "in_flight": 4, "per_second": 80.25,
        "answered": 1234, "throttled": 5, "failed": 6, "lost": 7, "why": "",
    }  # fmt: skip


def test_who_sent_for_a_run_at_rest_is_shown_as_its_ledger_has_it(runs: Path, run: UnderWay) -> None:
    assert json.loads(status(runs, "r", "--json").stdout)["senders"] is None
    run.ends(2)
    run.store.begin_session(NOW, lease_seconds=12)
    run.ends(3, sender="w\x1b[2J-1", seconds=2)
    run.ends(1, sender="tls://10.0.0.2:38291")
    run.stops()
    seen = status(runs, "r")
    assert "\x1b" not in seen.stdout
    assert seen.stdout.splitlines()[4:8] == [
        "  answers/s  reset  attempts  answered  429s  no answer  lost  sent by",
        "        1.5      3         3         3     0          0     0  w?[2J-1",
        "        0.0      2         2         2     0          0     0  the run's own process",
        "        0.0      1         1         1     0          0     0  tls://10.0.0.2:38291",
    ]
    assert json.loads(status(runs, "r", "--json").stdout)["senders"][0] == {
        "sender": "w\x1b[2J-1", "kind": "worker", "attempts": 3, "answered": 3, "throttled": 0, "no_answer": 0,
        "lost": 0, "given_up": 0, "succeeded": 3, "first_sent_at": "2026-11-21T03:00:00.000Z",
        "last_answer_at": "2026-11-21T03:00:02.000Z", "last_ended_at": "2026-11-21T03:00:02.000Z", "per_second": 1.5,
    }  # fmt: skip


def test_what_nobody_waited_for_is_not_said_to_have_been_sent_by_the_runs_own_process(
    runs: Path, run: UnderWay
) -> None:
    run.store.begin_session(NOW, lease_seconds=12)
    run.ends(1, sender="tls://10.0.0.2:38291")
    run.ends(1, verdict="cancelled")
    run.stops()
    assert status(runs, "r").stdout.splitlines()[5].endswith("  given up when the run was stopped")
    own = json.loads(status(runs, "r", "--json").stdout)["senders"][0]
    assert (own["sender"], own["kind"], own["given_up"]) == ("", "own_process", 1)


def test_who_was_there_and_could_not_send_is_told_of_a_run_at_rest_by_its_summary(runs: Path, run: UnderWay) -> None:
    why = "it has batchreset 0.9, and the coordinator 1.0"
    refused = [{"sender": f"10.0.0.{number}:8790", "why": why} for number in range(12)]
    run.folder.write_json(run.folder.summary_json, {"senders_refused": [{"sender": "w\x1b[2J", "why": why}, *refused]})
    assert json.loads(status(runs, "r", "--json").stdout)["senders_refused"] is None, "`pace` has them while it goes on"
    run.stops()
    lines = status(runs, "r").stdout.splitlines()
    assert lines[3:6] == [
        "  13 workers were there and could not send:",
        f"    w?[2J: {why}",
        f"    10.0.0.0:8790: {why}",
    ]
    assert lines[14] == "    and 3 more (--json has them)"
    told = json.loads(status(runs, "r", "--json").stdout)["senders_refused"]
    assert (len(told), told[1]) == (13, {"sender": "10.0.0.0:8790", "why": why})
    assert told[0]["sender"] == "w?[2J"


def test_who_could_not_send_goes_from_what_the_session_tells_into_its_summary_and_report_and_stays_there(
    run: UnderWay,
) -> None:
    refused = SenderFigures(name="10.0.0.9:8790", host="", state=SenderState.REFUSED, why="it did not answer")
    run.ends(20)
    run.tells(replace(BESIDES, phase=Phase.ENDING, senders=(*BESIDES.senders, refused)))
    frozen = read_frozen(run.folder)
    listed = '<code class="id"><bdi>10.0.0.9:8790</bdi></code>: <bdi>it did not answer</bdi>'

    def concluded() -> tuple[dict[str, Any], str]:
        summary = conclude(frozen, None, pacing=None, dry_run=False, began_at=NOW, ended_at=NOW)
        return summary, run.folder.report.read_text(encoding="utf-8")

    going_on = run.folder.path.parent / "going-on.html"
    write_report(frozen, going_on, now=NOW)
    assert listed in going_on.read_text(encoding="utf-8")
    for look in range(2):
        summary, page = concluded()
        assert summary["senders_refused"] == [{"sender": "10.0.0.9:8790", "why": "it did not answer"}]
        assert listed in page, look
        run.folder.progress_json.unlink(missing_ok=True)  # as when the run is not held any more
    run.stops()
    write_report(frozen, run.folder.report, now=NOW)
    assert listed in run.folder.report.read_text(encoding="utf-8")


@pytest.mark.parametrize("content", ["[]", "{", '{"senders_refused": 3}', '{"senders_refused": [3, null]}'])
def test_a_summary_that_tells_something_else_tells_of_nobody(runs: Path, run: UnderWay, content: str) -> None:
    run.stops()
    run.folder.summary_json.write_text(content)
    assert json.loads(status(runs, "r", "--json").stdout)["senders_refused"] == []


def test_a_run_for_which_nobody_else_sent_has_no_senders(runs: Path, run: UnderWay) -> None:
    run.ends(2)
    run.stops()
    assert json.loads(status(runs, "r", "--json").stdout)["senders"] == []
    assert "sender" not in status(runs, "r").stdout


def test_rows_that_wait_for_another_try_have_begun_and_are_not_in_flight(runs: Path, run: UnderWay) -> None:
    """Three were noted, two are in flight by what the process tells; without that nobody knows."""
    for row in (1, 2, 3):
        run.store.write_group([Intent(row=row, generation=1, request_id=f"id-{row}", password=None, noted_at=NOW)])
    assert status(runs, "r").stdout.splitlines()[3].startswith("begun        3         - rows/s")
    facts = json.loads(status(runs, "r", "--json").stdout)
    assert (facts["in_flight"], facts["begun"]) == (None, 3)
    run.tells(at=dt.datetime.now(dt.UTC))
    facts = json.loads(status(runs, "r", "--json").stdout)
    assert (facts["in_flight"], facts["pace"]["in_flight"], facts["begun"]) == (2, 2, 3)
    run.stops()
    facts = json.loads(status(runs, "r", "--json").stdout)
    assert (facts["in_flight"], facts["begun"]) == (0, 0)


def test_rows_in_doubt_of_a_run_at_rest_are_rows_with_an_outcome(runs: Path, run: UnderWay) -> None:
    run.ends(4)
    run.store.write_group([Intent(row=5, generation=1, request_id="id-5", password=None, noted_at=NOW)])
    run.close()
    assert status(runs, "r").stdout.splitlines()[1:5] == [
        "  5 of 20 accounts have an outcome; 4 requests, 0 throttled",
        "  succeeded             4",
        "  in_doubt              1",
        "  not_attempted        15",
    ]
    assert json.loads(status(runs, "r", "--json").stdout)["done"] == 5


def test_of_a_plan_that_was_only_tried_it_is_said(runs: Path) -> None:
    folder = RunFolder(runs / "r")
    folder.write_json(folder.summary_json, {"state": "dry_run"})
    assert status(runs, "r").stdout.startswith("Run r: planned (a dry run was made)\n")
    folder.summary_json.write_text("{", encoding="utf-8")
    assert status(runs, "r").stdout.startswith("Run r: planned\n")


def test_a_pipe_in_the_place_of_its_pace_is_not_waited_for(runs: Path, run: UnderWay) -> None:
    os.mkfifo(run.folder.progress_json)
    assert json.loads(status(runs, "r", "--json").stdout)["pace"] is None


@pytest.mark.parametrize("content", ["", "{", '{"pace": "\\u001b[2J"}', "\x1b[2J" * 9000])
def test_what_lies_in_the_place_of_its_pace_does_no_harm(runs: Path, run: UnderWay, content: str) -> None:
    run.ends(7)
    run.folder.progress_json.write_text(content)
    seen = status(runs, "r")
    assert "\x1b" not in seen.stdout
    assert "7 of 20    35 %" in seen.stdout
    assert seen.stdout.splitlines()[-1].startswith("the pace is not known")
    assert json.loads(status(runs, "r", "--json").stdout)["pace"] is None


def test_watching_goes_on_until_the_run_ends_and_tells_what_it_came_to(
    run: UnderWay, capsys: pytest.CaptureFixture[str]
) -> None:
    """Off a terminal: a line at once, another after half a minute, and the end."""
    run.ends(3)
    steps = [lambda: None] * 29 + [lambda: run.ends(5)] + [lambda: None] * 9 + [run.stops]
    watch(Looking(run.folder), color=True, as_json=False, around=around(*steps))
    assert capsys.readouterr().out.splitlines() == [
        "r: 3 of 20 (15 %); succeeded 3; the pace is not known: the process has told nothing of it lately",
        "r: 8 of 20 (40 %); succeeded 8; the pace is not known: the process has told nothing of it lately",
        "Run r: stopped (interrupted)",
        "  8 of 20 accounts have an outcome; 8 requests, 0 throttled",
        "  succeeded             8",
        "  not_attempted        12",
        f"  carry on with: batchreset apply {run.folder.path}",
    ]


def test_as_json_it_is_a_line_each(run: UnderWay, capsys: pytest.CaptureFixture[str]) -> None:
    watch(Looking(run.folder), color=True, as_json=True, around=around(run.tells, run.stops))
    states = [json.loads(line)["state"] for line in capsys.readouterr().out.splitlines()]
    assert states == ["running", "stopped"]


def test_it_ends_when_whoever_reads_has_gone(run: UnderWay, monkeypatch: pytest.MonkeyPatch) -> None:
    """As in `--json | head -1`."""
    ours, theirs = os.pipe()
    with os.fdopen(theirs, "w", encoding="utf-8", closefd=False) as pipe:
        monkeypatch.setattr(sys, "stdout", pipe)
        steps = [lambda: os.close(ours), *([lambda: None] * 29)]
        code = watch(Looking(run.folder), color=False, as_json=True, around=around(*steps))
        os.dup2(os.open(os.devnull, os.O_WRONLY), theirs)
    os.close(theirs)
    assert code == ExitCode.OK
    assert is_held(run.folder)


def test_whoever_has_seen_enough_ends_the_watching_and_not_the_run(
    run: UnderWay, capsys: pytest.CaptureFixture[str]
) -> None:
    def ctrl_c() -> None:
        raise KeyboardInterrupt

    assert watch(Looking(run.folder), color=True, as_json=False, around=around(ctrl_c)) == ExitCode.INTERRUPTED
    assert is_held(run.folder)
    told = capsys.readouterr()
    assert (len(told.out.splitlines()), told.err) == (1, "")


def test_on_a_terminal_the_picture_is_drawn_and_gives_way_to_what_it_came_to(
    run: UnderWay, monkeypatch: pytest.MonkeyPatch
) -> None:
    terminal = Emulator(1000)
    monkeypatch.setattr(terminal, "isatty", lambda: True)
    monkeypatch.setattr(sys, "stdout", terminal)
    monkeypatch.setenv("TERM", "xterm")
    seen: list[list[str]] = []

    def and_look(happens: Callable[[], object]) -> Callable[[], object]:
        def meanwhile() -> None:
            seen.append(terminal.shown)
            happens()

        return meanwhile

    steps = [and_look(lambda: run.ends(4)), and_look(run.tells), and_look(run.stops)]
    watch(Looking(run.folder), color=False, as_json=False, around=around(*steps))
    assert [len(shown) for shown in seen] == [5, 5, 5]
    assert [shown[0] for shown in seen] == ["Run r: running"] * 3
    assert ["20" in shown[1] for shown in seen] == [True] * 3
    assert "succeeded  4" in seen[1][2]
    assert seen[2][3].startswith("in flight    2       1.5 rows/s")
    assert terminal.shown[:2] == [
        "Run r: stopped (interrupted)", "  4 of 20 accounts have an outcome; 4 requests, 0 throttled"
    ]  # fmt: skip


def test_a_ledger_that_takes_long_to_count_is_looked_at_less_often(run: UnderWay) -> None:
    slept: list[float] = []
    seconds = iter(range(0, 10_000, 3))

    def sleep(so_long: float) -> None:
        slept.append(so_long)
        run.stops()

    watch(
        Looking(run.folder), color=False, as_json=False,
        around=Around(now=lambda: NOW, now_seconds=lambda: float(next(seconds)), sleep=sleep),
    )  # fmt: skip
    assert slept == [60.0]


def test_a_run_at_rest_is_told_at_once(runs: Path) -> None:
    assert status(runs, "r", "--watch").stdout.startswith("Run r: planned\n")


def test_without_a_run_the_newest_one_under_way_is_watched_or_it_is_said_that_there_is_none(
    runs: Path, run: UnderWay
) -> None:
    assert newest_running(runs) == run.folder
    later = RunFolder(runs / "later")
    for seconds, folder in enumerate((run.folder, later)):
        os.utime(folder.run_json, (1e9 + seconds, 1e9 + seconds))
    with holding(later):
        assert newest_running(runs) == later
    run.stops()
    none = status(runs, "--watch")
    assert (none.return_value, none.stdout, none.stderr) == (0, "", f"no run in {runs} is under way\n")


def test_folders_that_have_lost_their_plan_are_told_of(runs: Path, run: UnderWay) -> None:
    run.folder.run_json.unlink()
    seen = status(runs)
    assert [line.split()[:2] for line in seen.stdout.splitlines()] == [["later", "planned"]]
    assert seen.stderr.startswith("r: has lost run.json and cannot be read; restore it")
    assert len(seen.stderr.splitlines()) == 1


def test_a_folders_name_gives_no_orders_to_a_terminal(runs: Path) -> None:
    (runs / "r").rename(runs / "r\x1b[2J")
    assert "\x1b" not in status(runs).stdout


def test_a_ledger_with_values_that_there_are_not_is_damaged_and_no_bug(runs: Path, run: UnderWay) -> None:
    run.ends(1)
    with contextlib.closing(sqlite3.connect(run.folder.ledger)) as ledger, ledger:
        ledger.execute("UPDATE outcomes SET outcome = 'exploded'")
    assert isinstance(status(runs, "r").exception, LedgerError)
