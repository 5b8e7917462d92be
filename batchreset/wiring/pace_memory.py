"""From run to run: what pacing learned of a partner's limits, kept in summary.json."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass
from typing import Annotated, Any, Final, Literal

import pydantic

from batchreset.adapters.plan import SINGLE_LANE
from batchreset.adapters.run_folder import RunFolder, all_folders
from batchreset.core.clock import rfc3339
from batchreset.core.pacing import PARTNER, Learned, LearnedLimit
from batchreset.errors import RunFolderError
from batchreset.settings.model import Settings
from batchreset.settings.section import Section
from batchreset.wiring.frozen import FrozenRun

LIMITS_KEPT: Final = 100
"""Limits in a summary, the partner's and of those customers that waited longest: it is read by people, and customers'
limits are mostly alike."""
REMEMBERED_FOR: Final = dt.timedelta(days=40)
"""A job that runs once a month finds its last run; older figures are guesses."""
LOOKED_AT: Final = 50
"""Newest runs that are looked through: with thousands in the folder a run must still begin at once."""
SUMMARY_MOST_BYTES: Final = 1_000_000
"""A larger file is none that a run has written."""

_Scope = Annotated[str, pydantic.Field(pattern=r"^(partner|\*|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})$")]
_Seconds = Annotated[float, pydantic.Field(ge=0)]
_Count = Annotated[int, pydantic.Field(ge=0, le=10_000_000)]


class _Limit(Section):
    """As `LearnedLimit`, within bounds: a summary is a file, and whoever may write it may write anything."""

    scope: _Scope
    shape: Literal["window", "sliding", "bucket", ""]
    limit: _Count
    window_seconds: Annotated[float, pydantic.Field(ge=0, le=3600)]
    refused: _Count
    waited_seconds: _Seconds


class _Partner(Section):
    address: str
    tenant_id: str


class Pacing(Section):
    """The part `pacing` of a summary: what was learned and what it cost, in the session that ended last."""

    partner: _Partner
    learned_at: str
    started_from: tuple[str, ...]
    refused: _Count
    limits: Annotated[tuple[_Limit, ...], pydantic.Field(max_length=LIMITS_KEPT)]
    limits_left_out: _Count


@dataclass(frozen=True, slots=True, kw_only=True)
class Remembered:
    """What earlier runs learned, and their ids, newest first; None: nothing."""

    run_ids: tuple[str, ...] = ()
    learned: Learned | None = None


def pacing_summary(
    learned: Learned, settings: Settings, *, started_from: tuple[str, ...], now: dt.datetime
) -> dict[str, Any]:
    """What was learned, as it stands in summary.json, and the runs it started from."""
    customers = sorted(learned.customers, key=lambda limit: -limit.waited_seconds)
    limits = [*([learned.partner] if learned.partner else []), *customers]
    return {
        "partner": _partner(settings),
        "learned_at": rfc3339(now),
        "started_from": list(started_from),
        "refused": sum(limit.refused for limit in limits),
        "limits": [_rounded(limit) for limit in limits[:LIMITS_KEPT]],
        "limits_left_out": max(0, len(limits) - LIMITS_KEPT),
    }


def read_pacing(folder: RunFolder) -> dict[str, Any] | None:
    """The part `pacing` of a run's summary; None where there is none, or none that a run has written."""
    pacing = _read(folder)
    return pacing.model_dump(mode="json") if pacing is not None else None


def remembered(run: FrozenRun, *, now: dt.datetime) -> Remembered:
    """What runs of the same partner in the same `runs_dir` learned: of each scope what the newest one did.

    This run's own earlier sessions go first. Nothing: there is none, all are too old, or `[pace] remember` is off. A
    summary that cannot be read is passed over.
    """
    if not run.settings.pace.remember:
        return Remembered()
    try:
        folders = all_folders(run.folder.path.parent)
    except RunFolderError:
        folders = []
    one_lane = run.settings.pace.order == "input"
    found: dict[str, LearnedLimit] = {}
    run_ids: list[str] = []
    for folder in [run.folder, *reversed(folders[-LOOKED_AT:])]:
        limits = [limit for limit in _learned_by(folder, run.settings, now) if limit.scope not in found]
        usable = [limit for limit in limits if (limit.scope == SINGLE_LANE) is one_lane or limit.scope == PARTNER]
        found.update((limit.scope, limit) for limit in usable)
        run_ids += [folder.run_id] if usable else []
    if not found:
        return Remembered()
    partner = found.pop(PARTNER, None)
    return Remembered(run_ids=tuple(run_ids), learned=Learned(partner=partner, customers=tuple(found.values())))


def _learned_by(folder: RunFolder, settings: Settings, now: dt.datetime) -> Iterator[LearnedLimit]:
    pacing = _read(folder)
    if pacing is None or pacing.partner.model_dump() != _partner(settings):
        return
    if dt.datetime.fromisoformat(pacing.learned_at) < now - REMEMBERED_FOR:
        return
    for limit in pacing.limits:
        if limit.shape and limit.limit and limit.window_seconds:
            yield LearnedLimit(**limit.model_dump())


def _read(folder: RunFolder) -> Pacing | None:
    try:
        if folder.summary_json.stat().st_size > SUMMARY_MOST_BYTES:
            return None
        found = (folder.read_summary() or {}).get("pacing")
        pacing = Pacing.model_validate_json(pydantic.TypeAdapter(Any).dump_json(found))
        dt.datetime.fromisoformat(pacing.learned_at)
    except (RunFolderError, OSError, ValueError, RecursionError):
        return None
    return pacing


def _partner(settings: Settings) -> Mapping[str, str]:
    """Whose limits they are, as far as the settings say it."""
    return {"address": settings.partner_center.api_base_url, "tenant_id": settings.auth.tenant_id}


def _rounded(limit: LearnedLimit) -> dict[str, Any]:
    return {
        **asdict(limit),
        "window_seconds": round(limit.window_seconds, 3),
        "waited_seconds": round(limit.waited_seconds, 3),
    }
