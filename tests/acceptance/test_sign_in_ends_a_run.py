"""No token, a wrong one, one without MFA, one that dies: exit 5, and the rest is not attempted."""

from collections.abc import Callable
from typing import Any

import pytest
from acceptance_world import TOKEN, World, accounts, outcomes
from evidence import gather
from proof import prove

from batchreset.simulator.options import Mfa

MakeWorld = Callable[..., World]


@pytest.mark.parametrize(
    ("options", "reason", "said"),
    [
        ({"mfa": Mfa.OFF}, "mfa_required", "multi-factor authentication"),
        ({"mfa": Mfa.HEADER_OFF}, "mfa_required", "multi-factor authentication"),
        ({"token": "another-one"}, "unauthorized", "Partner Center refuses the token"),
    ],
    ids=["refused without MFA", "warned of missing MFA", "wrong token"],
)
def test_not_one_password_is_touched(make_world: MakeWorld, options: dict[str, Any], reason: str, said: str) -> None:
    made = make_world(**options)
    source = made.input(accounts(8, 6))
    ended = made.batchreset("run", source, "--run-id", "r", "--yes")
    assert ended.code == 5, ended.stderr
    assert made.resets == 0
    assert said in ended.stderr
    assert "what to do: " in ended.stderr
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {("not_attempted", reason)}
    prove(gather(made, source))


def test_without_a_token_nobody_is_asked_anything(make_world: MakeWorld) -> None:
    made = make_world()
    source = made.input(accounts(3))
    ended = made.batchreset("run", source, "--run-id", "r", "--yes", environ={"BATCHRESET_AUTH__ACCESS_TOKEN": None})
    assert ended.code == 5, ended.stderr
    assert made.requests == 0
    assert "no access token is given" in ended.stderr
    assert "BATCHRESET_AUTH__ACCESS_TOKEN" in ended.stderr
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {("not_attempted", "unauthorized")}


def test_a_token_that_dies_in_mid_run_ends_it_and_a_new_one_carries_it_on(make_world: MakeWorld) -> None:
    made = make_world(token_requests=25)
    source = made.input(accounts(30, 20))
    ended = made.batchreset("run", source, "--run-id", "r", "--yes")
    assert ended.code == 5, ended.stderr
    counts = outcomes(made.results())
    assert (counts["succeeded"], len(made.simulator.state.applied)) == (24, 24)
    assert counts["failed"] <= 8
    assert counts["not_attempted"] == 50 - 24 - counts["failed"]
    prove(gather(made, source))

    later = {"BATCHRESET_AUTH__ACCESS_TOKEN": "second-token-Hx72mQp"}
    ended_again = made.batchreset("run", source, "--run-id", "r", "--yes", environ=later)
    assert ended_again.code == 5, ended_again.stderr
    last = {"BATCHRESET_AUTH__ACCESS_TOKEN": "third-token-Kw93nRt"}
    finished = made.batchreset("apply", "r", "--yes", environ=last)
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 50}
    prove(gather(made, source))


def test_a_token_from_a_command_is_renewed_in_mid_run(make_world: MakeWorld) -> None:
    """The command hands out another token each time; the run goes on without a stop."""
    made = make_world(token_requests=20)
    source = made.input(accounts(20, 15))
    count = made.folder / "count"
    vault = made.folder / "vault.sh"
    vault.write_text(f'echo x >> "{count}"; echo "{TOKEN}-$(wc -l < "{count}")"\n', encoding="ascii")
    finished = made.batchreset(
        "run", source, "--run-id", "r", "--yes",
        environ={"BATCHRESET_AUTH__ACCESS_TOKEN": None, "BATCHRESET_AUTH__ACCESS_TOKEN_COMMAND": f"sh {vault}"},
    )  # fmt: skip
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 35}
    prove(gather(made, source))


def test_a_token_in_a_file_that_others_may_read_is_used_and_warned_of(make_world: MakeWorld) -> None:
    made = make_world(token=TOKEN)
    source = made.input(accounts(3))
    token = made.folder / "token"
    token.write_text(f"{TOKEN}\n", encoding="ascii")
    token.chmod(0o644)
    environ = {"BATCHRESET_AUTH__ACCESS_TOKEN": None, "BATCHRESET_AUTH__ACCESS_TOKEN_FILE": str(token)}
    finished = made.batchreset("run", source, "--run-id", "r", "--yes", environ=environ)
    assert finished.code == 0, finished.stderr
    assert "auth.warning" in (made.runs / "r" / "log.ndjson").read_text(encoding="utf-8")
    prove(gather(made, source))
