"""Who sent a run's requests, where that was not its own process alone: as summary and status tell it."""

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

from batchreset.adapters.display import FIGURES, in_columns
from batchreset.core.clock import rfc3339
from batchreset.core.reporting.senders import SentBy
from batchreset.core.senders import SenderFigures, plain_name, plain_why

REFUSED_MOST: Final = 100
_REFUSED_SHOWN: Final = 10
OWN_PROCESS: Final = "the run's own process"
GIVEN_UP: Final = "given up when the run was stopped"


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


def refused_facts(refused: Sequence[SenderFigures]) -> list[dict[str, str]]:
    """Who was there when the session ended and could not send, as summary.json keeps it; of very many the first."""
    return [{"sender": one.name, "why": one.why} for one in refused[:REFUSED_MOST]]


def refused_in(summary: Mapping[str, Any] | None) -> list[dict[str, str]]:
    """The same, read again: a summary is a file, and anything may stand in it."""
    found = (summary or {}).get("senders_refused")
    return [
        {"sender": plain_name(str(one.get("sender"))), "why": plain_why(str(one.get("why")))}
        for one in (found if isinstance(found, list) else [])[:REFUSED_MOST]
        if isinstance(one, dict)
    ]


def who_sent(senders: Sequence[Mapping[str, Any]]) -> str:
    """`3 workers and this process`; empty where nobody but the process itself did."""
    workers = sum(1 for one in senders if one["sender"])
    own = any(not one["sender"] and one["attempts"] > one.get("given_up", 0) for one in senders)
    if not workers:
        return ""
    return f"{workers:,} {'worker' if workers == 1 else 'workers'}{' and this process' if own else ''}"


def sender_lines(senders: Sequence[Mapping[str, Any]], refused: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """The same for a person, of a run at rest."""
    if senders:
        lines = [("answers/s", "reset", "attempts", *FIGURES, "sent by")]
        lines += [
            (
                f"{one['per_second']:,.1f}", f"{one['succeeded']:,}", f"{one['attempts']:,}", f"{one['answered']:,}",
                f"{one['throttled']:,}", f"{one['no_answer']:,}", f"{one['lost']:,}", _who(one),
            )
            for one in senders
        ]  # fmt: skip
        yield from in_columns(lines)
    if refused:
        yield f"  {'1 worker was' if len(refused) == 1 else f'{len(refused):,} workers were'} there and could not send:"
    yield from (f"    {one['sender']}: {one['why']}" for one in refused[:_REFUSED_SHOWN])
    if (more := len(refused) - _REFUSED_SHOWN) > 0:
        yield f"    and {more:,} more (--json has them)"


def _who(one: Mapping[str, Any]) -> str:
    if one["sender"]:
        return str(one["sender"])
    return GIVEN_UP if one["attempts"] == one["given_up"] else OWN_PROCESS


def _text(milliseconds: int) -> str:
    return rfc3339(dt.datetime.fromtimestamp(milliseconds / 1000, dt.UTC))
