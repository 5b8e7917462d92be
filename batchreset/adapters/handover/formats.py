"""The formats by their names. All give UTF-8, in pieces."""

import csv
import io
import itertools
import json
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from batchreset.core.columns import HANDOVER
from batchreset.core.handover import HandedOver, Occasion

Renderer = Callable[[Iterable[HandedOver], Occasion], Iterator[bytes]]

FORMATS: Final = ("csv", "json", "letters")
_LINES_PER_PIECE: Final = 1_000


def renderer(name: str) -> Renderer:
    """One of `FORMATS`."""
    if name == "letters":
        # Its templates' library is paid for by those who want letters.
        from batchreset.adapters.handover.letters import letters  # noqa: PLC0415

        return letters
    return {"csv": _csv, "json": _json}[name]


def _csv(lines: Iterable[HandedOver], _occasion: Occasion) -> Iterator[bytes]:
    rows = itertools.chain([HANDOVER], (line.values() for line in lines))
    while piece := list(itertools.islice(rows, _LINES_PER_PIECE)):
        text = io.StringIO()
        csv.writer(text, lineterminator="\n").writerows(piece)
        yield text.getvalue().encode()


def _json(lines: Iterable[HandedOver], _occasion: Occasion) -> Iterator[bytes]:
    """One list, an object a line: a reader of JSON takes the whole, and one of lines finds a password in each."""
    opening = "[\n"
    for line in lines:
        yield f"{opening}{json.dumps(dict(zip(HANDOVER, line.values(), strict=True)))}".encode()
        opening = ",\n"
    yield b"[]\n" if opening == "[\n" else b"\n]\n"
