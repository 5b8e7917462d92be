"""Requests as they arrive, and forms taken apart strictly."""

import enum
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qsl

from batchreset.simulator.sign_in.refusals import DeniedError, Facts, denied
from batchreset.simulator.sign_in.replies import Ids

FORM: Final = "application/x-www-form-urlencoded"


class GrantType(enum.StrEnum):
    """The grant types served."""

    REFRESH_TOKEN = "refresh_token"  # noqa: S105  a grant type
    DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"
    AUTHORIZATION_CODE = "authorization_code"
    CLIENT_CREDENTIALS = "client_credentials"


@dataclass(frozen=True, slots=True, kw_only=True)
class Incoming:
    """A request of the sign-in service.

    Attributes:
        tenant: as the address names it.
        headers: by lower-case name.
        query: hides authorization requests' state.
        body: holds secrets.
    """

    tenant: str
    headers: Mapping[str, str]
    query: str = field(default="", repr=False)
    body: bytes = field(default=b"", repr=False)

    @property
    def media_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """A request taken apart.

    Attributes:
        authorization: the header of that name.
        mistake: notes what the client did against the documentation.
    """

    fields: Mapping[str, str] = field(repr=False)
    authorization: str = field(repr=False)
    ids: Ids
    facts: Facts
    mistake: Callable[[str], None]

    def field(self, name: str) -> str:
        """A parameter; empty if it did not come."""
        return self.fields.get(name, "")

    def needed(self, name: str) -> str:
        """A parameter that must be there. Raises DeniedError: it is not."""
        value = self.field(name)
        if not value:
            self.mistake(f"{name} is missing")
            raise self.denied(900144, parameter=name)
        return value

    def denied(self, code: int, **more: str) -> DeniedError:
        return denied(code, self.facts, **more)


def fields_of(text: str | bytes) -> tuple[dict[str, str], list[str]]:
    """The parameters, the last of a name, and what is wrong with them; names only are quoted."""
    try:
        pairs = parse_qsl(text.decode("utf-8") if isinstance(text, bytes) else text, keep_blank_values=True)
    except ValueError:
        return {}, ["the parameters are not UTF-8"]
    names = [name for name, _ in pairs]
    # RFC 6749, 3.2: parameters without a value are treated as if they were omitted, none may come twice.
    return (
        {name: value for name, value in pairs if value},
        [f"{name} came more than once" for name in sorted({name for name in names if names.count(name) > 1})],
    )


def json_object(text: str) -> dict[str, Any] | None:
    """The object that `text` is as JSON, if it is one."""
    try:
        document = json.loads(text)
    except (ValueError, RecursionError):
        return None
    return document if isinstance(document, dict) else None
