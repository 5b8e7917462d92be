"""Every link leads somewhere: files and headings are looked up, hosts elsewhere are on a list that people have read."""

from pathlib import Path
from typing import Final
from urllib.parse import unquote, urlsplit

import pytest
from generator.pages import settings_page
from generator.readme import ROOT
from markdown import anchors_in, links_in, text_of

from batchreset.settings.names import SETTINGS

PAGES: Final = sorted(
    path
    for pattern in ("*.md", "jobs/**/*.md", "sample_inputs/**/*.md", "docs/**/*.md")
    for path in ROOT.glob(pattern)
    if "_build" not in path.parts
)
HOSTS: Final = {"age-encryption.org"}
"""What pages link to beyond this tree: nobody looks there in a test, so these are few, and known to last."""
SETTING_TARGETS: Final = anchors_in(settings_page())


def broken(page: Path, address: str) -> str | None:
    """What is wrong with a link of the page, if anything."""
    parts = urlsplit(address)
    if parts.scheme:
        known = parts.scheme == "https" and parts.hostname in HOSTS
        return None if known else "not https, or a host that is not on the list"
    target = page if not parts.path else (page.parent / unquote(parts.path)).resolve()
    if not target.exists() or not target.is_relative_to(ROOT):
        return "no such file in the tree"
    if parts.fragment and target.suffix == ".md" and parts.fragment not in anchors_in(text_of(target)):
        return None if parts.fragment in SETTING_TARGETS and page.is_relative_to(ROOT / "docs") else "no such heading"
    return None


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_link_leads_somewhere(page: Path) -> None:
    wrong = {address: why for address in links_in(text_of(page)) if (why := broken(page, address))}
    assert wrong == {}


@pytest.mark.parametrize(
    ("address", "why"),
    [
        ("docs/tutorial.md", None),
        ("docs/tutorial.md#run-it", None),
        ("#settings", None),
        ("docs/nothing.md", "no such file in the tree"),
        ("../etc/passwd", "no such file in the tree"),
        ("docs/tutorial.md#nothing", "no such heading"),
        ("#nothing", "no such heading"),
        ("http://age-encryption.org", "not https, or a host that is not on the list"),
        ("https://age-encryption.org.example", "not https, or a host that is not on the list"),
    ],
)
def test_a_link_that_leads_nowhere_is_noticed(address: str, why: str | None) -> None:
    assert broken(ROOT / "README.md", address) == why


def test_each_setting_can_be_led_to() -> None:
    assert len(SETTING_TARGETS) >= len(SETTINGS)
