"""An Excel workbook as an archive: what it really is, how large it really is, and which sheets it has."""

import copy
import io
import lzma
import re
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final, NoReturn
from xml.parsers import expat

from batchreset.adapters.reader.formats.table import MAX_RECORD_BYTES
from batchreset.adapters.reader.problems import printable
from batchreset.errors import InputError

MAX_FILE_BYTES: Final = 256 << 20
MAX_INFLATED_BYTES: Final = 1 << 30
"""Of all its XML together; a million rows of four columns are a fifth of it."""

MAX_ELEMENTS: Final = 25_000_000
"""Of all its XML together, and fewer where the caller expects fewer rows; a million of four columns have 13 million."""
_MAX_UNREAD_BYTES: Final = 4 << 20
"""Of one comment, tag or the like: the parser begins anew with it each time that more of it comes."""
_MAX_DEPTH: Final = 100

_MAX_PARTS: Final = 10_000
_READ_BYTES: Final = 1 << 20
_OLD_CONTAINER: Final = b"\xd0\xcf\x11\xe0"
_ENCRYPTED: Final = "EncryptedPackage".encode("utf-16-le")
_ENCRYPTED_FLAG: Final = 1
_WORKBOOK: Final = "xl/workbook.xml"
_ROOT: Final = "_rels/.rels"
_SHARED_TEXTS: Final = "xl/sharedstrings.xml"
_RELATIONS: Final = "xl/_rels/workbook.xml.rels"
_XML: Final = re.compile(r"\.(xml|rels)\Z", re.IGNORECASE)
_DAMAGED: Final = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, OverflowError, RuntimeError,
    ValueError,
)  # fmt: skip
"""What zipfile lets through where offsets, lengths and methods are not what they say; all of it is in memory."""
_SAVE_AS: Final = "open it in Excel and save it as Excel workbook (.xlsx) or CSV UTF-8"

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

    def __init__(
        self, data: bytes, shown: str, *, max_bytes: int = MAX_INFLATED_BYTES, max_elements: int = MAX_ELEMENTS
    ) -> None:
        self._shown = shown
        self._max_bytes = max_bytes
        self._archive = _opened(data, shown)
        self._inflated = 0
        self._elements = 0
        self._max_elements = max_elements
        self.sheets, self.shared_texts = self._found()
        # Sheets and shared texts are gone through by those who count what is in them.
        done = {_ROOT, _WORKBOOK, _RELATIONS, self.shared_texts, *(sheet.part for sheet in self.sheets)}
        for name in self._archive.namelist():
            if name not in done and _XML.search(name):
                self.parse(name, new_parser())

    def parse(self, part: str, parser: expat.XMLParserType) -> None:
        """Hand the part to `parser`. What it inflates to is counted, not believed.

        Raises InputError when it is no XML, has a document type, or all parts together become too large.
        """
        parser.StartDoctypeDeclHandler = self._refuse_document_type
        self._count_elements(parser)
        if part not in self._archive.namelist():
            refuse_damaged(self._shown, f"the part {printable(part)} is missing")
        info = copy.copy(self._archive.getinfo(part))
        info.file_size = self._max_bytes + _READ_BYTES
        fed = 0
        try:
            with self._archive.open(info) as inflating:
                while block := inflating.read(_READ_BYTES):
                    self._inflated += len(block)
                    if self._inflated > self._max_bytes:
                        self._refuse_large()
                    fed += len(block)
                    parser.Parse(block, False)
                    if fed - parser.CurrentByteIndex > _MAX_UNREAD_BYTES:
                        refuse_damaged(self._shown, f"{printable(part)} has no end where it should have one")
                parser.Parse(b"", True)
        except (*_DAMAGED, expat.ExpatError) as error:
            refuse_damaged(self._shown, f"{printable(part)}: {printable(str(error))}")

    def _count_elements(self, parser: expat.XMLParserType) -> None:
        """A few bytes may say millions of elements, one in the other or one after the other."""
        begin: Callable[..., object] | None = parser.StartElementHandler
        finish: Callable[..., object] | None = parser.EndElementHandler
        letters: Callable[..., object] | None = parser.CharacterDataHandler
        open_elements, text_length = 0, 0

        def begun(name: str, attributes: dict[str, str]) -> None:
            nonlocal open_elements, text_length
            open_elements, text_length = open_elements + 1, 0
            self._elements += 1
            if open_elements > _MAX_DEPTH or self._elements > self._max_elements:
                refuse_damaged(self._shown, "it has more elements, or more within one another, than a list of users")
            if begin is not None:
                begin(name, attributes)

        def read(text: str) -> None:
            nonlocal text_length
            text_length += len(text)
            if text_length > 4 * MAX_RECORD_BYTES:  # less is refused by its cell
                refuse_damaged(self._shown, "a text in it is longer than any cell can be")
            if letters is not None:
                letters(text)

        def finished(name: str) -> None:
            nonlocal open_elements
            open_elements -= 1
            if finish is not None:
                finish(name)

        parser.StartElementHandler, parser.EndElementHandler, parser.CharacterDataHandler = begun, finished, read

    def _found(self) -> tuple[tuple[Sheet, ...], str | None]:
        """Sheets, and the part with the texts they share. What could be found in two ways is refused."""
        if [target for _, kind, target in self._relations(_ROOT, "") if kind == "officeDocument"] != [_WORKBOOK]:
            refuse_damaged(self._shown, f"its workbook is not {_WORKBOOK}")
        relations = self._relations(_RELATIONS, "xl/")
        targets = {identity: target for identity, _, target in relations}
        shared = {target for _, kind, target in relations if kind == "sharedStrings"}
        shared |= {name for name in self._archive.namelist() if name.lower() == _SHARED_TEXTS}
        if len(shared) > 1 or len(targets) < len(relations):
            refuse_damaged(self._shown, "it says in two ways where its parts are")
        sheets = list[Sheet]()

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "sheet":
                identity = next((value for key, value in attributes.items() if local(key) == "id"), "")
                hidden = attributes.get("state", "visible") != "visible"
                sheets.append(Sheet(name=attributes.get("name", ""), part=targets.get(identity, ""), hidden=hidden))

        self.parse(_WORKBOOK, new_parser(start))
        if len({sheet.name for sheet in sheets}) < len(sheets):
            refuse_damaged(self._shown, "two sheets have one name")
        return tuple(sheet for sheet in sheets if not sheet.part.startswith("xl/chartsheets/")), next(
            iter(shared), None
        )

    def _relations(self, part: str, folder: str) -> list[tuple[str, str, str]]:
        """Id, kind and target of each; a target that begins with no slash is one of `folder`."""
        found = list[tuple[str, str, str]]()

        def start(name: str, attributes: dict[str, str]) -> None:
            if name == "Relationship":
                target = attributes.get("Target", "")
                inner = target.startswith(("/", folder)) if folder else True
                path = target.removeprefix("/") if inner else folder + target
                found.append((attributes.get("Id", ""), attributes.get("Type", "").rpartition("/")[2], path))

        self.parse(part, new_parser(start))
        return found

    def _refuse_document_type(self, *_: object) -> NoReturn:
        refuse_damaged(self._shown, "it declares a document type, which no workbook does")

    def _refuse_large(self) -> NoReturn:
        raise InputError(
            f"{self._shown} becomes more than {self._max_bytes:,} bytes when it is unpacked",
            next_step="save the sheet with the users alone, as a workbook of its own or as CSV UTF-8",
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
        f"{shown} is not an Excel workbook that can be read; it may be cut short or damaged",
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
    except _DAMAGED as error:
        refuse_damaged(shown, printable(str(error)))
    names = archive.namelist()
    kind = _kind(names)
    if kind or _WORKBOOK not in names:
        _refuse_kind(kind or "an archive of something else", shown)
    repeated = [name for name, count in Counter(map(str.lower, names)).items() if count > 1]
    if repeated:
        refuse_damaged(shown, f"it has the part {printable(repeated[0])} twice")
    if len(names) > _MAX_PARTS or any(info.flag_bits & _ENCRYPTED_FLAG for info in archive.infolist()):
        refuse_damaged(shown, "it has too many parts, or encrypted ones")
    return archive


def _kind(names: list[str]) -> str | None:
    if "xl/workbook.bin" in names:
        return "a binary Excel workbook (.xlsb)"
    if "content.xml" in names:
        return "an OpenDocument table (.ods)"
    return None


def _refuse_kind(kind: str, shown: str, next_step: str = _SAVE_AS) -> NoReturn:
    raise InputError(f"{shown} is {kind}, not an Excel workbook (.xlsx)", next_step=next_step)
