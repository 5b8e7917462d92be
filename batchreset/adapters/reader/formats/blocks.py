"""A text in blocks of whole lines: nothing larger than a block and a line is ever in memory."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES, refuse_long_record


@dataclass(frozen=True, slots=True, kw_only=True)
class Block:
    """Whole lines.

    Attributes:
        first_line: number of its first line in the file, from 1.
        data: UTF-8; ends with a line end, unless it is the file's end.
    """

    first_line: int
    data: bytes

    @property
    def has_text(self) -> bool:
        """Whether there is more in it than blanks."""
        return bool(self.data) and not self.data.isspace()


def blocks(chunks: Iterable[bytes], shown: str, *, quotes: bool) -> Iterator[Block]:
    """Cut at the ends of lines; with `quotes`, not at those inside quotation marks.

    Raises:
        InputError: a line is longer than may be.
    """
    rest, line = b"", 1
    for chunk in chunks:
        data = rest + chunk
        end = _end_of_lines(data, quotes=quotes)
        rest = data[end:]
        if len(rest) > MAX_RECORD_BYTES:
            refuse_long_record(line + data.count(b"\n", 0, end), shown, unclosed=quotes and b'"' in rest)
        if end:
            yield Block(first_line=line, data=data[:end])
            line += data.count(b"\n", 0, end)
    if rest:
        yield Block(first_line=line, data=rest)


def _end_of_lines(data: bytes, *, quotes: bool) -> int:
    """Where the last whole line ends; `data` begins outside quotation marks. 0: none does."""
    end = data.rfind(b"\n") + 1
    open_quotes = data.count(b'"', 0, end) if quotes else 0
    while open_quotes % 2:
        before = data.rfind(b"\n", 0, data.rfind(b'"', 0, end)) + 1
        open_quotes -= data.count(b'"', before, end)
        end = before
    return end
