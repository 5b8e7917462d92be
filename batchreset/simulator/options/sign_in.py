"""Tokens: what the API thinks of them, and the sign-in service that issues them."""

import enum
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated

from batchreset.simulator.options.about import About, above_0, at_least_0, share
from batchreset.simulator.protocol import is_guid


class Mfa(enum.StrEnum):
    """What the service finds in the caller's token."""

    ON = "on"
    OFF = "off"
    """No MFA claim, and enforced: 401 with code 900421."""
    HEADER_OFF = "header-off"
    """No MFA claim, not enforced yet: 200, and `isMfaCompliant: false` for who asks."""
    PARTLY = "partly"
    """No MFA claim, enforced progressively: a share of the resets is refused as with `OFF`, the rest passes."""


class Rotation(enum.StrEnum):
    """What becomes of a refresh token that was used; a new one is issued in any case."""

    KEEP = "keep"
    """It stays valid, as Entra's do."""
    ONCE = "once"
    """It is refused from then on: AADSTS70000."""


class DeviceAnswer(enum.StrEnum):
    """What the person does who was shown a device code and types it nowhere here."""

    APPROVE = "approve"
    DECLINE = "decline"
    EXPIRE = "expire"
    """Nothing, until the code has expired."""


@dataclass(frozen=True, kw_only=True)
class SignInOptions:
    """One tenant, one application, one user.

    Attributes:
        only_issued_tokens: those of the sign-in service are always judged by what they are: until they expire, with
            the MFA claim they carry, and never an App-only one.
        token_requests: of one token.
        tenant_id: the only tenant the sign-in service knows.
        client_id: the only application registered there.
        client_secret: without it and a certificate the client is a public one.
        sign_in_log: NDJSON, flushed before the answer.
    """

    mfa: Annotated[
        Mfa,
        About(
            "Whether tokens carry MFA; off: 401, header-off: 200 with isMfaCompliant: false, partly: some resets 401."
        ),
    ] = Mfa.ON
    mfa_enforced_share: Annotated[float, share("Share of the resets refused with --mfa partly.")] = 0.5
    token: Annotated[str, About("The only bearer token that passes (not a real one).  [default: any]")] = ""
    only_issued_tokens: Annotated[bool, About("Let only tokens of the sign-in service pass.")] = False
    token_requests: Annotated[int, at_least_0("A token is refused with 401 after this many requests; 0: never.")] = 0
    claims_challenge: Annotated[
        bool, About("Let that 401 carry a claims challenge, which the next refresh must answer.")
    ] = False

    tenant_id: Annotated[str, About("The partner's tenant.")] = "aaaabbbb-0000-cccc-1111-dddd2222eeee"
    client_id: Annotated[str, About("The application registered there.")] = "00001111-aaaa-2222-bbbb-3333cccc4444"
    client_secret: Annotated[str, About("Its secret (not a real one); empty: none.")] = field(
        default="simulated-client-secret", repr=False
    )
    client_certificate: Annotated[
        Path | None, About("PEM file of a certificate it may sign with.  [default: none]")
    ] = None
    refresh_token: Annotated[str, About("The first refresh token (not a real one); empty: none.")] = field(
        default="simulated-refresh-token", repr=False
    )
    user_name: Annotated[str, About("Who consents, and whom tokens are for.")] = "operator@partner.example"
    token_seconds: Annotated[int, above_0("How long an access token is good.")] = 3600
    rotation: Annotated[
        Rotation, About("What becomes of a refresh token that was used; once: it is refused from then on.")
    ] = Rotation.KEEP
    refresh_error: Annotated[
        int, at_least_0("AADSTS code with which every refresh is refused, such as 700082; 0: none.")
    ] = 0
    token_failures: Annotated[int, at_least_0("So many token requests are answered 503 first.")] = 0
    token_latency_seconds: Annotated[
        float, at_least_0("Time to the answer of a token request, which is decided on arrival.")
    ] = 0.0
    device_polls: Annotated[
        int, at_least_0("So many polls find a device code pending, unless it is typed in before.")
    ] = 2
    device_interval_seconds: Annotated[int, at_least_0("How long a client must wait between those polls.")] = 1
    device_answer: Annotated[DeviceAnswer, About("What comes after them.")] = DeviceAnswer.APPROVE
    sign_in_log: Annotated[
        Path | None, About("Append a line of JSON here for each token request (SHA-256 of tokens).")
    ] = None

    def strange_sign_in(self) -> Iterator[str]:
        """What is wrong with ids, and what excludes one another."""
        for name in ("tenant_id", "client_id"):
            value = getattr(self, name)
            if not is_guid(value):
                yield f"{name}: {value!r} is not a GUID"
        if self.token and self.only_issued_tokens:
            yield "token and only_issued_tokens exclude one another"
