"""Which kind of file it is: its ending says so, and its first bytes must not say otherwise."""

import enum
from pathlib import PurePath
from typing import Final

from batchreset.adapters.reader.formats.table import Chunks
from batchreset.errors import InputError


class Kind(enum.Enum):
    """Named as in messages."""

    DELIMITED = "text with separators"
    NDJSON = "NDJSON"
    PARQUET = "Parquet"
    EXCEL = "an Excel workbook"


_BY_ENDING: Final = {
    ".csv": Kind.DELIMITED,
    ".tsv": Kind.DELIMITED,
    ".tab": Kind.DELIMITED,
    ".txt": Kind.DELIMITED,
    ".ndjson": Kind.NDJSON,
    ".jsonl": Kind.NDJSON,
    ".parquet": Kind.PARQUET,
    ".xlsx": Kind.EXCEL,
    ".xlsm": Kind.EXCEL,
}
_PACKED: Final = (".gz", ".zst", ".zstd")
TABLE_ENDINGS: Final = (*_BY_ENDING, *_PACKED, ".json", ".ods", ".xls", ".xlsb", ".zip")
"""Of files that hold tables, whether they are read or not."""
_TEXTS: Final = frozenset({Kind.DELIMITED, Kind.NDJSON})
_BY_FIRST_BYTES: Final = {b"PAR1": Kind.PARQUET, b"PK\x03\x04": Kind.EXCEL}
FIRST_BYTES: Final = 4


def kind_of_file(path: str, head: bytes) -> Kind:
    """By the ending of `path`; `head` are its first bytes.

    A file of an ending that is not known is not looked into: its first line would be shown as headers that do not
    fit, and it may be a key or a token that was given by mistake.

    Raises InputError.
    """
    name = PurePath(path.lower())
    ending = PurePath(name.stem).suffix if name.suffix in _PACKED else name.suffix
    kind = _BY_ENDING.get(ending)
    if kind is None or (name.suffix in _PACKED and kind not in _TEXTS):
        shown = f"{ending}{name.suffix}" if name.suffix in _PACKED else ending
        raise InputError(
            f"{path} has the ending {shown or '(none)'}, which is not read; those that are: {', '.join(_BY_ENDING)},"
            f" and the text ones with {', '.join(_PACKED)} after it",
            next_step="save it as CSV (UTF-8), Excel workbook (.xlsx) or Parquet; a table without an ending can come"
            " from standard input, as -",
        )
    told = _BY_FIRST_BYTES.get(head)
    if told is not None and told is not kind:
        raise InputError(
            f"{path} has the ending {ending}, but it is {told.value} by what is in it",
            next_step="check that it is the right file, then give it the ending of what it is",
        )
    return kind


def kind_of_stream(head: bytes, chunks: Chunks) -> Kind:
    """By what is in it. Raises InputError: no text, and neither Parquet nor a workbook."""
    told = _BY_FIRST_BYTES.get(head)
    if told is not None:
        return told
    start = next((text for chunk in chunks() if (text := chunk.lstrip())), b"")
    return Kind.NDJSON if start.startswith((b"{", b"[")) else Kind.DELIMITED
