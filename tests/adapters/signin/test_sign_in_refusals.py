"""Microsoft's own text, and one line of advice beside it."""

import pytest

from batchreset.adapters.signin.advice import (
    ADVICE,
    ADVICE_BY_ERROR,
    GENERAL_ADVICE,
    NEEDS_MFA,
    OTHER_PROVIDERS_ADVICE,
)
from batchreset.adapters.signin.refusals import Refusal, refusal_error
from batchreset.core.secret import Secret
from batchreset.errors import ExitCode, MfaRequiredError

INACTIVE = {
    "error": "invalid_grant",
    "error_description": "AADSTS700082: The refresh token has expired due to inactivity.\r\nTrace ID: 0a1b",
    "error_codes": [700082],
}


def refused(document: object) -> Refusal:
    assert isinstance(document, dict)
    refusal = Refusal.of(document, secrets=())
    assert refusal is not None
    return refusal


def test_the_error_holds_microsofts_text_and_our_advice() -> None:
    error = refusal_error(refused(INACTIVE))
    assert error.lines() == [
        (
            "error: the sign-in was refused: AADSTS700082: The refresh token has expired due to inactivity."
            " Trace ID: 0a1b."
        ),
        (
            "what to do: it was not used for 90 days (use it once a month; `batchreset auth status` counts): sign in"
            " again with `batchreset auth login` (or give a new refresh token); a run goes on with `batchreset apply`"
        ),
    ]
    assert error.exit_code is ExitCode.SIGN_IN


@pytest.mark.parametrize("aadsts", sorted(ADVICE))
def test_each_known_number_has_one_line_of_advice_of_its_own(aadsts: int) -> None:
    document = {"error": "invalid_grant", "error_description": f"AADSTS{aadsts}: Microsoft's text."}
    error = refusal_error(refused(document))
    assert error.next_step == ADVICE[aadsts]
    assert f"AADSTS{aadsts}: Microsoft's text." in error.what
    assert "\n" not in error.next_step
    assert isinstance(error, MfaRequiredError) == (aadsts in NEEDS_MFA)


@pytest.mark.parametrize("number", [700082, 50076, 7000215, 65001, 90002])
def test_the_numbers_that_operators_meet_most_are_among_them(number: int) -> None:
    assert number in ADVICE


@pytest.mark.parametrize("word", sorted(ADVICE_BY_ERROR))
def test_without_a_known_number_the_advice_goes_by_oauths_word(word: str) -> None:
    assert refusal_error(refused({"error": word})).next_step == ADVICE_BY_ERROR[word]
    known = {"error": word, "error_description": "AADSTS99999999: New."}
    assert refusal_error(refused(known)).next_step == ADVICE_BY_ERROR[word]


def test_an_unknown_refusal_has_general_advice() -> None:
    odd = {"error": "temporarily_odd"}
    assert refusal_error(refused(odd)).next_step == OTHER_PROVIDERS_ADVICE
    assert refusal_error(refused({**odd, "error_codes": [99999999]})).next_step == GENERAL_ADVICE


def test_the_number_is_read_from_the_codes_where_the_text_has_none() -> None:
    assert refused({"error": "invalid_grant", "error_codes": [50173]}).aadsts == 50173
    assert refused({"error": "invalid_grant", "error_codes": ["x"]}).aadsts is None


@pytest.mark.parametrize(
    ("word", "about"),
    [("invalid_grant", True), ("interaction_required", True), ("invalid_client", False), ("invalid_scope", False)],
)
def test_only_some_refusals_are_about_the_refresh_token(word: str, *, about: bool) -> None:
    assert refused({"error": word}).about_the_token is about


def test_what_is_no_refusal_is_none() -> None:
    assert Refusal.of(None, secrets=()) is None
    assert Refusal.of({"access_token": "x"}, secrets=()) is None


def test_a_second_refresh_tokens_refusal_is_told_beside_the_first() -> None:
    error = refusal_error(
        refused(INACTIVE), refused({"error": "invalid_grant", "error_description": "AADSTS50173: X."})
    )
    assert "AADSTS700082" in error.what
    assert "AADSTS50173" in error.what


def test_a_secret_made_of_the_messages_own_words_does_not_hide_it() -> None:
    refusal = Refusal.of(INACTIVE, secrets=[Secret("refresh-token-1")])
    assert refusal is not None
    assert "expired due to inactivity" in refusal.said


def test_a_text_that_repeats_a_secret_in_pieces_is_hidden_and_its_number_is_not() -> None:
    document = {"error": "invalid_grant", "error_description": "AADSTS700082: 0.AXoAcanary-re was inactive"}
    refusal = Refusal.of(document, secrets=[Secret("0.AXoAcanary-refresh-token")])
    assert refusal is not None
    assert refusal.said == "AADSTS700082 (its text repeats a secret and is not shown)"
    assert refusal_error(refusal).next_step == ADVICE[700082]
