"""The five promises of the design, proved from outside, in one place. Every acceptance test of a run ends here."""

import base64
import hashlib
import itertools
import json
import re
import urllib.parse
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from proof.conduct import conduct
from proof.evidence import AccountKey, Evidence, Lines
from proof.page import page_complaints

RESULTS = (
    "row", "customer-tenant-id", "user-id", "forceChangePassword", "outcome", "reason", "http_status", "error_code",
    "error_description", "ms_correlation_id", "ms_request_id", "attempts", "first_sent_at", "completed_at", "advice",
)  # fmt: skip
HANDOVER = ("customer-tenant-id", "user-id", "password", "certainty", "outcome", "completed_at")
_STOPS = {
    "canary", "failure_rate", "max_failures", "max_duration", "unauthorized", "mfa_required", "interrupted",
    "unreachable",
}  # fmt: skip
"""What ended a run early; also the reason of rows that were under way then."""
_REFUSALS = {"forbidden", "bad_request", "conflict", "redirected", "throttled", "connection"}
_BY_RECORDS = "reconciled"
"""The service's own records decided; status, code and ids are still those of the last answer."""
_DOUBTED = "doubted"
"""It succeeded, by an answer or by records, and records speak against the password."""
REASONS = {
    "succeeded": {"", _BY_RECORDS, _DOUBTED},
    "failed": {"not_found", "protected", _BY_RECORDS, *_REFUSALS, *_STOPS},
    "in_doubt": {"server_error", "timeout", "protected", _BY_RECORDS, *_REFUSALS, *_STOPS},
    "skipped": {"protected", "duplicate", "invalid", "deleted", "federated", "synced", "privileged", "not_found"},
    "not_attempted": {"dry_run", "planned", "protected", *_STOPS},
}
FILES = {
    "plan.parquet", "run.json", "ledger.sqlite", "ledger.sqlite-wal", "ledger.sqlite-shm", "results.csv",
    "summary.json", "log.ndjson", "lock", "problems.csv", "findings.csv", "reconcile.csv", "report.html",
}  # fmt: skip
_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
_BODY_MARKS = ("passwordProfile", "Simulated User", "onmicrosoft.com", "lastDirectorySyncTime")
"""Words of the simulator's answers that stand nowhere else, unless a roster's column has that name."""
_NO_ANSWER = {"timeout", "connection_lost", "sender_lost"}
"""Verdicts on a request to which nothing was heard."""
_ODD_HEAD = "odd-head"
"""A fault that spells the ids oddly on the wire."""
_PASSWORD_LENGTH = 20


def prove(evidence: Evidence) -> None:
    """Every promise holds."""
    found = complaints(evidence)
    assert not found, "\n".join(found[:30])


def complaints(evidence: Evidence) -> list[str]:
    """What does not hold, a line each."""
    return [
        *_every_row_once(evidence),
        *_attempts(evidence),
        *_outcomes(evidence),
        *_service(evidence),
        *_request_ids(evidence),
        *_handover(evidence),
        *_summary(evidence),
        *_report(evidence),
        *_files(evidence),
        *in_clear(evidence),
        *conduct(evidence),
    ]


def sha256(password: str) -> str:
    return hashlib.sha256(password.encode()).hexdigest()


def _account(line: Mapping[str, str]) -> AccountKey:
    return line["customer-tenant-id"], line["user-id"]


def _every_row_once(e: Evidence) -> Iterator[str]:
    """Promise 2: in input order, with exactly the documented columns."""
    further = list(e.rows[0].further)
    if list(e.header) != [*RESULTS, *further]:
        yield f"results: columns are {e.header}"
        return
    if len(e.results) != len(e.rows):
        yield f"results: {len(e.results)} lines for {len(e.rows)} input rows"
    for number, (row, line) in enumerate(zip(e.rows, e.results, strict=False), start=1):
        where = f"results, row {number}"
        if line["row"] != str(number) or _account(line) != row.account:
            yield f"{where}: is row {line['row']} of {_account(line)}, the input has {row.account}"
        force = "" if row.force is None else str(row.force).lower()
        if line["forceChangePassword"] != force:
            yield f"{where}: forceChangePassword is {line['forceChangePassword']}, asked was {force}"
        if any(line[name] != value for name, value in row.further.items()):
            yield f"{where}: a further column was changed"
        if line["reason"] not in REASONS.get(line["outcome"], set()):
            yield f"{where}: outcome {line['outcome']!r} with reason {line['reason']!r}"
        if (line["outcome"] == "succeeded" and line["reason"] != _DOUBTED) != (line["advice"] == ""):
            yield f"{where}: advice is {line['advice']!r}"


def _attempts(e: Evidence) -> Iterator[str]:
    """`attempts` counts every exchange; ids and times are those of the exchanges."""
    sent_for = e.sent_for()
    for line in e.results:
        where, seen = f"results, row {line['row']}", sent_for.get(_account(line), [])
        if line["outcome"] in {"skipped", "not_attempted"}:
            ids = [line[name] for name in ("ms_correlation_id", "ms_request_id", "first_sent_at", "completed_at")]
            if line["attempts"] != "0" or line["http_status"] or any(ids):
                yield f"{where}: {line['outcome']} and yet there was an attempt"
            continue
        unseen = e.cut_off.get(line["row"], 0) + e.not_sent.get(line["row"], 0)
        attempts = int(line["attempts"]) - unseen
        if attempts > len(seen) or (attempts < len(seen) and not e.killed):
            yield f"{where}: {attempts} attempts, the service saw {len(seen)}"
        if not _TIME.fullmatch(line["first_sent_at"]) or line["first_sent_at"] > (line["completed_at"] or "9"):
            yield f"{where}: sent at {line['first_sent_at']!r}, completed at {line['completed_at']!r}"
        if line["outcome"] == "succeeded" and not _TIME.fullmatch(line["completed_at"]):
            yield f"{where}: completed at {line['completed_at']!r}"
        # Of what was under way when a process was killed, records can tell that it was carried out, and no more.
        unnoted = e.killed and line["reason"] == _BY_RECORDS and not attempts
        if (not e.killed and not unseen) or (line["outcome"] == "succeeded" and not unnoted):
            ids = [line["ms_correlation_id"], line["ms_request_id"]]
            noted = [seen[-1].correlation_id, seen[-1].request_id] if seen else []
            if ids != noted and not (seen and seen[-1].fault == _ODD_HEAD):
                yield f"{where}: correlation and request id {ids}, the service noted {noted} last"


def _outcomes(e: Evidence) -> Iterator[str]:
    """What an outcome says is what is in force."""
    applied_to, sent_for, handed_over = e.applied_to(), e.sent_for(), _handed_over(e)
    attempted = {_account(line) for line in e.results if line["outcome"] != "skipped"}
    for line in e.results:
        account = _account(line)
        applied, handed = applied_to.get(account, []), handed_over.get(account, {})
        match line["outcome"]:
            case "succeeded":
                others = account[1] in e.seen.foreign
                found: Iterable[str] = _succeeded(
                    line, applied, handed if e.handover is not None else None, others=others
                )
            case "failed" | "not_attempted":
                found = _untouched(applied, handed)
            case "in_doubt":
                found = _in_doubt(applied, handed if e.handover is not None else None)
            case _:
                sent = account not in attempted and (applied or account in sent_for)
                found = ["something was sent for it"] if sent else []
        yield from (f"row {line['row']}, {line['outcome']}: {what}" for what in found)


_Applied = Sequence[Mapping[str, Any]]
_Certain = Mapping[str, set[str]]
"""SHA-256 of an account's passwords in the hand-over, by certainty."""


def _handed_over(e: Evidence) -> dict[AccountKey, dict[str, set[str]]]:
    found: dict[AccountKey, dict[str, set[str]]] = {}
    for line in e.handover or ():
        found.setdefault(_account(line), {}).setdefault(line["certainty"], set()).add(sha256(line["password"]))
    return found


def _succeeded(line: Mapping[str, str], applied: _Applied, handed: _Certain | None, *, others: bool) -> Iterator[str]:
    """`others`: somebody else has set another password since; the run knows of it only if it has been recorded."""
    answered = line["reason"] not in {_BY_RECORDS, _DOUBTED}
    if answered and (not line["http_status"].startswith("2") or line["error_code"]):
        yield f"status {line['http_status']}, code {line['error_code']!r}"
    if not applied:
        yield "the service applied nothing"
        return
    if str(applied[-1]["forceChangePassword"]).lower() != line["forceChangePassword"]:
        yield f"the service applied forceChangePassword {applied[-1]['forceChangePassword']}"
    sure = [{"in_force": {applied[-1]["sha256"]}}, *([{"possible": {applied[-1]["sha256"]}}] if others else [])]
    if handed is not None and handed not in sure:
        yield "the password in force is not the one handed over as in_force"


def _untouched(applied: _Applied, handed: _Certain) -> Iterator[str]:
    if applied:
        yield f"the service applied {len(applied)} passwords"
    if handed:
        yield "the hand-over lists it"


def _in_doubt(applied: _Applied, handed: _Certain | None) -> Iterator[str]:
    if handed is None:
        return
    if not handed:
        yield "no password is handed over"
    if "in_force" in handed:
        yield "the hand-over is sure of it"
    if applied and applied[-1]["sha256"] not in handed.get("possible", set()):
        yield "the password in force is not among those handed over as possible"


def _service(e: Evidence) -> Iterator[str]:
    """Ids, headers and bodies were exact, and only accounts of the input were touched."""
    yield from (f"protocol error at the service: {error}" for error in e.seen.protocol_errors)
    known = {row.account for row in e.rows}
    for (customer, user), applied in e.applied_to().items():
        if (customer, user) not in known:
            yield f"the service changed {customer} {user}, which the input does not name"
        in_force = e.seen.in_force.get(user)
        if in_force != applied[-1]["sha256"] and user not in e.seen.foreign:
            yield f"{user}: in force is another password than the one applied last"


def _request_ids(e: Evidence) -> Iterator[str]:
    """A new MS-RequestId after any answer; the same one where none came, as long as the run was not begun anew.

    By what the run heard: an answer may be spoilt or lost on its way.
    """
    heard = {one.correlation_id: one.verdict for one in e.attempts}
    for account, exchanges in e.sent_for().items():
        for before, after in itertools.pairwise(exchanges):
            verdict = heard.get(before.correlation_id, "nothing that it could note")
            same = before.request_id == after.request_id
            if same and before.correlation_id in heard and verdict not in _NO_ANSWER:
                yield f"{account}: the request id was kept after {verdict}"
            if not same and verdict in _NO_ANSWER and e.sessions == 1:
                yield f"{account}: the request id was not kept after {verdict}"


def _handover(e: Evidence) -> Iterator[str]:
    """Promise 1: whatever was applied is sealed, and is handed over unless a later one replaced it."""
    if e.handover is None or e.handover_all is None:
        return
    sealed = {(e.rows[one.row - 1].account, sha256(one.password)) for one in e.sealed}
    listed = {(_account(line), sha256(line["password"])) for line in e.handover}
    for account, applied in e.applied_to().items():
        for one in applied:
            if (account, one["sha256"]) not in sealed:
                yield f"{account}: a password was applied that is not sealed in the ledger"
        if (account, applied[-1]["sha256"]) not in listed:
            yield f"{account}: the password in force is not in the hand-over"
    for line in e.handover_all:
        if (_account(line), sha256(line["password"])) not in sealed:
            yield f"hand-over, {_account(line)}: a password that was never sealed"
    yield from _handover_form(e, e.handover, e.handover_all)


def _handover_form(e: Evidence, listed: Lines, everything: Lines) -> Iterator[str]:
    if everything and tuple(e.handover_header) != HANDOVER:
        yield f"hand-over: columns are {e.handover_header}"
    line_of = {_account(line): line for line in e.results if line["outcome"] != "skipped"}
    for line in everything:
        result = line_of.get(_account(line))
        if result is None or (line["outcome"], line["completed_at"]) != (result["outcome"], result["completed_at"]):
            yield f"hand-over, {_account(line)}: {line['outcome']} at {line['completed_at']}, results say otherwise"
    if any(line["certainty"] not in {"in_force", "possible"} for line in listed):
        yield "hand-over: superseded passwords are listed without --all"
    if list(listed) != [line for line in everything if line["certainty"] != "superseded"]:
        yield "hand-over: --all and its absence differ in more than the superseded passwords"
    order = {row.account: number for number, row in reversed(list(enumerate(e.rows)))}
    places = [order.get(_account(line), -1) for line in listed]
    if any(before > after for before, after in itertools.pairwise(places)):
        yield "hand-over: not in the input's order"


def _summary(e: Evidence) -> Iterator[str]:
    """summary.json says what the results file says."""
    outcomes = Counter(line["outcome"] for line in e.results)
    reasons = Counter((line["outcome"], line["reason"]) for line in e.results if line["reason"])
    ends = [exchange.ended for exchange in e.seen.exchanges]
    expected: dict[str, Any] = {
        "rows": len(e.results),
        "to_reset": len(e.results) - outcomes["skipped"],
        "outcomes": {name: outcomes[name] for name in REASONS},
    }
    if not e.killed:
        unheard = {one.correlation_id for one in e.attempts if one.verdict == "cancelled"}
        throttled = [one for one in e.seen.exchanges if one.ended == "429" and one.correlation_id not in unheard]
        expected |= {"sent": len(ends) + sum(e.cut_off.values()), "throttled": len(throttled)}
    for name, value in expected.items():
        if e.summary[name] != value:
            yield f"summary.json: {name} is {e.summary[name]}, should be {value}"
    found = {(one["outcome"], one["reason"]): one["rows"] for one in e.summary["reasons"]}
    if found != reasons:
        yield f"summary.json: reasons are {found}, the results file has {dict(reasons)}"
    not_well = outcomes["failed"] + outcomes["in_doubt"]
    if e.summary["state"] == "finished" and e.summary["exit_code"] != (3 if not_well else 0):
        yield f"summary.json: exit code {e.summary['exit_code']} with {not_well} rows that are not well"


def _report(e: Evidence) -> Iterator[str]:
    """Every figure of the report is the results file's."""
    found = e.texts.get("report.html")
    if "report" in e.summary.get("files", {}) and found is not None:
        yield from page_complaints(found.decode(), e.results, e.summary)


def _files(e: Evidence) -> Iterator[str]:
    for name, mode in e.modes.items():
        if mode != (0o700 if name == "." else 0o600):
            yield f"{name} has mode {mode:04o}"
    strange = e.modes.keys() - FILES - {"."}
    if strange and not e.killed:
        yield f"the folder holds {sorted(strange)}"


def in_clear(e: Evidence) -> Iterator[str]:
    """Promise 3: no password, token or response body, in any writing that a reader could undo."""
    passwords = [one.password for one in e.sealed]
    secrets = [*passwords, *e.secrets]
    answers = [mark for mark in _BODY_MARKS if mark not in (e.rows[0].further if e.rows else ())]
    for where, content in e.texts.items():
        for kind, texts in (("a secret", secrets), ("a response body", answers)):
            found = [form for text in texts for form in _writings(text) if form in content]
            if found:
                yield f"{where}: {kind} stands there in clear, {len(found)} times"
    if e.handover is None:
        yield from _discarded_in_clear(e)


def _writings(text: str) -> set[bytes]:
    """As it is, and as JSON, CSV, URLs, UTF-16, hexadecimal and base64 would write it."""
    forms = {text, json.dumps(text)[1:-1], text.replace('"', '""'), urllib.parse.quote(text, safe="")}
    encoded = text.encode()
    return {
        *(form.encode() for form in forms),
        text.encode("utf-16-le"),
        encoded.hex().encode(),
        base64.b64encode(encoded).rstrip(b"=")[:-1],
        *(base64.b64encode(b"\0" * offset + encoded)[4:-4] for offset in (1, 2)),  # in a longer text
    }


def _discarded_in_clear(e: Evidence) -> Iterator[str]:
    """Passwords that nobody knows: every piece of every text of their length is compared by its SHA-256."""
    applied = {bytes.fromhex(line["sha256"]) for line in e.seen.applied}
    for where, content in e.texts.items():
        pieces = {content[start : start + _PASSWORD_LENGTH] for start in range(len(content) - _PASSWORD_LENGTH + 1)}
        if any(hashlib.sha256(piece).digest() in applied for piece in pieces):
            yield f"{where}: a discarded password stands there in clear"
