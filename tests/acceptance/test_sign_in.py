"""Signing in as a run does: unattended, renewed in mid-run, kept for the next one, and ended with a reason."""

import functools
import json
import random
import shlex
import signal
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from acceptance_world import World, accounts, outcomes, until
from chances import usual_and_torture
from evidence import gather
from proof import prove

from batchreset.adapters.signin.store import open_store
from batchreset.simulator.options import Mfa, Rotation

MakeWorld = Callable[..., World]
RUN = ("--run-id", "r", "--yes")


def kept(made: World) -> dict[str, Any]:
    (path,) = made.kept_sign_ins
    content: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return content


def kept_refresh_tokens(made: World) -> list[str]:
    return [entry["secret"] for entry in kept(made)["msal"]["RefreshToken"].values()]


def events(made: World, name: str, run: str = "r") -> list[dict[str, Any]]:
    lines = (made.runs / run / "log.ndjson").read_text(encoding="utf-8").splitlines()
    return [event for event in map(json.loads, lines) if event["event"] == name]


def asked_more_than(made: World, token_requests: int) -> bool:
    return len(made.token_requests) > token_requests


def seen_more_than(made: World, requests: int) -> bool:
    return made.requests > requests


def is_past(moment_seconds: float) -> bool:
    return time.monotonic() >= moment_seconds


@pytest.mark.parametrize("concurrency", usual_and_torture(["64"], ["1", "8", "256"]))
def test_four_hundred_rows_outlast_tokens_that_die_after_ninety_requests(
    make_world: MakeWorld, concurrency: str
) -> None:
    """The refused rows wait for one renewal and go again: no more sign-ins than tokens are needed."""
    made = make_world(token_requests=90, only_issued_tokens=True, latency_seconds=0.01)
    source = made.input(accounts(200, 120, 80))
    environ = {**made.signing_in(), "BATCHRESET_PACE__MAX_CONCURRENCY": concurrency}
    finished = made.batchreset("run", source, *RUN, "-vv", environ=environ)
    assert finished.code == 0, finished.stderr
    assert outcomes(made.results()) == {"succeeded": 400}
    assert made.token_requests == ["ok"] * 5
    assert made.simulator.state.protocol_errors == []
    assert kept_refresh_tokens(made) == [made.simulator.state.sign_in.newest_refresh_token]
    prove(gather(made, source))


def test_a_token_is_renewed_before_it_expires_and_no_row_is_refused(make_world: MakeWorld) -> None:
    made = make_world(token_seconds=5, only_issued_tokens=True)
    source = made.input(accounts(40, 30))
    finished = made.batchreset("run", source, *RUN, "--max-per-second", "12", environ=made.signing_in())
    assert finished.code == 0, finished.stderr
    assert made.simulator.state.report()["by_status"] == {"200": 71}
    assert [event["why"] for event in events(made, "auth.token")][:2] == ["first", "ahead"]


def test_the_next_run_needs_no_refresh_token_given(make_world: MakeWorld) -> None:
    """Also where each one can be used once: the newest is the only one that is good."""
    made = make_world(rotation=Rotation.ONCE, only_issued_tokens=True)
    for number, token in enumerate((made.options.refresh_token, None, made.options.refresh_token)):
        source = made.input(accounts(3, start=number * 10), f"{number}.csv")
        ended = made.batchreset(
            "run", source, "--run-id", f"r{number}", "--yes", environ=made.signing_in(REFRESH_TOKEN=token)
        )
        assert ended.code == 0, ended.stderr
    assert made.token_requests == ["ok"] * 3
    (path,) = made.kept_sign_ins
    assert path.stat().st_mode & 0o777 == 0o600
    assert len(events(made, "auth.kept_in_file", "r0")) == 1


def test_a_dead_refresh_token_ends_it_with_microsofts_text_and_advice(make_world: MakeWorld) -> None:
    made = make_world(refresh_error=700082)
    source = made.input(accounts(5, 4))
    ended = made.batchreset("run", source, *RUN, environ=made.signing_in())
    assert ended.code == 5, ended.stderr
    assert "AADSTS700082: The refresh token has expired due to inactivity." in ended.stderr
    assert "batchreset auth login" in ended.stderr
    assert made.requests == 0
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {("not_attempted", "unauthorized")}
    prove(gather(made, source))


@pytest.mark.parametrize("mfa", [Mfa.OFF, Mfa.HEADER_OFF, Mfa.PARTLY], ids=str)
def test_without_mfa_not_one_password_is_touched(make_world: MakeWorld, mfa: Mfa) -> None:
    made = make_world(mfa=mfa, only_issued_tokens=True)
    source = made.input(accounts(5, 4))
    ended = made.batchreset("run", source, *RUN, environ=made.signing_in())
    assert ended.code == 5, ended.stderr
    assert made.resets == 0
    assert "multi-factor authentication" in ended.stderr
    assert "batchreset auth login" in ended.stderr
    assert {(line["outcome"], line["reason"]) for line in made.results()} == {("not_attempted", "mfa_required")}
    prove(gather(made, source))


def test_mfa_that_is_enforced_only_here_and_there_ends_the_run_at_the_first_row_it_meets(make_world: MakeWorld) -> None:
    made = make_world(mfa=Mfa.PARTLY, mfa_enforced_share=0.2, only_issued_tokens=True)
    source = made.input(accounts(40))
    ended = made.batchreset("run", source, *RUN, "--no-check-mfa", environ=made.signing_in())
    assert ended.code == 5, ended.stderr
    assert "900421" in ended.stderr
    counts = outcomes(made.results())
    assert counts["succeeded"] == len(made.simulator.state.applied)
    assert counts["not_attempted"] > 20
    refused = {line["reason"] for line in made.results() if line["outcome"] == "failed"}
    assert refused == {"mfa_required"}
    prove(gather(made, source))


def test_a_certificate_signs_in_without_a_secret(make_world: MakeWorld, certificate: Path) -> None:
    made = make_world(client_secret="", client_certificate=certificate, only_issued_tokens=True)
    source = made.input(accounts(3))
    environ = made.signing_in(CLIENT_SECRET=None, CLIENT_CERTIFICATE_FILE=str(certificate))
    ended = made.batchreset("run", source, *RUN, environ=environ)
    assert ended.code == 0, ended.stderr
    assert made.simulator.state.protocol_errors == []
    key = certificate.read_text(encoding="ascii").split("PRIVATE KEY-----\n")[1].splitlines()[3]
    prove(gather(made, source))
    assert not any(key in path.read_text("utf-8", "replace") for path in made.folder.rglob("*") if path.is_file())


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"CLIENT_SECRET": "wrong-canary-secret"}, "AADSTS7000215"),
        ({"CLIENT_SECRET": None}, "AADSTS7000218"),
        ({"TENANT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e"}, "AADSTS90002"),
        ({"CLIENT_ID": "0f8fad5b-d9cb-469f-a165-70867728950e"}, "AADSTS700016"),
        ({"REFRESH_TOKEN": "wrong-canary-token"}, "AADSTS70000"),
    ],
    ids=["secret", "no secret", "tenant", "application", "refresh token"],
)
def test_what_is_set_wrong_is_told_by_microsoft_and_by_us(
    make_world: MakeWorld, changes: dict[str, str | None], said: str
) -> None:
    made = make_world()
    ended = made.batchreset("run", made.input(accounts(2)), *RUN, environ=made.signing_in(**changes))
    assert ended.code == 5, ended.stderr
    assert said in ended.stderr
    assert "what to do: " in ended.stderr
    assert "wrong-canary" not in ended.stderr
    assert made.requests == 0
    made.looked_at.add("r")  # the service complains of a sign-in without its secret, as it should


def test_client_id_and_secret_alone_are_refused_as_app_only(make_world: MakeWorld) -> None:
    made = make_world()
    ended = made.batchreset("run", made.input(accounts(2)), *RUN, environ=made.signing_in(REFRESH_TOKEN=None))
    assert ended.code == 5, ended.stderr
    assert "App-only" in ended.stderr
    assert made.token_requests == []
    assert {line["outcome"] for line in made.results()} == {"not_attempted"}


def test_secrets_come_from_files_and_commands(make_world: MakeWorld) -> None:
    made = make_world(only_issued_tokens=True)
    secret, vault = made.folder / "secret", made.folder / "vault.sh"
    secret.write_text(f"{made.options.client_secret}\n", encoding="ascii")
    secret.chmod(0o600)
    vault.write_text(f"echo {made.options.refresh_token}\n", encoding="ascii")
    environ = made.signing_in(
        CLIENT_SECRET=None,
        CLIENT_SECRET_FILE=str(secret),
        REFRESH_TOKEN=None,
        REFRESH_TOKEN_COMMAND=f"sh {shlex.quote(str(vault))}",
    )
    ended = made.batchreset("run", made.input(accounts(3)), *RUN, environ=environ)
    assert ended.code == 0, ended.stderr


def test_a_sign_in_service_in_trouble_is_asked_again(make_world: MakeWorld) -> None:
    made = make_world(token_failures=2)
    ended = made.batchreset("run", made.input(accounts(3)), *RUN, environ=made.signing_in())
    assert ended.code == 0, ended.stderr
    assert made.token_requests == ["503", "503", "ok"]
    assert len(events(made, "auth.unclear")) == 2


def test_a_claims_challenge_is_answered(make_world: MakeWorld) -> None:
    made = make_world(token_requests=20, claims_challenge=True, only_issued_tokens=True)
    source = made.input(accounts(30, 20))
    ended = made.batchreset("run", source, *RUN, environ=made.signing_in())
    assert ended.code == 0, ended.stderr
    assert made.token_requests == ["ok"] * 3
    assert [event["claims_asked"] for event in events(made, "auth.token")] == [False, True, True]
    prove(gather(made, source))


def test_an_environment_for_another_program_does_not_change_whom_we_trust(make_world: MakeWorld) -> None:
    """REQUESTS_CA_BUNDLE would override msal's own session."""
    made = make_world()
    other = made.folder / "other.pem"
    other.write_text("no certificate at all", encoding="ascii")
    variables = {"REQUESTS_CA_BUNDLE": str(other), "CURL_CA_BUNDLE": str(other)}
    ended = made.batchreset("run", made.input(accounts(2)), *RUN, environ={**made.signing_in(), **variables})
    assert ended.code == 0, ended.stderr


def test_a_sign_in_service_that_is_not_trusted_is_told_at_once(make_world: MakeWorld) -> None:
    made = make_world()
    environ = {**made.signing_in(), "BATCHRESET_PARTNER_CENTER__CA_FILE": None}
    ended = made.batchreset("run", made.input(accounts(2)), *RUN, environ=environ)
    assert ended.code == 5, ended.stderr
    assert "the certificate is not trusted" in ended.stderr
    assert "ca_file" in ended.stderr


def test_two_runs_at_once_share_one_sign_in(make_world: MakeWorld) -> None:
    """Each refresh token can be used once: two who redeem the same one would end one of them."""
    made = make_world(rotation=Rotation.ONCE, only_issued_tokens=True, token_requests=15, latency_seconds=0.02)
    assert made.batchreset("auth", "status", environ=made.signing_in()).code == 0
    environ = made.signing_in(REFRESH_TOKEN=None)
    sources = [made.input(accounts(30, start=start), f"{start}.csv") for start in (0, 100)]
    with (
        made.started("run", sources[0], "--run-id", "one", "--yes", environ=environ) as one,
        made.started("run", sources[1], "--run-id", "two", "--yes", environ=environ) as two,
    ):
        assert (one.wait(60), two.wait(60)) == (0, 0)
    assert set(made.token_requests) == {"ok"}


@pytest.mark.parametrize("seed", usual_and_torture(range(1), range(1, 9)))
def test_killed_in_the_middle_of_a_redemption_the_newest_refresh_token_is_not_lost(
    make_world: MakeWorld, seed: int
) -> None:
    """What is kept is whole and never an older one than before; and the next run signs in with it alone."""
    made = make_world(token_latency_seconds=0.05, only_issued_tokens=True)
    assert made.batchreset("auth", "status", environ=made.signing_in()).code == 0
    environ, chance, newest = made.signing_in(REFRESH_TOKEN=None), random.Random(seed), 0
    for _ in range(3):
        asked = len(made.token_requests)
        with made.started("auth", "status", environ=environ) as process:
            until(functools.partial(asked_more_than, made, asked))
            moment = time.monotonic() + chance.random() * 0.08
            until(functools.partial(is_past, moment))
            process.send_signal(signal.SIGKILL)
            process.wait()
        (token,) = kept_refresh_tokens(made)
        newest = max(newest, made.simulator.state.sign_in.refresh_tokens.index(token))
        assert token == made.simulator.state.sign_in.refresh_tokens[newest]
    ended = made.batchreset("auth", "status", environ=environ)
    assert ended.code == 0, ended.stderr
    assert kept_refresh_tokens(made) == [made.simulator.state.sign_in.newest_refresh_token]
    assert set(made.token_requests) == {"ok"}


def test_once_its_answer_has_come_a_new_refresh_token_survives_any_kill(make_world: MakeWorld) -> None:
    """Where each can be used once there is no other: it is on disk before anything is done with the access token."""
    made = make_world(rotation=Rotation.ONCE, only_issued_tokens=True, latency_seconds=1.0)
    environ = made.signing_in()
    for _ in range(3):
        seen = made.requests
        with made.started("auth", "status", environ=environ) as process:
            until(functools.partial(seen_more_than, made, seen))
            process.send_signal(signal.SIGKILL)
            process.wait()
        assert kept_refresh_tokens(made) == [made.simulator.state.sign_in.newest_refresh_token]
        environ = made.signing_in(REFRESH_TOKEN=None)
    assert made.token_requests == ["ok"] * 3


def test_the_process_list_shows_no_secret_of_the_sign_in(make_world: MakeWorld) -> None:
    made = make_world(token_latency_seconds=2, latency_seconds=0.1)
    environ = made.signing_in()
    with made.started("run", made.input(accounts(20)), *RUN, environ=environ) as process:
        until(lambda: made.token_requests)
        words = Path(f"/proc/{process.pid}/cmdline").read_bytes()
        assert made.options.client_secret.encode() not in words
        assert made.options.refresh_token.encode() not in words
    made.looked_at.add("r")  # killed, and not carried on


def test_a_sign_in_that_cannot_be_kept_is_told_before_the_logs_last_event(make_world: MakeWorld) -> None:
    """A folder lies where its file should be; the run goes on with what it has in memory."""
    made = make_world()
    settings = {"authority": made.simulator.base_url, "tenant_id": made.options.tenant_id}
    store = open_store(**settings, client_id=made.options.client_id, cache_dir=str(made.folder / "kept"))
    Path(store.place).mkdir(parents=True)
    environ = made.signing_in(CACHE_DIR=str(made.folder / "kept"))
    assert made.batchreset("run", made.input(accounts(3)), *RUN, environ=environ).code == 0
    names = [json.loads(line)["event"] for line in (made.runs / "r" / "log.ndjson").read_text().splitlines()]
    assert names[-2:] == ["auth.not_kept", "run.ended"]
