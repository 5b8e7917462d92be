"""The authorization endpoint (learn: identity-platform/v2-oauth2-auth-code-flow): a person who consents at once."""

from collections.abc import Callable, Mapping
from typing import Final
from urllib.parse import urlencode, urlsplit

from batchreset.simulator.sign_in import pages, replies
from batchreset.simulator.sign_in.codes import Consent, consent_until
from batchreset.simulator.sign_in.credentials import check_client
from batchreset.simulator.sign_in.forms import Asked
from batchreset.simulator.sign_in.grants import scopes_of
from batchreset.simulator.sign_in.refusals import DeniedError, Refusal
from batchreset.simulator.sign_in.replies import Reply

_LOOPBACK: Final = frozenset({"localhost", "127.0.0.1"})
_MODES: Final = frozenset({"query", "form_post"})
_METHODS: Final = frozenset({"plain", "S256"})


def authorize(asked: Asked, *, client: str, client_info: str, new_code: Callable[[Consent], str]) -> Reply:
    """Give a code to the address that asked for it.

    Who cannot be trusted with an answer (another client, another address) is not sent one: the person sees an error.
    """
    try:
        redirect_uri = _trusted_address(asked, client)
    except DeniedError as error:
        return shown(error.refusal, asked)
    try:
        code = new_code(_consent(asked, redirect_uri))
    except DeniedError as error:
        description = replies.described(error.refusal, ids=asked.ids, at=asked.facts.at, between=" ")
        return _answer(asked, redirect_uri, {"error": error.refusal.error, "error_description": description})
    info = {"client_info": client_info} if asked.field("client_info") == "1" else {}
    return _answer(asked, redirect_uri, {"code": code, **info, "session_state": asked.ids.trace})


def _trusted_address(asked: Asked, client: str) -> str:
    check_client(asked, client, given=asked.field("client_id"))
    redirect_uri = asked.needed("redirect_uri")
    address = urlsplit(redirect_uri)
    if address.scheme != "http" or address.hostname not in _LOOPBACK or address.fragment:
        asked.mistake("redirect_uri is not a loopback address")
        raise asked.denied(50011, given=redirect_uri)
    return redirect_uri


def _consent(asked: Asked, redirect_uri: str) -> Consent:
    if asked.needed("response_type") != "code" or asked.field("response_mode") not in {"", *_MODES}:
        asked.mistake("response_type is not code, or response_mode is neither query nor form_post")
        raise asked.denied(9002313)
    method = asked.field("code_challenge_method") or "plain"
    if method not in _METHODS:
        asked.mistake("code_challenge_method is neither plain nor S256")
        raise asked.denied(9002313)
    for recommended in ("code_challenge", "state"):
        if not asked.field(recommended):
            asked.mistake(f"{recommended} is missing")
    return Consent(
        granted=scopes_of(asked),
        redirect_uri=redirect_uri,
        nonce=asked.field("nonce"),
        challenge=asked.field("code_challenge"),
        challenge_method=method,
        until=consent_until(asked.facts.at),
    )


def _answer(asked: Asked, redirect_uri: str, answer: Mapping[str, str]) -> Reply:
    state = {"state": asked.field("state")} if asked.field("state") else {}
    if asked.field("response_mode") == "form_post":
        return replies.page(pages.posting_form(redirect_uri, {**answer, **state}))
    separator = "&" if urlsplit(redirect_uri).query else "?"
    return replies.redirect(f"{redirect_uri}{separator}{urlencode({**answer, **state})}")


def shown(refusal: Refusal, asked: Asked) -> Reply:
    """The refusal as a page."""
    description = replies.described(refusal, ids=asked.ids, at=asked.facts.at, between=" ")
    return replies.page(pages.failed(description), status=400)
