"""A sign-in service that repeats what it was shown: nothing of it is in the refusal, in whatever writing."""

import base64
import json
import urllib.parse
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from key_pairs import key_pair
from sign_in_parts import Reply, Service, grant

from batchreset.adapters.signin.certificate import Certificate, read_certificate
from batchreset.adapters.signin.login import by_browser, by_device_code
from batchreset.adapters.signin.refusals import Refused, refusal_error
from batchreset.core.secret import Secret

CLIENT_SECRET = Secret("kW8Q~cAnArY.client-secret_9x")
REFRESH = Secret("0.AXcAcAnArY-refresh_7Hq2vLm4")
DEVICE = {
    "user_code": "FJC4KLXQ9", "device_code": "cAnArY-DAQABAAEAAAD-device_5tZ", "interval": 5, "expires_in": 900,
    "verification_uri": "https://login.example/device",
}  # fmt: skip
CODE = "0.cAnArY-authorization-code_3kP"
SECRET_FIELDS = {"client_secret", "client_assertion", "refresh_token", "code", "code_verifier", "device_code"}

WRITINGS: dict[str, Callable[[str], str]] = {
    "plain": str,
    "json": lambda text: json.dumps(json.dumps(text)),
    "url": lambda text: urllib.parse.quote(text, safe=""),
    "base64": lambda text: base64.b64encode(b"x" + text.encode()).decode(),
    "hex": lambda text: text.encode().hex(),
    "begun": lambda text: text[:20],
}


def certificate() -> Certificate:
    pair = key_pair()
    return read_certificate(Secret(pair.pem + pair.key_pem))


class Echoing:
    """Refuses with all that it was shown."""

    def __init__(self, write: Callable[[str], str]) -> None:
        self._write = write
        self.shown: dict[str, str] = {}

    def __call__(self, form: Mapping[str, str]) -> Reply:
        if "device_code" not in form and form.get("grant_type") is None:
            return httpx.Response(200, json=DEVICE)
        self.shown = {name: value for name, value in form.items() if name in SECRET_FIELDS}
        said = f"AADSTS70000: {' '.join(map(self._write, self.shown.values()))}"
        document = {"error": self._write(next(iter(self.shown.values()))), "error_description": said, "suberror": said}
        return httpx.Response(400, json=document)


def redeemed(service: Service, credential: Secret | Certificate | None) -> Any:
    return service.application(credential).redeem(REFRESH, state="", keep=lambda _: None)


def by_a_code(service: Service, credential: Secret | Certificate | None) -> Any:
    application = service.application(credential)
    return by_device_code(application, lambda _: None, say=lambda _: None, sleep=lambda _: None)


def in_a_browser(service: Service, credential: Secret | Certificate | None) -> Any:
    def sign_in(address: str) -> None:
        asked = {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}
        httpx.post(asked["redirect_uri"], data={"code": CODE, "state": asked["state"]}, trust_env=False)

    application = service.application(credential)
    return by_browser(application, lambda _: None, say=lambda _: None, port=0, open_browser=sign_in)


@pytest.mark.parametrize("writing", WRITINGS)
@pytest.mark.parametrize(
    ("sign_in", "credential", "shown"),
    [
        pytest.param(redeemed, CLIENT_SECRET, {"client_secret", "refresh_token"}, id="a refresh token and a secret"),
        pytest.param(redeemed, certificate, {"client_assertion", "refresh_token"}, id="and a certificate"),
        pytest.param(by_a_code, CLIENT_SECRET, {"client_secret", "code", "device_code"}, id="a device code"),
        pytest.param(in_a_browser, CLIENT_SECRET, {"client_secret", "code", "code_verifier"}, id="a browser's code"),
    ],
)
def test_what_the_service_was_shown_is_not_in_its_refusal(
    sign_in: Callable[[Service, Any], Any], credential: Any, shown: set[str], writing: str
) -> None:
    echoing = Echoing(WRITINGS[writing])
    with pytest.raises(Refused) as caught:
        sign_in(Service(answer=echoing), credential() if callable(credential) else credential)

    assert echoing.shown.keys() == shown
    told = "\n".join([*refusal_error(caught.value.refusal).lines(), repr(caught.value), repr(caught.value.refusal)])
    assert "70000" in told
    for secret in echoing.shown.values():
        written = WRITINGS[writing](secret)
        assert not [start for start in range(len(written) - 12) if written[start : start + 12] in told]


def test_a_refusal_that_repeats_nothing_is_told_as_it_is() -> None:
    service = Service([httpx.Response(400, json={"error": "invalid_grant", "error_description": "AADSTS70000: No."})])
    with pytest.raises(Refused, match=r"^AADSTS70000: No\.$"):
        redeemed(service, CLIENT_SECRET)
    assert redeemed(Service([httpx.Response(200, json=grant(1))]), CLIENT_SECRET).access_token == Secret("access-1")
