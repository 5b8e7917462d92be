"""`roster`: an input file of customers' users, as the service lists them. Nothing is changed."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

from batchreset.adapters.results.formats import WRITERS
from batchreset.adapters.roster import Spool, print_csv, refuse_destination, write_roster
from batchreset.core.directory import UserFacts, findings
from batchreset.core.outcome import Reason
from batchreset.engine.reading import Reader, list_customers, list_users
from batchreset.errors import RunFolderError
from batchreset.settings.model import Settings
from batchreset.wiring.reading import Around, read
from batchreset.wiring.sign_in import refuse_unusable


@dataclass(slots=True)
class RosterCounts:
    """What was read."""

    customers: int = 0
    users: int = 0
    found: Counter[Reason] = field(default_factory=Counter)

    def saw(self, users: tuple[UserFacts, ...]) -> None:
        """One page more."""
        self.users += len(users)
        for user in users:
            self.found.update(findings(user, privileged=False))

    def line(self) -> str:
        """For a person."""
        found = ", ".join(f"{self.found[reason]:,} {reason}" for reason in (Reason.FEDERATED, Reason.SYNCED))
        return f"active users: {self.users:,}, of customers: {self.customers:,}; {found}"


def roster(settings: Settings, *, out: Path | None, stdout: BinaryIO, around: Around) -> RosterCounts:
    """Read the users of the customers that [input] customers names (none: of all there are), then write them all.

    Args:
        settings: where, how fast, who signs in, whose users.
        out: the file, in the format of its ending; None: CSV to `stdout`.
        stdout: see `out`.
        around: see there.

    Raises:
        SettingsError: the file cannot be written so, or the sign-in cannot be used.
        RunFolderError: it could not be written; nothing is left of it.
        And as `wiring.reading.read`. Whatever ends it early: nothing was written.
    """
    refuse_unusable(settings)
    if out is not None:
        refuse_destination(out, WRITERS)
    counts = RosterCounts()
    customers = list(dict.fromkeys(settings.input.customers))
    try:
        with _disk_checked(), Spool() as spool:

            def saw(customer: str, users: tuple[UserFacts, ...]) -> None:
                counts.saw(users)
                with _disk_checked():
                    spool.add(customer, users)

            async def main(reader: Reader) -> list[str]:
                wanted = customers or await list_customers(reader)
                counts.customers = len(wanted)
                await list_users(reader, wanted, saw, purpose="no roster was written")
                return wanted

            wanted = read(settings, around, main, so_far=lambda: f"{counts.users:,} users read so far")
            around.log.info("roster.read", customers=counts.customers, users=counts.users)
            if out is None:
                print_csv(spool, wanted, stdout)
            else:
                write_roster(spool, wanted, out, WRITERS)
    except BrokenPipeError:
        pass  # a reader that has gone (`… | head`) has what it wanted
    return counts


@contextlib.contextmanager
def _disk_checked() -> Iterator[None]:
    try:
        yield
    except BrokenPipeError:
        raise
    except OSError as error:
        raise RunFolderError(
            f"the roster could not be written to its end ({error.strerror}): what is there of it is incomplete",
            next_step="make room (also where temporary files are kept: TMPDIR), then do it again",
        ) from error
