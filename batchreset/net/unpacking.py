"""A body as it was packed, unpacked as far as it is wanted: 2 KB can hold a gigabyte, and the sender chooses."""

import zlib
from typing import Final, Protocol

ACCEPTED: Final = "gzip, deflate"
"""For `Accept-Encoding`; httpx would also offer what else happens to be installed."""
PACKED_MOST_TIMES: Final = 3
"""RFC 9110, 8.4, allows several codings one over the other; gateways that pack what is packed exist."""

_GZIP: Final = zlib.MAX_WBITS | 16


class UndecodableError(Exception):
    """The body is not packed as it says; no text of it is in the error."""


class _Stage(Protocol):
    def unpack(self, packed: bytes, most_bytes: int) -> bytes:
        """At most so many bytes of what is in it. Raises zlib.error."""
        ...


class Unpacking:
    """Unpacks a body piece by piece; no more than `most_bytes` are taken of it as it came, or at any stage.

    Args:
        content_encoding: the header's value. What is not known in it is let through, as httpx does.

    Raises:
        UndecodableError: it is packed more often than anybody does.
    """

    def __init__(self, content_encoding: str, *, most_bytes: int) -> None:
        names = [name.strip().lower() for name in content_encoding.split(",")]
        self._stages: list[_Stage] = []
        for name in reversed(names):
            match name:
                case "gzip" | "x-gzip":
                    self._stages.append(_Gzip())
                case "deflate":
                    self._stages.append(_Deflate())
                case _:
                    pass
        if len(self._stages) > PACKED_MOST_TIMES:
            raise UndecodableError("it is packed too often")
        self._left = [most_bytes] * (len(self._stages) + 1)

    @property
    def is_full(self) -> bool:
        """Whether nothing more will come of it."""
        return not all(self._left)

    def unpack(self, piece: bytes) -> bytes:
        """What the next piece adds. Raises UndecodableError."""
        piece = self._counted(0, piece[: self._left[0]])
        for number, stage in enumerate(self._stages, start=1):
            try:
                # A limit of 0 would be none to zlib.
                piece = stage.unpack(piece, self._left[number]) if self._left[number] else b""
            except zlib.error as error:
                raise UndecodableError(str(error)) from None
            self._counted(number, piece)
        return piece

    def _counted(self, stage: int, piece: bytes) -> bytes:
        self._left[stage] -= len(piece)
        return piece


class _Gzip:
    def __init__(self) -> None:
        self._inside = zlib.decompressobj(_GZIP)

    def unpack(self, packed: bytes, most_bytes: int) -> bytes:
        return self._inside.decompress(packed, most_bytes)


class _Deflate:
    """With zlib's frame, as it should be, or without, as some send it: the first two bytes tell (RFC 1950, 2.2)."""

    def __init__(self) -> None:
        self._first = b""
        self._inside: zlib._Decompress | None = None

    def unpack(self, packed: bytes, most_bytes: int) -> bytes:
        if self._inside is None:
            packed = self._first = self._first + packed
            if len(packed) < 2:  # noqa: PLR2004  said above
                return b""
            framed = packed[0] & 15 == zlib.DEFLATED and int.from_bytes(packed[:2]) % 31 == 0
            self._inside = zlib.decompressobj(zlib.MAX_WBITS if framed else -zlib.MAX_WBITS)
        return self._inside.decompress(packed, most_bytes)
