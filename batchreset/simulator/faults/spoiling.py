"""What becomes of an answer that a fault befalls."""

import functools
import gzip
import zlib
from collections.abc import Sequence
from typing import Final, TypeVar

from batchreset.simulator import answers
from batchreset.simulator.answers import Answer
from batchreset.simulator.faults import heads
from batchreset.simulator.faults.draws import Draw
from batchreset.simulator.faults.kinds import Fault
from batchreset.simulator.faults.leftovers import leftover
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.replies import (
    CutShort,
    Deliver,
    Drip,
    Flood,
    Followed,
    Hang,
    Lose,
    Misdeclared,
    Reply,
    Verbatim,
)

_OK: Final = 200
_PAGE: Final = b"<!DOCTYPE html>\r\n<html><body><h1>Thank you</h1><p>Your request was received.</p></body></html>\r\n"
_WRONG: Final = (
    b'{"id": "9',
    b"[]",
    b"null",
    b'"OK"',
    b"1e999999",
    b'{"passwordProfile": "none", "id": 7, "links": []}',
    b"[" * 20_000,
    '{"id": "utf-16"}'.encode("utf-16"),
    b"\x00\xff\xfe\x80not text",
)
"""None of them is what is documented; most are not even JSON."""
_DECLARED_TOO_MUCH_BYTES: Final = 64
_PIECE: Final = b" " * (1 << 20)

_T = TypeVar("_T")


def spoiled(fault: Fault, answer: Answer, draw: Draw, options: SimulatorOptions) -> Reply:
    """The reply instead of the service's own answer, for a fault that leaves something of it."""
    after_seconds = draw.latency_seconds
    match fault:
        case Fault.CUT_SHORT:
            return CutShort(answer=answer, after_seconds=after_seconds)
        case Fault.TOO_LONG:
            length = len(answer.body) + _DECLARED_TOO_MUCH_BYTES
            return Misdeclared(answer=answer, content_length=length, after_seconds=after_seconds)
        case Fault.TOO_SHORT:
            return Misdeclared(answer=answer, content_length=len(answer.body) // 2, after_seconds=after_seconds)
        case Fault.DRIP:
            return Drip(answer=answer, lasts_seconds=options.drip_seconds, after_seconds=after_seconds)
        case Fault.HUGE:
            return Flood(answer=answer, size_bytes=options.huge_bytes, after_seconds=after_seconds)
        case Fault.ODD_HEAD:
            odd, head = chosen(heads.ODD, draw)(answer)
            return Verbatim(answer=odd, head=head, after_seconds=after_seconds)
        case Fault.LEFTOVER:
            other, later_seconds = leftover(draw.variety)
            behind = heads.kept_open(other)
            return Followed(answer=answer, leftover=behind, later_seconds=later_seconds, after_seconds=after_seconds)
        case _:
            return Deliver(answer=_other_body(fault, answer, draw, options), after_seconds=after_seconds)


def instead(fault: Fault, answer: Answer, draw: Draw, options: SimulatorOptions) -> Reply:
    """The reply of a fault that hides whatever the service has to say.

    `answer` is the server error or the refusal that is sent, of a fault that sends one.
    """
    after_seconds = draw.latency_seconds
    match fault:
        case Fault.REFUSED:
            return Lose(reset=True, after_seconds=0.0)
        case Fault.LOST | Fault.LOST_APPLIED:
            return Lose(reset=draw.reset, after_seconds=after_seconds)
        case Fault.HANG | Fault.HANG_APPLIED:
            return Hang()
        case Fault.HUGE_ERROR:
            return Flood(answer=answer, size_bytes=options.huge_bytes, after_seconds=after_seconds)
        case _:
            return Deliver(answer=answer, after_seconds=after_seconds)


HIDING: Final = frozenset(
    {fault for fault in Fault if not fault.applies} | {Fault.APPLIED_ERROR, Fault.LOST_APPLIED, Fault.HANG_APPLIED}
)
"""The faults for `instead`; the others are for `spoiled`."""


def chosen(kinds: Sequence[_T], draw: Draw) -> _T:
    return kinds[int(draw.variety * len(kinds))]


def _other_body(fault: Fault, answer: Answer, draw: Draw, options: SimulatorOptions) -> Answer:
    match fault:
        case Fault.GZIP:
            return answers.packed(answer, gzip.compress(answer.body, mtime=0))
        case Fault.GZIP_BROKEN:
            whole = gzip.compress(answer.body, mtime=0)
            broken = (whole[: len(whole) // 2], b"not packed at all", whole[:-8] + b"\x00" * 8)
            return answers.packed(answer, chosen(broken, draw))
        case Fault.GZIP_BOMB:
            return answers.packed(answer, _bomb(options.huge_bytes))
        case Fault.WRONG_JSON:
            return answers.with_body(answer, chosen(_WRONG, draw))
        case Fault.HTML:
            return answers.with_body(answer, _PAGE, media_type="text/html; charset=utf-8")
        case Fault.NO_CONTENT if answer.status == _OK:
            return answers.without_content(answer)
        case _:
            return answers.with_body(answer, b"")


@functools.cache
def _bomb(size_bytes: int) -> bytes:
    """Blanks, packed a thousandfold. In pieces, so that the whole of it is never in memory here."""
    packing = zlib.compressobj(wbits=zlib.MAX_WBITS | 16)
    whole, rest = divmod(size_bytes, len(_PIECE))
    packed = [packing.compress(_PIECE) for _ in range(whole)]
    return b"".join((*packed, packing.compress(_PIECE[:rest]), packing.flush()))
