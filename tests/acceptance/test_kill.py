"""kill -9 at random moments: nothing is lost, and no account that succeeded is reset again."""

import random
import signal
import time
from collections.abc import Callable

import pytest
from acceptance_world import World, accounts, outcomes, until
from chances import usual_and_torture
from evidence import gather
from prefork import Process
from proof import hand_over, prove, sha256

MakeWorld = Callable[..., World]

KILLS_A_RUN = 4
ROWS = (60, 60, 50, 30)
FAULTS = {
    "applied_error_share": 0.06,
    "error_share": 0.02,
    "cut_short_share": 0.04,
    "lost_share": 0.02,
    "lost_applied_share": 0.02,
}
COMMAND = ("run", "users.csv", "--run-id", "r", "--yes", "--max-failure-rate", "0.5")


@pytest.mark.parametrize("seed", usual_and_torture([1], range(2, 13)))
def test_killed_at_random_moments_the_run_is_continued_to_its_end(make_world: MakeWorld, seed: int) -> None:
    """200 rows, four kills a run; after each of them the hand-over holds what is in force."""
    chance = random.Random(seed)
    made = make_world(latency_seconds=0.01, seed=seed, **FAULTS)
    source = made.input(accounts(*ROWS))
    succeeded: dict[str, int] = {}
    moments = []
    for _ in range(KILLS_A_RUN):
        # Far enough apart that four of them fit into the run, and each at a moment of its own within an exchange.
        requests, seconds = chance.randrange(60), chance.random() * 0.03
        moments.append((requests, round(seconds, 3)))
        with made.started(*COMMAND) as process:
            kill_after(made, process, requests, seconds)
        if (made.runs / "r" / "ledger.sqlite").exists():
            look_after_kill(made, succeeded, f"seed {seed}, killed after {moments}")
    finished = made.batchreset(*COMMAND)
    assert finished.code in {0, 3}, finished.stderr
    prove(gather(made, source, killed=True))
    assert sum(outcomes(made.results()).values()) == 200
    assert outcomes(made.results()).get("succeeded", 0) >= 195
    assert_never_sent_again(made, succeeded, f"seed {seed}, killed after {moments}")


def kill_after(made: World, process: Process, requests: int, seconds: float) -> None:
    """When the service has seen so many more requests, and that time is over; sooner if the process ends first."""
    target = made.requests + requests
    until(lambda: made.requests >= target or process.poll() is not None)
    moment = time.monotonic() + seconds
    until(lambda: time.monotonic() >= moment)
    process.kill()
    assert process.wait() == -signal.SIGKILL


def look_after_kill(made: World, succeeded: dict[str, int], when: str) -> None:
    """Every account whose password changed is handed over with the one in force; remember who has succeeded."""
    # First what was applied, then the hand-over: whatever was applied had been noted before it was sent.
    in_force = dict(made.simulator.state.in_force)
    opened: dict[str, set[str]] = {}
    seen = made.requests
    for line in hand_over(made.runs / "r", made.key):
        opened.setdefault(line["user-id"], set()).add(sha256(line["password"]))
        if line["certainty"] == "in_force":
            succeeded.setdefault(line["user-id"], seen)
    lost = [user for user, account in in_force.items() if account.sha256 not in opened.get(user, set())]
    assert not lost, f"{when}: in force and not handed over: {lost}"
    assert_never_sent_again(made, succeeded, when)


def assert_never_sent_again(made: World, succeeded: dict[str, int], when: str) -> None:
    exchanges = list(made.simulator.state.exchanges)
    again = [user for user, seen in succeeded.items() if any(exchange.user == user for exchange in exchanges[seen:])]
    assert not again, f"{when}: sent again although recorded as succeeded: {again}"


@pytest.mark.parametrize("share", usual_and_torture([0.4], [0.1, 0.2, 0.3, 0.5, 0.6, 0.7, 0.8, 0.9]))
def test_killed_while_planning_nothing_was_sent_and_the_same_command_starts_anew(
    make_world: MakeWorld, share: float
) -> None:
    """At a share of the time that planning takes here."""
    made = make_world()
    source = made.input(accounts(5, 4))
    began = time.monotonic()
    assert made.batchreset("plan", source, "--run-id", "measured").code == 0
    moment = time.monotonic() + share * (time.monotonic() - began)
    with made.started("plan", source, "--run-id", "r") as process:
        until(lambda: time.monotonic() >= moment)
        process.kill()
        process.wait()
    assert made.requests == 0
    finished = made.batchreset("run", source, "--run-id", "r", "--yes")
    assert finished.code == 0, finished.stderr
    prove(gather(made, source, killed=True))


def test_killed_after_the_last_outcome_the_results_are_written_by_the_next_run(make_world: MakeWorld) -> None:
    """As if killed between the last outcome and the results: both files are taken away."""
    made = make_world()
    source = made.input(accounts(4, 3))
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    requests = made.requests
    for name in ("results.csv", "summary.json"):
        (made.runs / "r" / name).unlink()
    again = made.batchreset("run", source, "--run-id", "r")
    assert (again.code, made.requests) == (0, requests)
    prove(gather(made, source))
