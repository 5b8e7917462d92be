"""Excel workbooks (.xlsx, .xlsm): the one sheet that has the columns, its values as text."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import BinaryIO, Final

import fastexcel
import polars as pl

from batchreset.adapters.reader.formats.batching import bounded
from batchreset.adapters.reader.formats.excel.sheet_scan import (
    ERRORS,
    HIDDEN,
    MERGED,
    UNCALCULATED,
    Found,
    lengths_of_shared_texts,
    scan,
)
from batchreset.adapters.reader.formats.excel.workbook import MAX_ELEMENTS, MAX_FILE_BYTES, Workbook, refuse_damaged
from batchreset.adapters.reader.formats.table import MAX_COLUMNS, Table, refuse_empty, refuse_too_many_columns
from batchreset.adapters.reader.headers import listed
from batchreset.adapters.reader.problems import printable
from batchreset.core.columns import INPUT_REQUIRED, fold
from batchreset.errors import InputError

_ELEMENTS_BESIDE_ROWS: Final = 500_000
_ELEMENTS_PER_ROW: Final = 200
"""A row of sixty cells. More for every row that is allowed are not of a list of users."""
_SPARE_ROWS: Final = 1000
_MAX_SHEETS_SHOWN: Final = 10
_MAX_HEADERS_SHOWN: Final = 5

_REFUSED: Final = {
    ERRORS: "Correct the formulas, or delete the values, and save the workbook.",
    UNCALCULATED: "Open the workbook in Excel and save it, so that the results are in it; or paste them as values.",
    HIDDEN: "Whether hidden rows are meant cannot be told: show them, or copy the rows that are meant to a new sheet.",
    MERGED: "Unmerge the cells and fill each of them.",
}


def parse_excel(file: BinaryIO, shown: str, *, max_rows: int) -> Table:
    """The first row that is not blank is the header.

    Of several sheets the visible one with the required columns is read; a protected list has only some of them, so a
    workbook of one sheet is read whatever its columns are.

    Raises:
        InputError: also for whatever would be an empty cell without meaning it: an error, a formula without its
            result, a cell merged into another.
    """
    data = file.read(MAX_FILE_BYTES + 1)
    if not data:
        refuse_empty(shown)
    if len(data) > MAX_FILE_BYTES:
        raise InputError(
            f"{shown} has more than {MAX_FILE_BYTES >> 20} MiB",
            next_step="save the sheet with the users as CSV UTF-8",
        )
    sheets = _scanned(
        Workbook(data, shown, max_elements=min(MAX_ELEMENTS, _ELEMENTS_BESIDE_ROWS + max_rows * _ELEMENTS_PER_ROW)),
        shown,
    )
    if not sheets:
        refuse_empty(shown)
    found, frame = _chosen(data, sheets, shown)
    _refuse_meaningless_cells(found, shown)
    if frame.width > MAX_COLUMNS:
        refuse_too_many_columns(frame.width, shown)
    if frame.height > 2 * max_rows + _SPARE_ROWS:
        raise InputError(
            f"{shown} has {frame.height:,} rows; max_rows under [input] allows {max_rows:,}",
            next_step="raise max_rows if so many users really are to be reset; if not, look for the right input",
        )
    return Table(headers=_headers(frame), batches=bounded(iter((frame.slice(1),)), shown))


def _scanned(workbook: Workbook, shown: str) -> dict[str, Found]:
    """What stands in each visible sheet that is not empty; every sheet is gone through."""
    shared = lengths_of_shared_texts(workbook, shown)
    every = [(sheet, scan(workbook, sheet.part, shared, shown)) for sheet in workbook.sheets]
    return {sheet.name: found for sheet, found in every if found.filled and not sheet.hidden}


def _chosen(data: bytes, sheets: Mapping[str, Found], shown: str) -> tuple[Found, pl.DataFrame]:
    with translated(shown):
        reader = fastexcel.read_excel(data)
    matching = list[tuple[str, pl.DataFrame]]()
    headers = list[str]()
    for name, found in sheets.items():
        frame = _loaded(reader, name, found, shown)
        folded = {fold(header) for header in _headers(frame)}
        headers.append(f"{printable(name)}: {listed(_headers(frame)[:_MAX_HEADERS_SHOWN])}")
        if len(sheets) == 1 or all(fold(column) in folded for column in INPUT_REQUIRED):
            matching.append((name, frame))
    if len(matching) != 1:
        which = "more than one sheet" if matching else "no visible sheet"
        raise InputError(
            f"{shown} has {which} with the columns {' and '.join(INPUT_REQUIRED)} in its first row",
            details=tuple(headers[:_MAX_SHEETS_SHOWN]),
            next_step="leave one such sheet in the workbook, or save the one that is meant as a workbook of its own",
        )
    ((name, frame),) = matching
    return sheets[name], frame


def _loaded(reader: fastexcel.ExcelReader, name: str, found: Found, shown: str) -> pl.DataFrame:
    """Every value as text, from the first row that is not blank, up to the last column that is not."""
    with translated(shown):
        frame = reader.load_sheet(name, header_row=None, dtypes="string").to_polars()
    filled = frame.select(pl.all().str.contains(r"\S").fill_null(value=False))
    if filled.select(pl.sum_horizontal(pl.all().sum())).item() != found.filled - found.count[ERRORS]:
        refuse_damaged(shown, f"the sheet {printable(name)} does not read the same twice")
    first_row = filled.select(pl.any_horizontal(pl.all()).arg_max()).item()
    last = max(position for position, column in enumerate(filled.iter_columns()) if column.any())
    return frame.slice(first_row).select(frame.columns[: last + 1])


def _headers(frame: pl.DataFrame) -> tuple[str, ...]:
    return tuple(cell or "" for cell in frame.row(0))


def _refuse_meaningless_cells(found: Found, shown: str) -> None:
    for kind, next_step in _REFUSED.items():
        if found.count[kind]:
            more = found.count[kind] - len(found.addresses[kind])
            listed = ", ".join(map(printable, found.addresses[kind])) + (f" and {more} more" if more else "")
            raise InputError(f"{shown} has {kind}: {listed}", next_step=next_step)


@contextmanager
def translated(shown: str) -> Iterator[None]:
    """The library's errors as ours."""
    try:
        yield
    except fastexcel.FastExcelError as error:
        refuse_damaged(shown, printable(str(error)))
    except BaseException as error:  # a panic of the library is none of Exception's kind, and its class has no home
        if type(error).__name__ != "PanicException":
            raise
        refuse_damaged(shown, "the library that reads it gave up")
