"""msal's cache of one sign-in, as it is kept: the newest refresh token, and who it is for."""

from collections.abc import Callable, Mapping
from typing import Any

import msal

from batchreset.core.secret import Secret


class TokensSeen(msal.SerializableTokenCache):  # type: ignore[misc]  # msal ships no types
    """msal's cache of one sign-in: the newest refresh token and who it is for. `keep` gets it as soon as it changes.

    Access tokens are not kept: they are good for an hour, and one secret less lies on the disk.
    """

    def __init__(self, state: str, keep: Callable[[str], None]) -> None:
        super().__init__()
        self.deserialize(state)
        self._keep = keep

    def add(self, event: Mapping[str, Any], **kwargs: Any) -> None:
        """What msal calls with every answer that holds tokens."""
        answer, asked = event.get("response", {}), event.get("data", {})
        if not answer.get("refresh_token") and asked.get("refresh_token"):
            # No replacement: the one that was redeemed stays good (RFC 6749, section 6).
            answer = {**answer, "refresh_token": asked["refresh_token"]}
            event = {**event, "response": answer}
        if answer.get("refresh_token"):
            self._forget(self.CredentialType.REFRESH_TOKEN, self.remove_rt)
        if answer.get("id_token"):
            self._forget(self.CredentialType.ID_TOKEN, self.remove_idt)
            self._forget(self.CredentialType.ACCOUNT, self.remove_account)
        super().add(event, **kwargs)
        self._forget(self.CredentialType.ACCESS_TOKEN, self.remove_at)
        self._keep(self.serialize())

    def _forget(self, kind: str, remove: Callable[[Any], None]) -> None:
        for entry in list(self.search(kind)):
            remove(entry)


def newest_refresh_token(state: str) -> Secret | None:
    """The one that a kept cache holds."""
    cache = TokensSeen(state, lambda _: None)
    found = next(iter(cache.search(cache.CredentialType.REFRESH_TOKEN)), None)
    return Secret(found["secret"]) if found and found.get("secret") else None


def user_in(state: str) -> str:
    """Who a kept cache is of; empty when it does not say."""
    return account_in(state)[1]


def account_in(state: str) -> tuple[str, str]:
    """Object id and principal name of whom a kept cache is of; empty where it does not say."""
    cache = TokensSeen(state, lambda _: None)
    found: dict[str, Any] = next(iter(cache.search(cache.CredentialType.ACCOUNT)), {})
    return str(found.get("local_account_id") or "").lower(), str(found.get("username") or "")
