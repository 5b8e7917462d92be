"""The picture of a run under way: lines of fixed columns, the same on the run's own terminal and for who watches.

A cell's width hangs on the terminal's and on how many rows there are, never on the figure in it: nothing jumps.
"""

import datetime as dt
from typing import Final

from batchreset.adapters.display.cells import GAP, Cell, Ink, Line, Piece, cut, fitted, gap_of, shortened
from batchreset.adapters.display.senders import sender_lines, senders_said
from batchreset.adapters.display.words import left_of, state
from batchreset.core.figures import Figures, Pace, Phase
from batchreset.core.outcome import Outcome

LINES: Final = 4
"""Of every picture; below them those of senders, where others send."""
BAR_MOST_COLUMNS: Final = 30
BAR_LEAST_COLUMNS: Final = 6
LEFT_COLUMNS: Final = 24
"""`at least 99 h 59 min left`."""
LEFT_SHORT_COLUMNS: Final = 12
NOTHING: Final = "-"
"""Where a figure is not known."""


def picture(figures: Figures, *, columns: int, ascii_only: bool = False, zone: dt.tzinfo | None = None) -> list[Line]:
    """`LINES` lines, and as many as `sender_lines` makes; none wider than `columns`.

    Args:
        figures: what is drawn.
        columns: of the terminal.
        ascii_only: where the terminal shows nothing else.
        zone: of clock times; None: this machine's.
    """
    digits = len(f"{figures.planned:,}")
    words, waits = state(figures, zone=zone)
    if len(words) > columns:
        words = words.replace("customer ", "", 1)
    lines = [
        _how_far(figures, digits, columns),
        fitted(_outcomes(figures, digits), columns),
        fitted(_traffic(figures, digits), columns),
        (Piece(words, Ink.CARE if waits else Ink.FAINT),),
        *(sender_lines(figures.pace.senders, columns) if figures.pace and _is_sending(figures.pace) else ()),
    ]
    return [cut(_in_ascii(line) if ascii_only else line, columns, "~" if ascii_only else "…") for line in lines]


def said(figures: Figures, *, zone: dt.tzinfo | None = None) -> str:
    """The same in one line, for where nothing can be drawn; figures that are nought are left out."""
    pace = figures.pace
    parts = [f"{figures.done:,} of {figures.planned:,} ({_percent(figures)} %)"]
    parts += [f"{outcome.value} {figures.outcomes[outcome]:,}" for outcome in _SHORT if figures.outcomes.get(outcome)]
    if pace is not None:
        parts += [f"in flight {pace.in_flight:,}", f"{pace.per_second:,.1f} rows/s"]
        parts += [f"429s {pace.refused:,}"] if pace.refused else []
        if pace.wave is not None and pace.wave.of > 1:
            parts.append(f"{_wave_name(figures)}: {pace.wave.done:,} of {pace.wave.rows:,}")
        parts += [left_of(pace)] if left_of(pace) else []
        parts += senders_said(pace.senders) if pace.senders and _is_sending(pace) else []
    return "; ".join([*parts, state(figures, zone=zone)[0]])


def _is_sending(pace: Pace) -> bool:
    """What stays of the picture tells nothing of those who have been dismissed."""
    return pace.phase is not Phase.ENDING


_SHORT: Final = {Outcome.SUCCEEDED: "ok", Outcome.FAILED: "bad", Outcome.IN_DOUBT: "doubt", Outcome.SKIPPED: ""}
"""What is shown, and its name where there is little room."""
_INKS: Final = {
    Outcome.SUCCEEDED: Ink.GOOD,
    Outcome.FAILED: Ink.BAD,
    Outcome.IN_DOUBT: Ink.CARE,
    Outcome.SKIPPED: Ink.PLAIN,
}


def _percent(figures: Figures) -> int:
    """100 only when all are done."""
    return 100 * figures.done // figures.planned if figures.planned else 100


def _how_far(figures: Figures, digits: int, columns: int) -> Line:
    """The bar takes what the figures leave."""
    long, short = left_of(figures.pace), left_of(figures.pace, short=True)
    cells = shortened(
        [
            Cell((f"{figures.done:>{digits},} of {figures.planned:,}",)),
            Cell((f"{_percent(figures):>3} %", ""), (2,)),
            Cell((long.rjust(LEFT_COLUMNS), short.rjust(LEFT_SHORT_COLUMNS), ""), (1, 3)),
        ],
        columns,
    )
    figures_text = gap_of(cells, columns).join(text for text, _ in cells)
    free = min(BAR_MOST_COLUMNS, columns - len(figures_text) - len(GAP))
    if free < BAR_LEAST_COLUMNS:
        return (Piece(figures_text),)
    filled = free * figures.done // max(1, figures.planned)
    return (Piece("━" * filled, Ink.GOOD), Piece("·" * (free - filled), Ink.FAINT), Piece(GAP + figures_text))


def _outcomes(figures: Figures, digits: int) -> list[Cell]:
    cells = []
    for keeps, (outcome, short) in zip((4, 3, 2, 1), _SHORT.items(), strict=True):
        rows = figures.outcomes.get(outcome, 0)
        wordings = tuple(f"{name} {rows:>{digits},}" if name else "" for name in (outcome.value, short))
        cells.append(Cell(wordings, (keeps,), _INKS[outcome] if rows else Ink.FAINT))
    return cells


def _traffic(figures: Figures, digits: int) -> list[Cell]:
    pace = figures.pace
    under_way = f"in flight {pace.in_flight:>4,}" if pace else f"begun {figures.begun:>8,}"
    refused = pace.refused if pace else figures.refused
    rate = f"{pace.per_second:,.1f}" if pace else NOTHING
    wave = pace.wave if pace else None
    name, counts = _wave_name(figures), ""
    if wave is not None:
        counts = f": {wave.done:>{digits},} of {wave.rows:>{digits},}"
    return [
        Cell((under_way, ""), (5,)),
        Cell((f"{rate:>7} rows/s", f"{rate:>7}/s"), (3,)),
        Cell((f"429s {refused:>6,}", ""), (4,), Ink.CARE if refused else Ink.PLAIN),
        Cell((name + counts, name, ""), (1, 2), Ink.FAINT),
    ]


def _wave_name(figures: Figures) -> str:
    wave = figures.pace.wave if figures.pace else None
    if wave is None or wave.of == 1:
        return ""
    return f"canary {wave.number} of {wave.of}" if wave.canary else f"wave {wave.number} of {wave.of}"


def _in_ascii(line: Line) -> Line:
    return tuple(Piece(piece.text.translate(_ASCII), piece.ink) for piece in line)


_ASCII: Final = str.maketrans({"━": "#", "·": ".", "…": "~", "≥": ">"})
