"""Claims challenges (learn: identity-platform/claims-challenge): the API asks, the client must carry it on."""

import base64
import datetime as dt
import json

from batchreset.simulator.sign_in.forms import json_object


class Challenges:
    """Challenges given with a 401 and not answered yet.

    A token is challenged with the same claims each time. So what is still on its way with an old token, when a new one
    was fetched already, opens no new challenge that nobody would answer.
    """

    def __init__(self) -> None:
        self._by_token: dict[str, str] = {}
        self._open: set[str] = set()

    def header(self, token: str, *, authorization_uri: str, at: dt.datetime) -> str:
        """The value of `WWW-Authenticate` for a request with this dead token."""
        if token not in self._by_token:
            claims = {"access_token": {"nbf": {"essential": True, "value": str(int(at.timestamp()))}}}
            self._by_token[token] = json.dumps(claims, separators=(",", ":"))
            self._open.add(self._by_token[token])
        encoded = base64.b64encode(self._by_token[token].encode()).decode()
        return (
            f'Bearer realm="", authorization_uri="{authorization_uri}", error="insufficient_claims", claims="{encoded}"'
        )

    def is_answered(self, claims: str) -> bool:
        """Whether a refresh with this `claims` parameter (empty: none) may go on; an answer closes all challenges.

        The client's own capabilities (`xms_cc`), which msal adds, may stand beside what was asked for.
        """
        if not self._open:
            return True
        if _without_capabilities(claims) not in [json_object(one) for one in self._open]:
            return False
        self._open.clear()
        return True


def _without_capabilities(claims: str) -> object:
    document = json_object(claims)
    if document is not None and isinstance(document.get("access_token"), dict):
        document["access_token"].pop("xms_cc", None)
    return document
