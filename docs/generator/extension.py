"""Sphinx: what the marks in a page stand for is put in as the page is read.

`<!-- made: NAME -->` is a text of `pages.MADE`; `<!-- from README.md: TITLE -->` what stands below that heading there.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any, Final

from generator import pages, readme

_FROM: Final = re.compile(r"^<!-- from ([\w/.-]+\.md)(?:: (.*))? -->$", re.MULTILINE)
_HEADINGS: Final = re.compile(r"^(#+) ", re.MULTILINE)


def filled(text: str, *, page: str, made: Mapping[str, Callable[[], str]] = pages.MADE) -> str:
    """The page with all that its marks stand for. `page`: its path within docs/. Raises LookupError."""
    return pages.put_in(_FROM.sub(lambda mark: _part(text, mark, page), text), made=made)


def _part(text: str, mark: re.Match[str], page: str) -> str:
    above = _HEADINGS.findall(text[: mark.start()])
    return readme.part(mark[1], mark[2] or "", below=len(above[-1]), page=page)


def _on_read(_app: Any, name: str, source: list[str]) -> None:
    source[0] = filled(source[0], page=f"{name}.md")


def setup(app: Any) -> dict[str, bool]:
    """Sphinx's entry."""
    app.connect("source-read", _on_read)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
