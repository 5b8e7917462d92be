"""Which scopes may be asked for: Partner Center's own, for any address of it, and OpenID Connect's."""

import re
from dataclasses import dataclass
from typing import Final

IMPERSONATION: Final = "user_impersonation"
_OPENID_CONNECT: Final = frozenset({"openid", "profile", "email", "offline_access"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """What a user has consented to.

    Attributes:
        resource: whom access tokens are for.
        identity: whether an id_token was asked for.
        offline: whether a refresh token was.
    """

    resource: str
    identity: bool = True
    offline: bool = True

    @property
    def scope(self) -> str:
        return f"{self.resource}/{IMPERSONATION}"


def delegated(scope: str) -> Granted | None:
    """The scopes of a request on behalf of a user; None if they are not one resource's and OpenID Connect's own."""
    asked = set(scope.split())
    resources = asked - _OPENID_CONNECT
    if len(resources) != 1:
        return None
    resource, _, last = resources.pop().rpartition("/")
    if last != IMPERSONATION or not _is_https(resource):
        return None
    return Granted(resource=resource, identity="openid" in asked, offline="offline_access" in asked)


def application(scope: str) -> str | None:
    """The resource of a request without a user, which must ask for `.default`."""
    resource, _, last = scope.rpartition("/")
    return resource if last == ".default" and _is_https(resource) else None


def _is_https(resource: str) -> bool:
    return re.fullmatch(r"https://[^\s/]+(/\S+)?", resource) is not None
