"""How a password is read out: each sign by its name, letters by the words that radio operators use."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

_GROUP: Final = 4

_LETTERS: Final = (
    "alfa", "bravo", "charlie", "delta", "echo", "foxtrot", "golf", "hotel", "india", "juliett", "kilo", "lima", "mike",
    "november", "oscar", "papa", "quebec", "romeo", "sierra", "tango", "uniform", "victor", "whiskey", "xray",
    "yankee", "zulu",
)  # fmt: skip
_DIGITS: Final = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SYMBOLS: Final = {
    "#": "hash", "%": "percent", "*": "star", "/": "slash", ":": "colon", "?": "question mark", "_": "under-score",
    "-": "hyphen",
}  # fmt: skip


@dataclass(frozen=True, slots=True, kw_only=True)
class Sign:
    """One character: what it is, and how it is read out."""

    text: str
    kind: str
    name: str


def groups_of(password: str) -> Sequence[Sequence[Sign]]:
    """Its signs in fours; the eye counts to four."""
    signs = [_sign(character) for character in password]
    return [signs[start : start + _GROUP] for start in range(0, len(signs), _GROUP)]


def _sign(character: str) -> Sign:
    if character.isdigit():
        return Sign(text=character, kind="digit", name=_DIGITS[int(character)])
    if character.isalpha():
        word = _LETTERS[ord(character.lower()) - ord("a")]
        upper = character.isupper()
        return Sign(text=character, kind="plain", name=f"capital {word.capitalize()}" if upper else word)
    return Sign(text=character, kind="symbol", name=_SYMBOLS.get(character, "symbol"))
