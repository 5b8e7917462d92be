"""What a page of Markdown leads to, and what can be led to in it."""

import functools
import re
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Final

from generator.extension import filled
from generator.pages import MADE
from generator.readme import ROOT
from markdown_it import MarkdownIt
from markdown_it.token import Token

QUICK: Final[Mapping[str, Callable[[], str]]] = {
    **{name: functools.cache(make) for name, make in MADE.items()},
    "messages": lambda: "All of them.",
}
"""What pages have put in; not all messages, which take seconds to be found and have tests of their own."""
_DOCS: Final = ROOT / "docs"
_TARGET: Final = re.compile(r"^\(([\w-]+)\)=$", re.MULTILINE)
_NOT_IN_A_SLUG: Final = re.compile(r"[^\w\- ]")


@functools.cache
def text_of(path: Path) -> str:
    """As it is read: of a page of docs/ with all that its marks stand for."""
    text = path.read_text(encoding="utf-8")
    return filled(text, page=str(path.relative_to(_DOCS)), made=QUICK) if path.is_relative_to(_DOCS) else text


def links_in(text: str) -> Iterator[str]:
    for token in _tokens(text):
        for child in token.children or ():
            for name in ("href", "src"):
                if (address := child.attrGet(name)) is not None:
                    yield str(address)


@functools.cache
def anchors_in(text: str) -> frozenset[str]:
    """Of headings, as GitHub and MyST make them; and targets."""
    tokens = list(_tokens(text))
    titles = [
        "".join(child.content for child in tokens[number + 1].children or ())
        for number, token in enumerate(tokens)
        if token.type == "heading_open"
    ]
    slugs = (_NOT_IN_A_SLUG.sub("", title.strip().lower()).replace(" ", "-") for title in titles)
    return frozenset((*slugs, *_TARGET.findall(text)))


def _tokens(text: str) -> list[Token]:
    return MarkdownIt("commonmark").enable("table").parse(text)
