"""Lines of a hand-over, as they are given to be put into a form."""

import datetime as dt
import itertools
from collections.abc import Iterable
from typing import Any

from batchreset.adapters.handover import renderer
from batchreset.core.certainty import Certainty
from batchreset.core.handover import HandedOver, Occasion, Person
from batchreset.core.outcome import Outcome
from batchreset.core.secret import Secret

CUSTOMER = "0f8fad5b-d9cb-469f-a165-70867728950e"
USER = "7c9e6679-7425-40de-944b-e07fc1f90ae7"
OCCASION = Occasion(run_id="incident-7", opened_at=dt.datetime(2026, 11, 26, 9, tzinfo=dt.UTC))
_ROWS = itertools.count(1)


def person(**facts: Any) -> Person:
    """Each is another one."""
    known = {"customer_tenant_id": CUSTOMER, "user_id": USER, "force_change": True}
    return Person(**{"row": next(_ROWS), **known, **facts})


def line(
    password: str,
    whose: Person | None = None,
    sure: Certainty = Certainty.IN_FORCE,
    outcome: Outcome | None = None,
) -> HandedOver:
    return HandedOver(
        person=whose or person(),
        password=Secret(password),
        certainty=sure,
        outcome=outcome or (Outcome.SUCCEEDED if sure is Certainty.IN_FORCE else Outcome.IN_DOUBT),
        completed_at="2026-11-26T08:10:11.123Z",
    )


def written(form: str, lines: Iterable[HandedOver]) -> str:
    return b"".join(renderer(form)(lines, OCCASION)).decode()
