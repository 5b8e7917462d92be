"""From a path or standard input to a table of text."""

import hashlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from batchreset.adapters.reader import headers
from batchreset.adapters.reader.delimited import parse_delimited
from batchreset.adapters.reader.parquet import parse_parquet
from batchreset.adapters.reader.table import Table
from batchreset.errors import InputError

STDIN: Final = "-"
STDIN_ENDING: Final = ".csv"

Parser = Callable[[bytes, str], Table]
"""From a file's bytes, and its name for messages, to its table."""

PARSERS: Final[Mapping[str, Parser]] = {
    ".csv": parse_delimited,
    ".parquet": parse_parquet,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RawTable:
    """The input as it was read, nothing checked.

    Attributes:
        frame: every column String, under its own header, in file order; blank cells null, blank rows left out.
        source: the path as it was given; `-` for standard input.
        sha256: of the bytes that were read, hex.
    """

    frame: pl.DataFrame
    source: str
    sha256: str

    @property
    def shown(self) -> str:
        """Its name in messages."""
        return _shown(self.source)


def load(path: str, *, stdin: BinaryIO | None = None) -> RawTable:
    """Read the table at `path`, of the kind its ending says; `-` is CSV from `stdin`.

    The bytes are read once, so that a pipe can be read and the hash is of exactly what was parsed.

    Raises:
        InputError: it cannot be read, is no table, or has no rows.
    """
    shown = _shown(path)
    parse, data = _read(path, stdin, shown)
    table = parse(data, shown)
    frame = table.frame
    frame.columns = headers.unique(table.headers, shown)
    filled = pl.all().replace("", None)
    frame = frame.select(filled).filter(pl.any_horizontal(pl.all().str.contains(r"\S")))
    if frame.is_empty():
        raise InputError(
            f"{shown} has headers but no rows.",
            next_step="Look at how the file is made; a line for each user is needed below the headers.",
        )
    return RawTable(frame=frame, source=path, sha256=hashlib.sha256(data).hexdigest())


def _shown(source: str) -> str:
    return "standard input" if source == STDIN else source


def _read(path: str, stdin: BinaryIO | None, shown: str) -> tuple[Parser, bytes]:
    try:
        if path == STDIN:
            return PARSERS[STDIN_ENDING], _given(stdin).read()
        with Path(path).open("rb") as file:
            return _parser(path), file.read()
    except FileNotFoundError as error:
        raise InputError(
            f"{shown} does not exist.",
            next_step=f"Check the path; relative ones start at {Path.cwd()}.",
        ) from error
    except IsADirectoryError as error:
        raise InputError(
            f"{shown} is a folder, not a file.", next_step="Give the path of the file in it that is meant."
        ) from error
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) and error.strerror else str(error)
        raise InputError(
            f"{shown} cannot be read: {reason}.",
            next_step="Check the path, and that the user this runs as may read the file.",
        ) from error


def _given(stdin: BinaryIO | None) -> BinaryIO:
    if stdin is None:
        raise InputError(
            "The input is to come from standard input, and there is none.",
            next_step="Give a file, or send the table through a pipe.",
        )
    return stdin


def _parser(path: str) -> Parser:
    ending = Path(path).suffix.lower()
    if ending not in PARSERS:
        raise InputError(
            f"{path} has the ending {ending or '(none)'}, which is not read; read are {', '.join(PARSERS)}.",
            next_step="Save it as CSV (UTF-8) or Parquet; CSV without an ending is read from standard input as -.",
        )
    return PARSERS[ending]
