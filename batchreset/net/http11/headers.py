"""An answer's headers, looked up whatever their case."""

from collections.abc import Iterable, Iterator, Mapping


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
        return _text(self._values[name.lower().encode("latin-1", "replace")])

    def __iter__(self) -> Iterator[str]:
        return map(_text, self._values)

    def __len__(self) -> int:
        return len(self._values)


def _text(value: bytes) -> str:
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value.decode("latin-1")
