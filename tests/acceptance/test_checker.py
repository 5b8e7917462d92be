"""The checker itself: whatever is tampered with, it complains."""

import base64
import dataclasses
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from acceptance_world import CUSTOMERS, TOKEN, accounts, world
from evidence import gather
from proof import Evidence, Lines, Sealed, complaints, sha256

from batchreset.simulator.options import SimulatorOptions

Tamper = Callable[[Evidence], dict[str, Any]]


@pytest.fixture(scope="module")
def true(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Evidence]:
    """A run in which every outcome but skipped, and every certainty, is there; nothing to complain about."""
    rows = accounts(30, 10, 3)
    options = SimulatorOptions(
        applied_error_share=0.3, error_share=0.1, seed=4, forbidden_customers=frozenset({CUSTOMERS[2]})
    )
    with world(tmp_path_factory.mktemp("checker"), options) as made:
        source = made.input([*rows, rows[0]])
        once = ("--yes", "--max-attempts", "1", "--max-failure-rate", "1")
        assert made.batchreset("run", source, "--run-id", "r", *once).code == 3
        assert made.batchreset("apply", "r", "--yes").code == 3
        evidence = gather(made, source)
        assert {line["outcome"] for line in evidence.results} == {"succeeded", "failed", "in_doubt", "skipped"}
        assert {line["certainty"] for line in evidence.handover_all or ()} == {"in_force", "possible", "superseded"}
        yield evidence


def test_it_has_nothing_to_say_about_a_true_record(true: Evidence) -> None:
    assert complaints(true) == []


def with_line(lines: Lines, number: int, **changes: str) -> list[dict[str, str]]:
    return [{**line, **changes} if at == number else dict(line) for at, line in enumerate(lines)]


def where(lines: Lines, **values: str) -> int:
    """The number of the first line with these values."""
    return next(at for at, line in enumerate(lines) if values.items() <= line.items())


def result(outcome: str, /, **changes: str) -> Tamper:
    """The first line of that outcome is changed in the results."""
    return lambda true: {"results": with_line(true.results, where(true.results, outcome=outcome), **changes)}


def handed(certainty: str, /, **changes: str) -> Tamper:
    """The first line of that certainty is changed in the hand-over, with and without --all."""

    def tampered(true: Evidence) -> dict[str, Any]:
        both = {"handover": true.handover or [], "handover_all": true.handover_all or []}
        return {name: with_line(lines, where(lines, certainty=certainty), **changes) for name, lines in both.items()}

    return tampered


def not_handed(certainty: str) -> Tamper:
    """The first account with a line of that certainty is left out of the hand-over."""

    def tampered(true: Evidence) -> dict[str, Any]:
        both = {"handover": true.handover or [], "handover_all": true.handover_all or []}
        user = both["handover"][where(both["handover"], certainty=certainty)]["user-id"]
        return {name: [line for line in lines if line["user-id"] != user] for name, lines in both.items()}

    return tampered


def seen(true: Evidence, **changes: Any) -> dict[str, Any]:
    return {"seen": dataclasses.replace(true.seen, **changes)}


def summed(**changes: Any) -> Tamper:
    return lambda true: {"summary": {**true.summary, **changes}}


def stopped(reason: str, code: int) -> Tamper:
    """As if the first session had been stopped, with nothing allowed."""

    def tampered(true: Evidence) -> dict[str, Any]:
        settings = {**true.run["settings"], "safety": {"canary": 10, "max_failures": 0}, "pace": {"max_concurrency": 0}}
        stop = {"reason": reason, "next_step": "look"}
        summary = {**true.summary, "state": "stopped", "exit_code": code, "stop": stop}
        return {"summary": summary, "sessions": 1, "run": {**true.run, "settings": settings}}

    return tampered


def printed(text: Callable[[Evidence], str]) -> Tamper:
    return lambda true: {"texts": {**true.texts, "standard error": f"x {text(true)} y".encode()}}


def applied(number: int, **changes: Any) -> Tamper:
    def tampered(true: Evidence) -> dict[str, Any]:
        lines = true.seen.applied
        return seen(true, applied=[{**line, **changes} if at == number % len(lines) else line
                                   for at, line in enumerate(lines)])  # fmt: skip

    return tampered


def applied_to(outcome: str) -> Tamper:
    """The log has a password for the first account of that outcome."""

    def tampered(true: Evidence) -> dict[str, Any]:
        line = true.results[where(true.results, outcome=outcome)]
        more = {**true.seen.applied[0], "customer": line["customer-tenant-id"], "user": line["user-id"]}
        return seen(true, applied=[*true.seen.applied, more])

    return tampered


def one_request_id(true: Evidence) -> dict[str, Any]:
    """As if a row had been sent again with the id of the request that was answered."""
    renamed = [dataclasses.replace(one, request_id=f"of {one.user}") for one in true.seen.exchanges]
    return seen(true, exchanges=renamed)


TAMPERED: dict[str, tuple[Tamper, str]] = {
    "a row is missing": (lambda true: {"results": true.results[:-1]}, "lines for 44 input rows"),
    "a row stands there twice": (lambda true: {"results": [*true.results, true.results[0]]}, "45 lines for"),
    "two rows changed places": (
        lambda true: {"results": [true.results[1], true.results[0], *true.results[2:]]}, "row 1: is row 2 of",
    ),
    "a column is missing": (lambda true: {"header": true.header[1:]}, "columns are"),
    "a column is new": (lambda true: {"header": [*true.header, "more"]}, "columns are"),
    "the flag is another": (result("succeeded", forceChangePassword="none"), "asked was"),
    "a further column was changed": (result("succeeded", displayName="x"), "a further column was changed"),
    "a success has a reason": (result("succeeded", reason="timeout"), "with reason 'timeout'"),
    "a failure has none": (result("failed", reason=""), "with reason ''"),
    "an unknown outcome": (result("failed", outcome="done"), "outcome 'done'"),
    "a success called a failure": (
        result("succeeded", outcome="failed", reason="forbidden", advice="x"), "the service applied 1 passwords"
    ),
    "a failure called a success": (
        result("failed", outcome="succeeded", reason="", advice=""), "the service applied nothing"
    ),
    "a success called not attempted": (
        result("succeeded", outcome="not_attempted", reason="canary", advice="x"), "and yet there was an attempt"
    ),
    "a success called skipped": (
        result("succeeded", outcome="skipped", reason="invalid", advice="x"), "something was sent for it"
    ),
    "another correlation id": (result("succeeded", ms_correlation_id="0"), "the service noted"),
    "another request id": (result("in_doubt", ms_request_id="0"), "the service noted"),
    "too few attempts": (result("succeeded", attempts="0"), "0 attempts, the service saw"),
    "no status": (result("succeeded", http_status=""), "status , code"),
    "a time that is none": (result("succeeded", completed_at="soon"), "completed at 'soon'"),
    "the password handed over is another": (
        handed("in_force", password="another"), "not the one handed over as in_force"
    ),
    "the password handed over was never sealed": (handed("in_force", password="another"), "that was never sealed"),
    "certain of a doubt": (handed("possible", certainty="in_force"), "the hand-over is sure of it"),
    "in doubt of a certainty": (handed("in_force", certainty="possible"), "not the one handed over as in_force"),
    "a success not handed over": (not_handed("in_force"), "not the one handed over as in_force"),
    "a doubt not handed over": (not_handed("possible"), "no password is handed over"),
    "superseded without --all": (
        lambda true: {"handover": true.handover_all}, "superseded passwords are listed without --all"
    ),
    "the hand-over is in another order": (
        lambda true: {"handover": list(reversed(true.handover or []))}, "not in the input's order"
    ),
    "the hand-over says another outcome": (handed("possible", outcome="failed"), "results say otherwise"),
    "the hand-over has other columns": (lambda true: {"handover_header": ["password"]}, "hand-over: columns are"),
    "an applied password is not sealed": (
        lambda true: {
            "sealed": [one for one in true.sealed if sha256(one.password) != true.seen.applied[0]["sha256"]]
        },
        "that is not sealed in the ledger",
    ),
    "a password is sealed for another row": (
        lambda true: {
            "sealed": [Sealed(row=one.row % 40 + 1, generation=1, password=one.password) for one in true.sealed]
        },
        "that is not sealed in the ledger",
    ),
    "another password is in force": (applied(-1, sha256="0" * 64), "another password than the one applied last"),
    "nothing was applied": (lambda true: seen(true, applied=true.seen.applied[:1]), "the service applied nothing"),
    "applied with another flag": (
        lambda true: seen(
            true,
            applied=[{**line, "forceChangePassword": not line["forceChangePassword"]} for line in true.seen.applied],
        ),
        "the service applied forceChangePassword",
    ),
    "a failure was applied": (applied_to("failed"), "the service applied 1 passwords"),
    "a stranger was changed": (applied(0, user=CUSTOMERS[7]), "which the input does not name"),
    "a protocol error": (
        lambda true: seen(true, protocol_errors=["PATCH /x: the address has a query"]),
        "the address has a query",
    ),
    "a request that nobody counted": (
        lambda true: seen(true, exchanges=[*true.seen.exchanges, true.seen.exchanges[0]]),
        "attempts, the service saw"
    ),
    "a request id kept after an answer": (one_request_id, "the request id was kept after server_error"),
    "a request id renewed after a loss": (
        lambda true: {
            "attempts": [dataclasses.replace(one, verdict="timeout") for one in true.attempts], "sessions": 1
        },
        "the request id was not kept after timeout",
    ),
    "sent before it was noted": (
        lambda true: {"attempts": [dataclasses.replace(one, noted_at=one.sent_at + 1) for one in true.attempts]},
        "noted at",
    ),
    "too many at once": (
        lambda true: {
            "attempts": [dataclasses.replace(one, noted_at=0, sent_at=1, ended_at=2) for one in true.attempts]
        },
        "requests were under way at 1, max_concurrency is 8",
    ),
    "sent again after a success": (
        lambda true: {"attempts": [*true.attempts, *(one for one in true.attempts if one.verdict == "succeeded")]},
        "sent again after it had succeeded",
    ),
    "a service that refused nearly all": (
        lambda true: seen(true, exchanges=[dataclasses.replace(one, ended="429") for one in true.seen.exchanges]),
        "were refused with 429",
    ),
    "a canary that stopped nothing": (stopped("canary", 4), "the canary stopped the run, and 43 accounts were sent"),
    "failures without end": (stopped("max_failures", 4), "max_failures stopped the run after 1 failures"),
    "a stop with another exit code": (stopped("canary", 3), "stopped for 'canary' with exit code 3"),
    "a stop that is no stop": (summed(stop={"reason": "canary", "next_step": "look"}), "finished with stop"),
    "a stop without a next step": (
        summed(state="stopped", exit_code=4, stop={"reason": "canary", "next_step": ""}),
        "the stop has no next step",
    ),
    "waited longer than it took": (
        summed(pacing={"learned_at": "9", "limits": [{"waited_seconds": 1e6}]}),
        "waited 1000000.0 s for a limit in a session of",
    ),
    "the summary counts other outcomes": (summed(outcomes={}), "summary.json: outcomes is {}"),
    "the summary counts other requests": (summed(sent=1), "summary.json: sent is 1"),
    "the summary counts other reasons": (summed(reasons=[]), "summary.json: reasons are"),
    "the summary says that all is well": (summed(exit_code=0), "exit code 0 with"),
    "a file that others may read": (lambda true: {"modes": {**true.modes, "results.csv": 0o644}}, "has mode 0644"),
    "a folder that others may enter": (lambda true: {"modes": {**true.modes, ".": 0o755}}, ". has mode 0755"),
    "a file that nobody knows": (lambda true: {"modes": {**true.modes, "x.tmp": 0o600}}, "the folder holds ['x.tmp']"),
    "a password in clear": (printed(lambda true: true.sealed[-1].password), "a secret stands there in clear"),
    "a password in JSON": (
        printed(lambda true: json.dumps([one.password for one in true.sealed])), "a secret stands there in clear"
    ),
    "a password in the middle of base64": (
        printed(lambda true: base64.b64encode(b"x" + true.sealed[0].password.encode() + b"yz").decode()),
        "a secret stands there",
    ),
    "a password in base64": (
        printed(lambda true: base64.b64encode(true.sealed[0].password.encode()).decode()), "a secret stands there"
    ),
    "a token in clear": (printed(lambda _: TOKEN), "a secret stands there in clear"),
    "a response body": (printed(lambda _: '{"passwordProfile": {}}'), "a response body stands there in clear"),
    "a discarded password in clear": (
        lambda true: {
            "handover": None, "handover_all": None, "sealed": [],
            "texts": {"log": f"x{true.sealed[0].password}y".encode()},
            **seen(true, applied=[{**true.seen.applied[0], "sha256": sha256(true.sealed[0].password)}]),
        },
        "a discarded password stands there in clear",
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", TAMPERED)
def test_it_complains_when(true: Evidence, name: str) -> None:
    tamper, expected = TAMPERED[name]
    found = complaints(dataclasses.replace(true, **tamper(true)))
    assert any(expected in complaint for complaint in found), found[:5]
