"""Headers: made unique, and the known columns found among them whatever their spelling."""

import difflib
import itertools
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from typing import Final

from batchreset.adapters.reader.problems import printable, shown_name
from batchreset.core.columns import FORCE, INPUT_KNOWN, INPUT_REQUIRED, PLAN, RESULTS, UPN, fold
from batchreset.errors import InputError

MAX_HEADERS_SHOWN: Final = 20
MIN_LIKENESS: Final = 0.5
"""As difflib measures it: "tenant" is still taken for customer-tenant-id."""

_RESERVED: Final = frozenset({*PLAN, *RESULTS})


def unique(headers: Sequence[str], shown: str) -> list[str]:
    """Every header as written, a repeated further column with `.2` after it, a nameless one as `column_4`.

    Raises InputError when two headers mean the same known column: which one is meant is not ours to guess.
    """
    for name in (*INPUT_KNOWN, UPN):
        same = [header for header in headers if fold(header) == fold(name)]
        if len(same) > 1:
            raise InputError(
                f"{shown} has the column {name} {len(same)} times: {', '.join(map(printable, same))}",
                next_step="keep one of them, and rename or remove the others",
            )
    return _numbered([header or f"column_{position}" for position, header in enumerate(headers, start=1)])


def known(headers: Sequence[str], shown: str) -> dict[str, str]:
    """The known columns' own names, each with the header that stands for it here.

    Raises InputError when a required one is missing.
    """
    by_folded = {fold(header): header for header in headers}
    names = {fold(name): name for name in (*INPUT_KNOWN, UPN)}
    missing = [name for name in INPUT_REQUIRED if fold(name) not in by_folded]
    if missing:
        raise InputError(
            f"{shown} has no column {' and none '.join(missing)}",
            details=(
                f"found: {listed(headers)}",
                *(_nearest(name, by_folded.keys() - names.keys(), by_folded) for name in missing),
            ),
            next_step=f"name the columns in the first line: {', '.join(INPUT_REQUIRED)} and, if wanted, {FORCE}",
        )
    return {name: by_folded[folded] for folded, name in names.items() if folded in by_folded}


def listed(headers: Sequence[str]) -> str:
    """As far as they are shown: what stands alone may be a key or token given by mistake, too."""
    if len(headers) == 1:
        return "one column, of a name that is not shown"
    found = [shown_name(header) for header in headers[:MAX_HEADERS_SHOWN]]
    more = len(headers) - len(found)
    return f"{', '.join(found)}{f' and {more:,} more' if more else ''}"


def further(headers: Sequence[str]) -> dict[str, str]:
    """Each further header with the name it has in plan and results: `input.` before one that those use themselves."""
    free = [header for header in headers if header not in _RESERVED]
    reserved = [header for header in headers if header in _RESERVED]
    names = _numbered([*free, *(f"input.{header}" for header in reserved)])
    by_header = dict(zip([*free, *reserved], names, strict=True))
    return {header: by_header[header] for header in headers}


def _nearest(name: str, unknown: AbstractSet[str], by_folded: Mapping[str, str]) -> str:
    near = difflib.get_close_matches(fold(name), sorted(unknown), n=1, cutoff=MIN_LIKENESS)
    return f"{name}: the nearest is {shown_name(by_folded[near[0]])}" if near else f"{name}: nothing near it"


def _numbered(names: Sequence[str]) -> list[str]:
    """A name that was there before gets the next number that makes it unlike all others."""
    given, result = set(names), dict[str, None]()
    for name in names:
        candidates = (f"{name}.{number}" for number in itertools.count(2))
        free = (candidate for candidate in candidates if candidate not in given and candidate not in result)
        result[name if name not in result else next(free)] = None
    return list(result)
