"""Who asks: the application, known by a secret or by a certificate, or without either when it is a public client."""

import base64
import hmac
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote_plus

from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.sign_in.assertion import NOT_ACCEPTED, Assertions, Certificate
from batchreset.simulator.sign_in.forms import Asked, GrantType

_ASSERTION_TYPE: Final = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class _Basic:
    client: str
    secret: str


class Credentials:
    """Judges the client authentication of token requests."""

    def __init__(self, options: SimulatorOptions, certificate: Certificate | None, *, audience: str) -> None:
        self._client = options.client_id
        self._secret = options.client_secret
        self._assertions = (
            None if certificate is None else Assertions(certificate, client=options.client_id, audience=audience)
        )

    def check(self, asked: Asked) -> None:
        """Pass if the application is known and has proved to be itself.

        Raises:
            DeniedError: it is not, or has not.
        """
        basic = _basic(asked.authorization)
        check_client(asked, self._client, given=asked.field("client_id") or (basic.client if basic else ""))
        secrets = [*([basic.secret] if basic else []), *filter(None, [asked.field("client_secret")])]
        assertion = asked.field("client_assertion")
        if len(secrets) + bool(assertion) > 1:
            asked.mistake("the client authenticates in more than one way")
            raise asked.denied(9002313)
        if assertion:
            self._check_assertion(assertion, asked)
        elif secrets:
            self._check_secret(secrets[0], asked)
        else:
            self._check_nothing(asked)

    @property
    def _is_public(self) -> bool:
        return not self._secret and self._assertions is None

    def _check_assertion(self, assertion: str, asked: Asked) -> None:
        if self._is_public:
            raise asked.denied(700025)
        if asked.needed("client_assertion_type") != _ASSERTION_TYPE:
            asked.mistake(f"client_assertion_type is not {_ASSERTION_TYPE}")
            raise asked.denied(9002313)
        if self._assertions is None:
            raise asked.denied(NOT_ACCEPTED, reason="The key was not found.")
        fault = self._assertions.fault(assertion, asked.facts.at)
        if fault is not None:
            if fault.mistake:
                asked.mistake(f"client_assertion: {fault.reason}")
            raise asked.denied(fault.code, reason=fault.reason)

    def _check_secret(self, secret: str, asked: Asked) -> None:
        if self._is_public:
            raise asked.denied(700025)
        if not self._secret or not hmac.compare_digest(secret.encode(), self._secret.encode()):
            raise asked.denied(7000215)

    def _check_nothing(self, asked: Asked) -> None:
        if asked.field("grant_type") == GrantType.CLIENT_CREDENTIALS:
            asked.mistake("client_credentials without a credential")
            raise asked.denied(7000216)
        if not self._is_public:
            asked.mistake("neither client_secret nor client_assertion came")
            raise asked.denied(7000218)


def check_client(asked: Asked, registered: str, *, given: str) -> None:
    """Pass if this is the registered application's id. Raises DeniedError: it is another's, or none."""
    if not given:
        asked.needed("client_id")
    if given.lower() != registered.lower():
        raise asked.denied(700016)


def _basic(authorization: str) -> _Basic | None:
    """RFC 6749, 2.3.1: id and secret are form-encoded before they are put together."""
    scheme, _, encoded = authorization.partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        text = base64.b64decode(encoded.strip(), validate=True).decode("utf-8")
    except ValueError:
        return _Basic("", "")
    client, _, secret = text.partition(":")
    return _Basic(unquote_plus(client), unquote_plus(secret))
