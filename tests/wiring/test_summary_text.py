"""What a person reads of the limits at the end of a run."""

from typing import Any

import pytest

from batchreset.wiring.summary import summary_lines

CUSTOMER = "c0000000-0000-0000-0000-000000000001"
SHOWN = f"{CUSTOMER[:8]}…"


def limit(scope: str, requests: int, waited_seconds: float) -> dict[str, Any]:
    return {"scope": scope, "limit": requests, "window_seconds": 60.0, "waited_seconds": waited_seconds}


def summary(pacing: dict[str, Any] | None) -> dict[str, Any]:
    outcomes = {"succeeded": 1, "failed": 0, "in_doubt": 0, "skipped": 0, "not_attempted": 0}
    return {
        "run_id": "r",
        "state": "finished",
        "to_reset": 1,
        "outcomes": outcomes,
        "reasons": [],
        "sent": 1,
        "throttled": 0,
        "duration_seconds": 1.0,
        "pacing": pacing,
        "files": {"results": "results.csv", "log": "log.ndjson", "folder": "runs/r"},
        "passwords": "nobody",
    }


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        pytest.param([], [], id="none"),
        pytest.param([limit("partner", 0, 3.0)], [], id="refused, and none found"),
        pytest.param(
            [limit("partner", 6000, 90.0)],
            ["  limit found: 6,000 requests in 60 s for the partner; waited 1 min 30 s"],
            id="the partner's",
        ),
        pytest.param(
            [limit("partner", 600, 30.0), limit(CUSTOMER, 60, 12.25), limit("c2", 60, 1.0)],
            [
                "  limit found: 600 requests in 60 s for the partner; waited 30.0 s",
                f"  limit found: 60 requests in 60 s for customer {SHOWN} and 1 more; waited 12.2 s at most each",
            ],
            id="both",
        ),
    ],
)
def test_limits_that_were_found_are_told(limits: list[dict[str, Any]], expected: list[str]) -> None:
    told = [line for line in summary_lines(summary({"limits": limits})) if line.startswith("  limit")]

    assert told == expected


def test_a_summary_of_an_older_version_has_no_limits() -> None:
    older = summary(None)
    del older["pacing"]

    assert summary_lines(older) == summary_lines(summary(None)) == summary_lines(summary({"limits": []}))


def sent_by(sender: str, *, lost: int = 0, attempts: int = 5, given_up: int = 0) -> dict[str, Any]:
    return {"sender": sender, "lost": lost, "attempts": attempts, "given_up": given_up}


@pytest.mark.parametrize(
    ("senders", "expected"),
    [
        pytest.param([], ["  9 requests; this session took 1.0 s"], id="nobody else"),
        pytest.param([sent_by("a")], ["  9 requests by 1 worker; this session took 1.0 s"], id="one"),
        pytest.param(
            [sent_by("a", lost=2), sent_by("b", lost=1)],
            [
                "  9 requests by 2 workers; this session took 1.0 s",
                "  3 of them had no answer, as their worker was lost",
            ],
            id="some were lost",
        ),
        pytest.param(
            [sent_by("a", lost=1), sent_by("")],
            [
                "  9 requests by 1 worker and this process; this session took 1.0 s",
                "  1 of them had no answer, as its worker was lost",
            ],
            id="the process too, in another session",
        ),
        pytest.param(
            [sent_by("a"), sent_by("", given_up=5)],
            ["  9 requests by 1 worker; this session took 1.0 s"],
            id="what nobody waited for was sent by somebody else",
        ),
    ],
)
def test_how_many_sent_is_told_where_others_did(senders: list[dict[str, Any]], expected: list[str]) -> None:
    told = summary_lines({**summary(None), "sent": 9, "senders": senders})
    at = told.index(expected[0])
    assert told[at : at + len(expected) + 1] == [*expected, ""]


@pytest.mark.parametrize(("workers", "expected"), [(1, "1 worker was"), (3, "3 workers were")])
def test_workers_that_were_there_in_vain_are_told_of(workers: int, expected: str) -> None:
    refused = [{"sender": f"10.0.0.{number}:8790", "why": "it did not answer"} for number in range(workers)]
    told = summary_lines({**summary(None), "senders_refused": refused})
    assert f"  {expected} there and could not send (it did not answer)" in told
