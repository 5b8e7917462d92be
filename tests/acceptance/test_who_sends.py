"""A run that a cluster was to send, carried out by this process: what was decided stays, who sends does not matter."""

import json
import signal
import socket
from collections.abc import Callable

import pytest
import trustme
from acceptance_world import World, accounts
from evidence import gather
from proof import prove

MakeWorld = Callable[..., World]


def test_who_sends_may_be_said_anew_for_a_session_and_the_run_keeps_what_it_was_planned_with(
    make_world: MakeWorld,
) -> None:
    made = make_world()
    source = made.input(accounts(2, 1))
    planned = made.batchreset("plan", source, "--run-id", "r", "--cluster", "gone.json")
    assert f"  sends:     the cluster of the scheduler file {made.folder / 'gone.json'}\n" in planned.stderr
    frozen = (made.runs / "r" / "run.json").read_bytes()

    refused = made.batchreset("apply", "r", "--yes")
    assert (refused.code, made.requests) == (2, 0)
    assert "gone.json cannot be read: No such file" in refused.stderr

    applied = made.batchreset("apply", "r", "--yes", "--cluster", "none")
    assert applied.code == 0, applied.stderr
    assert "  sends:     this process\n" in applied.stderr
    assert (made.runs / "r" / "run.json").read_bytes() == frozen
    prove(gather(made, source))


def test_the_same_run_again_may_be_told_too_and_a_finished_one_needs_no_cluster(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(2, 1))
    again = ("run", source, "--run-id", "r", "--yes", "--json")
    gone = {"BATCHRESET_CLUSTER__SCHEDULER": "gone.json"}
    assert made.batchreset(*again, environ=gone).code == 2
    finished = made.batchreset(*again, "--cluster", "none", environ=gone)
    assert finished.code == 0, finished.stderr
    repeated = made.batchreset(*again, environ=gone)
    assert (repeated.code, json.loads(repeated.stdout)["outcomes"]) == (0, finished.json["outcomes"])
    prove(gather(made, source))


def test_a_key_that_others_can_read_is_noted_in_the_runs_log_and_a_dry_run_needs_its_cluster(
    make_world: MakeWorld,
) -> None:
    made = make_world()
    authority = trustme.CA()
    own = authority.issue_cert("here.example")
    authority.cert_pem.write_to_path(str(made.folder / "ca.pem"))
    own.private_key_and_cert_chain_pem.write_to_path(str(made.folder / "own.pem"))
    (made.folder / "own.pem").chmod(0o644)
    flags = [f"--cluster-{name}-file=own.pem" for name in ("cert", "key")]
    dry = made.batchreset(
        "run", made.input(accounts(1)), "--run-id", "r", "--dry-run", *flags, "--cluster-ca-file=ca.pem",
        "--cluster=tls://127.0.0.1:1",
    )  # fmt: skip
    assert (dry.code, made.requests) == (2, 0), dry.stderr
    assert "the scheduler at tls://127.0.0.1:1 cannot be reached: connection refused (127.0.0.1:1)." in dry.stderr
    assert "what to do: see that it runs and that its address is right." in dry.stderr
    assert made.batchreset("status", "r").stdout.startswith("Run r: planned")
    assert "  sends:     the cluster at tls://127.0.0.1:1\n" in dry.stderr
    events = [json.loads(line) for line in (made.runs / "r" / "log.ndjson").read_text(encoding="utf-8").splitlines()]
    (warning,) = [event for event in events if event["event"] == "cluster.warning"]
    assert f"warning: {warning['detail']}\n" in dry.stderr
    assert warning["detail"].endswith("own.pem, is open to others (mode 0644); chmod 600 it")


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_dry_run_that_is_interrupted_while_it_looks_for_its_cluster_did_not_end_well(
    make_world: MakeWorld, number: signal.Signals, code: int
) -> None:
    """`run --dry-run && run --yes` must not go on."""
    made = make_world()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"tcp://127.0.0.1:{silent.getsockname()[1]}"
        source = made.input(accounts(1))
        command = ("run", source, "--run-id", "r", "--dry-run", "--cluster", address)
        with made.started(*command) as process, silent.accept()[0]:
            process.send_signal(number)
            assert process.wait(timeout=30) == code
    assert f"{number.name} was received" in made.said[-1]
    assert made.batchreset("apply", "r", "--yes", "--cluster", "none").code == 0
