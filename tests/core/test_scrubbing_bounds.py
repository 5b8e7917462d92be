"""Texts from the other side, without what we sent: where the lines are drawn."""

import base64
import html
import json
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.scrubbing import scrubbed
from batchreset.core.secret import MASK, Secret

PASSWORD = "Kq7#wZ2%hR9*mT4:vB6?"
TOKEN = "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiJ9.aGVsbG8td29ybGQ"


def kept(text: str, *secrets: str, most_characters: int = 1024, respelled: bool = True) -> str:
    told = [Secret(secret) for secret in secrets or (PASSWORD,)]
    return scrubbed(text, told, most_characters=most_characters, respelled=respelled)


@pytest.mark.parametrize("start", [0, 5, 12])
def test_eight_characters_of_a_secret_are_a_piece_of_it_and_seven_are_chance(start: int) -> None:
    assert kept(PASSWORD[-7:]) == PASSWORD[-7:]
    assert kept(f"is {PASSWORD[start : start + 8]} weak?") == MASK
    assert kept(f"is {PASSWORD[start : start + 7]} weak?") == f"is {PASSWORD[start : start + 7]} weak?"


def test_sixteen_hexadecimal_digits_of_a_secret_are_a_piece_of_it_and_fifteen_are_chance() -> None:
    digits = PASSWORD.encode().hex()
    for written in (digits[:16], digits[-16:], digits[:16].upper()):
        assert kept(f"id {written}.") == MASK
        assert kept(f"id {written[:-1]}.") == f"id {written[:-1]}."


def test_twelve_letters_spread_between_other_signs_are_a_piece_of_it_and_eleven_are_chance() -> None:
    assert kept("-".join(PASSWORD[:12])) == MASK
    assert kept("-".join(PASSWORD[:11])) == "-".join(PASSWORD[:11])


@pytest.mark.parametrize(
    "respell",
    [
        " ".join,
        str.swapcase,
        "·".join,
        lambda text: text.translate({code: code + 0xFEE0 for code in range(33, 127)}),
    ],
    ids=["spread", "other case", "dots", "full width"],
)
def test_a_password_is_found_however_it_is_respelled_but_tokens_are_not_looked_for_so(
    respell: Callable[[str], str],
) -> None:
    assert kept(respell(PASSWORD)) == MASK
    assert kept(respell(PASSWORD), respelled=False) == respell(PASSWORD)
    assert scrubbed(respell(PASSWORD), [Secret(PASSWORD)], most_characters=99) == MASK


@pytest.mark.parametrize(
    "secret",
    [PASSWORD, TOKEN, ">" * 16, "?" * 16],
    ids=["password", "token", "every-fourth-is-62", "every-fourth-is-63"],
)
@pytest.mark.parametrize("before", range(7))
@pytest.mark.parametrize("encode", [base64.b64encode, base64.urlsafe_b64encode], ids=["base64", "for URLs"])
def test_base64_of_a_secret_is_found_wherever_in_it_the_secret_begins(
    encode: Callable[[bytes], bytes], before: int, secret: str
) -> None:
    written = encode(b"p:\n~u=x"[:before] + secret.encode() + b"\n").decode()
    assert kept(f"Basic {written} refused", secret) == MASK


@pytest.mark.parametrize(
    ("escape", "levels"),
    [
        pytest.param(lambda text: urllib.parse.quote(text, safe=""), 3, id="url"),
        pytest.param(urllib.parse.quote_plus, 3, id="form"),
        pytest.param(html.escape, 3, id="html"),
        pytest.param(lambda text: json.dumps(text)[1:-1], 3, id="json"),
        pytest.param(lambda text: "".join(f"\\u{ord(sign):04x}" for sign in text), 1, id="json-numbers"),
        pytest.param(lambda text: "".join(f"&#{ord(sign)};" for sign in text), 1, id="html-numbers"),
    ],
)
def test_it_is_found_under_three_levels_of_escapes(escape: Callable[[str], str], levels: int) -> None:
    secret = 'a<b"c&d<e"f&g<h"i'
    written = secret
    for _ in range(levels):
        written = escape(written)
        assert kept(f"[{written}]", secret, respelled=False) == MASK


def test_blanks_that_a_form_writes_as_plus_are_seen_as_blanks() -> None:
    secret = "a b c d e f g h"
    assert kept(f"pwd={urllib.parse.quote_plus(secret)}", secret, respelled=False) == MASK


def test_a_piece_that_looks_like_an_escape_is_seen_as_it_stands() -> None:
    assert kept("is %41%42%43 weak?", "p%41%42%43%44%45", respelled=False) == MASK


def test_two_writings_within_one_another_are_undone_in_turn() -> None:
    secret = "a<b&c>d<e&f>g<h"
    written = json.dumps(urllib.parse.quote(html.escape(secret)))
    assert kept(written, secret, respelled=False) == MASK
    assert kept(urllib.parse.quote(html.escape(json.dumps(secret)[1:-1])), secret, respelled=False) == MASK


def test_every_secret_is_looked_for_and_an_empty_one_is_in_nothing() -> None:
    assert kept(f"{TOKEN} and {PASSWORD}", "", PASSWORD, TOKEN) == f"{MASK} and {MASK}"
    assert kept(f"rejected: {TOKEN[:20]}", "", PASSWORD, TOKEN) == MASK
    assert kept("rejected", "") == "rejected"
    assert kept("", PASSWORD) == ""


@pytest.mark.parametrize(("cut_at", "line"), [(5, "abcde"), (8, "abcdefgh"), (9, "abcdefgh")])
def test_the_line_is_cut_to_its_most(cut_at: int, line: str) -> None:
    assert kept("abcdefgh", most_characters=cut_at) == line


def test_what_the_cut_leaves_of_a_secret_in_another_writing_is_looked_at() -> None:
    written = urllib.parse.quote(PASSWORD, safe="")
    assert kept("x" * 1000 + written, most_characters=1000 + len(written[:13])) == MASK
    assert kept("x" * 1000 + written, most_characters=1000) == "x" * 1000


@given(
    before=st.text("ab \n\x00\ud800\u2028", max_size=8),
    after=st.text("ab \t\x7f\x9f\udfff\u2029", max_size=8),
    secret=st.text("K7#wZ2%é\\", min_size=8, max_size=20),
)
def test_in_clear_it_is_masked_where_it_stands_and_the_rest_stays_as_one_line(
    before: str, after: str, secret: str
) -> None:
    line = kept(f"{before}{secret}{after}", secret)

    assert MASK in line
    assert secret[:8] not in line
    assert line == line.strip()
    line.encode()
    assert not any(ord(sign) < 32 or 0x7F <= ord(sign) < 0xA0 or sign in "\u2028\u2029" for sign in line)
    assert line.replace(" ", "").count("a") == (before + after).count("a") or line == MASK


def test_signs_that_are_no_text_become_one_blank() -> None:
    assert kept("\n a\r\n\tb\x00\x1f\x7f\x80\x9f\u2028\u2029\ud800\udfffc ") == "a b c"
    assert kept("a\u00a0b\u200b\u202ec\ue000d ~\u2027é") == "a b c d ~\u2027é"
