"""How the run behaved meanwhile: the order of what it noted and sent, and that it stopped where it should."""

from collections.abc import Iterator
from typing import Any

from proof.evidence import Evidence

EXIT_CODES = {
    "canary": {4}, "failure_rate": {4}, "max_failures": {4}, "max_duration": {4},
    "unauthorized": {5}, "mfa_required": {5}, "unreachable": {2}, "protected": {2}, "ledger": {1},
    "interrupted": {1, 2, 5, 130, 143},
}  # fmt: skip
"""By the reason of a stop; an error that ends a run interrupts it with a code of its own."""
_REFUSED_SHARE = 0.35
"""A limit of two or three in a window is met once in each of them."""
_REFUSED_A_CUSTOMER = 3


def conduct(e: Evidence) -> Iterator[str]:
    """What does not hold, a line each."""
    yield from _noted_before_sent(e)
    yield from _not_too_many_at_once(e)
    yield from _never_again_after_a_success(e)
    yield from _stopped(e)
    yield from _limits_are_not_fought(e)
    yield from _waits_are_true(e)


def _noted_before_sent(e: Evidence) -> Iterator[str]:
    """Promise 1, by the ledger's own times."""
    for one in e.attempts:
        if not one.noted_at <= one.sent_at <= one.ended_at:
            yield f"ledger, row {one.row}: noted at {one.noted_at}, sent at {one.sent_at}, ended at {one.ended_at}"


def _not_too_many_at_once(e: Evidence) -> Iterator[str]:
    """What ends in the millisecond in which another begins has made room for it."""
    changes = sorted([(one.sent_at, 1) for one in e.attempts] + [(one.ended_at, -1) for one in e.attempts])
    most, now = _setting(e, "pace", "max_concurrency"), 0
    for at, change in changes:
        now += change
        if now > most:
            yield f"ledger: {now} requests were under way at {at}, max_concurrency is {most}"
            return


def _never_again_after_a_success(e: Evidence) -> Iterator[str]:
    """Promise 2; by what the run itself had noted, as an answer may be lost on its way."""
    succeeded: set[int] = set()
    for one in sorted(e.attempts, key=lambda one: (one.sent_at, one.ended_at)):
        if one.row in succeeded:
            yield f"ledger, row {one.row}: sent again after it had succeeded"
        if one.verdict == "succeeded":
            succeeded.add(one.row)


def _stopped(e: Evidence) -> Iterator[str]:
    """Promise 5."""
    stop, code = e.summary["stop"], e.summary["exit_code"]
    if (stop is not None) != (e.summary["state"] == "stopped" and code != 0):
        yield f"summary.json: {e.summary['state']} with stop {stop} and exit code {code}"
    if stop is None:
        return
    if code not in EXIT_CODES.get(stop["reason"], set()):
        yield f"summary.json: stopped for {stop['reason']!r} with exit code {code}"
    if not stop["next_step"]:
        yield "summary.json: the stop has no next step"
    # Rows in doubt may be so by the stop itself, which came before their next attempt.
    failed = sum(line["outcome"] == "failed" for line in e.results)
    under_way = _setting(e, "pace", "max_concurrency")
    if stop["reason"] == "canary" and e.sessions == 1 and len(e.sent_for()) > _setting(e, "safety", "canary"):
        yield f"the canary stopped the run, and {len(e.sent_for())} accounts were sent"
    if stop["reason"] == "max_failures" and e.sessions == 1:
        most = _setting(e, "safety", "max_failures") + under_way
        if failed > most:
            yield f"max_failures stopped the run after {failed} failures, at most {most} could be"


def _limits_are_not_fought(e: Evidence) -> Iterator[str]:
    """Promise 4, coarsely: what a first burst and finding each customer's limit cost, and a share of all."""
    if not e.seen.tells_waits:
        return
    ends = [exchange.ended for exchange in e.seen.exchanges]
    most = (
        _setting(e, "pace", "max_concurrency") * max(1, e.sessions)
        + _REFUSED_A_CUSTOMER * len({row.customer for row in e.rows})
        + _REFUSED_SHARE * len(ends)
    )
    if ends.count("429") > most:
        yield f"{ends.count('429')} of {len(ends)} requests were refused with 429, {most:.0f} would be many"


def _waits_are_true(e: Evidence) -> Iterator[str]:
    """Of what the session itself found; one that sent nothing keeps what an earlier one did."""
    pacing = e.summary["pacing"] or {"learned_at": ""}
    if pacing["learned_at"] < e.summary["began_at"]:
        return
    for limit in pacing["limits"]:
        if limit["waited_seconds"] > e.summary["duration_seconds"] + 1:
            waited, took = limit["waited_seconds"], e.summary["duration_seconds"]
            yield f"summary.json: waited {waited} s for a limit in a session of {took} s"


def _setting(e: Evidence, section: str, name: str) -> Any:
    return e.run["settings"][section][name]
