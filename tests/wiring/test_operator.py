"""Who the operator is, as far as it is known before anybody is asked."""

import base64
import json
from pathlib import Path

import msal
import pytest

from batchreset.adapters.signin.store import Kept
from batchreset.core.protection import Protected
from batchreset.settings.model import Settings
from batchreset.wiring.kept import store_of
from batchreset.wiring.protecting import operator_of

OPERATOR = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
KNOWN = Protected(users=frozenset({OPERATOR}), names=frozenset({"op@partner.example"}))
TENANT = "0f8fad5b-d9cb-469f-a165-70867728950e"


def part(document: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(document).encode()).decode().rstrip("=")


TOKEN = f"e30.{part({'oid': OPERATOR, 'upn': 'Op@partner.example', 'scp': 'x'})}.c2ln"


@pytest.mark.parametrize(
    ("environ", "known"),
    [
        ({"BATCHRESET_AUTH__ACCESS_TOKEN": TOKEN}, KNOWN),
        ({"BATCHRESET_AUTH__ACCESS_TOKEN": "opaque"}, Protected()),
        ({"BATCHRESET_AUTH__ACCESS_TOKEN": " "}, Protected()),
        ({"BATCHRESET_AUTH__ACCESS_TOKEN_FILE": "/nowhere/token"}, Protected()),
        ({"BATCHRESET_AUTH__ACCESS_TOKEN_COMMAND": f"printf {TOKEN}"}, Protected()),
        ({}, Protected()),
    ],
    ids=["a token", "one that says nothing", "none", "a file that is not there", "a command is not run", "nothing"],
)
def test_a_given_token_tells_who_it_is_of(environ: dict[str, str], known: Protected) -> None:
    assert operator_of(Settings(), environ) == known


def test_a_kept_sign_in_tells_whose_it_is(tmp_path: Path) -> None:
    auth = {"tenant_id": TENANT, "client_id": OPERATOR, "cache_dir": str(tmp_path)}
    settings = Settings.model_validate({"auth": auth})
    assert operator_of(settings, {}) == Protected()

    cache = msal.SerializableTokenCache()
    claims = {"sub": "s", "oid": OPERATOR, "tid": TENANT, "preferred_username": "Op@partner.example"}
    answer = {
        "refresh_token": "secret",
        "id_token": f"e30.{part(claims)}.c2ln",
        "client_info": part({"uid": OPERATOR, "utid": TENANT}),
    }
    endpoint = f"https://login.microsoftonline.com/{TENANT}/oauth2/v2.0/token"
    cache.add({"response": answer, "client_id": OPERATOR, "scope": ["s"], "token_endpoint": endpoint})
    store = store_of(settings)
    with store.held():
        store.save(Kept(state=cache.serialize()))
    assert operator_of(settings, {}) == KNOWN


def test_a_kept_sign_in_that_cannot_be_read_tells_nothing_and_ends_nothing(tmp_path: Path) -> None:
    auth = {"tenant_id": TENANT, "client_id": OPERATOR, "cache_dir": str(tmp_path)}
    settings = Settings.model_validate({"auth": auth})
    store = store_of(settings)
    with store.held():
        store.save(Kept(state="{}"))
    for path in tmp_path.rglob("*.json"):
        path.write_text("{", encoding="utf-8")
    assert operator_of(settings, {}) == Protected()
