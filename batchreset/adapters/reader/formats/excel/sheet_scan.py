"""A look through a sheet's XML before its values are read.

The library that reads the values makes room for the rectangle around all cells, and gives nothing for an error, or a
formula that was never calculated; an empty cell means something here.
"""

import array
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from batchreset.adapters.reader.formats.excel.workbook import Workbook, local, new_parser, refuse_damaged
from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES
from batchreset.adapters.reader.problems import printable
from batchreset.errors import InputError

MAX_CELLS: Final = 20_000_000
"""Of the rectangle: 32 bytes each, whether they hold anything or not."""

MAX_SHEET_TEXT_BYTES: Final = 512 << 20
MAX_ADDRESSES: Final = 5
_MAX_ERROR_LENGTH: Final = 16

_ADDRESS: Final = re.compile(r"([A-Z]{1,3})([0-9]{1,7})\Z")
_NUMBER: Final = re.compile(r"[0-9]{1,9}\Z")
_LAST_COLUMN: Final = 16_384
_LAST_ROW: Final = 1_048_576


@dataclass(slots=True, kw_only=True)
class Found:
    """What stands in a sheet.

    Attributes:
        filled: cells with more than white space in them.
        first_row, last_row, first_column, last_column: of the rectangle around all cells with values.
        count: how many there are of each kind of cell that is not to be read as it looks.
        addresses: of each kind the first few, as Excel writes them.
    """

    filled: int = 0
    first_row: int = _LAST_ROW
    last_row: int = 0
    first_column: int = _LAST_COLUMN
    last_column: int = 0
    count: Counter[str] = field(default_factory=Counter)
    addresses: dict[str, list[str]] = field(default_factory=dict)

    def holds(self, row: int, column: int) -> bool:
        return self.first_row <= row <= self.last_row and self.first_column <= column <= self.last_column

    def note(self, kind: str, address: str) -> None:
        self.count[kind] += 1
        if self.count[kind] <= MAX_ADDRESSES:
            self.addresses.setdefault(kind, []).append(address)


ERRORS: Final = "cells that hold an error"
UNCALCULATED: Final = "formulas whose results are not in the file"
HIDDEN: Final = "cells in hidden rows"
MERGED: Final = "merged cells, of which all but the first are empty"


def lengths_of_shared_texts(workbook: Workbook, shown: str) -> "array.array[int]":
    """Of each in bytes; 0 where it is white space. Readings (furigana) are no part of the text."""
    lengths = array.array("L")
    reading, text = False, list[str]()

    def start(name: str, _: dict[str, str]) -> None:
        nonlocal reading
        if local(name) == "si":
            text.clear()
        elif local(name) == "rPh":
            reading = True

    def end(name: str) -> None:
        nonlocal reading
        kind = local(name)
        if kind == "si":
            lengths.append(_length("".join(text), shown, "a shared text"))
            text.clear()
        elif kind == "rPh":
            reading = False

    def letters(data: str) -> None:
        if not reading:
            text.append(data)

    if workbook.shared_texts:
        parser = new_parser()
        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = start, end, letters
        workbook.parse(workbook.shared_texts, parser)
    return lengths


def scan(workbook: Workbook, part: str, shared: "array.array[int]", shown: str) -> Found:
    """Raises InputError when the sheet would need more room than there may be, or contradicts itself."""
    scanner = _Scanner(shared, shown)
    parser = new_parser()
    parser.StartElementHandler = scanner.start
    parser.EndElementHandler = scanner.end
    parser.CharacterDataHandler = scanner.letters
    workbook.parse(part, parser)
    return scanner.found


class _Scanner:
    """Some ten calls a row of the sheet: so what is done most is done with least."""

    def __init__(self, shared: "array.array[int]", shown: str) -> None:
        self.found = Found()
        self._shared, self._shown = shared, shown
        self._row = self._column = self._bytes = 0
        self._hidden = self._formula = self._value = self._reading = self._phonetic = False
        self._kind, self._address, self._row_text = "n", "", ""
        self._text = list[str]()
        self._columns = dict[str, int]()
        self._starts: dict[str, Callable[[dict[str, str]], None]] = {
            "c": self._begin_cell,
            "v": self._begin_value,
            "t": self._begin_value,
            "f": self._begin_formula,
            "rPh": self._begin_reading,
            "row": self._begin_row,
            "mergeCell": self._merged,
        }
        self._ends: dict[str, Callable[[], None]] = {
            "c": self._end_cell,
            "v": self._end_value,
            "t": self._end_value,
            "rPh": self._end_reading,
        }

    def start(self, name: str, attributes: dict[str, str]) -> None:
        begin = self._starts.get(name) or self._starts.get(local(name))
        if begin:
            begin(attributes)

    def end(self, name: str) -> None:
        finish = self._ends.get(name) or self._ends.get(local(name))
        if finish:
            finish()

    def letters(self, data: str) -> None:
        if self._reading:
            self._text.append(data)

    def _begin_row(self, attributes: dict[str, str]) -> None:
        self._row_text = attributes.get("r") or str(self._row + 1)
        self._row = self._number(self._row_text)
        self._column = 0
        self._hidden = attributes.get("hidden") in {"1", "true"}

    def _begin_cell(self, attributes: dict[str, str]) -> None:
        self._address = address = attributes.get("r", "")
        if not address:
            self._column += 1
            self._address = f"row {self._row}, column {self._column}"
        elif address.endswith(self._row_text) and (column := self._columns.get(address[: -len(self._row_text)])):
            self._column = column
        else:
            self._column, self._row = self._position(address)
            self._row_text = str(self._row)
            self._columns[address.removesuffix(self._row_text)] = self._column
        self._kind = attributes.get("t", "n")
        self._formula = self._value = False
        self._text.clear()

    def _begin_value(self, _: dict[str, str]) -> None:
        self._value = True
        self._reading = not self._phonetic

    def _end_value(self) -> None:
        self._reading = False

    def _begin_formula(self, _: dict[str, str]) -> None:
        self._formula = True

    def _begin_reading(self, _: dict[str, str]) -> None:
        self._phonetic = True

    def _end_reading(self) -> None:
        self._phonetic = False

    def _end_cell(self) -> None:
        found, text = self.found, "".join(self._text)
        if self._formula and not (text or (self._value and self._kind == "str")):
            found.note(UNCALCULATED, self._address)
        if not self._value:
            return
        if self._kind == "e":
            found.note(ERRORS, f"{self._address} ({text[:_MAX_ERROR_LENGTH]})")
        length = self._shared_length(text) if self._kind == "s" else _length(text, self._shown, self._address)
        if length:
            found.filled += 1
            if self._hidden:
                found.note(HIDDEN, self._address)
        self._bytes += length
        if self._bytes > MAX_SHEET_TEXT_BYTES or not found.holds(self._row, self._column):
            self._grow()

    def _grow(self) -> None:
        found = self.found
        found.first_row, found.last_row = min(found.first_row, self._row), max(found.last_row, self._row)
        found.first_column = min(found.first_column, self._column)
        found.last_column = max(found.last_column, self._column)
        rows, columns = found.last_row - found.first_row + 1, found.last_column - found.first_column + 1
        if rows * columns > MAX_CELLS or self._bytes > MAX_SHEET_TEXT_BYTES:
            raise InputError(
                f"{self._shown} spans {rows} rows and {columns} columns in one sheet, up to cell {self._address}"
                " or further, or holds more text than is read",
                next_step="delete what stands far from the table (Ctrl+End shows it), or save the table as CSV UTF-8",
            )

    def _shared_length(self, index: str) -> int:
        position = int(index) if index.isascii() and index.isdecimal() else len(self._shared)
        if position >= len(self._shared):
            refuse_damaged(self._shown, f"cell {self._address} refers to a text that is not there")
        return self._shared[position]

    def _merged(self, attributes: dict[str, str]) -> None:
        reference = attributes.get("ref", "")
        first, _, last = reference.partition(":")
        (left, top), (right, bottom) = self._position(first), self._position(last or first)
        found = self.found
        apart = (
            top > found.last_row or bottom < found.first_row or left > found.last_column or right < found.first_column
        )
        if not apart and first != last:
            found.note(MERGED, reference)

    def _position(self, address: str) -> tuple[int, int]:
        """Column and row, from 1."""
        parts = _ADDRESS.match(address)
        if not parts:
            refuse_damaged(self._shown, f"a cell has the address {printable(address)}")
        column = 0
        for letter in parts[1]:
            column = column * 26 + ord(letter) - ord("A") + 1
        row = self._number(parts[2])
        if not (1 <= row <= _LAST_ROW and column <= _LAST_COLUMN):
            refuse_damaged(self._shown, f"a cell has the address {address}")
        return column, row

    def _number(self, text: str) -> int:
        if not _NUMBER.match(text):
            refuse_damaged(self._shown, f"{printable(text)} stands where a number belongs")
        return int(text)


def _length(text: str, shown: str, where: str) -> int:
    length = len(text.encode()) if text.strip() else 0
    if length > MAX_RECORD_BYTES:
        raise InputError(
            f"{shown}: {where} is longer than {MAX_RECORD_BYTES >> 20} MiB",
            next_step="shorten it, or leave out that column",
        )
    return length
