"""The one sentence that a manager reads."""

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from batchreset.core.outcome import Outcome, Reason
from batchreset.core.reporting.rows import Counted

_BEGINNINGS: Final = {
    "stopped": "Stopped before its end: ",
    "interrupted": "Broken off in the middle: ",
    "running": "Still going on: ",
}


def headline(state: str, counted: Counted, *, to_reset: int, under_way: int = 0) -> str:
    """What a run came to. `under_way`: rows whose answer is awaited at this moment."""
    accounts = _many(to_reset, "account")
    if state == "planned":
        return f"Planned and not begun: {accounts} to be reset."
    if state == "dry_run":
        return f"Dry run, nothing was sent: {accounts} would be reset."
    if not to_reset:
        return "No account was reset: all were left out."
    done, begins = counted.of(Outcome.SUCCEEDED), _BEGINNINGS.get(state, "")
    doubted = counted.endings.get((Outcome.SUCCEEDED, Reason.DOUBTED), 0)
    but = f"; {doubted:,} of their passwords {_was(doubted)} perhaps replaced since" if doubted else ""
    if done == to_reset:
        return begins + ("The one account was reset" if done == 1 else f"All {accounts} were reset") + f"{but}."
    rest = [f"{rows:,} {words(rows)}" for outcome, words in _NOT_WELL.items() if (rows := counted.of(outcome))]
    if under_way:
        rest.append(f"{under_way:,} {'is' if under_way == 1 else 'are'} under way")
    if (left := counted.of(Outcome.NOT_ATTEMPTED) - under_way) > 0:
        rest.append(f"{left:,} to go" if state == "running" else f"{left:,} {_was(left)} not attempted")
    return f"{begins}{done:,} of {to_reset:,} accounts {_was(done)} reset{_after(rest)}{but}."


def _was(number: int) -> str:
    return "was" if number == 1 else "were"


def _after(clauses: Sequence[str]) -> str:
    return f"; {_listed(clauses)}" if clauses else ""


def _many(number: int, noun: str) -> str:
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


_NOT_WELL: Final[Mapping[Outcome, Callable[[int], str]]] = {
    Outcome.IN_DOUBT: lambda rows: "is in doubt" if rows == 1 else "are in doubt",
    Outcome.FAILED: lambda _: "failed",
}


def _listed(words: Sequence[str]) -> str:
    return ", ".join(words[:-1]) + (" and " if len(words) > 1 else "") + words[-1]
