"""What holds a plan together from planning to applying, whoever does the one and whoever the other."""

import datetime as dt
import hashlib
import json
import re
from collections.abc import Mapping
from typing import Final

OLD_AFTER: Final = dt.timedelta(hours=24)
"""People come and go, and incidents end: a plan of the day before yesterday is looked at again before it is begun."""

_SHA256: Final = re.compile(r"[0-9a-f]{64}")


def plan_sha256(
    *,
    file_sha256: str,
    input_sha256: str,
    accounts_sha256: str,
    counts: Mapping[str, object],
    settings: Mapping[str, object],
    again: bool,
) -> str:
    """One figure for all that was decided at planning: another plan, input or setting gives another one.

    Args:
        file_sha256: of plan.parquet.
        input_sha256: of the input's bytes.
        accounts_sha256: of the set of accounts to be reset.
        counts: of the rows to be reset and left out, as they are shown before anybody agrees.
        settings: as run.json keeps them.
        again: whether these accounts may just have been reset.
    """
    bound = {
        "accounts_sha256": accounts_sha256,
        "again": again,
        "counts": counts,
        "input_sha256": input_sha256,
        "plan_file_sha256": file_sha256,
        "settings": settings,
    }
    canonical = json.dumps(bound, sort_keys=True, separators=(",", ":"), ensure_ascii=True)
    return hashlib.sha256(canonical.encode("ascii")).hexdigest()


def as_sha256(text: str) -> str | None:
    """The digest that was typed or pasted, lower case; None if it cannot be one."""
    lower = text.strip().lower()
    return lower if _SHA256.fullmatch(lower) else None


def is_old(planned_at: dt.datetime, now: dt.datetime) -> bool:
    """Whether a plan that nobody has begun is asked for once more."""
    return now - planned_at > OLD_AFTER


def age(planned_at: dt.datetime, now: dt.datetime) -> str:
    """How old it is, for a person: whole days, or whole hours below two days."""
    hours = int((now - planned_at) / dt.timedelta(hours=1))
    return f"{hours // 24} days" if hours >= 48 else f"{hours} hours"  # noqa: PLR2004  two days
