"""Signing in by a code: asked again as slowly as the service wants, whatever is lost on the way."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest
from sign_in_parts import AUTHORITY, Reply, Service, grant

from batchreset.adapters.signin.cache import newest_refresh_token
from batchreset.adapters.signin.login import by_browser, by_device_code
from batchreset.adapters.signin.refusals import Refused
from batchreset.core.secret import Secret
from batchreset.errors import SignInError

CODE = {
    "user_code": "FJC4KLXQ9",
    "device_code": "device",
    "verification_uri": f"{AUTHORITY}/device",
    "expires_in": 900,
    "interval": 5,
}
PENDING = httpx.Response(400, json={"error": "authorization_pending", "error_description": "AADSTS70016: Pending."})
SLOWER = httpx.Response(400, json={"error": "slow_down"})


@dataclass
class Person:
    """Who is shown the code; time passes only here."""

    said: list[str] = field(default_factory=list)
    slept: list[float] = field(default_factory=list)
    states: list[str] = field(default_factory=list)

    def sign_in(self, *answers: Reply, code: Mapping[str, Any] = CODE) -> Any:
        service = Service([httpx.Response(200, json=code), *answers])
        return by_device_code(
            service.application(Secret("s")), self.states.append, say=self.said.append, sleep=self.slept.append
        )


def test_the_code_is_shown_and_asked_about_until_somebody_has_entered_it(recwarn: pytest.WarningsRecorder) -> None:
    person = Person()
    granted = person.sign_in(PENDING, SLOWER, PENDING, httpx.Response(200, json=grant(1)))
    assert granted.access_token == Secret("access-1")
    assert newest_refresh_token(person.states[-1]) == Secret("refresh-1")
    assert any("FJC4KLXQ9" in line for line in person.said)
    assert any(CODE["verification_uri"] in line for line in person.said if isinstance(CODE["verification_uri"], str))
    assert person.slept == [5, 5, 10, 10]
    recwarn.clear()  # msal minds that no time passed between two questions


def test_a_lost_answer_does_not_end_the_sign_in(recwarn: pytest.WarningsRecorder) -> None:
    person = Person()
    lost = (httpx.ConnectError("refused"), httpx.Response(503), httpx.ReadTimeout("late"))
    assert person.sign_in(*lost, httpx.Response(200, json=grant(1))).access_token == Secret("access-1")
    assert sum("asking again" in line for line in person.said) == 3
    recwarn.clear()


def test_a_code_that_nobody_enters_in_time_is_told() -> None:
    with pytest.raises(SignInError, match="nobody entered the code"):
        Person().sign_in(PENDING, code={**CODE, "expires_in": 0})


def test_a_declined_code_is_a_refusal() -> None:
    with pytest.raises(Refused):
        Person().sign_in(httpx.Response(400, json={"error": "authorization_declined"}))


@pytest.mark.parametrize(
    "address", ["http://login.example/device", "https://me:pw@evil.example", "\x1b[2Jhttps://x", None, 7], ids=repr
)
def test_nobody_is_sent_to_an_address_that_is_not_a_plain_one(address: object) -> None:
    person = Person()
    with pytest.raises(SignInError, match="not a plain https one"):
        person.sign_in(code={**CODE, "verification_uri": address})
    assert person.said == []


def test_a_service_without_codes_or_browser_says_so() -> None:
    service = Service(documents={"/.well-known/openid-configuration": {"token_endpoint": f"{AUTHORITY}/token"}})
    application = service.application(tenant_id="")
    with pytest.raises(SignInError, match="no device codes") as caught:
        by_device_code(application, lambda _: None, say=lambda _: None)
    assert "--browser" in caught.value.next_step
    with pytest.raises(SignInError, match="no sign-in by browser"):
        by_browser(application, lambda _: None, say=lambda _: None, port=0, open_browser=lambda _: None)
