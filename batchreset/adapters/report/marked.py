"""Whether a file is a page that was written here: nothing else is written over."""

from pathlib import Path
from typing import Final

MARK: Final = b'<meta name="generator" content="batchreset">'
_BEGINS: Final = b"<!doctype html>"
_HEAD_BYTES: Final = 1_000


def is_page(path: Path) -> bool:
    """By its first lines. Raises OSError: it cannot be read."""
    with path.open("rb") as file:
        head = file.read(_HEAD_BYTES)
    return head.startswith(_BEGINS) and MARK in head
