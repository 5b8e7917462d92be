"""The film of a run: one file that an `<img>` shows, in any colour scheme, also to who cannot see it."""

import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

from tools.pictures.__main__ import MOST_BYTES
from tools.pictures.film import HOLD_SECONDS, svg
from tools.pictures.filming import Frame

PICTURES = sorted((Path(__file__).parents[2] / "docs" / "pictures").glob("*.*"))
FRAMES = [
    Frame(seconds=2.0, lines=("$ batchreset run <a> & b",)),
    Frame(seconds=1.0, lines=("$ batchreset run <a> & b", "\x1b[32msucceeded", "238\x1b[39m  failed 2")),
    Frame(seconds=0.5, lines=("\x1b[1mdone\x1b[0m",)),
]


def drawn() -> ET.Element:
    return ET.fromstring(svg(FRAMES, title="A run", description="What is seen"))


def test_it_is_well_formed_and_says_what_it_shows() -> None:
    texts = [one.text for one in drawn().iter() if one.tag.endswith(("}title", "}desc"))]
    assert texts == ["A run", "What is seen"]


def test_what_comes_again_is_drawn_once() -> None:
    texts = [one.text for one in drawn().iter() if one.tag.endswith("}text")]
    assert texts == ["$ batchreset run <a> & b", "succeeded", "238", "failed 2", "done"]


def test_a_colour_goes_on_until_it_is_taken_back() -> None:
    classes = {one.text: one.get("class") for one in drawn().iter() if one.tag.endswith("}text")}
    assert classes["succeeded"] == classes["238"] == "c2"
    assert classes["failed 2"] is None
    assert classes["done"] == "b"


def test_each_frame_is_shown_as_long_as_it_stood_and_the_last_one_longer() -> None:
    style = next(one.text or "" for one in drawn().iter() if one.tag.endswith("}style"))
    assert f"film {3.0 + HOLD_SECONDS:.2f}s step-end infinite" in style
    assert f"{100 * 2.0 / (3.0 + HOLD_SECONDS):.3f}%{{" in style


def test_it_needs_no_script_and_no_other_file() -> None:
    text = svg(FRAMES, title="A run", description="What is seen")
    assert "<script" not in text
    assert text.count("http") == 1, "the name of SVG itself"
    assert "prefers-color-scheme:dark" in text
    assert "prefers-reduced-motion:reduce" in text


@pytest.mark.parametrize("picture", PICTURES, ids=[path.name for path in PICTURES])
def test_a_picture_of_the_papers_is_small_and_shown(picture: Path) -> None:
    assert picture.stat().st_size <= MOST_BYTES[picture.suffix]
    papers = [picture.parents[2] / "README.md", *picture.parents[1].rglob("*.md")]
    assert any(picture.name in paper.read_text(encoding="utf-8") for paper in papers)
    if picture.suffix == ".svg":
        ET.parse(picture)
