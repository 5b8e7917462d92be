"""From a refusal of the sign-in service to an error that says what to do."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Self

from batchreset.adapters.signin.advice import (
    ADVICE,
    ADVICE_BY_ERROR,
    DEVICE_CODE_ENDS,
    GENERAL_ADVICE,
    NEEDS_MFA,
    OTHER_PROVIDERS_ADVICE,
)
from batchreset.core.scrubbing import scrubbed
from batchreset.core.secret import MASK, Secret
from batchreset.errors import MfaRequiredError, SignInError

DESCRIPTION_MOST_CHARACTERS: Final = 1024
_ERROR_MOST_CHARACTERS: Final = 64
_AADSTS: Final = re.compile(r"AADSTS(\d{4,8})")

_ABOUT_THE_TOKEN: Final = frozenset({"invalid_grant", "interaction_required"})
"""RFC 6749, section 5.2; OpenID Connect Core, section 3.1.2.6. Other refusals would meet any refresh token."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """The service said no.

    Attributes:
        error: OAuth's word for it (RFC 6749, section 5.2).
        description: Microsoft's own text, one line, no secret in it.
        aadsts: Microsoft's number for it; None when there is none.
    """

    error: str
    description: str
    aadsts: int | None

    @classmethod
    def of(cls, document: Mapping[str, Any] | None, *, secrets: Iterable[Secret]) -> Self | None:
        """The refusal that an answer's body holds; None when it holds none."""
        error = document.get("error") if document else None
        if document is None or not isinstance(error, str):
            return None
        text = document.get("error_description")
        known = tuple(secrets)
        raw = text if isinstance(text, str) else ""
        number = _number(document, raw)
        description = scrubbed(raw, known, most_characters=DESCRIPTION_MOST_CHARACTERS, respelled=False)
        if description == MASK and number is not None:
            description = f"AADSTS{number} (its text repeats a secret and is not shown)"
        return cls(
            error=scrubbed(error, known, most_characters=_ERROR_MOST_CHARACTERS, respelled=False),
            description=description,
            aadsts=number,
        )

    @property
    def about_the_token(self) -> bool:
        """Whether another refresh token may fare better."""
        return self.error in _ABOUT_THE_TOKEN

    @property
    def needs_mfa(self) -> bool:
        """Whether more proof of the same user would do."""
        return self.aadsts in NEEDS_MFA

    @property
    def said(self) -> str:
        """The service's own words."""
        return self.description or self.error or "no reason was given"


class Refused(Exception):  # noqa: N818  a value on its way up to whoever knows another token
    """The service refused a grant."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.said)
        self.refusal = refusal


def refusal_error(refusal: Refusal, *others: Refusal) -> SignInError:
    """The run's failure, with advice beside the service's own text; `others` are those of other refresh tokens."""
    kind = MfaRequiredError if refusal.needs_mfa else SignInError
    general = OTHER_PROVIDERS_ADVICE if refusal.aadsts is None else GENERAL_ADVICE
    numbered = ADVICE.get(refusal.aadsts) if refusal.aadsts is not None else None
    by_word = ADVICE_BY_ERROR.get(refusal.error)
    # What a person did with a code is told by OAuth's word; the numbers beside it have changed.
    advice = (by_word or numbered if refusal.error in DEVICE_CODE_ENDS else numbered or by_word) or general
    too = "".join(
        f"; and another refresh token too{'' if other.aadsts == refusal.aadsts else f': {other.said}'}"
        for other in others
    )
    return kind(f"the sign-in was refused: {refusal.said}{too}", next_step=advice)


def _number(document: Mapping[str, Any], description: str) -> int | None:
    """From the text, which a person reads too; else the first of `error_codes`."""
    found = _AADSTS.search(description)
    if found:
        return int(found[1])
    codes = document.get("error_codes")
    first = codes[0] if isinstance(codes, list) and codes else None
    return first if isinstance(first, int) else None
