"""An Excel workbook as an archive: what it really is, how large it really is, and which sheets it has."""

import copy
import io
import re
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final, NoReturn
from xml.parsers import expat

from batchreset.adapters.reader.problems import printable
from batchreset.errors import InputError

MAX_FILE_BYTES: Final = 256 << 20
MAX_INFLATED_BYTES: Final = 1 << 30
"""Of all its XML together; a million rows of four columns are a fifth of it."""

_MAX_PARTS: Final = 10_000
_READ_BYTES: Final = 1 << 20
_OLD_CONTAINER: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_FLAG: Final = 1
_WORKBOOK: Final = "xl/workbook.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_XML: Final = re.compile(r"\.(xml|rels)\Z", re.IGNORECASE)
_SAVE_AS: Final = "Open it in Excel and save it as Excel workbook (.xlsx) or CSV UTF-8."

Start = Callable[[str, dict[str, str]], object]
"""What is done where an element begins; the name comes without its prefix."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """`part` is its name in the archive."""

    name: str
    part: str
    hidden: bool


class Workbook:
    """The archive, whose every part is XML without a document type, and of bounded size."""

    def __init__(self, data: bytes, shown: str) -> None:
        self._shown = shown
        self._archive = _opened(data, shown)
        self._inflated = 0
        names = [name for name in self.parts() if name not in {_WORKBOOK, _RELATIONS}]
        self.sheets = tuple(self._sheets())
        # Sheets and shared texts are gone through by those who count what is in them.
        read_later = {sheet.part for sheet in self.sheets} | {self.shared_texts}
        for name in names:
            if name not in read_later:
                self.parse(name, new_parser())

    @property
    def shared_texts(self) -> str | None:
        return next((name for name in self.parts() if name.lower() == "xl/sharedstrings.xml"), None)

    def parts(self) -> list[str]:
        return [name for name in self._archive.namelist() if _XML.search(name)]

    def parse(self, part: str, parser: expat.XMLParserType) -> None:
        """Hand the part to `parser`. What it inflates to is counted, not believed.

        Raises InputError when it is no XML, has a document type, or all parts together become too large.
        """
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        info = copy.copy(self._archive.getinfo(part))
        info.file_size = MAX_INFLATED_BYTES + _READ_BYTES
        try:
            with self._archive.open(info) as inflating:
                while block := inflating.read(_READ_BYTES):
                    self._inflated += len(block)
                    if self._inflated > MAX_INFLATED_BYTES:
                        self._refuse_large()
                    parser.Parse(block, False)
                parser.Parse(b"", True)
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, expat.ExpatError) as error:
            refuse_damaged(self._shown, f"{printable(part)}: {error}")

    def _sheets(self) -> Iterator[Sheet]:
        targets, sheets = dict[str, str](), list[tuple[str, str, bool]]()

        def relation(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship":
                targets[attributes.get("Id", "")] = attributes.get("Target", "")

        def sheet(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet":
                identity = next((value for key, value in attributes.items() if local(key) == "id"), "")
                hidden = attributes.get("state", "visible") != "visible"
                sheets.append((attributes.get("name", ""), identity, hidden))

        for part, start in ((_RELATIONS, relation), (_WORKBOOK, sheet)):
            if part not in self._archive.namelist():
                refuse_damaged(self._shown, f"it has no part {part}")
            self.parse(part, new_parser(start))
        for name, identity, hidden in sheets:
            target = targets.get(identity, "").removeprefix("/")
            part = target if target.startswith("xl/") else f"xl/{target}"
            if part not in self._archive.namelist():
                refuse_damaged(self._shown, f"the sheet {printable(name)} is missing")
            if "chartsheets/" not in part:
                yield Sheet(name=name, part=part, hidden=hidden)

    def _refuse_document_type(self, *_: object) -> NoReturn:
        refuse_damaged(self._shown, "it declares a document type, which no workbook does")

    def _refuse_large(self) -> NoReturn:
        raise InputError(
            f"{self._shown} becomes more than {MAX_INFLATED_BYTES} bytes when it is unpacked.",
            next_step="Save the sheet with the users alone, as a workbook of its own or as CSV UTF-8.",
        )


def new_parser(start: Start | None = None) -> expat.XMLParserType:
    """Of UTF-8, whatever the part declares: the library that reads the values after this takes it for that too."""
    parser = expat.ParserCreate("UTF-8")
    parser.buffer_text = True
    if start:
        parser.StartElementHandler = lambda name, attributes: start(local(name), attributes)
    return parser


def local(name: str) -> str:
    return name.rpartition(":")[2]


def refuse_damaged(shown: str, reason: str) -> NoReturn:
    raise InputError(
        f"{shown} is not an Excel workbook that can be read; it may be cut short or damaged.",
        details=(reason,),
        next_step=_SAVE_AS,
    ) from None


def _opened(data: bytes, shown: str) -> zipfile.ZipFile:
    if data.startswith(_OLD_CONTAINER):
        if _ENCRYPTED in data:
            _refuse_kind("a workbook that is protected by a password", shown, "Save it without a password.")
        _refuse_kind("an old Excel workbook (.xls)", shown)
    try:
        archive = zipfile.ZipFile(io.BytesIO(data))
    except (zipfile.BadZipFile, ValueError, NotImplementedError) as error:
        refuse_damaged(shown, str(error))
    names = archive.namelist()
    if _WORKBOOK not in names:
        _refuse_kind(_kind(names), shown)
    repeated = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
    if repeated:
        refuse_damaged(shown, f"it has the part {printable(repeated[0])} twice")
    if len(names) > _MAX_PARTS or any(info.flag_bits & _ENCRYPTED_FLAG for info in archive.infolist()):
        refuse_damaged(shown, "it has too many parts, or encrypted ones")
    return archive


def _kind(names: list[str]) -> str:
    if "xl/workbook.bin" in names:
        return "a binary Excel workbook (.xlsb)"
    if "content.xml" in names:
        return "an OpenDocument table (.ods)"
    return "an archive of something else"


def _refuse_kind(kind: str, shown: str, next_step: str = _SAVE_AS) -> NoReturn:
    raise InputError(f"{shown} is {kind}, not an Excel workbook (.xlsx).", next_step=next_step)
