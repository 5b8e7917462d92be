"""Frames of a terminal as one SVG: CSS moves a strip of them, no script; dark or light as the reader has it."""

import html
import itertools
from collections.abc import Sequence
from typing import Final

from rich.ansi import AnsiDecoder
from rich.color import Color
from rich.text import Text

from tools.pictures.filming import COLUMNS, Frame

CHARACTER_WIDTH: Final = 8.4
LINE_HEIGHT: Final = 18
MARGIN: Final = 14
BAR: Final = 26
"""The strip above, by which a window is known."""
HOLD_SECONDS: Final = 6.0
"""How long the last frame stays before it begins anew."""

_DARK: Final = {
    "back": "#14161a", "edge": "#2a2e36", "text": "#d7dae0", "c0": "#5c6370", "c1": "#f0717b", "c2": "#8fd17f",
    "c3": "#e5c07b", "c4": "#6fb3ff", "c5": "#d391e8", "c6": "#5fc9d8", "c7": "#d7dae0",
}  # fmt: skip
_LIGHT: Final = {
    "back": "#fbfbfa", "edge": "#d9dbe0", "text": "#24292f", "c0": "#7a828e", "c1": "#b42318", "c2": "#2b7a31",
    "c3": "#8a5a00", "c4": "#0b5cad", "c5": "#8a3ba8", "c6": "#0a6c7a", "c7": "#24292f",
}  # fmt: skip


def svg(frames: Sequence[Frame], *, title: str, description: str) -> str:
    """One file that an `<img>` can show."""
    width = round(COLUMNS * CHARACTER_WIDTH + 2 * MARGIN)
    height = max(len(frame.lines) for frame in frames) * LINE_HEIGHT + 2 * MARGIN + BAR
    shown = [*frames[:-1], Frame(seconds=HOLD_SECONDS, lines=frames[-1].lines)]
    lines: dict[str, int] = {}
    strip = [_frame(frame, number, lines, height) for number, frame in enumerate(shown)]
    defined = "".join(f'<g id="l{number}">{drawn}</g>' for drawn, number in lines.items())
    dots = "".join(f'<circle cx="{20 + 16 * n}" cy="16" r="5" fill="var(--c0)" opacity=".5"/>' for n in range(3))
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}" '
        f'role="img" aria-labelledby="t d"><title id="t">{html.escape(title)}</title>'
        f'<desc id="d">{html.escape(description)}</desc><style>{_style(shown, height)}</style>'
        f'<defs>{defined}<clipPath id="w"><rect width="{width}" height="{height - BAR}" y="{BAR}"/></clipPath></defs>'
        f'<rect class="window" x=".5" y=".5" width="{width - 1}" height="{height - 1}" rx="8"/>{dots}'
        f'<g clip-path="url(#w)"><g class="film">{"".join(strip)}</g></g></svg>\n'
    )


def _frame(frame: Frame, number: int, lines: dict[str, int], height: int) -> str:
    top = number * height + BAR + MARGIN
    used = []
    decoder = AnsiDecoder()  # a colour goes on from line to line until it is taken back
    for row, line in enumerate(frame.lines):
        if drawn := _line(decoder.decode_line(line)):
            index = lines.setdefault(drawn, len(lines))
            used.append(f'<use href="#l{index}" x="{MARGIN}" y="{top + (row + 1) * LINE_HEIGHT - 5}"/>')
    return "".join(used)


def _line(text: Text) -> str:
    """Its words where they stand; a run of spaces is no text."""
    drawn = []
    for start, end, kind in _pieces(text):
        words = text.plain[start:end]
        if not words.strip():
            continue
        lead = len(words) - len(words.lstrip(" "))
        words = words.strip(" ")
        x = (start + lead) * CHARACTER_WIDTH
        length = f' textLength="{len(words) * CHARACTER_WIDTH:.1f}"' if len(words) > 1 else ""
        drawn.append(f'<text x="{x:.1f}"{length}{kind}>{html.escape(words, quote=False)}</text>')
    return "".join(drawn)


def _pieces(text: Text) -> list[tuple[int, int, str]]:
    ends = sorted({0, len(text.plain), *(at for span in text.spans for at in (span.start, span.end))})
    return [(start, end, _kind(text, start)) for start, end in itertools.pairwise(ends) if start < end]


def _kind(text: Text, at: int) -> str:
    classes = []
    for span in text.spans:
        if span.start <= at < span.end and not isinstance(span.style, str):
            style = span.style
            if style.color is not None and not style.color.is_default:
                classes.append(_color(style.color))
            classes += [name for name, on in (("b", style.bold), ("i", style.italic), ("d", style.dim)) if on]
    return f' class="{" ".join(dict.fromkeys(classes))}"' if classes else ""


def _color(color: Color) -> str:
    """One of eight; what a terminal has beside them is the nearest."""
    if color.number is not None and color.number < 16:  # noqa: PLR2004  the terminal's own, then its bright ones
        return f"c{color.number % 8}" if color.number != 8 else "c0"  # noqa: PLR2004  bright black is grey
    near = {"c1": (220, 80, 80), "c2": (100, 190, 90), "c3": (220, 180, 90), "c4": (90, 150, 240),
            "c5": (200, 110, 220), "c6": (80, 190, 210), "c0": (110, 110, 110), "c7": (215, 215, 215)}  # fmt: skip
    red, green, blue = color.get_truecolor()
    return min(near, key=lambda name: sum((a - b) ** 2 for a, b in zip(near[name], (red, green, blue), strict=True)))


def _style(frames: Sequence[Frame], height: int) -> str:
    whole = sum(frame.seconds for frame in frames)
    at, steps = 0.0, []
    for number, frame in enumerate(frames):
        steps.append(f"{100 * at / whole:.3f}%{{transform:translateY({-number * height}px)}}")
        at += frame.seconds
    last = f"translateY({-(len(frames) - 1) * height}px)"
    light, dark = (";".join(f"--{name}:{value}" for name, value in kind.items()) for kind in (_LIGHT, _DARK))
    return (
        f"svg{{{light}}}@media(prefers-color-scheme:dark){{svg{{{dark}}}}}"
        "text{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:var(--text);"
        "white-space:pre}.window{fill:var(--back);stroke:var(--edge)}.b{font-weight:700}.i{font-style:italic}"
        ".d{opacity:.65}"
        + "".join(f".c{number}{{fill:var(--c{number})}}" for number in range(8))
        + f".film{{animation:film {whole:.2f}s step-end infinite}}@keyframes film{{{''.join(steps)}"
        f"100%{{transform:{last}}}}}@media(prefers-reduced-motion:reduce){{.film{{animation:none;transform:{last}}}}}"
    )
