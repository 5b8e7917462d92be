"""A text that must not be seen: masked wherever Python would show it."""

from typing import Final, NoReturn, final

MASK: Final = "********"


@final
class Secret:
    """A password or token in memory; `open()` is the one way to its text.

    `repr`, `str`, f-strings and `%s` give the mask; pickling and JSON are refused, so that a secret cannot travel
    by accident. Equality is by content, so that a renewed token can be told from the one it replaces.
    """

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    def open(self) -> str:
        """The text in clear: for the wire and the sealing only."""
        return self._text

    def __repr__(self) -> str:
        return f"Secret({MASK})"

    def __str__(self) -> str:
        return MASK

    def __format__(self, spec: str) -> str:
        return MASK

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Secret) and self._text == other._text

    def __hash__(self) -> int:
        return hash(self._text)

    def __bool__(self) -> bool:
        return bool(self._text)

    def __reduce__(self) -> NoReturn:
        raise TypeError("a Secret is not pickled")
