"""A service that fails in every way at once: what is reported is what is in force."""

from collections.abc import Callable

import pytest
from acceptance_world import CUSTOMERS, World, accounts, outcomes
from chances import usual_and_torture
from evidence import gather
from proof import prove

from batchreset.simulator.options import RetryAfterStyle

MakeWorld = Callable[..., World]

EVERYTHING = {
    "error_share": 0.05, "applied_error_share": 0.05, "lost_share": 0.04, "lost_applied_share": 0.04,
    "cut_short_share": 0.04, "hang_share": 0.01, "hang_applied_share": 0.01, "weak_share": 0.1, "bom_share": 0.3,
}  # fmt: skip
PATIENT = ("--max-failure-rate", "0.5", "--timeout-seconds", "0.5", "--max-concurrency", "32")
THROTTLED = {
    "partner": {"partner_limit": 25, "partner_window_seconds": 0.6},
    "customer": {"customer_limit": 8, "customer_window_seconds": 0.3},
}


@pytest.mark.parametrize("scope", usual_and_torture(["customer"], ["partner"]))
def test_all_faults_mixed_end_with_3_and_every_promise_holds(make_world: MakeWorld, scope: str) -> None:
    """With users that are not there, a customer that is forbidden, and a limit that 32 at a time run into."""
    rows = accounts(60, 20, 10, 5)
    missing = frozenset(row.user for row in rows[::17] if row.customer != CUSTOMERS[3])
    made = make_world(
        **EVERYTHING,
        **THROTTLED[scope],
        seed=len(scope),
        retry_after=RetryAfterStyle.DECIMAL,
        missing_users=missing,
        forbidden_customers=frozenset({CUSTOMERS[3]}),
    )
    source = made.input(rows)
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", *PATIENT)
    assert finished.code == 3, finished.stderr

    reasons = {(line["outcome"], line["reason"]) for line in made.results()}
    report = made.simulator.state.report()
    assert {("succeeded", ""), ("failed", "not_found"), ("failed", "forbidden")} <= reasons
    assert report["by_status"].keys() >= {"200", "400", "403", "404", "500", "503", "504", "lost", "cut_short", "hang"}
    assert report["throttled"][scope] > 0
    assert report["replayed"] > 0
    prove(gather(made, source))


@pytest.mark.parametrize(
    ("fault", "reason"),
    [
        ({"error_share": 1.0}, "server_error"),
        ({"applied_error_share": 1.0}, "server_error"),
        ({"lost_share": 1.0}, "connection"),
        ({"cut_short_share": 1.0}, "connection"),
        ({"hang_applied_share": 1.0}, "timeout"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else value,
)
def test_a_row_whose_attempts_run_out_without_an_answer_is_in_doubt_and_its_passwords_are_possible(
    make_world: MakeWorld, fault: dict[str, float], reason: str
) -> None:
    made = make_world(**fault)
    source = made.input(accounts(2, 2))
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes", "--max-attempts", "2", "--max-failure-rate", "1",
        "--timeout-seconds", "0.3",
    )  # fmt: skip
    assert finished.code == 3, finished.stderr
    assert {(line["outcome"], line["reason"], line["attempts"]) for line in made.results()} == {
        ("in_doubt", reason, "2")
    }
    assert {line["certainty"] for line in made.handover("r")} == {"possible"}
    prove(gather(made, source))


def test_rows_in_doubt_are_settled_by_apply_and_the_older_password_is_superseded(make_world: MakeWorld) -> None:
    """Seeded so that some rows fail twice in the first session and succeed in a later one."""
    made = make_world(applied_error_share=0.6, seed=5)
    source = made.input(accounts(6, 6))
    arguments = ("--yes", "--max-attempts", "1", "--max-failure-rate", "1")
    first = made.batchreset("run", source, "--run-id", "r", *arguments)
    assert first.code == 3, first.stderr
    doubtful = outcomes(made.results())["in_doubt"]
    prove(gather(made, source))

    second = made.batchreset("apply", "r", "--yes")
    assert second.code in {0, 3}, second.stderr
    assert outcomes(made.results()).get("in_doubt", 0) < doubtful
    superseded = [line for line in made.handover("r", "--all") if line["certainty"] == "superseded"]
    assert superseded
    prove(gather(made, source))


def test_only_retry_failed_takes_failed_rows_up_again(make_world: MakeWorld) -> None:
    rows = accounts(5, 2)
    made = make_world(forbidden_customers=frozenset({CUSTOMERS[1]}))
    source = made.input(rows)
    assert made.batchreset("run", source, "--run-id", "r", "--yes", "--max-failure-rate", "1").code == 3
    sent = made.resets
    assert made.batchreset("apply", "r", "--yes").code == 3
    assert made.resets == sent
    assert made.batchreset("apply", "r", "--yes", "--retry-failed").code == 3
    assert made.resets == sent + 2
    assert outcomes(made.results()) == {"succeeded": 5, "failed": 2}
    prove(gather(made, source))


@pytest.mark.torture
def test_one_throttled_customer_loses_no_row(make_world: MakeWorld) -> None:
    made = make_world(customer_limit=6, customer_window_seconds=0.5, retry_after=RetryAfterStyle.DECIMAL)
    source = made.input(accounts(18, 6))
    finished = made.batchreset("run", source, "--run-id", "r", "--yes")
    assert finished.code == 0, finished.stderr
    assert made.simulator.state.report()["throttled"]["customer"] > 0
    assert outcomes(made.results()) == {"succeeded": 24}
    prove(gather(made, source))
