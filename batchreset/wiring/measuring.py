"""From a run's summary to the figures of its metrics file."""

import datetime as dt
from collections.abc import Iterator, Mapping
from typing import Any

from batchreset.adapters.metrics import Figures, Limit
from batchreset.adapters.plan import SINGLE_LANE
from batchreset.core.pacing import PARTNER
from batchreset.errors import ExitCode


def figures_of(
    code: ExitCode, facts: Mapping[str, Any] | None, *, began_at: dt.datetime, ended_at: dt.datetime
) -> Figures:
    """Of a command that began and ended then. `facts`: as in the run's summary; None: there was no run."""
    if facts is None:
        return Figures(began_at=began_at, ended_at=ended_at, exit_code=int(code))
    rows = {(reason["outcome"], reason["reason"]): int(reason["rows"]) for reason in facts["reasons"]}
    for outcome, count in facts["outcomes"].items():
        rows[outcome, ""] = count - sum(told for (of, _), told in rows.items() if of == outcome)
    return Figures(
        began_at=began_at,
        ended_at=ended_at,
        exit_code=int(code),
        rows=rows,
        requests=facts["sent"],
        throttled=facts["throttled"],
        limits=tuple(_limits(facts.get("pacing"))),
    )


def _limits(pacing: Mapping[str, Any] | None) -> Iterator[Limit]:
    """The partner's, and the customers' tightest: a series for each of them would be thousands, and name them.

    In the input's order there is one lane, whoever's limit it is: `all`.
    """
    known = [one for one in (pacing or {}).get("limits", []) if one["limit"] and one["window_seconds"]]
    for scope, those in (
        ("partner", [one for one in known if one["scope"] == PARTNER]),
        ("all", [one for one in known if one["scope"] == SINGLE_LANE]),
        ("customer", [one for one in known if one["scope"] not in {PARTNER, SINGLE_LANE}]),
    ):
        tightest = min(those, key=lambda one: one["limit"] / one["window_seconds"], default=None)
        if tightest is not None:
            yield Limit(scope=scope, requests=tightest["limit"], window_seconds=tightest["window_seconds"])
