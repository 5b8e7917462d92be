"""Access and id tokens: JWTs as Entra makes them, signed with a key that is made when the first one is needed."""

import base64
import datetime as dt
import functools
import hashlib
import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from batchreset.simulator.options import Mfa, SimulatorOptions
from batchreset.simulator.sign_in.endpoints import Endpoints
from batchreset.simulator.sign_in.scopes import IMPERSONATION
from batchreset.simulator.sign_in.state import IssuedToken

Chance = Callable[[int], bytes]
"""That many bytes nobody can guess; `secrets.token_bytes`, or something repeatable."""

_ALGORITHM: Final = "RS256"
_KEY_BITS: Final = 2048
_REFRESH_TOKEN_BYTES: Final = 900
"""Entra's are that long too: more than a keyring of 1280 characters takes."""


def new_guid(chance: Chance) -> str:
    return str(uuid.UUID(bytes=chance(16), version=4))


def opaque(chance: Chance, *, size: int) -> str:
    """A text that means something to the service alone."""
    return base64url(chance(size))


def new_refresh_token(chance: Chance) -> str:
    return f"1.{opaque(chance, size=_REFRESH_TOKEN_BYTES)}"


def base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode("ascii")


class Signer:
    """A key pair that exists from its first use on."""

    def sign(self, claims: dict[str, Any]) -> str:
        return jwt.encode(claims, self._key, algorithm=_ALGORITHM, headers={"kid": self._kid})

    def key_set(self) -> dict[str, Any]:
        """The public half (RFC 7517)."""
        public = jwt.algorithms.RSAAlgorithm.to_jwk(self._key.public_key(), as_dict=True)
        return {"keys": [{"kty": "RSA", "use": "sig", "alg": _ALGORITHM, "kid": self._kid, **_numbers(public)}]}

    @functools.cached_property
    def _key(self) -> rsa.RSAPrivateKey:
        return rsa.generate_private_key(public_exponent=65537, key_size=_KEY_BITS)

    @functools.cached_property
    def _kid(self) -> str:
        der = self._key.public_key().public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64url(hashlib.sha256(der).digest())


def _numbers(public: dict[str, Any]) -> dict[str, Any]:
    return {name: public[name] for name in ("n", "e")}


@dataclass(frozen=True, slots=True, kw_only=True)
class Mint:
    """Makes the tokens of one application and one user."""

    options: SimulatorOptions
    endpoints: Endpoints
    signer: Signer
    chance: Chance

    @property
    def user_id(self) -> str:
        """The user's object id: the same for the same name."""
        return str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.options.tenant_id}/{self.options.user_name}"))

    def access(self, resource: str, at: dt.datetime) -> tuple[str, IssuedToken]:
        """A token on behalf of the user (App+User)."""
        mfa = self.options.mfa is Mfa.ON
        claims = {
            "amr": ["pwd", "mfa"] if mfa else ["pwd"],
            "idtyp": "user",
            "name": self._name,
            "oid": self.user_id,
            "scp": IMPERSONATION,
            "sub": self._subject,
            "unique_name": self.options.user_name,
            "upn": self.options.user_name,
        }
        return self._signed(resource, at, claims), self._issued(at, mfa=mfa, app_only=False)

    def app_only(self, resource: str, at: dt.datetime) -> tuple[str, IssuedToken]:
        """A token of the application by itself, which has neither user nor scope."""
        service_principal = str(uuid.uuid5(uuid.NAMESPACE_URL, f"{self.options.tenant_id}/{self.options.client_id}"))
        claims = {"idtyp": "app", "oid": service_principal, "sub": service_principal}
        return self._signed(resource, at, claims), self._issued(at, mfa=False, app_only=True)

    def identity(self, nonce: str, at: dt.datetime) -> str:
        """An id_token; with the nonce of the authorization request, if it had one."""
        claims = {
            "name": self._name,
            "oid": self.user_id,
            "preferred_username": self.options.user_name,
            "sub": self._subject,
            **({"nonce": nonce} if nonce else {}),
        }
        return self.signer.sign({**self._common(self.options.client_id, at), **claims})

    def _signed(self, resource: str, at: dt.datetime, claims: dict[str, Any]) -> str:
        application = {"appid": self.options.client_id, "appidacr": "1", "jti": new_guid(self.chance)}
        return self.signer.sign({**self._common(resource, at), **application, **claims})

    def _issued(self, at: dt.datetime, *, mfa: bool, app_only: bool) -> IssuedToken:
        return IssuedToken(expires_at=self._expires_at(at), mfa=mfa, app_only=app_only)

    def _common(self, audience: str, at: dt.datetime) -> dict[str, Any]:
        return {
            "aud": audience,
            "iss": self.endpoints.issuer,
            "iat": int(at.timestamp()),
            "nbf": int(at.timestamp()),
            "exp": int(self._expires_at(at).timestamp()),
            "tid": self.options.tenant_id,
            "uti": opaque(self.chance, size=16),
            "ver": "2.0",
        }

    def _expires_at(self, at: dt.datetime) -> dt.datetime:
        return at.replace(microsecond=0) + dt.timedelta(seconds=self.options.token_seconds)

    @property
    def _name(self) -> str:
        return self.options.user_name.partition("@")[0].title()

    @property
    def _subject(self) -> str:
        """The user to this application: another one for every application, as Entra's `sub` is."""
        return base64url(hashlib.sha256(f"{self.options.client_id}/{self.user_id}".encode()).digest())
