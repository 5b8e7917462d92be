"""A certificate for a service on this machine, of an authority that nobody else knows."""

import functools
import ssl
from pathlib import Path

import trustme


@functools.cache
def authority() -> trustme.CA:
    """The one that signs every server's certificate here."""
    return trustme.CA()


@functools.cache
def server_tls(*further_names: str) -> ssl.SSLContext:
    """Of a server on `localhost`, and under further names."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("localhost", *further_names).configure_cert(context)
    return context


def write_ca_file(folder: Path) -> str:
    """Path of the authority's certificate."""
    path = folder / "ca.pem"
    authority().cert_pem.write_to_path(str(path))
    return str(path)
