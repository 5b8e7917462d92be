"""Everybody hears how a command ended, in time; and whatever goes wrong with that changes nothing."""

import json
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import click
import pytest
from raw_tls_server import Behaviour, RawServer, Wire, answering, free_port, raw_server

from batchreset.cli.announcing import ending_of
from batchreset.cli.ending import Ended
from batchreset.core.notice import Ending, notice
from batchreset.errors import CommandFailedError, ExitCode, InputError, SettingsError
from batchreset.settings.model import Settings
from batchreset.wiring.announcing import Announcement, Given
from batchreset.wiring.frozen import FrozenRun

CANARY = "c4n4ry-7f3a"


@dataclass
class Terminal:
    said: list[str] = field(default_factory=list)
    log_files: tuple[Path, ...] = ()
    log_level: int = 20
    shown: int = 50

    def say(self, *lines: str) -> None:
        self.said += lines


def announcement(terminal: Terminal, *, silent: bool = False, **environ: str) -> Announcement:
    given = Given(flags={"input.path": "users.csv"}, environ=environ, job_file=None, silent=silent)
    return Announcement(given, terminal, seconds=0.4)


def settings(server: RawServer | None, **output: object) -> Settings:
    port = server.port if server else free_port()
    told = {"notify": [f"json://127.0.0.1:{port}/{CANARY}"], "ping": f"http://127.0.0.1:{port}/{CANARY}"}
    return Settings.model_validate({"output": {**told, **output}})


def heard(server: RawServer) -> list[str]:
    """Requests, as their paths without the canary."""
    return [request.line.split()[1].removeprefix(f"/{CANARY}") for request in server.requests]


def told(server: RawServer) -> list[dict[str, Any]]:
    return [json.loads(request.body) for request in server.requests if request.body]


SUMMARY: dict[str, Any] = {
    "exit_code": 3,
    "run_id": "r",
    "to_reset": 1,
    "outcomes": {"succeeded": 0, "failed": 1, "in_doubt": 0, "skipped": 0, "not_attempted": 0},
    "reasons": [{"outcome": "failed", "reason": "forbidden", "rows": 1}],
    "stop": None,
    "sent": 1,
    "throttled": 0,
    "duration_seconds": 1.0,
    "files": {"folder": "runs/r", "results": "runs/r/results.csv"},
    "passwords": "sealed",
}
REFUSED = Ending(exit_code=ExitCode.REFUSED, what="users.csv does not exist", next_step="check the path")


def test_the_monitor_hears_of_the_beginning_and_everybody_of_the_end(tmp_path: Path) -> None:
    terminal = Terminal()
    with raw_server(answering(), tls=False) as server:
        announced = announcement(terminal)
        announced.begin(settings(server, metrics_file=str(tmp_path / "x.prom")))
        assert heard(server) == ["/start"]
        announced.end(REFUSED)
    assert sorted(heard(server)) == ["", "/2", "/start"]
    (notice,) = told(server)
    assert notice["title"] == "batchreset REFUSED: nothing was sent"
    assert "job users.csv" in notice["message"]
    assert 'exit_code{job_name="x"} 2.0' in (tmp_path / "x.prom").read_text(encoding="utf-8")
    assert [line for line in terminal.said if "could not" in line or "no notice" in line] == []


@pytest.mark.parametrize(
    ("behave", "problem"),
    [
        pytest.param(None, "the connection was refused", id="not-there"),
        pytest.param(answering("500 Oh"), "it answered 500", id="500"),
        pytest.param(answering("302 There", Location="http://localhost:1/"), "it answered 302", id="redirect"),
        pytest.param(Wire.wait_until_the_client_leaves, "no answer in time", id="hangs"),
    ],
)
def test_who_cannot_be_told_is_warned_of_and_noted(
    behave: Behaviour | None, problem: str, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """With the metrics file's folder gone, too; nothing is raised, and no address is shown."""
    folder, log = tmp_path / "gone", tmp_path / "log.ndjson"
    folder.mkdir()
    terminal = Terminal(log_files=(log,))
    with raw_server(behave or answering(), tls=False) as server:
        announced = announcement(terminal)
        whole = settings(server if behave else None, ping="", metrics_file=str(folder / "x.prom"))
        announced.begin(whole)
        folder.rmdir()
        announced.end(REFUSED)
    warnings = [line for line in terminal.said if "safer" not in line and "job file" not in line]
    assert len(warnings) == 2
    assert "x.prom could not be written" in warnings[0]
    # Taken, perhaps, by a service that is slow to say so.
    perhaps = "has perhaps not arrived " if behave is Wire.wait_until_the_client_leaves else ""
    assert warnings[1].startswith(f"warning: {'a notice to' if perhaps else 'no notice went to'} json://127.0.0.1:")
    assert warnings[1].endswith(f"/******** {perhaps}({problem})")
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [(event["event"], event["why"]) for event in events] == [
        ("metrics.failed", os.strerror(2)), ("notify.failed", problem),
    ]  # fmt: skip
    assert CANARY not in "".join([*terminal.said, log.read_text(encoding="utf-8"), *capfd.readouterr()])


def test_figures_that_cannot_be_written_cost_nobody_the_notice_or_the_ping(tmp_path: Path) -> None:
    """A name that is no Unicode is beyond what writes the file."""
    terminal = Terminal()
    with raw_server(answering(), tls=False) as server:
        announced = announcement(terminal)
        announced.begin(settings(server, metrics_file=str(tmp_path / "bad\udcff.prom")))
        announced.end(REFUSED)
    assert heard(server)[0] == "/start"
    assert "/2" in heard(server)
    assert len(told(server)) == 1
    assert [line for line in terminal.said if "could not be written" in line] != []


def test_a_monitor_that_fails_is_warned_of_at_both_ends(tmp_path: Path) -> None:
    """Both are in the log, written when the run's own is closed: each says when it was."""
    log = tmp_path / "log.ndjson"
    terminal = Terminal(log_files=(log,))
    with raw_server(answering("404 No"), tls=False) as server:
        announced = announcement(terminal)
        announced.begin(settings(server, notify=[]))
        announced.end(REFUSED)
    assert sum("was not pinged (it answered 404)" in line for line in terminal.said) == 2
    events = [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]
    assert [event["moment"] for event in events] == ["start", "end"]
    assert events[0]["at"] <= events[1]["at"]
    assert CANARY not in "".join(terminal.said)


def test_a_dry_run_tells_nobody_and_still_finds_what_is_wrong(tmp_path: Path) -> None:
    with raw_server(answering(), tls=False) as server:
        announced = announcement(Terminal(), silent=True)
        announced.begin(settings(server, metrics_file=str(tmp_path / "x.prom")))
        announced.end(REFUSED)
    assert server.accepted == 0
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(SettingsError, match="no notice could be sent"):
        announcement(Terminal(), silent=True).begin(settings(server, notify=["slak://x"]))


def test_of_a_run_that_another_process_has_nothing_is_told_but_that(tmp_path: Path) -> None:
    """Its figures are that process's, and its monitor is not to wake anybody."""
    with raw_server(answering(), tls=False) as server:
        announced = announcement(Terminal())
        announced.begin(settings(server, metrics_file=str(tmp_path / "x.prom")))
        announced.heard(SUMMARY)
        announced.end(Ending(exit_code=ExitCode.RUN_HELD, what="another process holds the run r", next_step="wait"))
    assert heard(server) == ["/start", ""]
    (notice,) = told(server)
    assert notice["message"].splitlines() == [
        "Another process holds the run r.",
        "What to do: wait.",
        "",
        "job users.csv",
        notice["message"].splitlines()[-1],
    ]
    assert list(tmp_path.iterdir()) == []


def kept_run(notify: list[str]) -> FrozenRun:
    return cast("FrozenRun", SimpleNamespace(settings=Settings.model_validate({"output": {"notify": notify}})))


@pytest.mark.parametrize("anew", [{}, {"BATCHRESET_OUTPUT__PING": "http://127.0.0.1:1/x"}], ids=["nothing", "another"])
def test_what_a_run_kept_and_is_gone_does_not_keep_it_from_going_on(tmp_path: Path, anew: dict[str, str]) -> None:
    terminal = Terminal()
    announcement(terminal, silent=True, **anew).begin_again(kept_run([str(tmp_path / "gone.txt"), "syslog://"]))
    (warning,) = terminal.said
    assert warning.startswith("warning: not everybody will be told")


def test_what_is_given_anew_must_be_right(tmp_path: Path) -> None:
    wrong = announcement(Terminal(), silent=True, BATCHRESET_OUTPUT__METRICS_FILE=str(tmp_path / "no" / "x.prom"))
    with pytest.raises(SettingsError, match="there is no folder"):
        wrong.begin_again(kept_run([str(tmp_path / "gone.txt")]))


def test_a_test_notice_wants_every_address() -> None:
    failing = announcement(Terminal(), silent=True, BATCHRESET_OUTPUT__NOTIFY_COMMAND="false")
    with pytest.raises(CommandFailedError, match="exit code 1"):
        failing.begin(Settings(), everybody=True)


@pytest.mark.parametrize(("status", "advice"), [("500 Oh", "what is wrong there"), ("200 OK", None)])
def test_a_test_notice_that_is_refused_was_at_least_received(status: str, advice: str | None) -> None:
    with raw_server(answering(status), tls=False) as server:
        trial = announcement(Terminal(), silent=True)
        trial.begin(settings(server))
        if advice is None:
            assert len(trial.trial()) == 1
            return
        with pytest.raises(SettingsError) as caught:
            trial.trial()
    assert advice in caught.value.next_step


def test_wrong_settings_are_told_to_whom_they_still_name(tmp_path: Path) -> None:
    with raw_server(answering(), tls=False) as server:
        there = settings(server).output
        announced = announcement(
            Terminal(),
            BATCHRESET_OUTPUT__NOTIFY=f"{there.notify[0]},{tmp_path}/none,slak://x",
            BATCHRESET_OUTPUT__PING=there.ping,
            BATCHRESET_PACE__MAX_ATTEMPTS="none",
        )
        announced.end(Ending(exit_code=ExitCode.REFUSED, what="the settings cannot be used"))
    assert sorted(heard(server)) == ["", "/2"]


@pytest.mark.parametrize(("code", "titles", "pinged"), [(0, 0, ""), (3, 1, "/3")])
def test_of_a_run_that_had_ended_before_only_what_is_not_well_is_news(code: int, titles: int, pinged: str) -> None:
    with raw_server(answering(), tls=False) as server:
        announced = announcement(Terminal())
        announced.begin(settings(server))
        announced.heard(SUMMARY | {"exit_code": code}, repeated=True)
        announced.end(None)
    assert len(told(server)) == titles
    assert pinged in heard(server)


@pytest.mark.parametrize(
    ("error", "code", "what"),
    [
        (lambda: InputError("no such file", next_step="x"), 2, "no such file"),
        (lambda: Ended(15), 143, "SIGTERM was received"),
        (lambda: Ended(1), 143, "SIGHUP was received"),
        (click.Abort, 130, "it was interrupted"),
        (KeyboardInterrupt, 130, "it was interrupted"),
        (lambda: BaseExceptionGroup("", [KeyboardInterrupt()]), 130, "it was interrupted"),
        (lambda: click.UsageError(CANARY), 2, "the command line was refused"),
        (lambda: KeyError(CANARY), 1, "an unexpected KeyError ended it; this is a bug"),
    ],
)
def test_an_error_is_told_as_the_exit_code_will_tell_it(
    error: Callable[[], BaseException], code: int, what: str
) -> None:
    ending = ending_of(error())
    assert (ending.exit_code, ending.what) == (code, what)
    assert CANARY not in str(ending)


def test_details_which_quote_the_input_are_not_told() -> None:
    error = InputError("2 problems", details=(f"row 1: found {CANARY}",), next_step="correct every line above")
    ending = ending_of(error)
    assert CANARY not in str(ending)
    assert "standard error" in ending.next_step


@pytest.mark.parametrize("error", [Ended(15), click.Abort(), KeyError()], ids=["signal", "ctrl-c", "bug"])
@pytest.mark.parametrize("carry_on", [None, "batchreset apply '/srv/my runs/r'"], ids=["no run", "a run"])
def test_what_to_do_reaches_whoever_reads_the_notice(error: BaseException, carry_on: str | None) -> None:
    """And names the run, where there is one."""
    shown = notice(ending_of(error, carry_on=carry_on), None, host="h").text.splitlines()[1]
    assert "not shown" not in shown
    wanted = ["nothing was sent"] if carry_on is None else [carry_on, carry_on.replace("apply", "status")]
    assert all(words in shown for words in wanted)
