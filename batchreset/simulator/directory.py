"""Users as a file tells them: CSV with a header line, a line for each user of each customer."""

import csv
import datetime as dt
import enum
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from batchreset.errors import SettingsError
from batchreset.simulator.protocol import is_guid


class UserState(enum.StrEnum):
    """As documented (learn: user-resources)."""

    ACTIVE = "active"
    INACTIVE = "inactive"
    """Deleted; restorable for 30 days."""


class DomainType(enum.StrEnum):
    """The `userDomainType` of a user, as documented (learn: user-resources)."""

    NONE = "none"
    MANAGED = "managed"
    FEDERATED = "federated"
    """Signs in somewhere else: the password is not here."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectoryUser:
    """A user of a customer.

    Attributes:
        customer: GUID, in any case.
        user: the same; of one customer only.
        user_principal_name: empty for one made up of the ids.
        display_name: the same.
        last_directory_sync_time: RFC 3339; None: not synced from on-premises.
        soft_deletion_time: RFC 3339, of a deleted user.
        roles: names of the directory roles held.
    """

    customer: str
    user: str
    user_principal_name: str = ""
    display_name: str = ""
    state: UserState = UserState.ACTIVE
    domain_type: DomainType = DomainType.NONE
    last_directory_sync_time: str | None = None
    soft_deletion_time: str | None = None
    roles: tuple[str, ...] = ()

    @property
    def is_deleted(self) -> bool:
        return self.state is UserState.INACTIVE


_ASKED_FOR: Final = {"customertenantid": "customer-tenant-id", "userid": "user-id"}
_KNOWN: Final = {
    **_ASKED_FOR,
    **{
        name.lower(): name
        for name in (
            *("userPrincipalName", "displayName", "state", "userDomainType", "lastDirectorySyncTime"),
            *("softDeletionTime", "roles"),
            # Says nothing of a user, but with it an input file of the client's is a directory too.
            "forceChangePassword",
        )
    },
}
_PROBLEMS_SHOWN: Final = 20


def read_directory(lines: Iterable[str], *, name: str) -> tuple[DirectoryUser, ...]:
    """The users in a file's order. Columns may be in any order, and spelled as an input's may.

    Args:
        lines: of CSV.
        name: of the file, for errors.

    Raises:
        SettingsError: it is not such a file; tells each row, counted from 1 below the header, and what is wrong there.
    """
    users: list[DirectoryUser] = []
    rows: dict[str, int] = {}
    try:
        reader = csv.reader(lines, strict=True)
        columns, problems = _columns(next(reader, []))
        for number, cells in () if problems else enumerate(reader, 1):
            if not cells:
                continue
            if len(cells) != len(columns):
                problems.append(f"row {number} has {len(cells)} cells, the header has {len(columns)}")
                continue
            row = dict(zip(columns, map(str.strip, cells), strict=True))
            found = [*_problems(row), *_twice(row, rows.setdefault(row["userid"].lower(), number), number)]
            problems += [f"row {number}: {problem}" for problem in found]
            if not found:
                users.append(_user(row))
    except (csv.Error, UnicodeDecodeError) as error:
        problems = [f"it is not CSV in UTF-8: {error}"]
    if problems:
        raise _refusal(name, problems)
    return tuple(users)


def _columns(header: list[str]) -> tuple[list[str], list[str]]:
    """The header's names without the spelling, and what is wrong with them."""
    names = [re.sub(r"[-_ ]", "", cell).lower() for cell in header]
    missing = [f"the column {_KNOWN[name]} is missing" for name in _ASKED_FOR if name not in names]
    if missing:
        # This line is perhaps no header, and what is in its cells not for an error's text.
        return names, missing
    strange = [cell for cell, name in zip(header, names, strict=True) if name not in _KNOWN]
    twice = [name for name in _KNOWN if names.count(name) > 1]
    return names, [
        *(f"the column {cell!r} is not known" for cell in strange),
        *(f"the column {_KNOWN[name]} is there twice" for name in twice),
    ]


def _problems(row: Mapping[str, str]) -> Iterator[str]:
    choices: dict[str, type[enum.StrEnum]] = {"state": UserState, "userdomaintype": DomainType}
    for name, kind in choices.items():
        if row.get(name) and row[name].lower() not in set(kind):
            yield f"{_KNOWN[name]} is {row[name]!r}, not one of {', '.join(kind)}"
    for name in ("lastdirectorysynctime", "softdeletiontime"):
        if row.get(name) and not _is_moment(row[name]):
            yield f"{_KNOWN[name]} is {row[name]!r}, not a time such as 2026-11-21T08:40:00Z"
    for name in _ASKED_FOR:
        if not is_guid(row[name]):
            yield f"{_KNOWN[name]} is {row[name]!r}, not a GUID"


def _twice(row: Mapping[str, str], first: int, number: int) -> Iterator[str]:
    if first != number:
        yield f"user-id is {row['userid']!r}, as in row {first}"


def _is_moment(text: str) -> bool:
    try:
        return dt.datetime.fromisoformat(text).tzinfo is not None
    except ValueError:
        return False


def _user(row: Mapping[str, str]) -> DirectoryUser:
    return DirectoryUser(
        customer=row["customertenantid"],
        user=row["userid"],
        user_principal_name=row.get("userprincipalname", ""),
        display_name=row.get("displayname", ""),
        state=UserState(row.get("state", "").lower() or UserState.ACTIVE),
        domain_type=DomainType(row.get("userdomaintype", "").lower() or DomainType.NONE),
        last_directory_sync_time=row.get("lastdirectorysynctime") or None,
        soft_deletion_time=row.get("softdeletiontime") or None,
        roles=tuple(role.strip() for role in row.get("roles", "").split(";") if role.strip()),
    )


def _refusal(name: str, problems: list[str]) -> SettingsError:
    more = len(problems) - _PROBLEMS_SHOWN
    return SettingsError(
        f"{name} is not a directory of users",
        details=(*problems[:_PROBLEMS_SHOWN], *((f"and {more} more",) if more > 0 else ())),
        next_step="correct the file: CSV in UTF-8 with the columns customer-tenant-id and user-id and, if wanted,"
        " userPrincipalName, displayName, state, userDomainType, lastDirectorySyncTime, softDeletionTime and roles",
    )
