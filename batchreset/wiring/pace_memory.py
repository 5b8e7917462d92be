"""From run to run: what pacing learned of a partner's limits, kept in summary.json."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any, Final

import pydantic

from batchreset.adapters.run_folder import RunFolder, all_folders
from batchreset.core.pacing import PARTNER, Learned, LearnedLimit
from batchreset.errors import RunFolderError
from batchreset.settings.model import Settings
from batchreset.wiring.frozen import FrozenRun

LIMITS_KEPT: Final = 100
"""Customers in a summary, those that waited longest: it is read by people, and customers' limits are mostly alike."""
REMEMBERED_FOR: Final = dt.timedelta(days=40)
"""A job that runs once a month finds its last run; older figures are guesses."""
LOOKED_AT: Final = 50
"""Newest runs that are looked through: with thousands in the folder a run must still begin at once."""
_LIMITS: Final = pydantic.TypeAdapter(list[LearnedLimit])


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What an earlier run learned, and the id of that run; None and None: nothing is remembered."""

    run_id: str | None = None
    learned: Learned | None = None


def pacing_summary(learned: Learned, settings: Settings, *, started_from: str | None) -> dict[str, Any]:
    """What was learned and what it cost, as it stands in summary.json; the run it started from, if any, by its id."""
    customers = sorted(learned.customers, key=lambda limit: -limit.waited_seconds)
    limits = [*([learned.partner] if learned.partner else []), *customers]
    return {
        "partner": _partner(settings),
        "started_from": started_from,
        "refused": sum(limit.refused for limit in limits),
        "limits": [_rounded(limit) for limit in limits[:LIMITS_KEPT]],
        "limits_left_out": max(0, len(limits) - LIMITS_KEPT),
    }


def remembered(run: FrozenRun, *, now: dt.datetime) -> Remembered:
    """What the newest run of the same partner in the same `runs_dir` learned, this run's own earlier sessions too.

    Nothing: there is none, it is too old, or `[pace] remember` is off. A summary that cannot be read is passed over.
    """
    if not run.settings.pace.remember:
        return Remembered()
    try:
        folders = all_folders(run.folder.path.parent)
    except RunFolderError:
        folders = []
    wanted = _partner(run.settings)
    for folder in [run.folder, *reversed(folders[-LOOKED_AT:])]:
        found = _learned_by(folder, wanted, now - REMEMBERED_FOR)
        if found is not None:
            return Remembered(run_id=folder.run_id, learned=found)
    return Remembered()


def _learned_by(folder: RunFolder, wanted: Mapping[str, str], since: dt.datetime) -> Learned | None:
    try:
        summary = folder.read_summary() or {}
        pacing = summary["pacing"]
        if pacing["partner"] != wanted or dt.datetime.fromisoformat(summary["finished_at"]) < since:
            return None
        limits = [limit for limit in _LIMITS.validate_python(pacing["limits"]) if limit.limit > 0]
    except (RunFolderError, KeyError, TypeError, ValueError):
        return None
    partner = next((limit for limit in limits if limit.scope == PARTNER), None)
    customers = tuple(limit for limit in limits if limit.scope != PARTNER)
    return Learned(partner=partner, customers=customers) if limits else None


def _partner(settings: Settings) -> dict[str, str]:
    """Whose limits they are, as far as the settings say it."""
    return {"address": settings.partner_center.api_base_url, "tenant_id": settings.auth.tenant_id}


def _rounded(limit: LearnedLimit) -> dict[str, Any]:
    return {
        **asdict(limit),
        "window_seconds": round(limit.window_seconds, 3),
        "waited_seconds": round(limit.waited_seconds, 3),
    }
