"""Who was not there hears how a run ended; what it takes to tell him stands nowhere, and changes nothing."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance_world import World, accounts
from prometheus_client.parser import text_string_to_metric_families
from raw_tls_server import RawServer, answering, free_port, raw_server

from batchreset.adapters.run_folder import RunFolder, holding

CANARY = "c4n4ry-7f3a"


def told(server: RawServer) -> list[str]:
    """The titles of notices."""
    return [json.loads(request.body)["title"] for request in server.requests if request.body]


def pings(server: RawServer) -> list[str]:
    return [request.line.split()[1].removeprefix(f"/{CANARY}") for request in server.requests if not request.body]


def addresses(port: int) -> dict[str, str | None]:
    return {
        "BATCHRESET_OUTPUT__NOTIFY": f"json://127.0.0.1:{port}/{CANARY}",
        "BATCHRESET_OUTPUT__PING": f"http://127.0.0.1:{port}/{CANARY}",
    }


def value(path: Path, name: str) -> float:
    families = text_string_to_metric_families(path.read_text(encoding="utf-8"))
    return next(sample.value for family in families for sample in family.samples if sample.name == f"batchreset_{name}")


def holds(folder: Path, text: str) -> list[Path]:
    return [path for path in folder.rglob("*") if path.is_file() and text.encode() in path.read_bytes()]


def test_a_run_tells_what_became_of_it_and_keeps_no_address(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.input(accounts(3))
    metrics = world.folder / "nightly.prom"
    words = ("run", "users.csv", "--run-id", "r", "--yes", "--metrics-file", "nightly.prom")
    with raw_server(answering(), tls=False) as server:
        first = world.batchreset(*words, environ=addresses(server.port))
        again = world.batchreset(*words, environ=addresses(server.port))
        other = world.batchreset("run", "users.csv", "--run-id", "s", "--yes", environ=addresses(server.port))
        dry = world.batchreset("run", "users.csv", "--again", "--dry-run", environ=addresses(server.port))
    assert [first.code, again.code, other.code, dry.code] == [0, 0, 2, 0]
    assert told(server) == ["batchreset OK: all 3 accounts reset", "batchreset REFUSED: nothing was sent"]
    assert pings(server) == ["/start", "", "/start", "", "/start", "/2"]
    assert "handover" in json.loads(server.requests[1].body or server.requests[2].body)["message"]
    assert metrics.stat().st_mode & 0o777 == 0o644
    assert value(metrics, "exit_code") == 0
    assert holds(world.folder, CANARY) == []
    assert CANARY not in "".join(world.said)


def test_a_run_that_is_carried_on_asks_for_the_addresses_anew(make_world: Callable[..., World]) -> None:
    world = make_world()
    world.input(accounts(2))
    with raw_server(answering(), tls=False) as server:
        planned = world.batchreset("plan", "users.csv", "--run-id", "r", "--json", environ=addresses(server.port))
        assert "/********" in json.dumps(planned.json["settings"]["output"])
        without = world.batchreset("apply", "r", "--plan-sha256", "0" * 64)
        assert without.stderr.count(f"127.0.0.1:{server.port}/********") == 2
        assert "BATCHRESET_OUTPUT__NOTIFY_FILE" in without.stderr
        assert server.accepted == 0
        assert world.batchreset("apply", "r", "--yes", environ=addresses(server.port)).code == 0
    assert told(server) == ["batchreset OK: all 2 accounts reset"]
    assert holds(world.folder, CANARY) == []


@pytest.mark.parametrize(
    ("share", "code", "failed"),
    [(0.0, 0, ["notify.failed"]), (1.0, 3, ["ping.failed", "ping.failed", "notify.failed"])],
)
def test_nobody_who_cannot_be_told_changes_the_exit_code(
    make_world: Callable[..., World], share: float, code: int, failed: list[str]
) -> None:
    world = make_world(forbidden_share=share)
    world.input(accounts(2))
    nowhere = addresses(free_port())
    if "ping.failed" not in failed:
        del nowhere["BATCHRESET_OUTPUT__PING"]
    ended = world.batchreset("run", "users.csv", "--run-id", "r", "--yes", environ=nowhere)
    assert ended.code == code
    assert ended.stderr.count("(the connection was refused)") == len(failed)
    events = [json.loads(line) for line in (world.runs / "r" / "log.ndjson").read_text(encoding="utf-8").splitlines()]
    assert sorted(event["event"] for event in events[-len(failed) - 1 :]) == sorted(["run.ended", *failed])
    assert CANARY not in "".join(world.said)
    assert holds(world.folder, CANARY) == []


def test_wrong_settings_are_told_too(make_world: Callable[..., World]) -> None:
    world = make_world()
    (world.folder / "job.toml").write_text(
        '[output]\nmetrics_file = "job.prom"\n[pace]\norder = "x"\n', encoding="utf-8"
    )
    with raw_server(answering(), tls=False) as server:
        refused = world.batchreset("run", "--job", "job.toml", "--yes", environ=addresses(server.port))
    assert refused.code == 2
    assert told(server) == ["batchreset REFUSED: nothing was sent"]
    assert pings(server) == ["/2"]
    assert value(world.folder / "job.prom", "exit_code") == 2


@pytest.mark.parametrize("words", [("--no-such-flag",), ("--max-rows", CANARY), ("--job",)])
def test_a_command_line_that_is_refused_is_told_where_nobody_sits(
    make_world: Callable[..., World], words: tuple[str, ...]
) -> None:
    world = make_world()
    with raw_server(answering(), tls=False) as server:
        job = f"[output]\nping = 'http://127.0.0.1:{server.port}/{CANARY}'\n"
        (world.folder / "job.toml").write_text(job, encoding="utf-8")
        refused = world.batchreset("run", "--job", "job.toml", "--yes", *words)
        tried = world.batchreset("run", "--job", "job.toml", "--dry-run", *words)
        other = world.batchreset("plan", "--job", "job.toml", *words)
    assert [refused.code, tried.code, other.code] == [2, 2, 2]
    assert pings(server) == ["/2"]


def test_an_address_is_tried_before_the_night(make_world: Callable[..., World]) -> None:
    world = make_world()
    with raw_server(answering(), tls=False) as server:
        good = world.batchreset("notify", environ=addresses(server.port))
        assert (good.code, told(server), pings(server)) == (0, ["batchreset TEST: notices arrive here"], [])
    bad = world.batchreset("notify", environ=addresses(free_port()))
    none = world.batchreset("notify")
    assert (bad.code, none.code) == (2, 2)
    assert "the connection was refused" in bad.stderr
    assert "no address is given" in none.stderr
    assert CANARY not in "".join(world.said)


def test_a_run_that_another_process_carries_out_is_no_news_to_monitor_and_metrics(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    world.input(accounts(2))
    assert world.batchreset("plan", "users.csv", "--run-id", "r").code == 0
    words = ("run", "users.csv", "--run-id", "r", "--yes", "--metrics-file", "z.prom")
    with raw_server(answering(), tls=False) as server:
        with holding(RunFolder(world.runs / "r")):
            held = world.batchreset(*words, environ=addresses(server.port))
        assert (held.code, pings(server)) == (11, ["/start"])
        assert told(server) == ["batchreset REFUSED: another process has this run"]
        assert "in doubt" not in json.loads(server.requests[-1].body)["message"]
        assert not (world.folder / "z.prom").exists()


def test_an_address_that_is_gone_does_not_keep_a_planned_run_from_going_on(make_world: Callable[..., World]) -> None:
    """Nor does a monitor that is given anew."""
    world = make_world()
    world.input(accounts(1))
    file = world.folder / "nf2.txt"
    file.write_text("json://127.0.0.1:1/\n", encoding="utf-8")
    assert world.batchreset("plan", "users.csv", "--run-id", "r", "--notify", "nf2.txt").code == 0
    file.unlink()
    with raw_server(answering(), tls=False) as server:
        ping = {"BATCHRESET_OUTPUT__PING": f"http://127.0.0.1:{server.port}/{CANARY}"}
        applied = world.batchreset("apply", "r", "--yes", environ=ping)
    assert (applied.code, pings(server)) == (0, ["/start", ""])
    assert "warning: not everybody will be told how it ends" in applied.stderr


def test_a_plan_that_is_not_begun_gives_no_password_and_says_so_and_is_in_the_log(
    make_world: Callable[..., World],
) -> None:
    world = make_world()
    world.input(accounts(1))
    assert world.batchreset("plan", "users.csv", "--run-id", "r", "--log-file", "plan.log").code == 0
    event = json.loads((world.folder / "plan.log").read_text(encoding="utf-8"))
    assert (event["event"], event["to_reset"]) == ("plan.made", 1)
    opened = world.batchreset("handover", "r", "--identity", world.key)
    assert opened.code == 0
    assert "note: no password is among these" in opened.stderr


def test_a_folder_that_is_gone_is_no_bug(make_world: Callable[..., World]) -> None:
    world = make_world()
    gone = world.folder / "gone"
    gone.mkdir()
    words = f"import os; os.rmdir({str(gone)!r}); from batchreset.cli.main import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", words, "status"], cwd=gone, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 2
    assert "the folder that this was started in is gone" in done.stderr
    assert "bug" not in done.stderr
