"""From the spool to a file or to standard output."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO, Final

import polars as pl

from batchreset.adapters.roster.spool import Spool
from batchreset.core.columns import CUSTOMER, FORCE, ROSTER, UPN, USER
from batchreset.durable import replacing
from batchreset.errors import RunFolderError, SettingsError, cause

Writer = Callable[[Iterator[pl.DataFrame], Path], None]

_FORMULA: Final = r"^[=+\-@]"
_FORMULA_IN_A_UPN: Final = r"^[=+@]"
"""A userPrincipalName is compared, and may begin with `-`; with these no true one begins."""
_PLAIN: Final = frozenset({CUSTOMER, USER, FORCE})
_FROM_POLARS: Final = (OSError, pl.exceptions.PolarsError, pl.exceptions.PanicException)


def refuse_destination(destination: Path, writers: Mapping[str, Writer]) -> None:
    """Before anything is read, not after. Raises SettingsError."""
    ending = destination.suffix.lower()
    if ending not in writers:
        raise SettingsError(
            f"a roster cannot be written to {destination}: its ending is {ending or '(none)'}",
            next_step=f"end the name in one of {', '.join(writers)}",
        )
    if destination.exists() or destination.is_symlink():
        raise SettingsError(
            f"{destination} exists already, and nothing is written over it",
            next_step="choose another file, or remove that one",
        )
    if not destination.parent.is_dir():
        raise SettingsError(
            f"there is no folder {destination.parent}", next_step="make the folder, or choose another file"
        )


def write_roster(spool: Spool, customers: Sequence[str], destination: Path, writers: Mapping[str, Writer]) -> None:
    """Write it, whole and durably, in the order of these customers, in the format of its ending.

    Raises:
        SettingsError: as `refuse_destination`.
        RunFolderError: it cannot be written; nothing is there.
    """
    refuse_destination(destination, writers)
    ending = destination.suffix.lower()
    batches = spool.batches(customers)
    try:
        with replacing(destination) as temporary:
            writers[ending](map(_for_spreadsheets, batches) if ending == ".csv" else batches, temporary)
    except _FROM_POLARS as error:
        raise RunFolderError(
            f"the roster could not be written to {destination}: {cause(error)}",
            next_step="see that the folder may be written to and has room, then try again",
        ) from error


def print_csv(spool: Spool, customers: Sequence[str], stream: BinaryIO) -> None:
    """The same as CSV, to a stream. Raises OSError."""
    stream.writelines(
        _for_spreadsheets(batch).write_csv(include_header=index == 0).encode()
        for index, batch in enumerate(spool.batches(customers))
    )
    stream.flush()


def _for_spreadsheets(batch: pl.DataFrame) -> pl.DataFrame:
    """With `'` before a text that a spreadsheet would carry out: a customer's users choose their names themselves."""
    return batch.with_columns(
        pl.when(pl.col(name).str.contains(_FORMULA_IN_A_UPN if name == UPN else _FORMULA))
        .then("'" + pl.col(name))
        .otherwise(name)
        .alias(name)
        for name in ROSTER
        if name not in _PLAIN
    )
