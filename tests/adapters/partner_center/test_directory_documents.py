"""The other side's documents: the few named facts are taken, anything else is dropped or unreadable, never an error."""

import contextlib
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.adapters.partner_center.documents import (
    TEXT_MOST_CHARACTERS,
    Unreadable,
    customer_id_of,
    page_of,
    parsed,
    roles_held,
    user_of,
)
from batchreset.core.directory import Page, UserFacts

USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
PASSWORD = 'Zx9"\\kfj#3QpLm7*Ty'
DOCUMENTED: dict[str, Any] = {
    "usageLocation": "US",
    "id": USER.upper(),
    "userPrincipalName": "Daniel@Contoso.example",
    "firstName": "Daniel",
    "displayName": "Daniel \u202eTsai",
    "userDomainType": "none",
    "state": "active",
    "lastDirectorySyncTime": None,
    "passwordProfile": {"password": PASSWORD, "forceChangePassword": False},
    "links": {"self": {"uri": f"/customers/c/users/{USER}", "method": "GET", "headers": []}},
    "attributes": {"objectType": "CustomerUser"},
}

TOKEN = "canary-token-Lw71"


def test_of_a_user_the_named_facts_are_kept_and_nothing_else() -> None:
    facts = user_of(DOCUMENTED)
    assert facts == UserFacts(
        user_id=USER,
        user_principal_name="Daniel@Contoso.example",
        display_name="Daniel \u202eTsai",
        domain_type="none",
        state="active",
    )
    assert PASSWORD not in repr(facts)


@pytest.mark.parametrize("missing", ["displayName", "userDomainType", "state", "lastDirectorySyncTime"])
def test_what_is_not_said_is_empty(missing: str) -> None:
    without = {name: value for name, value in DOCUMENTED.items() if name != missing}
    assert user_of(without) == user_of({**DOCUMENTED, missing: None})


@pytest.mark.parametrize(
    ("changes", "why"),
    [
        ({"id": "1"}, "a user has an id that is no GUID"),
        ({"id": None}, "a user has an id that is no GUID"),
        ({"id": 7}, "a user has an id that is no GUID"),
        ({"id": USER + "\n"}, "a user has an id that is no GUID"),
        ({"id": "../" + USER}, "a user has an id that is no GUID"),
        ({"id": "00000000-0000-0000-0000-000000000000"}, "a user has an id that is no GUID"),
        ({"userPrincipalName": None}, "a user has no userPrincipalName"),
        ({"userPrincipalName": "\x00\x1f "}, "a user has no userPrincipalName"),
        ({"userPrincipalName": ["a"]}, "userPrincipalName is not a text of at most 256 characters"),
        ({"displayName": "x" * (TEXT_MOST_CHARACTERS + 1)}, "displayName is not a text of at most 256 characters"),
        ({"state": False}, "state is not a text of at most 256 characters"),
        ({"lastDirectorySyncTime": {"a": 1}}, "lastDirectorySyncTime is not a text of at most 256 characters"),
    ],
)
def test_a_user_that_is_none_is_unreadable_and_not_quoted(changes: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        user_of({**DOCUMENTED, **changes})
    assert str(caught.value) == why


def test_texts_are_one_line_without_control_characters() -> None:
    facts = user_of({**DOCUMENTED, "displayName": " a\r\nb\x1b[31m\u2028c\ud800 "})
    assert facts.display_name == "a b [31m c"


@pytest.mark.parametrize(
    "body",
    [b"", b"\xff\xfe{\x00}\x00", b"<html>", b'{"items":', b"[" * 100_000, b'"text"', b"[1]", b"null", b"7"],
    ids=["empty", "UTF-16", "html", "cut off", "nested without end", "text", "list", "null", "number"],
)
def test_a_body_that_is_no_object_is_unreadable(body: bytes) -> None:
    with pytest.raises(Unreadable):
        parsed(body, masking=TOKEN)


def test_a_byte_order_mark_and_carriage_returns_do_not_matter() -> None:
    assert parsed(b'\xef\xbb\xbf{\r\n  "id": "x"\r\n}', masking=TOKEN) == {"id": "x"}


def listed(*items: object, **changes: object) -> dict[str, object]:
    return {"totalCount": len(items), "items": list(items), "links": {"self": {}}, **changes}


def following(*headers: object) -> dict[str, object]:
    return {"self": {}, "next": {"uri": "https://evil.example/", "method": "GET", "headers": list(headers)}}


def test_a_list_is_its_items_and_what_asks_for_the_next_page() -> None:
    customer = {"id": USER, "companyProfile": {"tenantId": "another"}}
    links = following({"key": "X", "value": "no"}, {"key": "ms-continuationtoken", "value": "AbC+/="})
    assert page_of(listed(customer, links=links), customer_id_of) == Page(items=(USER,), continuation="AbC+/=", total=1)


@pytest.mark.parametrize("links", [None, {}, {"self": {}}, {"next": None}])
def test_the_last_page_names_no_other(links: object) -> None:
    assert page_of(listed(links=links), customer_id_of) == Page(items=(), continuation=None, total=0)


@pytest.mark.parametrize(
    ("document", "why"),
    [
        ({}, "it has no list of items"),
        ({"items": None}, "it has no list of items"),
        ({"items": {"0": {}}}, "it has no list of items"),
        (listed(None), "an item is no object"),
        (listed({"id": "x"}), "a customer has an id that is no GUID"),
        (listed(links=["x"]), "links is no object"),
        (listed(links={"next": "x"}), "links.next is no object"),
        (listed(links=following()), "it names a next page and no MS-ContinuationToken to ask for it"),
        (listed(links={"next": {"headers": "x"}}), "it names a next page and no MS-ContinuationToken to ask for it"),
        (
            listed(links=following({"key": "MS-ContinuationToken", "value": None})),
            "it names a next page and no MS-ContinuationToken to ask for it",
        ),
        (
            listed(links=following({"key": "MS-ContinuationToken", "value": "a\r\nAuthorization: x"})),
            "its MS-ContinuationToken cannot be sent as a header",
        ),
        (
            listed(links=following({"key": "MS-ContinuationToken", "value": "a" * 8193})),
            "its MS-ContinuationToken cannot be sent as a header",
        ),
    ],
)
def test_a_list_that_is_none_is_unreadable(document: dict[str, Any], why: str) -> None:
    with pytest.raises(Unreadable) as caught:
        page_of(document, customer_id_of)
    assert str(caught.value) == why


def test_roles_are_counted_and_none_on_a_first_page_of_several_is_no_answer() -> None:
    links = following({"key": "MS-ContinuationToken", "value": "x"})
    assert roles_held(listed()) == 0
    assert roles_held(listed({"id": "a"}, {"name": "b"}, links=links)) == 2
    with pytest.raises(Unreadable):
        roles_held(listed(links=links))


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20) | st.just(USER),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(["items", "links", "next", "headers", "key", "value", "id", "userPrincipalName", "state"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=25,
)


@given(document=JSON)
def test_whatever_json_comes_it_is_understood_or_unreadable(document: object) -> None:
    body = json.dumps(document).encode()
    for read in (lambda found: page_of(found, user_of), user_of, customer_id_of, roles_held):
        with contextlib.suppress(Unreadable):
            read(parsed(body, masking=TOKEN))


@pytest.mark.parametrize(
    "written", [TOKEN, "".join(f"\\u{ord(letter):04x}" for letter in TOKEN)], ids=["plain", "escaped"]
)
def test_a_token_is_masked_however_it_was_escaped_and_however_deep_it_stands(written: str) -> None:
    document = parsed(f'{{"a": "x{written}y", "b": [{{"c": "{written}"}}], "d": 1}}'.encode(), masking=TOKEN)

    assert TOKEN not in str(document)
    assert document["d"] == 1
