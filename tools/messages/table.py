"""The messages as a page."""

from collections.abc import Iterable
from typing import Final

from batchreset.errors import sentence
from tools.messages.sites import Kind, Message

_HEAD: Final = """# Messages

An error is `error:`, what happened and why, and `what to do:`. What stands in braces is put in when it is shown;
`[this|that]` reads one way or the other. Made from the source by `make messages`.

"""
_ERRORS: Final = """## What ends a command

Without an exit code: the run's own, or that of the message which this one stands in for.

| exit | what happened and why | what to do | where |
|---|---|---|---|
"""
_ASIDE: Final = """
## Warnings and notes

| what happened | where |
|---|---|
"""
_ADVICE: Final = """
## Advice

In the results' column `advice`, and for refusals of the sign-in service (AADSTS numbers, OAuth's words).

| about | what to do | where |
|---|---|---|
"""


def as_markdown(found: Iterable[Message]) -> str:
    """Three tables: errors by exit code and wording, warnings, advice."""
    told = [message for message in found if message.what is not None]
    errors = sorted((one for one in told if one.kind in {Kind.ERROR, Kind.STOP}), key=_order)
    asides = (one for one in told if one.kind is Kind.ASIDE)
    advice = (one for one in told if one.kind is Kind.ADVICE)
    parts = (
        _HEAD,
        _ERRORS,
        *_once(
            _row(_code(one), sentence(one.what or ""), sentence(one.next_step or ""), _where(one)) for one in errors
        ),
        _ASIDE,
        *_once(_row(one.what or "", _where(one)) for one in asides),
        _ADVICE,
        *_once(_row(one.what or "", one.next_step or "", _where(one)) for one in advice),
    )
    return "".join(parts)


def _order(message: Message) -> tuple[int, str]:
    code = message.exit_code
    return (999 if code is None else int(code), (message.what or "").lower())


def _code(message: Message) -> str:
    return "" if message.exit_code is None else str(int(message.exit_code))


def _where(message: Message) -> str:
    return f"`{message.where}`"


def _row(*cells: str) -> str:
    return f"| {' | '.join(cell.replace('|', chr(92) + '|').replace('<', '&lt;') for cell in cells)} |\n"


def _once(rows: Iterable[str]) -> Iterable[str]:
    return dict.fromkeys(rows)
