"""A password, a token, a response body: nowhere in clear, also where everything is logged."""

import resource
import signal
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from acceptance_world import COMMAND, CUSTOMERS, TOKEN, World, accounts, until
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]
FAULTS = {
    "error_share": 0.1, "applied_error_share": 0.1, "lost_share": 0.05, "lost_applied_share": 0.05,
    "cut_short_share": 0.1, "weak_share": 0.1, "bom_share": 0.5,
}  # fmt: skip


@pytest.mark.parametrize("kind", ["random", "discard"])
def test_nothing_is_in_clear_in_files_and_output_at_debug_level_with_faults(make_world: MakeWorld, kind: str) -> None:
    """prove() looks for every password ever made, the token, and words of the service's answers."""
    rows = accounts(14, 10, 2)
    made = make_world(
        **FAULTS, seed=11, forbidden_customers=frozenset({CUSTOMERS[2]}), missing_users=frozenset({rows[3].user})
    )
    source = made.input(rows)
    log, results = made.folder / "debug.log", made.folder / "out.parquet"
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "-vv", "--log-file", log, "--results", results,
        "--max-failure-rate", "1", "--max-attempts", "2", "--password-kind", kind,
    )  # fmt: skip
    assert finished.code == 3, finished.stderr
    assert "row.answered" in finished.stderr
    assert "row.answered" in log.read_text(encoding="utf-8")
    assert {line["outcome"] for line in made.results()} == {"succeeded", "failed", "in_doubt"}
    assert log.stat().st_mode & 0o777 == 0o600
    prove(gather(made, source, discarded=kind == "discard", further_files=[log, results]))


def test_nothing_is_in_clear_after_a_stop_without_patience(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=0.2)
    source = made.input(accounts(60))
    with made.started("run", source, "--run-id", "r", "--yes", "-vv") as process:
        until(lambda: made.resets >= 12)
        process.send_signal(signal.SIGTERM)
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=30) == 143
    prove(gather(made, source, killed=True))


def test_the_process_list_shows_no_secret_and_a_crash_would_dump_no_memory(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=0.1)
    source = made.input(accounts(60))
    command = [*COMMAND, "run", str(source), "--run-id", "r", "--yes"]
    quiet = subprocess.DEVNULL
    with subprocess.Popen(command, cwd=made.folder, env=made.environment(), stdout=quiet, stderr=quiet) as process:
        until(lambda: made.resets >= 1)
        listed = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert b"batchreset" in listed
        assert TOKEN.encode() not in listed
        assert resource.prlimit(process.pid, resource.RLIMIT_CORE) == (0, 0)
        process.kill()
    made.looked_at.add("r")  # killed, and not carried on


def test_a_token_that_no_header_can_hold_is_refused_without_being_shown(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(3))
    for token in ("canary token e9Kq7", "canary-tökén-e9Kq7"):
        refused = made.batchreset("run", source, "--yes", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": token})
        assert (refused.code, made.requests) == (2, 0)
        assert "BATCHRESET_AUTH__ACCESS_TOKEN" in refused.stderr
        assert "e9Kq7" not in refused.stderr + refused.stdout
