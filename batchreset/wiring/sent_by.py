"""Who sent a run's requests, where that was not its own process alone: as summary and status tell it."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

from batchreset.core.clock import rfc3339
from batchreset.core.reporting.senders import SentBy


def sender_facts(senders: Iterable[SentBy]) -> list[dict[str, Any]]:
    """As they stand in summary.json, and in what `status --json` prints of a run at rest."""
    return [
        {
            "sender": one.sender,
            "kind": "worker" if one.sender else "own_process",
            "attempts": one.exchanges,
            "answered": one.answered,
            "throttled": one.throttled,
            "no_answer": one.unanswered,
            "lost": one.lost,
            "given_up": one.given_up,
            "succeeded": one.succeeded,
            "first_sent_at": _text(one.first_sent_at),
            "last_answer_at": None if one.last_answer_at is None else _text(one.last_answer_at),
            "last_ended_at": _text(one.last_ended_at),
            "per_second": round(one.per_second, 2),
        }
        for one in senders
    ]


def _text(milliseconds: int) -> str:
    return rfc3339(dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC))
