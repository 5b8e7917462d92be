"""What the other side says is kept as one line of visible letters, and no writing of a secret in it."""

import base64
import codecs
import json
import re
import secrets as chance
import urllib.parse
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from batchreset.core.password import random_password
from batchreset.core.scrubbing import one_line, scrubbed
from batchreset.core.secret import MASK, Secret

PASSWORD = "kV7#mQ2_xR9%tB4?hN6*"
TOKEN = "eyJhbGciOiJub25lIn0.eyJzdWIiOiJjYW5hcnkifQ.c2lnbmF0dXJl-_AbCdEf"
Write = Callable[[bytes], str]


def guid(secret: bytes) -> str:
    digits = secret[:16].hex()
    return "-".join((digits[:8], digits[8:12], digits[12:16], digits[16:20], digits[20:]))


WRITINGS: dict[str, Write] = {
    "in clear": bytes.decode,
    "hex": bytes.hex,
    "hex in capitals": lambda secret: secret.hex().upper(),
    "BitConverter.ToString": lambda secret: secret.hex("-").upper(),
    "a dump": lambda secret: secret.hex(" ", 2),
    "as a GUID": guid,
    "0x": lambda secret: ", ".join(f"0x{byte:02x}" for byte in secret),
    "\\x": lambda secret: "".join(f"\\x{byte:02x}" for byte in secret),
    "%u": lambda secret: "".join(f"%u{byte:04x}" for byte in secret),
    "\\u{}": lambda secret: "".join(f"\\u{{{byte:x}}}" for byte in secret),
    "every letter in JSON": lambda secret: "".join(f"\\u{byte:04X}" for byte in secret),
    "every letter in a URL": lambda secret: "".join(f"%{byte:02X}" for byte in secret),
    "quoted-printable": lambda secret: "".join(f"={byte:02X}" for byte in secret),
    "every letter in HTML": lambda secret: "".join(f"&#x{byte:x};" for byte in secret),
    "a list of numbers": lambda secret: str(list(secret)),
    "Node's buffer": lambda secret: json.dumps({"type": "Buffer", "data": list(secret)}, separators=(",", ":")),
    "octal": lambda secret: "".join(f"\\{byte:03o}" for byte in secret),
    "a list of letters": lambda secret: json.dumps(list(secret.decode())),
    "UTF-16 in hex": lambda secret: secret.decode().encode("utf-16-le").hex(),
    "UTF-16, big end first, in hex": lambda secret: secret.decode().encode("utf-16-be").hex(),
    "base64": lambda secret: base64.b64encode(secret).decode(),
    "base64 in lines": lambda secret: re.sub("(.{12})", "\\1 \\r\\n", base64.b64encode(secret).decode()),
    "the body in base64": lambda secret: base64.b64encode(b'{"password": "%s"}' % secret).decode(),
    "base64 in a URL": lambda secret: urllib.parse.quote(base64.urlsafe_b64encode(b"12" + secret), safe=""),
    "UTF-16 in base64": lambda secret: base64.b64encode(secret.decode().encode("utf-16-le")).decode(),
    "UTF-16, big end first, in base64": lambda secret: base64.b64encode(secret.decode().encode("utf-16")).decode(),
    "JSON in JSON in JSON": lambda secret: json.dumps(json.dumps(json.dumps(secret.decode()))),
    "after a sign that turns the line": lambda secret: "\u202e" + secret.decode(),
    "full width": lambda secret: "".join(chr(byte + 0xFEE0) for byte in secret),
    "lines of four": lambda secret: "\n".join(secret.decode()[start : start + 4] for start in range(0, 20, 4)),
}


@pytest.mark.parametrize("secret", [PASSWORD, TOKEN], ids=["password", "token"])
@pytest.mark.parametrize("writing", WRITINGS)
def test_a_secret_in_a_writing_that_programs_use_is_masked(secret: str, writing: str) -> None:
    said = f"rejected: {WRITINGS[writing](secret.encode())} (3000)"
    kept = scrubbed(said, [Secret("another-one-9fQ2"), Secret(secret)], most_characters=1024).replace("\\", "")
    assert MASK in kept
    assert not [start for start in range(len(secret) - 7) if secret[start : start + 8] in kept]


@pytest.mark.parametrize(
    "written",
    [
        PASSWORD[::-1],
        codecs.encode(PASSWORD, "rot13"),
        base64.b64encode(base64.b64encode(PASSWORD.encode())).decode(),
        base64.b32encode(PASSWORD.encode()).decode(),
        PASSWORD[:7],
        " and ".join(PASSWORD[start : start + 7] for start in range(0, 20, 7)),
    ],
    ids=["backwards", "shifted", "base64 twice", "base32", "seven characters", "words between pieces of seven"],
)
def test_what_nobody_writes_by_accident_is_not_looked_for(written: str) -> None:
    """SECURITY.md says so; a change here is one there."""
    assert scrubbed(written, [Secret(PASSWORD)], most_characters=1024) == written


LONG_TOKEN = Secret(chance.token_urlsafe(1500))
USUAL = [
    "invalid property",
    "The specified password does not comply with password complexity requirements. Please provide a different one.",
    "User 7c9e6679-7425-40de-944b-e07fc1f90ae7 of customer 0f8fad5b-d9cb-469f-a165-70867728950e was not found.",
    "Rate limit is exceeded. Try again in 57 seconds.",
    "<html><head><title>502 Bad Gateway</title></head><body>10.0.0.1, 10.0.0.2, 1 2 3 4 5 6 7 8 9</body></html>",
    "AADSTS50076: Trace ID: 5a4e1c1e-0f0f-4f0e-8d4c-3b2a19000000 Timestamp: 2026-11-21 12:00:00Z",
    "00000000 11111111 deadbeef cafebabe 0123456789abcdef",
]


@pytest.mark.parametrize("said", USUAL)
def test_what_repeats_nothing_is_kept_as_it_is(said: str) -> None:
    for _ in range(20):
        made = random_password(20, chance.token_bytes)
        assert scrubbed(said, [made, LONG_TOKEN], most_characters=1024) == said


def kept_is_one_visible_line(text: str, most: int) -> None:
    kept = scrubbed(text, [Secret(PASSWORD), Secret(TOKEN)], most_characters=most)
    assert len(kept) <= max(most, len(MASK))
    assert kept.isprintable()
    kept.encode()
    assert one_line(kept) == kept.strip()


TEXTS = st.text(st.characters(categories=None)) | st.text(st.sampled_from('\x00\x1b[31m\u202e\u200b\ud800\\u"&#%=x0'))


@given(TEXTS, st.integers(1, 60))
@settings(max_examples=100)
def test_any_text_is_kept_as_one_line_of_visible_letters(text: str, most: int) -> None:
    kept_is_one_visible_line(text, most)


@pytest.mark.torture
@given(TEXTS, st.integers(1, 60))
@settings(max_examples=20_000, deadline=None)
def test_any_more_text_is_kept_as_one_line_of_visible_letters(text: str, most: int) -> None:
    kept_is_one_visible_line(text, most)


@pytest.mark.parametrize(
    "digits", ["9\u0660", "\u0669\u0668 8 9", "\U0001d7d79"], ids=["Arabic", "mixed", "mathematical"]
)
def test_digits_of_other_scripts_are_letters_like_any_other(digits: str) -> None:
    """A number is looked at as a byte's only where it is written as programs write them."""
    assert scrubbed(f"user {digits} not found", [Secret(PASSWORD)], most_characters=99) == f"user {digits} not found"
