"""What one run learned of the service's limits stands in its summary, and the next run begins with it."""

import json
from collections.abc import Callable

from acceptance_world import CUSTOMERS, World, accounts

MakeWorld = Callable[..., World]
WINDOW_SECONDS = 3.0
LIMIT = 12


def logged(made: World, run: str) -> list[dict[str, object]]:
    return [json.loads(line) for line in (made.runs / run / "log.ndjson").read_text(encoding="utf-8").splitlines()]


def test_the_next_run_begins_with_what_the_last_one_learned(make_world: MakeWorld) -> None:
    made = make_world(customer_limit=LIMIT, customer_window_seconds=WINDOW_SECONDS)
    for run, start in (("first", 0), ("second", 100)):
        source = made.input(accounts(LIMIT + 3, 2, start=start), f"{run}.csv")
        finished = made.batchreset("run", source, "--run-id", run, "--yes")
        assert finished.code == 0, finished.stderr

    first, second = (made.summary(run)["pacing"] for run in ("first", "second"))
    [limit] = first["limits"]
    assert (limit["scope"], limit["shape"]) == (CUSTOMERS[0], "window")
    assert limit["limit"] in {LIMIT - 1, LIMIT}  # the sign-in's check was one more request of that customer
    assert limit["refused"] == first["refused"] == made.summary("first")["throttled"] > 0
    assert limit["waited_seconds"] >= WINDOW_SECONDS
    assert (first["started_from"], second["started_from"]) == ([], ["first"])

    events = logged(made, "first")
    assert {"pace.throttled", "pace.paused", "pace.learned", "pace.resumed"} <= {event["event"] for event in events}
    assert {event["scope"] for event in events if str(event["event"]).startswith("pace.")} == {CUSTOMERS[0]}
    assert [event["of_runs"] for event in logged(made, "second") if event["event"] == "pace.remembered"] == [["first"]]


def test_a_run_that_sends_nothing_keeps_what_it_had_learned(make_world: MakeWorld) -> None:
    made = make_world(customer_limit=3, customer_window_seconds=1.0)
    source = made.input(accounts(4))
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    learned = made.summary()["pacing"]
    assert learned["refused"] > 0

    assert made.batchreset("apply", "r", "--yes", "--retry-failed").code == 0
    assert made.summary()["pacing"] == learned
