"""Whom to trust: the operating system's store, and `ca_file` beside it."""

import os
import ssl
import sys
from pathlib import Path

import truststore

from batchreset.errors import SettingsError


def tls_context(ca_file: str, *, ca_pem: str = "") -> ssl.SSLContext:
    """The operating system's trust store (`SSL_CERT_FILE` is honoured), and `ca_file` beside it.

    Args:
        ca_file: one or more certificates in PEM form; empty: none.
        ca_pem: what such a file held, on another machine.

    Raises:
        SettingsError: `ca_file` cannot be read or holds no certificate; or what `SSL_CERT_FILE` names is not there.
    """
    _refuse_lost_store()
    context = _system_trust()
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    # SSLKEYLOGFILE would let whoever holds a capture of the traffic read the passwords. None switches it off.
    context.keylog_filename = None  # type: ignore[assignment]
    _trust_too(context, ca_file)
    if ca_pem:
        context.load_verify_locations(cadata=ca_pem)
    return context


def check_trust(ca_file: str) -> None:
    """What `tls_context` would refuse. Raises SettingsError."""
    _refuse_lost_store()
    _trust_too(ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT), ca_file)


def _trust_too(context: ssl.SSLContext, ca_file: str) -> None:
    if not ca_file:
        return
    try:
        context.load_verify_locations(cafile=str(Path(ca_file).expanduser()))
    except (OSError, ValueError, RuntimeError) as error:
        raise SettingsError(
            f"[partner_center] ca_file: {ca_file} cannot be used ({_why(error)})",
            next_step="give a file with the authority's certificate in PEM form, or leave ca_file empty",
        ) from error


def _refuse_lost_store() -> None:
    """Python passes over one that is not there: others would be trusted than whoever set it meant."""
    path = os.environ.get("SSL_CERT_FILE")
    if path and not Path(path).is_file():
        raise SettingsError(
            f"the file that SSL_CERT_FILE names, {path}, is not there: whom to trust is not known",
            next_step="correct SSL_CERT_FILE, or unset it",
        )


def _system_trust() -> ssl.SSLContext:
    """OpenSSL's own default locations where they exist; truststore for the other ones, for macOS and for Windows.

    truststore reads the whole bundle anew at each handshake: 7 ms of CPU for each connection.
    """
    paths = ssl.get_default_verify_paths()
    if sys.platform not in {"darwin", "win32"} and (paths.cafile or paths.capath):
        return ssl.create_default_context()
    return truststore.SSLContext(ssl.PROTOCOL_TLS_CLIENT)


def _why(error: Exception) -> str:
    match error:
        case ssl.SSLError():
            return "it holds no certificate"
        case OSError():
            return error.strerror or str(error)
        case _:
            return "it is not a path"
