"""The picture of a run under way: four lines of fixed columns, the same on the run's own terminal and for who watches.

A cell's width hangs on the terminal's and on how many rows there are, never on the figure in it: nothing jumps.
"""

import datetime as dt
import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from batchreset.adapters.display.words import left_of, state
from batchreset.core.figures import Figures
from batchreset.core.outcome import Outcome

LINES: Final = 4
"""Of every picture."""
BAR_MOST_COLUMNS: Final = 30
BAR_LEAST_COLUMNS: Final = 6
LEFT_COLUMNS: Final = 24
"""`at least 99 h 59 min left`."""
LEFT_SHORT_COLUMNS: Final = 12
_GAP: Final = "   "
_NARROW_GAP: Final = "  "
NOTHING: Final = "-"
"""Where a figure is not known."""


class Ink(enum.Enum):
    """What a piece of a line means; never told by its colour alone."""

    PLAIN = enum.auto()
    FAINT = enum.auto()
    GOOD = enum.auto()
    BAD = enum.auto()
    CARE = enum.auto()


@dataclass(frozen=True, slots=True)
class Piece:
    """Text in one ink."""

    text: str
    ink: Ink = Ink.PLAIN


Line = tuple[Piece, ...]


@dataclass(frozen=True, slots=True)
class _Cell:
    """One figure, from its longest wording to its shortest; "" leaves it out.

    Attributes:
        keeps: of each but the last: the higher, the later it gives way to the next one.
    """

    wordings: tuple[str, ...]
    keeps: tuple[int, ...] = ()
    ink: Ink = Ink.PLAIN


def plain(line: Line) -> str:
    """Without ink."""
    return "".join(piece.text for piece in line)


def picture(figures: Figures, *, columns: int, ascii_only: bool = False, zone: dt.tzinfo | None = None) -> list[Line]:
    """Exactly `LINES` lines, none wider than `columns`.

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
        _fitted(_outcomes(figures, digits), columns),
        _fitted(_traffic(figures, digits), columns),
        (Piece(words, Ink.CARE if waits else Ink.FAINT),),
    ]
    return [_cut(_in_ascii(line) if ascii_only else line, columns, "~" if ascii_only else "…") for line in lines]


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
    return "; ".join([*parts, state(figures, zone=zone)[0]])


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
    cells = _shortened(
        [
            _Cell((f"{figures.done:>{digits},} of {figures.planned:,}",)),
            _Cell((f"{_percent(figures):>3} %", ""), (2,)),
            _Cell((long.rjust(LEFT_COLUMNS), short.rjust(LEFT_SHORT_COLUMNS), ""), (1, 3)),
        ],
        columns,
    )
    figures_text = _gap(cells, columns).join(text for text, _ in cells)
    free = min(BAR_MOST_COLUMNS, columns - len(figures_text) - len(_GAP))
    if free < BAR_LEAST_COLUMNS:
        return (Piece(figures_text),)
    filled = free * figures.done // max(1, figures.planned)
    return (Piece("━" * filled, Ink.GOOD), Piece("·" * (free - filled), Ink.FAINT), Piece(_GAP + figures_text))


def _outcomes(figures: Figures, digits: int) -> list[_Cell]:
    cells = []
    for keeps, (outcome, short) in zip((4, 3, 2, 1), _SHORT.items(), strict=True):
        rows = figures.outcomes.get(outcome, 0)
        wordings = tuple(f"{name} {rows:>{digits},}" if name else "" for name in (outcome.value, short))
        cells.append(_Cell(wordings, (keeps,), _INKS[outcome] if rows else Ink.FAINT))
    return cells


def _traffic(figures: Figures, digits: int) -> list[_Cell]:
    pace = figures.pace
    under_way = f"in flight {pace.in_flight:>4,}" if pace else f"begun {figures.begun:>8,}"
    refused = pace.refused if pace else figures.refused
    rate = f"{pace.per_second:,.1f}" if pace else NOTHING
    wave = pace.wave if pace else None
    name, counts = _wave_name(figures), ""
    if wave is not None:
        counts = f": {wave.done:>{digits},} of {wave.rows:>{digits},}"
    return [
        _Cell((under_way, ""), (5,)),
        _Cell((f"{rate:>7} rows/s", f"{rate:>7}/s"), (3,)),
        _Cell((f"429s {refused:>6,}", ""), (4,), Ink.CARE if refused else Ink.PLAIN),
        _Cell((name + counts, name, ""), (1, 2), Ink.FAINT),
    ]


def _wave_name(figures: Figures) -> str:
    wave = figures.pace.wave if figures.pace else None
    if wave is None or wave.of == 1:
        return ""
    return f"canary {wave.number} of {wave.of}" if wave.canary else f"wave {wave.number} of {wave.of}"


def _fitted(cells: Sequence[_Cell], columns: int) -> Line:
    """One line of them."""
    chosen = _shortened(cells, columns)
    gap = _gap(chosen, columns)
    line: list[Piece] = []
    for text, ink in chosen:
        line += [Piece(gap), Piece(text, ink)] if line else [Piece(text, ink)]
    return tuple(line)


def _gap(texts: Sequence[tuple[str, Ink]], columns: int) -> str:
    return _GAP if _width(texts, _GAP) <= columns else _NARROW_GAP


def _shortened(cells: Sequence[_Cell], columns: int) -> list[tuple[str, Ink]]:
    """Each in its longest wording with which all have room; what matters least gives way first."""
    wordings = [0] * len(cells)

    def chosen() -> list[tuple[str, Ink]]:
        worded = [(cell.wordings[wording], cell.ink) for cell, wording in zip(cells, wordings, strict=True)]
        return [(text, ink) for text, ink in worded if text]

    steps = sorted((keeps, place) for place, cell in enumerate(cells) for keeps in cell.keeps)
    for _, place in steps:
        if _width(chosen(), _NARROW_GAP) <= columns:
            break
        wordings[place] += 1
    return chosen()


def _width(texts: Iterable[tuple[str, Ink]], gap: str) -> int:
    lengths = [len(text) for text, _ in texts]
    return sum(lengths) + len(gap) * max(0, len(lengths) - 1)


def _in_ascii(line: Line) -> Line:
    return tuple(Piece(piece.text.translate(_ASCII), piece.ink) for piece in line)


_ASCII: Final = str.maketrans({"━": "#", "·": ".", "…": "~", "≥": ">"})


def _cut(line: Line, columns: int, mark: str) -> Line:
    """No wider than that: a line that wraps would make every redrawing climb up the screen."""
    if sum(len(piece.text) for piece in line) <= columns:
        return line
    kept: list[Piece] = []
    room = max(0, columns - 1)
    for piece in line:
        kept.append(Piece(piece.text[:room], piece.ink))
        room -= len(kept[-1].text)
    return (*kept, Piece(mark if columns > 0 else ""))
