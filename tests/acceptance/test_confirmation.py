"""Nobody's password is changed unless somebody said so: --yes, or the number of accounts typed on a terminal."""

import datetime as dt
import json
import re
from collections.abc import Callable

import pytest
from acceptance_world import World, accounts, outcomes
from evidence import gather
from proof import prove
from pseudo_terminal import on_terminal

MakeWorld = Callable[..., World]
PROMPT = r"Type the number of accounts \(9\) to reset their passwords: $"
COLOR = re.compile(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|9[0-7]|38|48)[;0-9]*m")


def test_run_without_a_terminal_and_without_yes_plans_and_sends_nothing(make_world: MakeWorld) -> None:
    made = make_world()
    refused = made.batchreset("run", made.input(accounts(9)))
    assert (refused.code, refused.stdout, made.requests) == (2, "", 0)
    assert "there is no terminal to confirm on" in refused.stderr
    assert "--yes" in refused.stderr
    assert not made.runs.exists()


def test_apply_without_a_terminal_and_without_yes_sends_nothing(make_world: MakeWorld) -> None:
    made = make_world()
    assert made.batchreset("plan", made.input(accounts(9)), "--run-id", "r").code == 0
    refused = made.batchreset("apply", "r", stdin=b"9\n")
    assert (refused.code, refused.stdout, made.requests) == (2, "", 0)
    assert "carry it out with `batchreset apply " in refused.stderr


@pytest.mark.parametrize("typed", ["8\n", "\n", "\x04"], ids=["a wrong number", "nothing", "end"])
def test_anything_but_the_number_sends_nothing_and_keeps_the_plan(make_world: MakeWorld, typed: str) -> None:
    made = make_world()
    made.input(accounts(5, 4))
    with on_terminal(made, "run", "users.csv", "--run-id", "r") as on:
        on.wait_for(PROMPT)
        assert "signed in" not in on.drawn
        on.type(typed)
        code, stdout = on.end()
    assert (code, stdout, made.requests) == (2, "", 0)
    assert "error: not confirmed: 9 accounts would be reset" in on.drawn
    assert "what to do: look at the plan again, which is kept; carry it out with `batchreset apply " in on.drawn
    assert {path.name for path in (made.runs / "r").iterdir()} <= {"plan.parquet", "run.json", "lock"}


def test_who_has_not_signed_in_is_told_before_the_number_is_typed_not_after(make_world: MakeWorld) -> None:
    made = make_world()
    made.input(accounts(9))
    unsigned = made.signing_in(REFRESH_TOKEN=None)
    with on_terminal(made, "run", "users.csv", "--run-id", "r", environ=unsigned) as on:
        on.wait_for(PROMPT)
        assert "Nobody has signed in yet" in on.drawn
        on.type("9\n")
        code, _ = on.end()
    assert (code, made.resets) == (5, 0)


def test_ctrl_c_at_the_question_ends_it_with_130_and_sends_nothing(make_world: MakeWorld) -> None:
    made = make_world()
    made.input(accounts(5, 4))
    with on_terminal(made, "run", "users.csv", "--run-id", "r") as on:
        on.wait_for(PROMPT)
        on.process.send_signal(2)
        code, stdout = on.end()
    assert (code, stdout, made.requests) == (130, "", 0)
    assert "Traceback" not in on.drawn


def test_a_plan_that_has_lain_about_is_asked_for_even_with_yes(make_world: MakeWorld) -> None:
    made = make_world()
    assert made.batchreset("plan", made.input(accounts(9)), "--run-id", "r").code == 0
    facts = json.loads((made.runs / "r" / "run.json").read_text(encoding="utf-8"))
    planned_at = dt.datetime.now(dt.UTC) - dt.timedelta(hours=30, minutes=1)
    (made.runs / "r" / "run.json").write_text(json.dumps({**facts, "planned_at": planned_at.isoformat()}))
    with on_terminal(made, "apply", "r", "--yes") as on:
        on.wait_for(PROMPT)
        assert "This plan was made 30 hours ago." in on.drawn
        assert made.requests == 0
        on.type("9\n")
        code, _ = on.end()
    assert code == 0
    assert made.resets == 9


@pytest.mark.parametrize("no_color", [None, "1"], ids=["colour", "NO_COLOR"])
def test_the_number_typed_starts_the_run_and_progress_is_drawn(make_world: MakeWorld, no_color: str | None) -> None:
    made = make_world()
    source = made.input(accounts(5, 4))
    with on_terminal(made, "run", "users.csv", "--run-id", "r", environ={"NO_COLOR": no_color}) as on:
        on.wait_for(PROMPT)
        assert made.requests == 0
        on.type("9\n")
        code, stdout = on.end()
    assert code == 0
    assert stdout.startswith("Run r: finished, all 9 accounts were reset\n")
    assert outcomes(made.results()) == {"succeeded": 9}
    assert "9 of 9" in on.drawn
    assert "succeeded 9" in on.drawn
    assert "━" in on.drawn
    assert bool(COLOR.search(on.drawn)) == (no_color is None)
    prove(gather(made, source))


@pytest.mark.parametrize("flag", ["--no-color", "-q"])
def test_progress_has_no_colour_when_told_so_and_is_not_drawn_when_quiet(make_world: MakeWorld, flag: str) -> None:
    made = make_world()
    made.input(accounts(5, 4))
    with on_terminal(made, "run", "users.csv", "--run-id", "r", "--yes", flag) as on:
        code, _ = on.end()
    assert code == 0
    assert not COLOR.search(on.drawn)
    assert ("━" in on.drawn) == (flag == "--no-color")
    assert (on.drawn == "") == (flag == "-q")
