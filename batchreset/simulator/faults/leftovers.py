"""Answers to nobody's request: what a service leaves on a connection behind the right answer.

They have ids, as the service's answers have: without any, nobody could tell one from the right answer.
"""

import itertools
import uuid
from typing import Final

from batchreset.simulator import answers, documents
from batchreset.simulator.answers import Answer
from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.protocol import Call, Route
from batchreset.simulator.state import Verdict

_NAMESPACE: Final = uuid.UUID("7c1d2c0e-93f4-4f0b-8a55-6d9b6d1f0e42")
"""Whom such an answer was for, and its ids, are made of the draw, as if under this one."""
_DONE: Final = Verdict(status=200)
_VERDICTS: Final = (
    _DONE,
    Verdict(status=403, code="2032", description="Access denied."),
    Verdict(status=404, code="60002", description="The user object id was not found."),
    Verdict(status=429, code="429", description="Too many requests."),
)
_LATER_SECONDS: Final = (0.0, 0.03)
"""At once it comes with the right answer; a little later it meets a connection that is free, or in use again."""
_KINDS: Final = tuple(itertools.product(_VERDICTS, _LATER_SECONDS))


def leftover(variety: float) -> tuple[Answer, float]:
    """One of them, and how long after the right answer it comes; its ids are of no request."""
    verdict, later_seconds = _KINDS[int(variety * len(_KINDS))]
    nobody = _nobody(variety)
    if verdict is _DONE:
        user = DirectoryUser(customer=nobody.customer, user=nobody.user)
        return answers.service_answer(nobody, verdict.status, documents.user_document(user)), later_seconds
    refusal = answers.refusal(nobody, verdict)
    throttles = verdict.status == 429  # noqa: PLR2004  too many requests
    return answers.with_header(refusal, "Retry-After", "1") if throttles else refusal, later_seconds


def _nobody(variety: float) -> Call:
    """The request that was never made."""

    def made(what: str) -> str:
        return str(uuid.uuid5(_NAMESPACE, f"{what}|{variety}"))

    return Call(
        route=Route.RESET_PASSWORD,
        method=Route.RESET_PASSWORD.method,
        target="/",
        customer=made("customer"),
        user=made("user"),
        headers={name: made(name) for name in ("ms-requestid", "ms-correlationid")},
    )
