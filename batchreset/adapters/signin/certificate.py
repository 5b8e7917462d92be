"""The application's certificate: one PEM with its private key; the thumbprint is computed, not asked for."""

import datetime as dt
from dataclasses import dataclass, field

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

_FORM = (
    "give one PEM that holds the certificate (BEGIN CERTIFICATE) and its RSA private key without a passphrase (BEGIN"
    " PRIVATE KEY) in BATCHRESET_AUTH__CLIENT_CERTIFICATE, …_FILE or …_COMMAND"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """What the application proves itself with.

    Attributes:
        private_key: PEM.
        public: the certificate's PEM.
        sha1_thumbprint: hexadecimal, as the app registration's page shows it.
    """

    private_key: Secret = field(repr=False)
    public: str
    sha1_thumbprint: str


def read_certificate(pem: Secret, *, now: dt.datetime | None = None) -> Certificate:
    """Take the PEM apart; of several certificates (a chain) the private key's own is used.

    Raises:
        SettingsError: a half is missing, they are not of one pair, the key is not plain RSA, or it has expired.
    """
    text = pem.open().encode()
    now = now or dt.datetime.now(dt.UTC)
    try:
        certificates = x509.load_pem_x509_certificates(text)
    except ValueError:
        raise SettingsError("the client certificate cannot be read: it holds no certificate", next_step=_FORM) from None
    try:
        key = serialization.load_pem_private_key(_key_part(text), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The error may carry pieces of the key.
        raise SettingsError(
            "the client certificate's private key cannot be read: it is missing, damaged or has a passphrase",
            next_step=_FORM,
        ) from None
    if not isinstance(key, rsa.RSAPrivateKey):
        raise SettingsError("the client certificate's private key is not an RSA key", next_step=_FORM)
    own = next((one for one in certificates if _public_key(one) == key.public_key()), None)
    if own is None:
        raise SettingsError("the client certificate and the private key are not of one pair", next_step=_FORM)
    if own.not_valid_after_utc <= now:
        raise SettingsError(
            f"the client certificate expired on {own.not_valid_after_utc:%Y-%m-%d}",
            next_step="make a new one, upload its public half to the app registration, and give it with its key",
        )
    return Certificate(
        private_key=Secret(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            ).decode()
        ),
        public=own.public_bytes(serialization.Encoding.PEM).decode(),
        # What Microsoft's page calls the thumbprint; it names the certificate and secures nothing.
        sha1_thumbprint=own.fingerprint(hashes.SHA1()).hex(),  # noqa: S303
    )


def _public_key(certificate: x509.Certificate) -> object:
    try:
        return certificate.public_key()
    except (UnsupportedAlgorithm, ValueError):
        return None  # an exotic one in the chain


def _key_part(pem: bytes) -> bytes:
    """From the private key's first line on: `cryptography` reads the first block of what it is given."""
    for line in pem.splitlines():
        if line.startswith(b"-----BEGIN ") and b"PRIVATE KEY" in line:
            return pem[pem.index(line) :]
    return b""
