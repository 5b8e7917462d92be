"""An answer's headers, looked up whatever their case."""

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar, overload

T = TypeVar("T")

_LENGTH: Final = re.compile(rb"\r\ncontent-length:[ \t]*([0-9]+)[ \t]*(?=\r\n|\Z)", re.IGNORECASE)


class Headers(Mapping[str, str]):
    """Names in lower case; what comes several times is one value, with commas between (RFC 9110, 5.3)."""

    __slots__ = ("_values",)

    def __init__(self, pairs: Iterable[tuple[bytes, bytes]]) -> None:
        values: dict[bytes, bytes] = {}
        for name, value in pairs:
            folded = name.lower()
            values[folded] = values[folded] + b", " + value if folded in values else value
        self._values = values

    def __getitem__(self, name: str) -> str:
        return _text(self._values[_folded(name)])

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and _folded(name) in self._values

    @overload
    def get(self, name: str, /) -> str | None: ...

    @overload
    def get(self, name: str, /, default: T) -> str | T: ...

    def get(self, name: str, /, default: T | None = None) -> str | T | None:
        """Asked several times of every answer, mostly of one that is not there: no exception for it."""
        value = self._values.get(_folded(name))
        return default if value is None else _text(value)

    def __iter__(self) -> Iterator[str]:
        return map(_text, self._values)

    def __len__(self) -> int:
        return len(self._values)


def _folded(name: str) -> bytes:
    return name.lower().encode("latin-1", "replace")


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")


def with_one_length(piece: bytes) -> bytes:
    """A head that says its length several times and alike, as two servers one behind the other do, says it once.

    RFC 9112 (6.3) lets a client take it; the parser does not. In another form than this it is no HTTP then.
    """
    if piece.lower().count(b"\r\ncontent-length:") <= 1:
        return piece
    head, end, rest = piece.partition(b"\r\n\r\n")
    lengths = list(_LENGTH.finditer(head))
    if len({length[1] for length in lengths}) != 1:
        return piece
    first = lengths[0].end()
    return head[:first] + _LENGTH.sub(b"", head[first:]) + end + rest
