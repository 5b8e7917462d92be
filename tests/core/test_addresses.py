"""What of an address may be shown: never what may be a secret."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.addresses import is_address, is_masked, masked

CANARY = "c4n4ry-7f3a"


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("json://127.0.0.1:8000/", "json://127.0.0.1:8000/"),
        ("json://127.0.0.1:8000", "json://127.0.0.1:8000"),
        ("syslog://", "syslog://"),
        (f"jsons://example.org/{CANARY}", "jsons://example.org/********"),
        (f"JSONS://Example.org/{CANARY}", "jsons://example.org/********"),
        (f"jsons://[2001:db8::1]:99/{CANARY}", "jsons://[2001:db8::1]:99/********"),
        (f"jsons://me:{CANARY}@example.org", "jsons://example.org/********"),
        (f"jsons://example.org?key={CANARY}", "jsons://example.org/********"),
        (f"mailto://me:{CANARY}@example.org?smtp=relay", "mailto://example.org/********"),
        (f"https://hc-ping.com/{CANARY}", "https://hc-ping.com/********"),
        (f"slack://{CANARY}/A1/T2/#general", "slack://********"),
        (f"slack://{CANARY}", "slack://********"),
        (f"mailto://me:{CANARY}/x@example.org", "mailto://********"),
        (f"mailto://me:12/{CANARY}@example.org", "mailto://********"),
        (f"mailto://me:{CANARY}#1@example.org", "mailto://********"),
        (f"json://host:{CANARY}/", "json://********"),
        (f"json://{CANARY} {CANARY}/", "json://********"),
        (CANARY, "********"),
    ],
)
def test_scheme_and_host_are_shown_and_nothing_that_may_be_a_secret(address: str, shown: str) -> None:
    assert masked(address) == shown


@given(
    scheme=st.sampled_from(["json", "jsons", "mailto", "slack", "https", "workflows"]),
    before=st.text("ab:/?#@.", max_size=6),
    after=st.text("ab:/?#@.", max_size=6),
)
def test_a_password_or_a_path_is_never_shown_wherever_it_stands(scheme: str, before: str, after: str) -> None:
    """After a user's colon, or in the path: whatever stands around it."""
    for address in (
        f"{scheme}://u:{before}{CANARY}{after}@example.org",
        f"{scheme}://example.org/{before}{CANARY}{after}",
    ):
        assert CANARY not in masked(address)


@given(st.text(max_size=60))
def test_what_was_masked_stays_masked_and_is_known_as_such(rest: str) -> None:
    address = f"jsons://example.org/x{rest}"
    once = masked(address)
    assert is_masked(once)
    assert masked(once) == once


def test_a_path_of_a_file_is_no_address() -> None:
    assert [is_address(text) for text in ("notify.txt", "/etc/x/notify", "C:\\notify", "a@b.example")] == [False] * 4
    assert is_address("mailto://example.org")
