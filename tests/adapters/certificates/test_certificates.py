"""Files of certificates: what no connection could come about with is told by name, before anything is tried."""

import datetime as dt
from collections.abc import Callable
from pathlib import Path

import pytest
import trustme
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa

from batchreset.adapters.certificates import check_certificates
from batchreset.errors import SettingsError

NOW = dt.datetime.now(dt.UTC)
FILES = ("ca_file", "cert_file", "key_file")


def made(folder: Path, *, until: dt.datetime | None = None) -> Path:
    """A folder with the three files."""
    authority = trustme.CA()
    own = authority.issue_cert("here.example", not_after=until)
    folder.mkdir()
    authority.cert_pem.write_to_path(str(folder / "ca_file"))
    own.cert_chain_pems[0].write_to_path(str(folder / "cert_file"))
    own.private_key_pem.write_to_path(str(folder / "key_file"))
    return folder


def check(folder: Path, *, now: dt.datetime = NOW, **instead: Path) -> None:
    paths = {name: str(instead.get(name, folder / name)) for name in FILES}
    check_certificates(ca_file=paths["ca_file"], cert_file=paths["cert_file"], key_file=paths["key_file"], now=now)


def refusal(folder: Path, *, now: dt.datetime = NOW, **instead: Path) -> str:
    with pytest.raises(SettingsError) as caught:
        check(folder, now=now, **instead)
    assert caught.value.__cause__ is None
    return caught.value.what


def test_certificate_and_key_may_lie_in_one_file(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    both = folder / "both"
    both.write_bytes((folder / "cert_file").read_bytes() + (folder / "key_file").read_bytes())
    check(folder, cert_file=both, key_file=both)


@pytest.mark.parametrize("name", FILES)
def test_a_file_that_is_not_there_is_named(tmp_path: Path, name: str) -> None:
    folder = made(tmp_path / "a")
    (folder / name).unlink()
    assert refusal(folder) == f"[cluster] {name}: {folder / name} cannot be read: No such file or directory"
    (folder / name).mkdir()
    assert refusal(folder) == f"[cluster] {name}: {folder / name} cannot be read: Is a directory"


@pytest.mark.parametrize(
    "content", [b"", b"\xff\x00", b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"]
)
def test_what_is_no_certificate_or_key_is_told_by_its_setting(tmp_path: Path, content: bytes) -> None:
    folder = made(tmp_path / "a")
    other = tmp_path / "other"
    other.write_bytes(content)
    assert refusal(folder, ca_file=other) == f"[cluster] ca_file: {other} holds no certificate"
    assert refusal(folder, cert_file=other) == f"[cluster] cert_file: {other} holds no certificate"
    assert "missing, damaged or has a passphrase" in refusal(folder, key_file=other)


def test_a_key_with_a_passphrase_is_refused_and_nobody_is_asked_for_it(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    sealed = ec.generate_private_key(ec.SECP256R1()).private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.BestAvailableEncryption(b"x")
    )
    (folder / "key_file").write_bytes(sealed)
    assert "has a passphrase" in refusal(folder)


def test_the_key_of_another_certificate_is_noticed(tmp_path: Path) -> None:
    folder, other = made(tmp_path / "a"), made(tmp_path / "b")
    assert "is not that of the certificate in" in refusal(folder, key_file=other / "key_file")


@pytest.mark.parametrize(
    ("days", "words"),
    [(-1_000_000, "holds only from"), (8, "cert_file: the certificate in"), (1_000_000, "ca_file: what is in")],
)
def test_a_certificate_holds_for_its_time_only(tmp_path: Path, days: int, words: str) -> None:
    folder = made(tmp_path / "a", until=NOW + dt.timedelta(days=7))
    check(folder, now=NOW + dt.timedelta(days=6))
    moments: dict[int, Callable[[], dt.datetime]] = {
        -1_000_000: lambda: dt.datetime(1990, 1, 1, tzinfo=dt.UTC),
        1_000_000: lambda: dt.datetime(9000, 1, 1, tzinfo=dt.UTC),
    }
    told = refusal(folder, now=moments.get(days, lambda: NOW + dt.timedelta(days=days))())
    assert words in told
    assert ("expired on" in told) is (days > 0)


def test_an_authority_that_has_ended_beside_a_new_one_is_no_harm(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    until = NOW - dt.timedelta(days=1)
    old = _certificate(ec.generate_private_key(ec.SECP256R1()), until=until)
    both = folder / "both"
    both.write_bytes(old + (folder / "ca_file").read_bytes())
    check(folder, ca_file=both)
    both.write_bytes(old)
    assert refusal(folder, ca_file=both) == f"[cluster] ca_file: what is in {both} expired on {until:%Y-%m-%d}"


def test_a_key_that_tls_does_not_take_is_refused_here_and_not_in_the_handshake(tmp_path: Path) -> None:
    folder = made(tmp_path / "a")
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)
    (folder / "cert_file").write_bytes(_certificate(short))
    (folder / "key_file").write_bytes(
        short.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    )
    assert "TLS does not take them (ee key too small)" in refusal(folder)


def _certificate(
    key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey, *, until: dt.datetime = NOW + dt.timedelta(days=1)
) -> bytes:
    """One that trustme would not make."""
    return (
        x509.CertificateBuilder()
        .subject_name(x509.Name([]))
        .issuer_name(x509.Name([]))
        .public_key(key.public_key())
        .serial_number(7)
        .not_valid_before(NOW - dt.timedelta(days=7))
        .not_valid_after(until)
        .sign(key, hashes.SHA256())
        .public_bytes(serialization.Encoding.PEM)
    )
