"""A hand-over from its beginning to its end: opened, put into its form, sealed again where asked, noted, given."""

import contextlib
import datetime as dt
import logging
import os
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from batchreset.adapters.events import event_log
from batchreset.adapters.handover import renderer
from batchreset.adapters.sealing import Recipient, parse_recipients, public_name, seal_into
from batchreset.core.events import HANDOVER_OPENED, HANDOVER_REFUSED
from batchreset.core.handover import Occasion
from batchreset.durable import creating
from batchreset.errors import RunFolderError, SettingsError
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.handover import HandingOver, Wanted, handing_over
from batchreset.wiring.who import operator_facts

STDOUT = "standard output"


@dataclass(frozen=True, slots=True, kw_only=True)
class Giving:
    """How the passwords are given.

    Attributes:
        form: one of `adapters.handover.FORMATS`.
        recipients: public keys that all of it is sealed to again; none: it is in clear.
        armored: sealed as text.
        out: a new file; None: `stdout`.
        stdout: see `out`.
        now: UTC.
        warn: told what does not keep the passwords from being given.
    """

    form: str
    recipients: Sequence[str]
    armored: bool
    out: Path | None
    stdout: Callable[[], contextlib.AbstractContextManager[BinaryIO]]
    now: dt.datetime
    warn: Callable[[str], None]


def refuse_destination(run: FrozenRun, out: Path) -> None:
    """Before anything is opened. Raises RunFolderError."""
    if os.path.lexists(out):
        raise _exists(out)
    if not out.parent.is_dir():
        raise RunFolderError(
            f"{out} could not be made: there is no folder {out.parent}",
            next_step="choose a file that does not exist yet, in a folder that you may write to",
        )
    folder = run.folder.path.resolve()
    if folder in (out.parent.resolve() / out.name).parents:
        raise RunFolderError(
            f"{out} would lie in the run's folder, which keeps passwords only sealed and is copied as such",
            next_step="choose a file elsewhere",
        )


def give(run: FrozenRun, wanted: Wanted, giving: Giving) -> None:
    """Open the passwords, note who did in the run's log, then give them.

    All of them are opened and found whole before the first leaves this process, and who opened them is noted before
    that: whatever ends it early, nobody had passwords and no note of it stood there. They are then opened once more,
    as they are written: those of millions of rows would not all have room in memory.

    Raises:
        SettingsError: no key opens them; that is noted too.
        LedgerError: the ledger cannot be read, or lacks a password.
        RunFolderError: the plan cannot be read, or the hand-over cannot be written to its end.
        BrokenPipeError: whoever read standard output has gone.
    """
    recipients = parse_recipients(giving.recipients)
    with contextlib.ExitStack() as closing:
        try:
            handing = closing.enter_context(handing_over(run, wanted))
            passwords = sum(1 for _ in handing.lines())
        except SettingsError as error:
            names = [key.name for key in wanted.keys]
            error.details = (*error.details, *(f"tried: {name}" for name in names), *_sealed_to(run))
            _note(run, giving, HANDOVER_REFUSED, identities=names, why=error.what)
            raise
        _note(run, giving, HANDOVER_OPENED, **_what(wanted, giving, handing, passwords))
        occasion = Occasion(run_id=run.folder.run_id, opened_at=giving.now)
        _write(giving, renderer(giving.form)(handing.lines(), occasion), recipients)
    if not passwords:
        giving.warn("note: no password is among these: nothing that was asked for has been sent yet")


def _write(giving: Giving, pieces: Iterator[bytes], recipients: Sequence[Recipient]) -> None:
    try:
        with creating(giving.out) if giving.out else giving.stdout() as file:
            if recipients:
                seal_into(file, pieces, recipients, armored=giving.armored)
            else:
                file.writelines(pieces)
    except BrokenPipeError:
        raise
    except OSError as error:
        if isinstance(error, FileExistsError) and giving.out:
            raise _exists(giving.out) from error
        what_is_there = "nothing of it is left" if giving.out else "what is there of it is not all"
        raise RunFolderError(
            f"the hand-over could not be written to its end ({error.strerror}): {what_is_there}",
            next_step="see that there is room and that you may write there, then do it again",
        ) from error


def _sealed_to(run: FrozenRun) -> Iterator[str]:
    return (f"sealed to: {public_name(key)}" for key in run.settings.password.recipients)


def _what(wanted: Wanted, giving: Giving, handing: HandingOver, passwords: int) -> dict[str, object]:
    return {
        "identity": handing.opens and handing.opens.name,
        "customers": sorted(wanted.customers) or None,
        "superseded_too": wanted.superseded,
        "form": giving.form,
        "passwords": passwords,
        "to": str(giving.out.absolute()) if giving.out else STDOUT,
        "sealed_to": [public_name(key) for key in giving.recipients] or None,
    }


def _note(run: FrozenRun, giving: Giving, event: str, **fields: object) -> None:
    """In the run's log, on the disk. A helpdesk's copy of it may not be written to, and is opened all the same."""
    path, level, who = run.folder.log, logging.INFO, operator_facts()
    try:
        with event_log([path], level=level, stream=None, shown=logging.CRITICAL, run_id=run.folder.run_id) as log:
            log.info(event, operator=who["user"], host=who["host"], **fields)
        _sync(path)
    except OSError as error:
        giving.warn(
            f"warning: that this run's passwords were asked for could not be noted in {path} ({error.strerror})"
        )


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _exists(out: Path) -> RunFolderError:
    return RunFolderError(
        f"{out} exists already, and nothing is written over it", next_step="choose another file, or remove that one"
    )
