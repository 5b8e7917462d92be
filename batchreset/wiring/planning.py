"""From settings and input to a run's folder with a frozen plan. Nothing is sent."""

import datetime as dt
import platform
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from typing import Any, BinaryIO

from batchreset import __version__
from batchreset.adapters.plan import freeze
from batchreset.adapters.reader import (
    CheckedInput,
    InvalidRowsError,
    Problems,
    Rules,
    check,
    fixed_entry,
    input_sha256,
    read_protected,
    reading,
)
from batchreset.adapters.run_folder import RunFolder, check_run_id, holding, make_folder, refuse_planned, scratch
from batchreset.adapters.sealing import resolve_recipients
from batchreset.core.clock import rfc3339
from batchreset.core.protection import Protected
from batchreset.errors import InputError, PlanRefusedError, RunFolderError, RunHeldError, SettingsError
from batchreset.net import check_trust
from batchreset.settings.model import Settings
from batchreset.settings.snapshot import to_snapshot
from batchreset.wiring.audience import fixed_output
from batchreset.wiring.cluster import fixed_cluster, refuse_unfit
from batchreset.wiring.frozen import FrozenRun, digest_of, read_frozen
from batchreset.wiring.online import survey
from batchreset.wiring.passwords import refuse_idle_settings
from batchreset.wiring.protecting import operator_of
from batchreset.wiring.reading import Around
from batchreset.wiring.recent import Accounts, refuse_if_applied
from batchreset.wiring.sign_in import refuse_unusable
from batchreset.wiring.who import operator_facts

_VERSIONS_OF = ("httpx", "msal", "polars", "pyrage", "anyio")


def new_run_id(now: dt.datetime) -> str:
    """`20261121T084000Z-1f9a2b`: sorts by time, and two runs of one second differ."""
    return f"{now:%Y%m%dT%H%M%SZ}-{secrets.token_hex(3)}"


def runs_dir_of(settings: Settings) -> Path:
    """Where the runs' folders lie; absolute, so that what is printed of them holds everywhere."""
    return Path(settings.output.runs_dir).expanduser().absolute()


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRun:
    """The run that is to be planned.

    Attributes:
        run_id: its folder's name.
        now: UTC.
        again: although these accounts were reset in the last 24 hours. It is fixed in the plan: who allowed it need
            not allow it once more to carry the run on.
        recent_too: whether that is asked now; it is asked again when the run is carried out.
        online: what reading users has around it: each account is looked at before the plan is frozen; None: none is.
        unread: though that was asked for, in a dry run; such a plan is not carried out.
    """

    run_id: str
    now: dt.datetime
    again: bool = False
    recent_too: bool = True
    online: Around | None = None
    unread: bool = False


def plan_run(settings: Settings, new: NewRun, *, environ: Mapping[str, str], stdin: BinaryIO | None) -> FrozenRun:
    """Read the input, check all of it, and make the run's folder with a frozen plan.

    What is refused leaves no folder behind, but for rows that are wrong: their list is kept, `problems.csv`.

    Args:
        settings: as they hold for the run.
        new: see there.
        environ: may tell the operator's own account, which is never reset.
        stdin: the input, where its path is `-`.

    Raises:
        SettingsError: the settings ask for what cannot be done, the run id is no folder's name, or a recipient is no
            public key.
        InputError: the input cannot be read, or rows of it are wrong.
        PlanRefusedError: a guard says no.
        RunFolderError: the folder cannot be made or written, or holds a plan already (also one that another process
            made while this one waited to hold it).
        RunHeldError: another process is planning it now.
        And, where users are read, as `wiring.online.survey`.
    """
    _refuse_impossible(settings)
    if settings.safety.refuse and new.online is None and not new.unread:
        raise SettingsError(
            f"[safety] refuse names {', '.join(settings.safety.refuse)}, and nobody is read without --online",
            next_step="give --online, or take refuse out of the settings",
        )
    check_run_id(new.run_id)
    keys = resolve_recipients(settings.password.recipients)
    never = _Never(lists=read_protected(settings.input.protected), operator=operator_of(settings, environ))
    runs_dir = runs_dir_of(settings)
    refuse_planned(RunFolder(runs_dir / new.run_id))
    with scratch(runs_dir) as room:
        checked = _checked(settings, never, room, run_id=new.run_id, stdin=stdin)
        _refuse_recent(checked, runs_dir, new)
        findings = ""
        facts: dict[str, Any] = {
            "again": new.again,
            "protected_names": len(never.lists.names),
            "unread": new.unread,
            "online": None,
        }
        if new.online is not None:
            found = survey(checked.accounts(), settings, around=new.online, protected_names=never.names)
            new.online.say("\n".join(found.table_lines()))
            checked, facts["online"] = checked.leaving_out(found.reasons), found.facts()
            _refuse_recent(checked, runs_dir, new)
            findings = found.csv()
        return _frozen(checked, _fixed(settings, keys), new, facts, findings=findings)


def same_input(run: FrozenRun, path: str, *, stdin: BinaryIO | None) -> bool:
    """Whether that input is, byte for byte, the one that the run was planned from. Raises InputError."""
    return input_sha256(path, max_rows=run.settings.input.max_rows, stdin=stdin) == run.input_sha256


def _refuse_impossible(settings: Settings) -> None:
    refuse_unusable(settings)
    check_trust(settings.partner_center.ca_file)
    refuse_idle_settings(settings.password)
    refuse_unfit(settings)
    if not settings.input.path:
        raise InputError(
            "no input was given, so there is nobody to reset",
            next_step="name the file of accounts: `batchreset run users.csv`, or [input] path in the job file",
        )
    if settings.password.kind != "discard" and not settings.password.recipients:
        raise PlanRefusedError(
            'nobody could open the new passwords: no recipient is given, and [password] kind is not "discard"',
            next_step="make a key pair with `age-keygen -o key.txt` and give the public key with --recipient age1… or"
            ' [password] recipients; or set [password] kind = "discard" if nobody is to know them (offboarding)',
        )


def _refuse_recent(checked: CheckedInput, runs_dir: Path, new: NewRun) -> None:
    if new.recent_too and not new.again:
        accounts = Accounts(to_reset=checked.accounts_sha256, named=checked.named_sha256)
        refuse_if_applied(accounts, runs_dir, now=new.now, run_id=new.run_id)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Never:
    """Whose passwords stay."""

    lists: Protected
    operator: Protected

    @property
    def names(self) -> frozenset[str]:
        return frozenset(map(str.casefold, self.lists.names | self.operator.names))


def _checked(settings: Settings, never: _Never, room: Path, *, run_id: str, stdin: BinaryIO | None) -> CheckedInput:
    rules = Rules(
        on_invalid=settings.input.on_invalid,
        max_rows=settings.input.max_rows,
        customers=frozenset(settings.input.customers),
        protected_users=never.lists.users | never.operator.users,
        protected_customers=never.lists.customers,
        protected_upns=never.lists.names,
        operator_upns=never.operator.names,
    )
    with reading(settings.input.path, max_rows=rules.max_rows, stdin=stdin, room=room) as raw:
        try:
            return check(raw, rules, room=room)
        except InvalidRowsError as error:
            error.details = (*error.details, _kept(error.problems, runs_dir_of(settings), run_id))
            raise


def _kept(problems: Problems, runs_dir: Path, run_id: str) -> str:
    """Where all problems are written, or why they are not: that must not hide the problems themselves."""
    try:
        with holding(make_folder(runs_dir, run_id)):
            folder = make_folder(runs_dir, run_id)  # again: another process may have planned here a moment ago
            problems.write_csv(folder.problems)
    except (RunFolderError, RunHeldError) as error:
        return f"the list of all of them was not kept: {error.what}"
    return f"all of them are in {folder.problems}"


def _frozen(
    checked: CheckedInput, settings: Settings, new: NewRun, more: Mapping[str, Any], *, findings: str
) -> FrozenRun:
    """The run's folder: plan.parquet first, run.json last, both synced."""
    with holding(make_folder(runs_dir_of(settings), new.run_id)):
        # Again: another process may have planned here a moment ago.
        folder = make_folder(runs_dir_of(settings), new.run_id)
        file_sha256 = freeze(checked.batches(), folder.plan)
        folder.problems.unlink(missing_ok=True)
        folder.findings.unlink(missing_ok=True)
        if findings:
            folder.write_text(folder.findings, findings)
        if checked.problems.count:
            checked.problems.write_csv(folder.problems)
        facts = {**_run_json(checked, settings, file_sha256, run_id=new.run_id, now=new.now), **more}
        facts["plan"] = {"sha256": digest_of(facts), **facts["plan"]}
        folder.write_json(folder.run_json, facts)
    return read_frozen(folder)


def _fixed(settings: Settings, keys: tuple[str, ...]) -> Settings:
    """What the settings name beside the run is fixed, so that it is the same wherever and whenever the run goes on.

    Recipients that are files are replaced by the keys in them, relative paths by absolute ones; addresses lose their
    secrets.
    """

    def absolute(path: str) -> str:
        return str(Path(path).expanduser().absolute()) if path else ""

    entries = tuple(fixed_entry(entry) for entry in settings.input.protected)
    partner_center, auth, output = settings.partner_center, settings.auth, settings.output
    cluster = settings.cluster
    return settings.model_copy(
        update={
            "input": settings.input.model_copy(update={"protected": entries}),
            "password": settings.password.model_copy(update={"recipients": keys}),
            "partner_center": partner_center.model_copy(update={"ca_file": absolute(partner_center.ca_file)}),
            "auth": auth.model_copy(update={"cache_dir": absolute(auth.cache_dir)}),
            "cluster": cluster.model_copy(update=fixed_cluster(cluster)),
            "output": output.model_copy(update={"results": absolute(output.results), **fixed_output(output)}),
        }
    )


def _run_json(
    checked: CheckedInput, settings: Settings, file_sha256: str, *, run_id: str, now: dt.datetime
) -> dict[str, Any]:
    return {
        "run_id": run_id,
        "planned_at": rfc3339(now),
        "versions": {
            "batchreset": __version__,
            "python": platform.python_version(),
            **{name: metadata.version(name) for name in _VERSIONS_OF},
        },
        "operator": operator_facts(),
        "input": {
            "source": _source(checked.source),
            "sha256": checked.sha256,
            "rows": checked.row_count,
            "accounts_sha256": checked.named_sha256,
        },
        "accounts_sha256": checked.accounts_sha256,
        "plan": {
            "file_sha256": file_sha256,
            "reset": checked.reset_count,
            "skipped": {reason.value: rows for reason, rows in checked.skipped.items()},
            "problems": checked.problems.count,
        },
        "settings": to_snapshot(settings),
    }


def _source(source: str) -> str:
    return source if source == "-" else str(Path(source).absolute())
