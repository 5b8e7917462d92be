"""Client assertions (RFC 7523; learn: identity-platform/certificate-credentials): a certificate instead of a secret."""

import datetime as dt
import hashlib
import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import jwt
from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import rsa

from batchreset.errors import RefusedError
from batchreset.simulator.sign_in.tokens import base64url

OUT_OF_TIME: Final = 700024
NOT_ACCEPTED: Final = 700027
_ALGORITHMS: Final = ("RS256", "PS256")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """A registered certificate: its key, and how assertions name it."""

    public_key: rsa.RSAPublicKey
    sha1: str
    sha256: str


def read_certificate(path: Path) -> Certificate:
    """The first certificate of a PEM file; a private key in it is not looked at.

    Raises:
        RefusedError: no such file, or no certificate with an RSA key in it.
    """
    try:
        certificate = x509.load_pem_x509_certificate(path.read_bytes())
    except (OSError, ValueError) as error:
        why = (error.strerror or "unknown") if isinstance(error, OSError) else "it holds no certificate in PEM"
        raise _unusable(path, why) from error
    public_key = certificate.public_key()
    if not isinstance(public_key, rsa.RSAPublicKey):
        raise _unusable(path, "its key is not RSA")
    return Certificate(
        public_key=public_key,
        # SHA-1 only names the certificate here (RFC 7515, 4.1.7).
        sha1=base64url(certificate.fingerprint(hashes.SHA1())),  # noqa: S303
        sha256=base64url(certificate.fingerprint(hashes.SHA256())),
    )


def _unusable(path: Path, why: str) -> RefusedError:
    return RefusedError(
        f"the client certificate {path} cannot be used: {why}",
        next_step="give --client-certificate a PEM file with an RSA certificate",
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Faulty:
    """What is wrong with an assertion.

    Attributes:
        mistake: whether it is one against the documentation, and not only another certificate.
    """

    code: int = NOT_ACCEPTED
    reason: str
    mistake: bool = True


class Assertions:
    """Judges assertions, and remembers them: a `jti` is one assertion's only."""

    def __init__(self, certificate: Certificate, *, client: str, audience: str) -> None:
        self._certificate = certificate
        self._client = client
        self._audience = audience
        self._digest_by_id: dict[str, bytes] = {}

    def fault(self, assertion: str, at: dt.datetime) -> Faulty | None:
        try:
            header = jwt.get_unverified_header(assertion)
            if header.get("alg") not in _ALGORITHMS:
                return Faulty(reason="The signature is neither RS256 nor PS256.")
            if not self._is_named(header):
                return Faulty(reason="The key was not found.", mistake=not header.keys() & {"x5t", "x5t#S256"})
            claims = jwt.decode(
                assertion,
                self._certificate.public_key,
                algorithms=list(_ALGORITHMS),
                # The clock is handed in, so times are looked at below, and the rest with them.
                options={
                    "verify_aud": False,
                    "verify_exp": False,
                    "verify_iat": False,
                    "verify_iss": False,
                    "verify_jti": False,
                    "verify_nbf": False,
                    "verify_sub": False,
                },
            )
        except jwt.InvalidSignatureError:
            return Faulty(
                reason="The provided signature value did not match the expected signature value.", mistake=False
            )
        except jwt.InvalidTokenError:
            return Faulty(reason="The assertion is not a JWT.")
        return self._wrong_claims(claims) or self._out_of_time(claims, at) or self._replayed(claims, assertion)

    def _is_named(self, header: dict[str, Any]) -> bool:
        # msal pads, others do not.
        named = [
            hmac.compare_digest(str(header[name]).rstrip("=").encode(), thumbprint.encode())
            for name, thumbprint in (("x5t", self._certificate.sha1), ("x5t#S256", self._certificate.sha256))
            if name in header
        ]
        return bool(named) and all(named)

    def _wrong_claims(self, claims: dict[str, Any]) -> Faulty | None:
        if claims.get("aud") != self._audience:
            return Faulty(reason="aud is not the token endpoint.")
        if not claims.get("iss") == claims.get("sub") == self._client:
            return Faulty(reason="iss and sub are not both the client id.")
        if not isinstance(claims.get("jti"), str) or not claims["jti"]:
            return Faulty(reason="jti is missing.")
        if not isinstance(claims.get("exp"), int | float):
            return Faulty(reason="exp is missing.")
        return None

    def _out_of_time(self, claims: dict[str, Any], at: dt.datetime) -> Faulty | None:
        now = at.timestamp()
        # nbf is documented, and msal leaves it out.
        if claims["exp"] <= now or claims.get("nbf", now) > now:
            return Faulty(code=OUT_OF_TIME, reason="It is not within its time.", mistake=False)
        return None

    def _replayed(self, claims: dict[str, Any], assertion: str) -> Faulty | None:
        # The same assertion may come again while it is good: msal keeps one for nine minutes.
        digest = hashlib.sha256(assertion.encode()).digest()
        if self._digest_by_id.setdefault(claims["jti"], digest) != digest:
            return Faulty(reason="jti came before with another assertion.")
        return None
