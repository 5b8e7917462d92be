"""Letters: one page a person, to print or to hand on; one self-contained HTML file without scripts or network."""

import functools
import itertools
import unicodedata
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

import jinja2

from batchreset.adapters.handover.spelling import Sign, groups_of
from batchreset.core.certainty import Certainty
from batchreset.core.handover import HandedOver, Occasion, Person
from batchreset.core.outcome import Outcome
from batchreset.core.passphrase import SEPARATOR

_LONGEST_NAME: Final = 120
"""Entra's longest sign-in name has 113 characters; whatever is longer would not leave one page."""
_PIECES_BUFFERED: Final = 500
_SPELLED_AT_MOST: Final = 48
"""Characters on a page, each with how it is read out below it."""
_LARGE_AT_MOST: Final = 160
_MARKS: Final = frozenset({"Mn", "Me"})
"""Categories of what is drawn over a letter and takes no place of its own."""
_MARKS_AT_MOST: Final = 4
"""On one letter: Vietnamese and Hebrew have two, Thai three."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Password:
    """One password on a page: words, or groups of signs."""

    words: Sequence[str]
    groups: Sequence[Sequence[Sign]]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Letter:
    """What stands on one page.

    Attributes:
        name: how the person is addressed; "" where the input does not say.
        sign_in_name: "" likewise.
        passwords: the one to try first at the front.
        doubt: why the first one may not be in force: `changed`, it is not known to have been set; `replaced`, it was,
            and records speak against it. "": it is in force.
        size: of the signs: `spelled`, `large` or `small`.
    """

    person: Person
    name: str
    sign_in_name: str
    organisation: str
    passwords: Sequence[_Password]
    doubt: str
    set_at: str
    size: str


def letters(lines: Iterable[HandedOver], occasion: Occasion) -> Iterator[bytes]:
    """The whole file. A person's passwords stand next to one another in `lines`, oldest first."""
    by_person = itertools.groupby(lines, key=lambda line: line.person.row)
    pages = (_letter(list(own)) for _, own in by_person)
    date = f"{occasion.opened_at.day} {occasion.opened_at:%B %Y}"
    stream = _template().stream(letters=pages, run_id=occasion.run_id, date=date)
    stream.enable_buffering(_PIECES_BUFFERED)
    return (piece.encode() for piece in stream)


@functools.cache
def _template() -> jinja2.Template:
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("batchreset.adapters.handover", ""),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("letters.html")


def _letter(own: Sequence[HandedOver]) -> _Letter:
    person = own[0].person
    newest_first = [line.password.open() for line in reversed(own)]
    signs = sum(map(len, newest_first))
    size = "spelled" if signs <= _SPELLED_AT_MOST else "large" if signs <= _LARGE_AT_MOST else "small"
    done = own[-1].completed_at
    return _Letter(
        person=person,
        name=_one_line(person.display_name),
        sign_in_name=_one_line(person.principal_name),
        organisation=_one_line(person.organisation),
        passwords=[_password(text) for text in newest_first],
        doubt=_doubt(own[-1]),
        set_at=f"{done[:10]} {done[11:16]} UTC" if done else "",
        size=size,
    )


def _doubt(line: HandedOver) -> str:
    if line.certainty is Certainty.IN_FORCE:
        return ""
    return "replaced" if line.outcome is Outcome.SUCCEEDED else "changed"


def _password(text: str) -> _Password:
    """A random one never holds what stands between a passphrase's words."""
    if SEPARATOR in text:
        return _Password(words=text.split(SEPARATOR), groups=())
    return _Password(words=(), groups=groups_of(text))


def _one_line(text: str) -> str:
    """A name as a line of visible signs: what turns the direction of writing, or begins a new line, is left out.

    Also the marks on a letter beyond what any language puts there: a heap of them is drawn over other lines.
    """
    visible = "".join(_with_few_marks(character for character in " ".join(text.split()) if character.isprintable()))
    return visible if len(visible) <= _LONGEST_NAME else visible[:_LONGEST_NAME] + "…"


def _with_few_marks(characters: Iterable[str]) -> Iterator[str]:
    marks = 0
    for character in characters:
        marks = marks + 1 if unicodedata.category(character) in _MARKS else 0
        if marks <= _MARKS_AT_MOST:
            yield character
