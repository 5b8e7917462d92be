"""From the settings to whoever sends instead of this process; what is not safe is refused before anything is sent."""

import datetime as dt
import os
import stat
from collections.abc import Mapping
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Final

from batchreset.core.places import (
    ClusterAccess,
    LocalWorkers,
    SchedulerAt,
    SchedulerFile,
    address_in,
    is_safe,
    is_tls,
)
from batchreset.errors import SettingsError, cause
from batchreset.settings.cluster import CERTIFICATES, ClusterSettings
from batchreset.settings.model import Settings
from batchreset.settings.names import SETTINGS, flag_of, variable
from batchreset.settings.secrets import is_open_to_others
from batchreset.settings.sources import load_settings
from batchreset.wiring.frozen import FrozenRun

_SECTION: Final = "cluster."
NAMES: Final = tuple(name for name in SETTINGS if name.startswith(_SECTION))
_HOLDS: Final[Mapping[str, str]] = {
    "ca_file": "PEM: the authority that the cluster's certificates are signed by",
    "cert_file": "PEM: a certificate of this machine's own, signed by that authority",
    "key_file": "PEM: the private key of this machine's certificate",
}
_ENGINE: Final = "distributed"
_MOST_BYTES: Final = 16 << 20
"""Of a scheduler's file: it may list thousands of workers."""


def refuse_unfit(settings: Settings) -> None:
    """Refuse what cannot go together, whatever files there are. Raises SettingsError."""
    place = settings.cluster.place
    if isinstance(place, LocalWorkers | SchedulerAt):
        _refuse_unfit(place, settings.cluster)


def access_of(settings: Settings, *, now: dt.datetime | None = None) -> ClusterAccess | None:
    """Whom to have the requests sent by; None: this process. Reads files, and reaches for no network.

    Raises:
        SettingsError: the extra is not installed; a file is not there or is not what it should be; the certificate does
            not fit its key or has expired; or passwords would not be safe on their way.
    """
    cluster = settings.cluster
    place = cluster.place
    if place is None:
        return None
    refuse_unfit(settings)
    _refuse_without_engine()
    if isinstance(place, SchedulerFile):
        place = _address_in(place)
        _refuse_unfit(place, cluster, named=f", which the scheduler file {_path(cluster.scheduler)} names,")
    access = ClusterAccess(place=place, plain_tcp=cluster.plain_tcp)
    if isinstance(place, LocalWorkers) or not is_tls(place):
        return access
    from batchreset.adapters.certificates import check_certificates  # noqa: PLC0415  seldom needed

    ca_file, cert_file, key_file = (str(_path(getattr(cluster, name))) for name in CERTIFICATES)
    check_certificates(ca_file=ca_file, cert_file=cert_file, key_file=key_file, now=now or dt.datetime.now(dt.UTC))
    return replace(access, ca_file=ca_file, cert_file=cert_file, key_file=key_file)


def warnings_of(settings: Settings) -> tuple[str, ...]:
    """What the operator should put right; raises nothing."""
    path = settings.cluster.key_file
    try:
        status = _path(path).stat() if path and settings.cluster.scheduler else None
    except (OSError, ValueError):
        return ()
    if status is None or not stat.S_ISREG(status.st_mode):
        return ()
    mode = stat.S_IMODE(status.st_mode)
    if not is_open_to_others(mode, owner=status.st_uid, reader=os.geteuid()):
        return ()
    return (f"the file that [cluster] key_file names, {path}, is open to others (mode {mode:04o}); chmod 600 it",)


def fixed_cluster(cluster: ClusterSettings) -> dict[str, object]:
    """What run.json keeps of it: files by their absolute paths."""
    fixed: dict[str, object] = {name: str(_path(path)) for name in CERTIFICATES if (path := getattr(cluster, name))}
    if isinstance(cluster.place, SchedulerFile):
        fixed["scheduler"] = str(_path(cluster.place.path))
    return fixed


def sent_as_given(run: FrozenRun, *, flags: Mapping[str, object], environ: Mapping[str, str]) -> FrozenRun:
    """The run as this session carries it out: who sends is no part of what was decided, and may be said anew.

    Another scheduler needs its own word that plain TCP is safe there; certificates that it has no use for are left out.

    Raises:
        SettingsError: what is given cannot be.
    """
    variables = {variable(name) for name in NAMES}
    now = load_settings(
        flags={name: flags.get(name) for name in NAMES},
        environ={spelled: value for spelled, value in environ.items() if spelled.upper() in variables},
        job_file=None,
    ).cluster
    given = {key: getattr(now, key) for key in now.model_fields_set}
    if not given:
        return run
    kept = run.settings.cluster
    if "scheduler" in given:
        place = now.place
        has_use = isinstance(place, SchedulerFile) or (isinstance(place, SchedulerAt) and is_tls(place))
        idle = ("plain_tcp",) if has_use else ("plain_tcp", *CERTIFICATES)
        kept = kept.model_copy(update={key: getattr(ClusterSettings(), key) for key in idle})
    return replace(run, settings=run.settings.model_copy(update={"cluster": kept.model_copy(update=given)}))


def who_sends(settings: Settings) -> str:
    """For a person."""
    match settings.cluster.place:
        case None:
            return "this process"
        case LocalWorkers(workers=1):
            return "1 worker process of this machine"
        case LocalWorkers(workers=workers):
            return f"{workers} worker processes of this machine"
        case SchedulerAt() as at:
            return f"the cluster at {at.address}{'' if is_tls(at) else ', without TLS'}"
        case file:
            return f"the cluster of the scheduler file {file.path}"


def _refuse_unfit(place: LocalWorkers | SchedulerAt, cluster: ClusterSettings, *, named: str = "") -> None:
    given = [name for name in CERTIFICATES if getattr(cluster, name)]
    missing = [name for name in CERTIFICATES if name not in given]
    match place:
        case LocalWorkers() if given:
            raise SettingsError(
                f"[cluster] {_and(given)} {_is(given)} given, and local workers have no use for"
                " certificates: they get some of their own, for this run only",
                next_step="leave out"
                f" {_and(given)} (job file, {_and([variable(f'cluster.{name}') for name in given])}, flags)",
            )
        case SchedulerAt() if is_tls(place) and missing:
            raise SettingsError(
                f"[cluster] {_and(missing)} {_is(missing)} not given, and {place.address}{named} is spoken to by TLS,"
                " with a certificate on both sides",
                next_step=f"give {_and([f'{flag_of(_SECTION + name)} ({_HOLDS[name]})' for name in missing])}",
            )
        case SchedulerAt() if not is_tls(place) and given:
            raise SettingsError(
                f"[cluster] {_and(given)} {_is(given)} given, and {place.address}{named} is spoken to by plain TCP,"
                " which has no use for certificates",
                next_step="give the scheduler as tls:// if it speaks TLS; else leave them out",
            )
        case SchedulerAt() if not is_safe(place, plain_tcp=cluster.plain_tcp):
            raise SettingsError(
                f"{place.address}{named} is not known to be this machine, and over plain TCP whoever controls the"
                " network between could pose as a worker and read the new passwords; nothing was sent",
                next_step="have the cluster speak TLS and give its scheduler as tls://; or, on a network that is as"
                " safe as one machine, give --cluster-plain-tcp",
            )
        case _:
            return


def _refuse_without_engine() -> None:
    # A folder of that name, here or elsewhere on the way, is no engine. Importing it takes half a second.
    found = find_spec(_ENGINE)
    if found is None or found.origin is None:
        raise SettingsError(
            "[cluster] scheduler is given, but the library that speaks to workers is not installed"
            f" ({_ENGINE} is missing)",
            next_step="install the extra batchreset[cluster]: `pip install '.[cluster]'`; or leave scheduler out",
        )


def _address_in(file: SchedulerFile) -> SchedulerAt:
    path = _path(file.path)
    try:
        with path.open("rb") as opened:
            content = opened.read(_MOST_BYTES + 1)
        return address_in(content.decode() if len(content) <= _MOST_BYTES else "")
    except OSError as error:
        raise SettingsError(
            f"the scheduler file {path} cannot be read: {cause(error)}",
            next_step="start the scheduler with --scheduler-file and a path that this machine sees too; or give its"
            " address, tls://host:port",
        ) from error
    except ValueError as error:
        why = "it is not UTF-8 text" if isinstance(error, UnicodeDecodeError) else str(error)
        raise SettingsError(
            f"the scheduler file {path} cannot be used: {why}",
            next_step="give the file that a running scheduler wrote (--scheduler-file), or its address, tls://host:port",
        ) from None


def _path(text: str) -> Path:
    try:
        return Path(text).expanduser().absolute()
    except RuntimeError:  # `~somebody` who is not here
        return Path(text).absolute()


def _and(names: list[str]) -> str:
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))


def _is(names: list[str]) -> str:
    return "is" if len(names) == 1 else "are"
