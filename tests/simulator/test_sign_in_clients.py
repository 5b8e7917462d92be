"""Which application may have tokens: authentication by secret, by certificate, or not at all."""

import base64
import datetime as dt
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jwt
import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from key_pairs import KeyPair, key_pair
from sign_in_client import (
    ASSERTION_TYPE,
    AT,
    DEFAULTS,
    RESOURCE,
    Application,
    assertion,
    has_entras_shape,
    incoming,
    pure,
    refresh_form,
    signing_in,
)

from batchreset.errors import RefusedError
from batchreset.simulator.options import SimulatorOptions
from batchreset.simulator.server import running
from batchreset.simulator.sign_in.assertion import Certificate, read_certificate
from batchreset.simulator.sign_in.replies import Reply
from batchreset.simulator.sign_in.service import SignIn
from batchreset.simulator.state import ServiceState

AUDIENCE = f"https://simulator/{DEFAULTS.tenant_id}/oauth2/v2.0/token"
PUBLIC = SimulatorOptions(client_secret="")


@pytest.fixture(scope="module")
def application() -> Iterator[Application]:
    with signing_in() as application:
        yield application


@pytest.fixture(scope="module")
def pair() -> KeyPair:
    return key_pair()


@pytest.fixture(scope="module")
def certificate(pair: KeyPair, tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    path = tmp_path_factory.mktemp("certificate") / "certificate.pem"
    path.write_text(pair.key_pem + pair.pem, encoding="ascii")
    return read_certificate(path)


def with_basic(client: str = DEFAULTS.client_id, secret: str = DEFAULTS.client_secret) -> dict[str, str]:
    return {"Authorization": "Basic " + base64.b64encode(f"{client}:{secret}".encode()).decode()}


def test_a_secret_may_come_in_the_body_or_by_basic_authentication() -> None:
    with signing_in() as application:
        assert application.refresh().status_code == 200
        assert application.refresh({"client_secret": None, "client_id": None}, headers=with_basic()).status_code == 200
        assert application.errors == []


WRONG: dict[str, tuple[dict[str, str | None], dict[str, str], int, int, str]] = {
    "wrong secret": ({"client_secret": "wrong"}, {}, 401, 7000215, "invalid_client"),
    "wrong secret, Basic": ({"client_secret": None}, with_basic(secret="x"), 401, 7000215, "invalid_client"),
    "Basic that is none": ({"client_secret": None}, {"Authorization": "Basic ä"}, 401, 7000215, "invalid_client"),
    "another client": ({"client_id": DEFAULTS.tenant_id}, {}, 400, 700016, "unauthorized_client"),
    "an assertion without a certificate": (
        {"client_secret": None, "client_assertion": "x", "client_assertion_type": ASSERTION_TYPE},
        *({}, 401, 700027, "invalid_client"),
    ),
}


@pytest.mark.parametrize(("changes", "headers", "status", "code", "error"), WRONG.values(), ids=WRONG)
def test_who_is_not_the_application_is_refused_without_having_made_a_mistake(
    *,
    application: Application,
    changes: dict[str, str | None],
    headers: dict[str, str],
    status: int,
    code: int,
    error: str,
) -> None:
    before = len(application.errors)
    encoded = {name: value.encode() for name, value in headers.items()}
    answer = application.refresh(changes, headers=encoded)
    assert (answer.status_code, answer.json()["error"]) == (status, error)
    assert has_entras_shape(answer.json(), code)
    assert application.ends[-1] == str(code)
    assert len(application.errors) == before


@pytest.mark.parametrize(
    ("changes", "headers", "code", "named"),
    [
        pytest.param({"client_secret": None}, {}, 7000218, "neither client_secret", id="no credential"),
        pytest.param({"client_id": None}, {}, 900144, "client_id is missing", id="no client"),
        pytest.param({}, with_basic(), 9002313, "more than one way", id="two ways at once"),
        pytest.param(
            {"client_secret": None, "client_assertion": "x"},
            {},
            900144,
            "client_assertion_type",
            id="no assertion type",
        ),
        pytest.param(
            {"client_secret": None, "client_assertion": "x", "client_assertion_type": "saml"},
            *({}, 9002313, "client_assertion_type"),
            id="another assertion type",
        ),
        pytest.param(
            {"grant_type": "client_credentials", "client_secret": None, "scope": f"{RESOURCE}/.default"},
            *({}, 7000216, "client_credentials without a credential"),
            id="client_credentials without a credential",
        ),
    ],
)
def test_an_authentication_against_the_documentation_is_a_mistake(
    *, application: Application, changes: dict[str, str | None], headers: dict[str, str], code: int, named: str
) -> None:
    before = len(application.errors)
    answer = application.refresh(changes, headers=headers)
    assert has_entras_shape(answer.json(), code)
    assert [named in error for error in application.errors[before:]] == [True]


def test_a_public_client_needs_no_credential_and_must_show_none() -> None:
    with signing_in(PUBLIC) as application:
        assert application.refresh({"client_secret": None}).status_code == 200
        shown = application.refresh()
        assert (shown.status_code, shown.json()["error_codes"]) == (401, [700025])
        asserted = {"client_secret": None, "client_assertion": "x", "client_assertion_type": ASSERTION_TYPE}
        assert application.refresh(asserted).json()["error_codes"] == [700025]


def redeemed(service: SignIn, text: str, at: dt.datetime = AT) -> Reply:
    changes = {"client_secret": None, "client_assertion": text, "client_assertion_type": ASSERTION_TYPE}
    return service.token(incoming(refresh_form(changes)), at)


def ended(state: ServiceState) -> str:
    return state.sign_in.token_requests[-1].ended


def thumbprint(pair: KeyPair) -> str:
    return jwt.utils.base64url_encode(pair.certificate.fingerprint(hashes.SHA1())).decode()


@pytest.mark.parametrize(
    ("algorithm", "by_sha1", "claims"),
    [
        pytest.param("PS256", False, {}, id="PS256, SHA-256"),
        pytest.param("RS256", True, {}, id="RS256, SHA-1"),
        pytest.param("PS256", False, {"nbf": None}, id="without nbf, as msal's"),
    ],
)
def test_an_assertion_signed_with_the_certificates_key_passes(
    *, pair: KeyPair, certificate: Certificate, algorithm: str, by_sha1: bool, claims: dict[str, Any]
) -> None:
    service, state = pure(certificate=certificate)
    header = {"x5t#S256": None, "x5t": thumbprint(pair) + "="} if by_sha1 else {}
    text = assertion(pair, AUDIENCE, AT, header=header, claims=claims, algorithm=algorithm)
    assert redeemed(service, text).status == 200
    assert state.protocol_errors == []


def test_the_secret_of_an_application_that_has_only_a_certificate_is_wrong(certificate: Certificate) -> None:
    service, state = pure(PUBLIC, certificate=certificate)
    assert service.token(incoming(refresh_form()), AT).status == 401
    assert ended(state) == "7000215"


@pytest.mark.parametrize(
    ("claims", "header", "algorithm", "named"),
    [
        pytest.param({"aud": "https://simulator/"}, {}, "PS256", "aud", id="another audience"),
        pytest.param({"iss": "somebody"}, {}, "PS256", "iss", id="another issuer"),
        pytest.param({"sub": None}, {}, "PS256", "sub", id="no subject"),
        pytest.param({"jti": None}, {}, "PS256", "jti", id="no id"),
        pytest.param({"exp": None}, {}, "PS256", "exp", id="no end"),
        pytest.param({}, {"x5t#S256": None}, "PS256", "key was not found", id="no thumbprint"),
        pytest.param({}, {}, "PS384", "neither RS256 nor PS256", id="another algorithm"),
        pytest.param({}, {}, "HS256", "neither RS256 nor PS256", id="a shared secret"),
    ],
)
def test_an_assertion_against_the_documentation_is_refused_and_a_mistake(
    *,
    pair: KeyPair,
    certificate: Certificate,
    claims: dict[str, Any],
    header: dict[str, Any],
    algorithm: str,
    named: str,
) -> None:
    service, state = pure(certificate=certificate)
    text = assertion(pair, AUDIENCE, AT, claims=claims, header=header, algorithm=algorithm)
    assert redeemed(service, text).status == 401
    assert ended(state) == "700027"
    assert [named in error for error in state.protocol_errors] == [True]


def test_what_is_no_assertion_at_all_is_a_mistake(certificate: Certificate) -> None:
    service, state = pure(certificate=certificate)
    assert redeemed(service, "not a JWT").status == 401
    assert (ended(state), state.protocol_errors) == (
        *("700027", ["/oauth2/v2.0/token: client_assertion: The assertion is not a JWT."]),
    )


@pytest.mark.parametrize(
    "header",
    [
        pytest.param({"x5t#S256": "b3RoZXI"}, id="named as another"),
        pytest.param({"x5t": "b3RoZXI"}, id="one of two names is another's"),
    ],
)
def test_another_certificate_is_refused_and_no_mistake(
    pair: KeyPair, certificate: Certificate, header: dict[str, Any]
) -> None:
    service, state = pure(certificate=certificate)
    redeemed(service, assertion(pair, AUDIENCE, AT, header=header))
    assert (ended(state), state.protocol_errors) == ("700027", [])


def test_another_key_is_refused_and_no_mistake(pair: KeyPair, certificate: Certificate) -> None:
    service, state = pure(certificate=certificate)
    redeemed(service, assertion(KeyPair(key=key_pair().key, certificate=pair.certificate), AUDIENCE, AT))
    assert (ended(state), state.protocol_errors) == ("700027", [])


@pytest.mark.parametrize(("seconds", "end"), [(-1, "700024"), (0, "ok"), (299, "ok"), (300, "700024")])
def test_an_assertion_is_good_within_its_time(
    *, pair: KeyPair, certificate: Certificate, seconds: int, end: str
) -> None:
    service, state = pure(certificate=certificate)
    redeemed(service, assertion(pair, AUDIENCE, AT), AT + dt.timedelta(seconds=seconds))
    assert (ended(state), state.protocol_errors) == (end, [])


def test_an_assertion_may_come_again_and_its_id_not_with_another(pair: KeyPair, certificate: Certificate) -> None:
    service, state = pure(certificate=certificate)
    once = assertion(pair, AUDIENCE, AT, claims={"jti": "1"})
    assert [redeemed(service, once).status for _ in range(2)] == [200, 200]
    redeemed(service, assertion(pair, AUDIENCE, AT, claims={"jti": "1", "exp": AT.timestamp() + 200}))
    assert (ended(state), "jti came before" in state.protocol_errors[-1]) == ("700027", True)


def elliptic() -> str:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "batchreset")])
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), AT, AT)
    return builder.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM).decode()


@pytest.mark.parametrize(
    ("text", "why"),
    [
        pytest.param(None, "No such file or directory", id="no file"),
        pytest.param("", "it holds no certificate in PEM", id="empty"),
        pytest.param(elliptic(), "its key is not RSA", id="elliptic"),
    ],
)
def test_a_certificate_file_that_cannot_be_used_is_refused_by_name(tmp_path: Path, text: str | None, why: str) -> None:
    path = tmp_path / "certificate.pem"
    if text is not None:
        path.write_text(text, encoding="ascii")
    with pytest.raises(RefusedError, match=why) as raised, running(SimulatorOptions(client_certificate=path)):
        pass
    assert str(path) in raised.value.what
    assert "--client-certificate" in raised.value.next_step


def test_an_application_by_itself_gets_a_token_without_user_and_without_refresh_token() -> None:
    form = {"grant_type": "client_credentials", "refresh_token": None, "scope": f"{RESOURCE}/.default"}
    with signing_in() as application:
        document = application.refresh(form).json()
        claims = jwt.decode(document["access_token"], options={"verify_signature": False})
        assert document.keys() == {"token_type", "expires_in", "ext_expires_in", "access_token"}
        assert (claims["idtyp"], claims["aud"], "scp" in claims, "upn" in claims) == ("app", RESOURCE, False, False)
        refused = application.refresh({**form, "scope": f"{RESOURCE}/user_impersonation"})
        assert (refused.json()["error"], refused.json()["error_codes"]) == ("invalid_scope", [1002012])
