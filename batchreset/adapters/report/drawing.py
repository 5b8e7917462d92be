"""A chart's frame in SVG: axes, their numbers, lines and bars. Texts and figures in, elements out; nothing is imported.

Colours are the page's own variables, so that a chart is dark where the page is.
"""

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from html import escape
from typing import Final, TypeAlias

Place: TypeAlias = tuple[float, float]

HEIGHT: Final = 210
SMALL: Final = 12
"""Pixels of a letter's height."""
LETTER: Final = 6.5
"""Pixels of its width, at most."""
_NUMBERS: Final = 5
"""About so many beside the upright axis."""
_TICK: Final = 5
_GAP: Final = 7
"""Between an axis and what stands beside it."""
_BELOW: Final = 16
_TITLE_BELOW: Final = 31
_TURNED: Final = -60
"""Degrees."""
_MARGIN: Final = 5
_NEARLY: Final = 1e-9
_STEPS: Final = ((math.sqrt(50), 10), (math.sqrt(10), 5), (math.sqrt(2), 2))


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawing:
    """What stands inside an `<svg>` element, and its `viewBox`."""

    view_box: str
    inside: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Mark:
    """A place on the level axis, in pixels, and what stands below it."""

    at: float
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Upright:
    """The upright axis: from 0 to `top`, in what it counts; `whole`: in whole numbers only."""

    title: str
    top: float
    whole: bool = False

    @property
    def step(self) -> float:
        """From one number to the next: 1, 2 or 5 of some power of ten, about five of them in all."""
        rough = self.top / _NUMBERS
        power = 10.0 ** math.floor(math.log10(rough))
        step = power * next((factor for least, factor in _STEPS if rough / power >= least), 1)
        return max(step, 1.0) if self.whole else step

    @property
    def numbers(self) -> list[float]:
        """Those that stand beside it."""
        return [self.step * number for number in range(math.floor(self.top / self.step + _NEARLY) + 1)]

    @property
    def rounded(self) -> "Upright":
        """Up to the next whole number beside it."""
        return replace(self, top=self.step * math.ceil(self.top / self.step - _NEARLY))

    def text(self, number: float) -> str:
        return f"{number:,.{max(0, -math.floor(math.log10(self.step) + _NEARLY))}f}"

    def y(self, number: float) -> float:
        """In pixels, from above."""
        return HEIGHT - HEIGHT * number / self.top


def framed(
    inside: Iterable[str], upright: Upright, marks: Sequence[Mark], *, width: int, title: str, turned: bool = False
) -> Drawing:
    """A chart of that width, without what stands beside it.

    Args:
        inside: elements between the axes.
        upright: the axis at the left.
        marks: of the axis below.
        width: of what is between the axes, in pixels.
        title: of the axis below.
        turned: whether its texts stand obliquely.
    """
    widest = LETTER * max(len(upright.text(number)) for number in upright.numbers)
    left = _MARGIN + SMALL + _GAP + widest + _GAP
    letters = LETTER * max((len(mark.text) for mark in marks), default=0)
    title_at = _TITLE_BELOW if not turned else _GAP + letters * math.sin(math.radians(-_TURNED)) + 1.5 * SMALL
    box = (width + left + SMALL, HEIGHT + title_at + 2 * _MARGIN + _MARGIN)
    elements = [
        *_lines_across(upright, width),
        *_beside(upright, widest),
        *_below(marks, width, turned=turned),
        *inside,
        _text(width / 2, HEIGHT + title_at, title),
    ]
    group = f'<g transform="translate({_px(left)},{2 * _MARGIN})" fill="none">{"".join(elements)}</g>'
    return Drawing(view_box=f"0 0 {_px(box[0])} {_px(box[1])}", inside=group)


def bar(x: float, y: float, *, width: float, height: float, colour: str) -> str:
    return f'<rect x="{_px(x)}" y="{_px(y)}" width="{_px(width)}" height="{_px(height)}" fill="var(--{colour})"/>'


def line(start: Place, end: Place, colour: str, *, dashes: str = "", wide: int = 1) -> str:
    dashed = f' stroke-dasharray="{dashes}"' if dashes else ""
    places = f'x1="{_px(start[0])}" y1="{_px(start[1])}" x2="{_px(end[0])}" y2="{_px(end[1])}"'
    return f'<line {places} stroke="var(--{colour})" stroke-width="{wide}"{dashed}/>'


def label(x: float, y: float, text: str) -> str:
    """Words in the chart itself, from `x` on."""
    return _text(x, y, text, anchor="start", colour="ink")


def _lines_across(upright: Upright, width: int) -> Iterator[str]:
    return (
        line((0, upright.y(number)), (width, upright.y(number)), "grid", dashes="1 3") for number in upright.numbers
    )


def _beside(upright: Upright, widest: float) -> Iterator[str]:
    yield line((0, 0), (0, HEIGHT), "line")
    for number in upright.numbers:
        y = upright.y(number)
        yield line((-_TICK, y), (0, y), "line")
        yield _text(-_GAP, y + SMALL / 3, upright.text(number), anchor="end")
    yield _text(0, 0, upright.title, moved=f"translate({_px(-2 * _GAP - widest)},{HEIGHT / 2:g}) rotate(-90)")


def _below(marks: Sequence[Mark], width: int, *, turned: bool) -> Iterator[str]:
    yield line((0, HEIGHT), (width, HEIGHT), "line")
    for mark in marks:
        yield line((mark.at, HEIGHT), (mark.at, HEIGHT + _TICK), "line")
        if turned:
            moved = f"translate({_px(mark.at + SMALL / 3)},{HEIGHT + 2 * _GAP - 3}) rotate({_TURNED})"
            yield _text(0, 0, mark.text, anchor="end", moved=moved)
        else:
            anchor = "start" if mark.at <= 0 else "end" if mark.at >= width else "middle"
            yield _text(mark.at, HEIGHT + _BELOW, mark.text, anchor=anchor)


def _text(x: float, y: float, text: str, *, anchor: str = "middle", colour: str = "soft", moved: str = "") -> str:
    place = f'transform="{moved}"' if moved else f'x="{_px(x)}" y="{_px(y)}"'
    style = f'font-family="system-ui, sans-serif" font-size="{SMALL}px" fill="var(--{colour})"'
    return f'<text {place} text-anchor="{anchor}" {style}>{escape(text)}</text>'


def _px(value: float) -> str:
    """Bars that touch one another leave no gap that anybody sees."""
    return f"{value:.2f}".rstrip("0").rstrip(".")
