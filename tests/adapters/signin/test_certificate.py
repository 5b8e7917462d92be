"""One PEM is all that is asked for; what is wrong with it is said without showing any of it."""

import datetime as dt
import hashlib
import ssl
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from key_pairs import key_pair

from batchreset.adapters.signin.certificate import read_certificate
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

PAIR, OTHER = key_pair(), key_pair()
PUBLIC, KEY = PAIR.pem, PAIR.key_pem


def sha1(pem: str) -> str:
    return hashlib.sha1(ssl.PEM_cert_to_DER_cert(pem), usedforsecurity=False).hexdigest()


@pytest.mark.parametrize(
    "pem",
    [
        PUBLIC + KEY,
        KEY + PUBLIC,
        KEY + OTHER.pem + PUBLIC,
        f"Bag Attributes\n{PUBLIC}\n{KEY}",
    ],
    ids=["certificate first", "key first", "in a chain", "as openssl prints a PFX"],
)  # fmt: skip
def test_key_and_certificate_are_found_and_the_thumbprint_computed(pem: str) -> None:
    read = read_certificate(Secret(pem))
    assert read.sha1_thumbprint == sha1(PUBLIC)
    assert read.public.strip() == PUBLIC.strip()
    assert read.private_key.open().strip() == KEY.strip()


def test_an_older_way_of_writing_the_key_is_read_too() -> None:
    pem = PAIR.key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.TraditionalOpenSSL, serialization.NoEncryption()
    )
    assert read_certificate(Secret(PUBLIC + pem.decode())).sha1_thumbprint == sha1(PUBLIC)


def _elliptic() -> str:
    return (
        ec.generate_private_key(ec.SECP256R1())
        .private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
        .decode()
    )


@pytest.mark.parametrize(
    ("pem", "said"),
    [
        (lambda: KEY, "holds no certificate"),
        (lambda: "nonsense", "holds no certificate"),
        (lambda: PUBLIC, "missing, damaged or has a passphrase"),
        (
            lambda: PUBLIC + PAIR.key_pem_with(serialization.BestAvailableEncryption(b"x")),
            "missing, damaged or has a passphrase",
        ),
        (lambda: PUBLIC + KEY[:300] + "\n-----END PRIVATE KEY-----\n", "missing, damaged"),
        (lambda: PUBLIC + _elliptic(), "not an RSA key"),
        (lambda: PUBLIC + OTHER.key_pem, "not of one pair"),
    ],
    ids=["no certificate", "nonsense", "no key", "passphrase", "damaged", "elliptic", "two pairs"],
)
def test_what_is_wrong_is_said_and_nothing_of_the_key_shown(pem: Callable[[], str], said: str) -> None:
    text = pem()
    with pytest.raises(SettingsError, match=said) as caught:
        read_certificate(Secret(text))
    shown = "\n".join(caught.value.lines())
    assert "BATCHRESET_AUTH__CLIENT_CERTIFICATE" in shown
    assert not any(line in shown for line in text.splitlines() if len(line) > 40)


def test_the_private_key_is_shown_nowhere() -> None:
    assert KEY.splitlines()[1] not in repr(read_certificate(Secret(PUBLIC + KEY)))


def test_a_certificate_that_has_expired_is_told_with_its_day() -> None:
    with pytest.raises(SettingsError, match="expired on 2040-01-01"):
        read_certificate(Secret(PUBLIC + KEY), now=dt.datetime(2041, 1, 1, tzinfo=dt.UTC))
