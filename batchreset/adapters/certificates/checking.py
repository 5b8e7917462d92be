"""What would otherwise be a handshake that fails for a reason nobody is told, or a question for a passphrase."""

import datetime as dt
import ssl
from typing import Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization

from batchreset.errors import SettingsError

_PEM: Final = "give a file in PEM form (BEGIN CERTIFICATE), as the scheduler and the workers have them"
_NEW: Final = "have a new one made and signed by the cluster's authority, then run it again"
_KEY: Final = "give the private key of the certificate in PEM form (BEGIN PRIVATE KEY), without a passphrase"


def check_certificates(*, ca_file: str, cert_file: str, key_file: str, now: dt.datetime) -> None:
    """Refuse files of `[cluster]` with which no connection could come about.

    Raises:
        SettingsError: one cannot be read or is not what it should be, certificate and key are not of one pair, or the
            certificate does not hold today.
    """
    authorities = _certificates("ca_file", ca_file)
    if all(one.not_valid_after_utc <= now for one in authorities):
        newest = max(one.not_valid_after_utc for one in authorities)
        raise SettingsError(f"[cluster] ca_file: what is in {ca_file} expired on {newest:%Y-%m-%d}", next_step=_NEW)
    own = _certificates("cert_file", cert_file)[0]  # those behind it lead to the authority
    if own.not_valid_after_utc <= now:
        raise SettingsError(
            f"[cluster] cert_file: the certificate in {cert_file} expired on {own.not_valid_after_utc:%Y-%m-%d}",
            next_step=_NEW,
        )
    if own.not_valid_before_utc > now:
        raise SettingsError(
            f"[cluster] cert_file: the certificate in {cert_file} holds only from"
            f" {own.not_valid_before_utc:%Y-%m-%d %H:%M} UTC on",
            next_step="check this machine's clock, or wait until then",
        )
    _refuse_unreadable_key(key_file)
    _refuse_unusable(ca_file, cert_file, key_file)


def _certificates(name: str, path: str) -> list[x509.Certificate]:
    content = _content(name, path)
    try:
        return x509.load_pem_x509_certificates(content)
    except (ValueError, UnsupportedAlgorithm):
        raise SettingsError(f"[cluster] {name}: {path} holds no certificate", next_step=_PEM) from None


def _refuse_unreadable_key(path: str) -> None:
    try:
        serialization.load_pem_private_key(_key_part(_content("key_file", path)), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        # The error may carry pieces of the key.
        raise SettingsError(
            f"[cluster] key_file: the private key in {path} cannot be read: it is missing, damaged or has a passphrase",
            next_step=_KEY,
        ) from None


def _content(name: str, path: str) -> bytes:
    try:
        with open(path, "rb") as file:  # noqa: PTH123  a Path of a text that is none says less
            return file.read()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is not a path"
        raise SettingsError(
            f"[cluster] {name}: {path} cannot be read: {why}", next_step="check its path and that you may read it"
        ) from None


def _key_part(pem: bytes) -> bytes:
    """From the private key's first line on: the certificate may stand before it in the same file."""
    begins = next(
        (line for line in pem.splitlines() if line.startswith(b"-----BEGIN ") and b"PRIVATE KEY" in line), b""
    )
    return pem[pem.index(begins) :] if begins else b""


def _refuse_unusable(ca_file: str, cert_file: str, key_file: str) -> None:
    """What the connection itself would not take: a key that is too short, a signature that nobody trusts any more."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    try:
        context.load_verify_locations(cafile=ca_file)
        context.load_cert_chain(cert_file, key_file, password="")  # else OpenSSL may ask for one on the terminal
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", None) or "it does not say why"
        if reason == "KEY_VALUES_MISMATCH":
            raise SettingsError(
                f"[cluster] key_file: the private key in {key_file} is not that of the certificate in {cert_file}",
                next_step="give the two files of one pair",
            ) from None
        raise SettingsError(
            f"[cluster] ca_file, cert_file, key_file: TLS does not take them ({reason.replace('_', ' ').lower()})",
            next_step="have them made anew, with keys of a length and signatures of a kind that are safe today",
        ) from None
