"""From what came back to what it means."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from batchreset.core.classify import Verdict, classify
from batchreset.core.exchange import Answered, LossKind, Lost, NotSent, NotSentKind

REFUSALS = {Verdict.NOT_FOUND, Verdict.FORBIDDEN, Verdict.CONFLICT, Verdict.BAD_REQUEST, Verdict.REDIRECTED}


def plain_verdict(status: int) -> Verdict:
    """By status alone, as the design's table has it."""
    match status:
        case 401:
            return Verdict.UNAUTHORIZED
        case 403:
            return Verdict.FORBIDDEN
        case 404:
            return Verdict.NOT_FOUND
        case 408:
            return Verdict.SERVER_ERROR
        case 409:
            return Verdict.CONFLICT
        case 429:
            return Verdict.THROTTLED
        case _ if 200 <= status <= 299:
            return Verdict.SUCCEEDED
        case _ if 300 <= status <= 399:
            return Verdict.REDIRECTED
        case _ if 400 <= status <= 499:
            return Verdict.BAD_REQUEST
        case _:
            return Verdict.SERVER_ERROR


@pytest.mark.parametrize("hundred", range(0, 1000, 100))
def test_every_status_has_its_verdict(hundred: int) -> None:
    for status in range(hundred, hundred + 100):
        assert classify(Answered(status=status)) is plain_verdict(status), status


@pytest.mark.parametrize(
    ("status", "code", "description", "verdict"),
    [
        pytest.param(401, "900421", "", Verdict.MFA_REQUIRED, id="mfa"),
        pytest.param(401, "900422", "", Verdict.UNAUTHORIZED, id="401-with-another-code"),
        pytest.param(403, "900421", "", Verdict.FORBIDDEN, id="mfa-code-elsewhere"),
        pytest.param(400, "3000", "", Verdict.WEAK_PASSWORD, id="invalid-property"),
        pytest.param(400, "", "The PassWord is too weak.", Verdict.WEAK_PASSWORD, id="password-in-the-text"),
        pytest.param(400, "800002", "Invalid request input.", Verdict.BAD_REQUEST, id="another-400"),
        pytest.param(400, "900421", "", Verdict.BAD_REQUEST, id="400-with-the-mfa-code"),
        pytest.param(403, "3000", "no right to reset the password", Verdict.FORBIDDEN, id="403-about-a-password"),
        pytest.param(500, "3000", "password", Verdict.SERVER_ERROR, id="500-about-a-password"),
        pytest.param(200, "900421", "password", Verdict.SUCCEEDED, id="200-whatever-the-body"),
    ],
)
def test_a_code_or_text_counts_with_its_status_only(status: int, code: str, description: str, verdict: Verdict) -> None:
    assert classify(Answered(status=status, error_code=code, error_description=description)) is verdict


@pytest.mark.parametrize("kind", LossKind)
def test_a_lost_answer_is_a_timeout_or_a_lost_connection_or_was_lost_with_its_sender(kind: LossKind) -> None:
    by_kind = {LossKind.TIMEOUT: Verdict.TIMEOUT, LossKind.SENDER: Verdict.SENDER_LOST}
    expected = by_kind.get(kind, Verdict.CONNECTION_LOST)

    assert classify(Lost(kind=kind)) is expected


@pytest.mark.parametrize("kind", NotSentKind)
def test_what_was_never_sent_is_neither_lost_nor_refused(kind: NotSentKind) -> None:
    assert classify(NotSent(kind=kind)) is Verdict.NOT_SENT


codes = st.sampled_from(["", "0", "1000", "3000", "900421", "60002"]) | st.text(max_size=8)
descriptions = st.sampled_from(["", "Password", "ſ", "MFA"]) | st.text(max_size=40)


@given(status=st.integers(0, 999), code=codes, description=descriptions, claims=st.none() | st.text(max_size=4))
def test_codes_and_texts_change_nothing_but_400_and_401(
    status: int, code: str, description: str, claims: str | None
) -> None:
    verdict = classify(Answered(status=status, error_code=code, error_description=description, claims=claims))

    if status == 400:
        weak = code == "3000" or "password" in description.casefold()
        assert verdict is (Verdict.WEAK_PASSWORD if weak else Verdict.BAD_REQUEST)
    elif status == 401:
        assert verdict is (Verdict.MFA_REQUIRED if code == "900421" else Verdict.UNAUTHORIZED)
    else:
        assert verdict is plain_verdict(status)


@given(status=st.integers(-(10**6), 10**6).filter(lambda status: not 200 <= status <= 499))
def test_what_is_unknown_is_unclear_never_a_refusal(status: int) -> None:
    assert classify(Answered(status=status)) is Verdict.SERVER_ERROR
