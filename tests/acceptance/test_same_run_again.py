"""Nobody is reset twice because something was started twice."""

import random
from collections.abc import Callable, Iterator

import pytest
from acceptance_world import World, accounts, outcomes, world
from evidence import Before, gather
from proof import prove

MakeWorld = Callable[..., World]
ROWS = accounts(6, 5, 4)


@pytest.fixture(scope="module")
def done(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """A finished run, `r`, of users.csv."""
    with world(tmp_path_factory.mktemp("again")) as made:
        assert made.batchreset("run", made.input(ROWS), "--run-id", "r", "--yes").code == 0
        yield made


@pytest.mark.parametrize("given", [("users.csv",), ()], ids=["with its input", "without an input"])
def test_the_same_run_id_again_sends_nothing_and_ends_as_it_did(done: World, given: tuple[str, ...]) -> None:
    """Without --yes: there is nothing to confirm."""
    before, summary = done.requests, done.summary()
    again = done.batchreset("run", *given, "--run-id", "r", "--json", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": None})
    assert (again.code, again.json, done.requests) == (0, summary, before)


def test_apply_of_a_finished_run_sends_nothing(done: World) -> None:
    before = done.requests
    again = done.batchreset("apply", "r")
    assert (again.code, done.requests) == (0, before)
    assert again.stdout.startswith("Run r: finished, all 15 accounts were reset\n")


def test_what_a_process_killed_after_its_summary_left_out_is_written_by_the_same_command(
    make_world: MakeWorld,
) -> None:
    made = make_world()
    command = ("run", made.input(ROWS), "--run-id", "r", "--yes", "--results", "copy.csv")
    assert made.batchreset(*command, environ={"BATCHRESET_OUTPUT__REPORT": "true"}).code == 0
    copy, report = made.folder / "copy.csv", made.runs / "r" / "report.html"
    before, sent = copy.read_bytes(), made.requests
    copy.unlink()
    report.unlink()
    again = made.batchreset(*command)
    assert (again.code, made.requests) == (0, sent)
    assert (copy.read_bytes(), report.is_file()) == (before, True)
    assert f"  report     {report}\n" in again.stdout


def test_another_run_id_for_the_same_accounts_is_refused(done: World) -> None:
    before = done.requests
    refused = done.batchreset("run", "users.csv", "--run-id", "other", "--yes")
    assert (refused.code, refused.stdout, done.requests) == (2, "", before)
    assert "the same accounts were reset by the run r" in refused.stderr
    assert "--again" in refused.stderr
    assert not (done.runs / "other").exists()


def test_the_same_accounts_in_another_order_under_another_name_are_refused(done: World) -> None:
    shuffled = list(ROWS)
    random.Random(2).shuffle(shuffled)
    before = done.requests
    refused = done.batchreset("run", done.input(shuffled, "shuffled.csv"), "--yes")
    assert (refused.code, done.requests) == (2, before)
    assert "the same accounts were reset by the run r" in refused.stderr


def test_a_plan_of_the_same_accounts_made_before_is_refused_by_apply(done: World) -> None:
    before = done.requests
    assert done.batchreset("plan", "users.csv", "--run-id", "planned").code == 0
    refused = done.batchreset("apply", "planned", "--yes")
    assert (refused.code, done.requests) == (2, before)


def test_the_same_run_id_with_another_input_is_refused(done: World) -> None:
    before = done.requests
    refused = done.batchreset("run", done.input(ROWS[:-1], "other.csv"), "--run-id", "r", "--yes")
    assert (refused.code, refused.stdout, done.requests) == (2, "", before)
    assert "the run r exists already and was planned from another input" in refused.stderr
    assert "what to do:" in refused.stderr


def test_again_resets_them_again(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(ROWS)
    assert made.batchreset("run", source, "--run-id", "r", "--yes").code == 0
    before = Before(applied=len(made.simulator.state.applied), requests=made.requests)
    again = made.batchreset("run", source, "--run-id", "s", "--yes", "--again")
    assert again.code == 0, again.stderr
    assert outcomes(made.results("s")) == {"succeeded": 15}
    assert {account.times_changed for account in made.simulator.state.in_force.values()} == {2}
    prove(gather(made, source, "s", before=before))


def test_a_set_with_one_more_account_is_another_set(done: World) -> None:
    planned = done.batchreset("run", done.input([*ROWS, *accounts(1, start=900)], "more.csv"), "--dry-run")
    assert planned.code == 0, planned.stderr
