"""Lines of cells: each figure in the longest wording for which all have room."""

import enum
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

GAP: Final = "   "
_NARROW_GAP: Final = "  "


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
class Cell:
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


def fitted(cells: Sequence[Cell], columns: int) -> Line:
    """One line of them."""
    chosen = shortened(cells, columns)
    gap = gap_of(chosen, columns)
    line: list[Piece] = []
    for text, ink in chosen:
        line += [Piece(gap), Piece(text, ink)] if line else [Piece(text, ink)]
    return tuple(line)


def gap_of(texts: Sequence[tuple[str, Ink]], columns: int) -> str:
    return GAP if _width(texts, GAP) <= columns else _NARROW_GAP


def shortened(cells: Sequence[Cell], columns: int) -> list[tuple[str, Ink]]:
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


def cut(line: Line, columns: int, mark: str) -> Line:
    """No wider than that: a line that wraps would make every redrawing climb up the screen."""
    if sum(len(piece.text) for piece in line) <= columns:
        return line
    kept: list[Piece] = []
    room = max(0, columns - 1)
    for piece in line:
        kept.append(Piece(piece.text[:room], piece.ink))
        room -= len(kept[-1].text)
    return (*kept, Piece(mark if columns > 0 else ""))
