"""Letters: one page a person, true, escaped, and with nothing that a browser would fetch or run."""

import html
import re
import unicodedata
from html.parser import HTMLParser

import pytest
from given_lines import CUSTOMER, USER, line, person, written
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.handover.spelling import groups_of
from batchreset.core.certainty import Certainty
from batchreset.core.outcome import Outcome
from batchreset.core.password import ALPHABET

POSSIBLE = Certainty.POSSIBLE


class Page(HTMLParser):
    """What stands in the elements with a class, and every tag and attribute."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.open: list[tuple[str, str]] = []
        self.texts: dict[str, list[str]] = {}
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.feed(text)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        self.attributes |= {name for name, _ in attrs}
        if tag in {"meta", "br", "wbr"}:
            return
        names = (dict(attrs).get("class") or "").split()
        self.open.append((tag, " ".join(names)))
        for name in (tag, *names):
            self.texts.setdefault(name, []).append("")

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop()[0] == tag

    def handle_data(self, data: str) -> None:
        for tag, names in self.open:
            for name in {tag, *names.split()}:
                self.texts[name][-1] += data

    def shown(self, name: str) -> list[str]:
        return [text.strip() for text in self.texts.get(name, [])]


def page(*lines: object) -> Page:
    return Page(written("letters", lines))  # type: ignore[arg-type]


@pytest.mark.parametrize("password", [ALPHABET, "aB3#" * 5, "Trout-Unlit-Gravel-Mocha-Ozone-7", "xY2_" * 64])
def test_the_password_can_be_copied_as_it_is(password: str) -> None:
    assert page(line(password)).shown("password") == [password]


def test_each_person_has_a_page_with_all_their_passwords_the_newest_first() -> None:
    both, one = person(), person()
    made = page(line("older2#A", both, POSSIBLE), line("newer2#A", both, POSSIBLE), line("other2#A", one))

    assert made.shown("password") == ["newer2#A", "older2#A", "other2#A"]
    assert len(made.shown("letter")) == 2
    assert made.shown("label") == ["Try this one first", "If that one does not work, try this one"]


def test_signs_stand_in_fours_each_with_how_it_is_read_out() -> None:
    assert [[sign.name for sign in group] for group in groups_of("kB7#_o")] == [
        ["kilo", "capital Bravo", "seven", "hash"],
        ["under-score", "oscar"],
    ]
    names = [sign.name for group in groups_of(ALPHABET) for sign in group]
    assert len(set(names)) == len(ALPHABET)
    assert "symbol" not in names


def test_people_are_addressed_as_the_input_calls_them_else_by_their_id() -> None:
    named = page(line("p", person(display_name="Nóra Kovács", principal_name="nora@a.example", organisation="A & B")))
    assert named.shown("bdi") == ["Nóra Kovács", "nora@a.example", "A & B"]
    assert f"Account: {USER}" in page(line("p")).shown("who")[0]
    for made in (named, page(line("p"))):
        assert f"User {USER} of customer {CUSTOMER}" in made.shown("footer")[0]
        assert "26 November 2026" in made.shown("header")[0]


@pytest.mark.parametrize(
    ("force", "says", "hides"),
    [
        (True, "asked for a password of your own at once", "from now on"),
        (False, "You will not be asked to change it", "of your own at once"),
    ],
)
def test_what_happens_at_the_first_sign_in_is_told(says: str, hides: str, *, force: bool) -> None:
    steps = " ".join(page(line("p", person(force_change=force))).shown("ol")[0].split())
    assert says in steps
    assert hides not in steps


def test_a_password_that_is_only_possible_is_not_promised() -> None:
    doubt = " ".join(page(line("p", sure=POSSIBLE)).shown("doubt")[0].split())
    assert doubt.startswith("It is not certain that your password was changed.")
    assert "If this one does not work, use your old one: then it is still valid." in doubt
    assert page(line("p")).shown("doubt") == []


def test_of_one_that_was_set_and_perhaps_replaced_the_old_password_is_not_said_to_be_valid() -> None:
    made = page(line("p", sure=POSSIBLE, outcome=Outcome.SUCCEEDED))
    doubt = " ".join(made.shown("doubt")[0].split())
    assert doubt.startswith("It is not certain that this password is still the right one.")
    assert "If it does not work, tell your helpdesk." in doubt
    assert "old one" not in doubt
    assert "set 2026-11-26 08:10 UTC" in made.shown("footer")[0]
    whose = person()
    both = page(*(line(text, whose, POSSIBLE, Outcome.SUCCEEDED) for text in ("older2#A", "newer2#A")))
    assert "If none of them works, tell your helpdesk." in " ".join(both.shown("doubt")[0].split())


def test_a_heap_of_marks_on_a_letter_is_not_drawn_over_the_page() -> None:
    marked = "e" + "\u0301" * 300 + " Nguye\u0302\u0303n"
    shown = page(line("p", person(display_name=marked))).shown("name")
    assert shown == ["e" + "\u0301" * 4 + " Nguye\u0302\u0303n"]


HOSTILE = "<script>alert(1)</script>\"'&{{7*7}}{% raw %}</bdi><img src=x onerror=y>"
PLAIN = page(line("Aa2#"), line("Trout-Ozone-7"), line("p", person(display_name="n", principal_name="u"), POSSIBLE))


@pytest.mark.parametrize("field", ["display_name", "principal_name", "organisation"])
def test_a_hostile_name_is_text_and_nothing_else(field: str) -> None:
    made = page(line("p", person(**{field: HOSTILE})))
    assert HOSTILE in made.shown("bdi")
    assert made.tags <= PLAIN.tags
    assert made.attributes <= PLAIN.attributes


@given(name=st.text(max_size=400))
def test_a_name_is_one_line_of_visible_signs_of_bounded_length(name: str) -> None:
    shown = "".join(page(line("p", person(display_name=name))).shown("name"))
    assert shown.isprintable()
    assert len(shown) <= 121
    if name.isprintable() and len(name) <= 120 and not any(unicodedata.category(one).startswith("M") for one in name):
        assert shown == " ".join(name.split())


def test_nothing_is_fetched_or_run() -> None:
    text = written("letters", [line("p", person(display_name=HOSTILE), POSSIBLE), line("Trout-Ozone-7")])
    assert "default-src 'none'; style-src 'unsafe-inline'" in html.unescape(text)
    assert PLAIN.tags.isdisjoint({"script", "img", "link", "iframe", "object", "form", "a"})
    assert PLAIN.attributes.isdisjoint({"src", "href", "srcset", "style", "onload"})
    assert not re.search(r"url\(|@import|https?:", text)
