"""What becomes of a request: everything that the wire needs to know of it, and everything that a client in memory does.

Over TLS sockets `app` carries these out. A client in memory sees of each:

    Deliver      a response: status, headers, body (with its content coding, where a header names one)
    Verbatim     the same response; only its head is spelled oddly on the wire, and the connection ends after it
    Flood        the same, with a body that `pieces` gives
    Followed     the same; on the wire its connection is kept and has another answer, to nobody's request, behind it
    CutShort     status and headers, half of the body, then the connection is lost
    Misdeclared  more declared than there is: status, headers, all of the body, then the connection is lost;
                 less declared: a response whose body ends there, and the connection cannot be used again
    Drip         a response whose body takes `lasts_seconds` after its head; who does not wait that long times out
    Lose         the request was sent; no byte of an answer, the connection is closed or reset
    Hang         the request was sent; nothing ever
    Refuse       no connection; nothing was sent

`after_seconds` pass before anything of it is seen.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from batchreset.simulator.answers import Answer

_PIECE_BYTES: Final = 64 << 10


@dataclass(frozen=True, slots=True, kw_only=True)
class Deliver:
    """Send the answer."""

    answer: Answer
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Verbatim:
    """Send the answer with a head that a strict server would not write, then close.

    Attributes:
        answer: what a lenient client makes of it.
        head: all bytes before the body.
    """

    answer: Answer
    head: bytes = field(repr=False)
    after_seconds: float = 0.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Flood:
    """Send the answer's body and then blanks, `size_bytes` in all; what was JSON stays JSON."""

    answer: Answer
    size_bytes: int
    after_seconds: float = 0.0

    def pieces(self) -> Iterator[bytes]:
        """The body, never all of it at once."""
        yield self.answer.body
        left = max(0, self.size_bytes - len(self.answer.body))
        while left > 0:
            yield b" " * min(left, _PIECE_BYTES)
            left -= _PIECE_BYTES


@dataclass(frozen=True, slots=True, kw_only=True)
class Followed:
    """Send the answer, keep the connection, and send on it what a careless client takes for its next answer.

    Attributes:
        leftover: all bytes of a whole second answer.
        later_seconds: from the end of the first one to the leftover.
    """

    answer: Answer
    leftover: bytes = field(repr=False)
    later_seconds: float
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class CutShort:
    """Send the headers and half the body, then lose the connection."""

    answer: Answer
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Misdeclared:
    """Send the whole answer with this Content-Length, then close."""

    answer: Answer
    content_length: int
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Drip:
    """Send the body byte after byte."""

    answer: Answer
    lasts_seconds: float
    after_seconds: float


@dataclass(frozen=True, slots=True, kw_only=True)
class Lose:
    """Close the connection, or reset it, without a byte of an answer."""

    reset: bool
    after_seconds: float


@dataclass(frozen=True, slots=True)
class Hang:
    """Never answer."""


@dataclass(frozen=True, slots=True)
class Refuse:
    """Nobody listens.

    Over sockets the server closes its listener while `Outages.refuses`; a request that still arrives, over a connection
    that was there before, has it reset.
    """


Reply = Deliver | Verbatim | Flood | Followed | CutShort | Misdeclared | Drip | Lose | Hang | Refuse


def ended(reply: Reply) -> str:
    """In a word, for the records."""
    match reply:
        case Deliver(answer=answer) | Verbatim(answer=answer) | Flood(answer=answer) | Followed(answer=answer):
            return str(answer.status)
        case Misdeclared(answer=answer, content_length=length) if length <= len(answer.body):
            return str(answer.status)
        case CutShort() | Misdeclared():
            return "cut_short"
        case Drip():
            return "drip"
        case Lose():
            return "lost"
        case Hang():
            return "hang"
        case Refuse():
            return "refused"
