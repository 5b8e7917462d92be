"""A run that is stopped by a signal, looked at from another terminal, or started twice."""

import signal
from collections.abc import Callable

import pytest
from acceptance_world import World, accounts, outcomes, until
from evidence import gather
from proof import prove
from pseudo_terminal import on_terminal

MakeWorld = Callable[..., World]
SLOW = {"latency_seconds": 0.1}


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143), (signal.SIGHUP, 143)])
def test_a_signal_ends_a_run_in_order_and_the_same_command_carries_it_on(
    make_world: MakeWorld, number: signal.Signals, code: int
) -> None:
    """What was under way is finished and recorded, the rest is not attempted, nobody is in doubt."""
    made = make_world(**SLOW)
    source = made.input(accounts(40, 30, 10))
    command = ("run", source, "--run-id", "r", "--yes")
    with made.started(*command) as process:
        until(lambda: made.resets >= 18)
        process.send_signal(number)
        assert process.wait(timeout=30) == code
    sent = made.resets
    counts = outcomes(made.results())
    assert counts == {"succeeded": sent, "not_attempted": 80 - sent}
    assert made.summary()["stop"]["reason"] == "interrupted"
    prove(gather(made, source))

    finished = made.batchreset(*command)
    assert finished.code == 0, finished.stderr
    assert made.resets == 80
    prove(gather(made, source))


def test_a_second_signal_does_not_wait_and_leaves_what_was_under_way_in_doubt(make_world: MakeWorld) -> None:
    made = make_world(hang_applied_share=0.1, seed=3)
    source = made.input(accounts(30))
    with made.started("run", source, "--run-id", "r", "--yes", "--canary", "0") as process:
        until(lambda: sum(one.ended == "hang" for one in list(made.simulator.state.exchanges)) >= 1)
        until(lambda: len(made.simulator.state.exchanges) >= 20)
        process.send_signal(signal.SIGINT)
        until(lambda: b"run.signal" in (made.runs / "r" / "log.ndjson").read_bytes())
        assert process.poll() is None
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=20) == 130
    counts = outcomes(made.results())
    assert counts["in_doubt"] >= 1
    assert sum(counts.values()) == 30
    prove(gather(made, source))


def test_a_signal_during_the_sign_in_check_touches_nothing(make_world: MakeWorld) -> None:
    made = make_world(latency_seconds=20.0)
    source = made.input(accounts(4))
    with made.started("run", source, "--run-id", "r", "--yes") as process:
        until(lambda: made.requests == 1)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=15) == 130
    assert made.resets == 0
    assert outcomes(made.results()) == {"not_attempted": 4}
    assert made.batchreset("status", "r").stdout.startswith("Run r: stopped (interrupted)\n")
    prove(gather(made, source))


def test_a_run_under_way_can_be_watched_and_cannot_be_started_twice(make_world: MakeWorld) -> None:
    """The second process is refused with 11 and the first does not notice: it goes on until it is told to end."""
    made = make_world(latency_seconds=0.2)
    source = made.input(accounts(400, 300))
    with made.started("run", source, "--run-id", "r", "--yes", "--max-concurrency", "4") as process:
        until(lambda: made.resets >= 12 and (made.runs / "r" / "progress.json").exists())
        seen = made.batchreset("status", "r", "--json").json
        assert seen["state"] == "running"
        assert seen["pace"]["phase"] == "sending"
        assert 0 <= seen["pace"]["in_flight"] <= 4
        assert seen["pace"]["wave"]["rows"] in {10, 690}
        assert seen["done"] >= 8
        assert 0 <= seen["in_flight"] <= 4
        assert seen["done"] + seen["begun"] + seen["outcomes"]["not_attempted"] == 700

        for second in (("apply", "r", "--yes"), ("run", source, "--run-id", "r", "--yes")):
            refused = made.batchreset(*second)
            assert (refused.code, refused.stdout) == (11, "")
            assert f"another process holds the run r (pid {process.pid} on " in refused.stderr
            assert "what to do:" in refused.stderr

        before = made.resets
        until(lambda: made.resets >= before + 8)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=30) == 130
    prove(gather(made, source))


@pytest.mark.parametrize("flag", ["--no-color", "-v"], ids=["drawing", "telling"])
def test_a_terminal_that_goes_away_in_mid_run_does_not_end_it(make_world: MakeWorld, flag: str) -> None:
    """As when a window is closed on a run started with nohup: messages go nowhere, the exit code stays."""
    made = make_world(latency_seconds=0.05)
    source = made.input(accounts(30, 30))
    with on_terminal(made, "run", str(source), "--run-id", "r", "--yes", flag) as on:
        until(lambda: made.resets >= 12)
        on.hang_up()
        code, stdout = on.end()
    assert code == 0
    assert stdout.startswith("Run r: finished, all 60 accounts were reset\n")
    prove(gather(made, source))
