"""Who sends for a run, where others do: a line each or one for all of them, and every figure of each in a table."""

from collections.abc import Iterator, Sequence
from typing import Final

from batchreset.adapters.display.cells import Cell, Ink, Line, fitted
from batchreset.core.figures import Pace
from batchreset.core.senders import SenderFigures, SenderState

SENDERS_SHOWN: Final = 4
"""A line each; more of them are summed up in one."""
_NAME_COLUMNS: Final = 24
_SHORT_NAME_COLUMNS: Final = 14
_STATE_COLUMNS: Final = max(len(state) for state in SenderState)
_INKS: Final = {
    SenderState.SENDING: Ink.PLAIN,
    SenderState.SILENT: Ink.CARE,
    SenderState.DRAINING: Ink.FAINT,
    SenderState.GONE: Ink.FAINT,
    SenderState.REFUSED: Ink.CARE,
}
FIGURES: Final = ("answered", "429s", "no answer", "lost")
"""What every table of senders has, under these names and in this order; a line's are among them."""


def sender_lines(senders: Sequence[SenderFigures], columns: int) -> list[Line]:
    """None where nobody else sends."""
    if len(senders) > SENDERS_SHOWN:
        return [fitted(_all(senders), columns)]
    named = min(_NAME_COLUMNS, max((len(one.name) for one in senders), default=0))
    return [fitted(_one(one, named), columns) for one in senders]


def _one(one: SenderFigures, named: int) -> list[Cell]:
    who = [
        Cell((f"{_end_of(one.name, named):<{named}}", _end_of(one.name, min(named, _SHORT_NAME_COLUMNS))), (2,)),
        Cell((f"{one.state.value:<{_STATE_COLUMNS}}",), ink=_INKS[one.state]),
    ]
    if one.state is SenderState.REFUSED:
        return [*who, Cell((one.why,))]
    return [
        *who,
        Cell((f"{one.per_second:>7,.1f}/s",)),
        Cell((f"has {one.in_flight:>4,}", ""), (3,)),
        Cell((f"429s {one.throttled:>5,}", ""), (1,), _ink(one.throttled)),
        Cell((f"no answer {one.failed:>4,}", ""), (4,), _ink(one.failed)),
        Cell((f"lost {one.lost:>4,}", ""), (5,), _ink(one.lost)),
    ]


def _all(senders: Sequence[SenderFigures]) -> list[Cell]:
    sending = [one for one in senders if one.state is SenderState.SENDING]
    without, lost = sum(one.failed for one in senders), sum(one.lost for one in senders)
    short = f"{len(sending):,} of {len(senders):,} workers sending"
    well = len(sending) == len(senders)
    cells = [
        Cell((_states(senders), short), (3,), Ink.PLAIN if well else Ink.CARE),
        Cell((f"no answer {without:,}", ""), (2,), _ink(without)),
        Cell((f"lost {lost:,}", ""), (4,), _ink(lost)),
    ]
    if sending:
        slowest = min(sending, key=lambda one: one.per_second)
        rate = f"slowest {slowest.per_second:,.1f}/s"
        cells.append(Cell((f"{rate} {_end_of(slowest.name, _NAME_COLUMNS)}", rate, ""), (1, 1), Ink.FAINT))
    elif refused := _refused(senders):
        cells.append(Cell((refused,), ink=Ink.CARE))
    return cells


def _ink(number: int) -> Ink:
    return Ink.CARE if number else Ink.FAINT


def _end_of(name: str, most: int) -> str:
    """Of an address the end is its own."""
    return name if len(name) <= most else f"~{name[len(name) - most + 1 :]}"


def senders_said(senders: Sequence[SenderFigures]) -> list[str]:
    """Of all of them; figures that are nought are left out."""
    figures = (("no answer", sum(one.failed for one in senders)), ("lost", sum(one.lost for one in senders)))
    why = [] if any(one.state is SenderState.SENDING for one in senders) else [_refused(senders)]
    return [_states(senders), *(f"{name} {rows:,}" for name, rows in figures if rows), *filter(None, why)]


def _refused(senders: Sequence[SenderFigures]) -> str:
    """Why one of them is, where one is: most often it is the same with all."""
    return next((f"refused: {one.why}" for one in senders if one.state is SenderState.REFUSED), "")


def _states(senders: Sequence[SenderFigures]) -> str:
    """How many there are, and how many of them are in which state."""
    counts = [(state, sum(one.state is state for one in senders)) for state in SenderState]
    states = ", ".join(f"{count:,} {state.value}" for state, count in counts if count)
    return f"{len(senders):,} {'worker' if len(senders) == 1 else 'workers'}: {states}"


def sender_table(pace: Pace) -> list[str]:
    """All that is known of each; who it is stands last, as that may be long. None where nobody else sends."""
    senders = pace.senders
    if not senders:
        return []
    lines = [(f"{'state':<{_STATE_COLUMNS}}", "answers/s", "has", *FIGURES, "worker")]
    lines += [
        (
            f"{one.state.value:<{_STATE_COLUMNS}}", f"{one.per_second:,.1f}", f"{one.in_flight:,}", f"{one.answered:,}",
            f"{one.throttled:,}", f"{one.failed:,}", f"{one.lost:,}", _who(one),
        )
        for one in senders
    ]  # fmt: skip
    here = pace.in_flight - sum(one.in_flight for one in senders)
    return [*in_columns(lines), *([_here(here, pace.in_flight)] if here > 0 else [])]


def _here(rows: int, in_flight: int) -> str:
    has = "has" if rows == 1 else "have"
    return f"  {rows:,} of {in_flight:,} in flight {has} no worker yet: noted in the ledger first, or waiting for one"


def _who(one: SenderFigures) -> str:
    named = f"{one.name} on {one.host}" if one.host else one.name
    return f"{named}: {one.why}" if one.why else named


def in_columns(lines: Sequence[Sequence[str]]) -> Iterator[str]:
    """Figures, to the right; the last column is words."""
    widths = [max(map(len, column)) for column in zip(*lines, strict=True)]
    for *figures, words in lines:
        right = (f"{figure:>{width}}" for figure, width in zip(figures, widths[:-1], strict=True))
        yield "  ".join(("", *right, words))
