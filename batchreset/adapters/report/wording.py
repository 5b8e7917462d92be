"""How figures, times and texts from outside are put on the page."""

import datetime as dt
import unicodedata
from collections.abc import Iterator
from typing import Final

from markupsafe import Markup

from batchreset.errors import sentence as end_of_sentence

LONGEST: Final = 160
"""Characters of a text that somebody else wrote; the results file has all of it."""
_UNSEEN: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})
"""Categories of characters that are not seen, turn text around or break a line."""
_MARKS: Final = frozenset({"Mn", "Me"})
"""Categories of what is drawn over a letter and takes no place of its own."""
_MARKS_AT_MOST: Final = 4
"""On one letter: Vietnamese and Hebrew have two, Thai three."""
_MINUTE: Final = 60
_HOUR: Final = 3600
_SECOND_MS: Final = 1000


def foreign(text: str, most: int = LONGEST) -> str:
    """A text that somebody else wrote: on one line, without what cannot be seen, not longer than a few lines."""
    few = "".join(_with_few_marks(text))
    shown = few if len(few) <= most else few[: most - 1] + "…"
    return "".join("\ufffd" if unicodedata.category(one) in _UNSEEN else one for one in shown)


def _with_few_marks(text: str) -> Iterator[str]:
    """A heap of marks on one letter is drawn over other lines."""
    marks = 0
    for one in text:
        marks = marks + 1 if unicodedata.category(one) in _MARKS else 0
        if marks <= _MARKS_AT_MOST:
            yield one


def css_text(text: str) -> Markup:
    """A text as CSS has it between quotation marks: whatever is no letter, figure or harmless mark as its number."""
    shown = (
        one if one.isascii() and (one.isalnum() or one in " ._-") else f"\\{ord(one):06x}" for one in foreign(text)
    )
    return Markup("".join(shown))  # noqa: S704  nothing is left that ends a string or an element


def sentence(text: str) -> str:
    """With a capital at its beginning and a full stop at its end."""
    return end_of_sentence(text[:1].upper() + text[1:])


def number(value: float) -> str:
    return f"{value:,}"


def share(part: int, whole: int) -> str:
    """In percent; never 0 for something, and never 100 for less than all."""
    if not whole or not part:
        return "0 %"
    if part == whole:
        return "100 %"
    percent = min(max(100 * part / whole, 0.1), 99.9)
    return f"{percent:.1f} %"


def moment(milliseconds: int | None) -> str:
    """A time of the ledger; a dash for none."""
    return bare_moment(milliseconds) + (" UTC" if milliseconds is not None else "")


def bare_moment(milliseconds: int | None) -> str:
    """The same where UTC stands in the heading."""
    if milliseconds is None:
        return "–"
    return _bare(dt.datetime.fromtimestamp(milliseconds / _SECOND_MS, dt.UTC))


def at(when: dt.datetime) -> str:
    return f"{_bare(when)} UTC"


def _bare(when: dt.datetime) -> str:
    return f"{when.astimezone(dt.UTC):%Y-%m-%d %H:%M:%S}"


def milliseconds(value: int) -> str:
    """As people say it: 85 ms, 1.25 s, 61 s."""
    if value < _SECOND_MS:
        return f"{value} ms"
    seconds = value / _SECOND_MS
    return f"{seconds:.2f} s" if seconds < 10 else f"{seconds:.1f} s"  # noqa: PLR2004  three figures are enough


def duration(seconds: float) -> str:
    """As people say it: 12.3 s, 4 min 05 s, 3 h 07 min."""
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(whole, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours:,} h {minutes:02} min" if hours else f"{minutes} min {rest:02} s"


def span(seconds: int) -> str:
    """The length of a bar: 5 s, 2 min, 3 h."""
    for size, unit in ((_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= size and not seconds % size:
            return f"{seconds // size} {unit}"
    return f"{seconds} s"


def clock(seconds: int) -> str:
    """A place on the axis of sending: 0:05, 12:30, 3:07:00."""
    minutes, rest = divmod(seconds, _MINUTE)
    hours, minutes = divmod(minutes, _MINUTE)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"
