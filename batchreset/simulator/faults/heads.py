"""Status lines and headers that no strict server writes and that clients meet all the same."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from typing import Final

from batchreset.simulator.answers import Answer

_REASONS: Final = {
    200: b"OK",
    400: b"Bad Request",
    403: b"Forbidden",
    404: b"Not Found",
    409: b"Conflict",
    429: b"Too Many Requests",
}
_CLOSE: Final = (b"Connection", b"close")


def interim(answer: Answer) -> tuple[Answer, bytes]:
    """Interim responses come first."""
    early = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 102 Processing\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: </>\r\n\r\n"
    return answer, early + _head(answer, _lines(answer))


def no_reason_phrase(answer: Answer) -> tuple[Answer, bytes]:
    """Neither a phrase nor the blank before it."""
    return answer, _head(answer, _lines(answer), reason=b"")


def lower_case(answer: Answer) -> tuple[Answer, bytes]:
    """As HTTP/2 gateways spell them, and no blank after the colon."""
    return answer, _head(answer, (name.lower() + b":" + value for name, value in _pairs(answer)))


def folded(answer: Answer) -> tuple[Answer, bytes]:
    """A value goes on in the next line (obs-fold, RFC 9112, 5.2)."""
    odd = _with(answer, ("X-Served-By", "cache-ams-1, cache-iad-2"))
    return odd, _head(answer, (*_lines(answer), b"X-Served-By: cache-ams-1,\r\n  cache-iad-2"))


def doubled(answer: Answer) -> tuple[Answer, bytes]:
    """Every header twice, as of two servers that both add theirs; the ids differ."""
    other = tuple(
        (name, value[::-1] if name in {"MS-RequestId", "MS-CorrelationId"} else value) for name, value in answer.headers
    )
    odd = replace(answer, headers=(*answer.headers, *other))
    return odd, _head(odd, (*_lines(odd), b"Content-Length: %d" % len(answer.body)))


def strange_values(answer: Answer) -> tuple[Answer, bytes]:
    """Ids that are none, no ASCII, nothing at all, and a wait that a success has no use for."""
    others = tuple(pair for pair in answer.headers if pair[0] not in {"MS-RequestId", "MS-CorrelationId"})
    strange = (
        ("MS-RequestId", ""),
        ("MS-CorrelationId", "\u00e9\u00ff not an id"),
        ("Retry-After", "soon"),
        ("isMfaCompliant", "perhaps"),
        ("X-Long", "a" * 8000),
    )
    odd = replace(answer, headers=(*others, *strange))
    return odd, _head(odd, _lines(odd))


ODD: Final[tuple[Callable[[Answer], tuple[Answer, bytes]], ...]] = (
    *(interim, no_reason_phrase, lower_case),
    *(folded, doubled, strange_values),
)
"""Each gives what a lenient client makes of it, and the bytes."""


def plain(answer: Answer, *, content_length: int) -> bytes:
    """A head in order, but for the length."""
    pairs = [*_encoded(answer), (b"Content-Length", b"%d" % content_length), _CLOSE]
    return _head(answer, (name + b": " + value for name, value in pairs))


def kept_open(answer: Answer) -> bytes:
    """All bytes of an answer in order, after which the connection is kept."""
    pairs = [*_encoded(answer), (b"Content-Length", b"%d" % len(answer.body))]
    return _head(answer, (name + b": " + value for name, value in pairs)) + answer.body


def _with(answer: Answer, *headers: tuple[str, str]) -> Answer:
    return replace(answer, headers=(*answer.headers, *headers))


def _encoded(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]


def _pairs(answer: Answer) -> list[tuple[bytes, bytes]]:
    return [*_encoded(answer), (b"Content-Length", b"%d" % len(answer.body)), _CLOSE]


def _lines(answer: Answer) -> list[bytes]:
    return [name + b": " + value for name, value in _pairs(answer)]


def _head(answer: Answer, lines: Iterable[bytes], *, reason: bytes | None = None) -> bytes:
    phrase = _REASONS.get(answer.status, b"Odd") if reason is None else reason
    status = (b"HTTP/1.1 %d " % answer.status + phrase).rstrip()
    return b"\r\n".join([status, *lines, b"", b""])
