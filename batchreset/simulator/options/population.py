"""Who is there, and whom the caller has no right to."""

import enum
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Annotated

from batchreset.simulator.directory import DirectoryUser
from batchreset.simulator.options.about import About, share
from batchreset.simulator.protocol import is_guid


class ForbiddenCode(enum.StrEnum):
    """The code of a 403 for what the caller has no right to."""

    ACCESS_DENIED = "2032"
    NO_RELATIONSHIP = "20002"


@dataclass(frozen=True, kw_only=True)
class PopulationOptions:
    """Without a word about it, every GUID is a user.

    Attributes:
        directory: if given, its customers and users are the only ones there are, in its order. Deleted and federated
            ones are not reset, synced ones are.
        known_users: if given, the only users there are; None: every GUID is one.
        missing_users: users that are not there, whatever `known_users` says.
        missing_share: drawn by the user, so that one who is missing stays missing; `forbidden_share` too.
    """

    directory: Annotated[
        tuple[DirectoryUser, ...] | None,
        About(
            "CSV file of the only customers and users there are, their states and roles.  [default: every GUID is one]"
        ),
    ] = field(default=None, repr=False)
    known_users: Annotated[
        frozenset[str] | None,
        About("Text file of user ids, one a line: the only users there are.  [default: every GUID is one]"),
    ] = None
    missing_users: Annotated[
        frozenset[str], About("A user that is not there (404). May be repeated.", flag="--missing-user")
    ] = frozenset()
    missing_share: Annotated[float, share("Share of users that are not there.")] = 0.0
    forbidden_customers: Annotated[
        frozenset[str],
        About("A customer the caller has no right to (403). May be repeated.", flag="--forbidden-customer"),
    ] = frozenset()
    forbidden_share: Annotated[
        float, share("Share of users that can be read and whose reset is refused with 403, as of administrators.")
    ] = 0.0
    forbidden_code: Annotated[ForbiddenCode, About("The code of a 403.")] = ForbiddenCode.ACCESS_DENIED

    def strange_users(self) -> Iterator[str]:
        """What is wrong with the ids."""
        sets = {
            "directory": {guid for user in self.directory or () for guid in (user.customer, user.user)},
            "known_users": self.known_users or frozenset(),
            "missing_users": self.missing_users,
            "forbidden_customers": self.forbidden_customers,
        }
        for name, values in sets.items():
            yield from (f"{name}: {value!r} is not a GUID" for value in sorted(values) if not is_guid(value))
        times = Counter(user.user.lower() for user in self.directory or ())
        yield from (f"directory: {user} is there {number} times" for user, number in times.items() if number > 1)
