"""Who hears how a command ended: addresses of notices, a monitor to ping, a metrics file."""

import contextlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

from batchreset.core.addresses import is_address, is_masked, masked
from batchreset.core.secret import Secret
from batchreset.errors import CommandFailedError, SettingsError
from batchreset.settings.model import OutputSettings, Settings
from batchreset.settings.names import variable
from batchreset.settings.secrets import FoundLines, read_lines, read_lines_of_file
from batchreset.settings.sources import load_settings

NAMES: Final = ("output.notify", "output.ping", "output.metrics_file")
_ANEW: Final = "a run keeps no secret; give the address anew in {name} (or {name}_FILE, {name}_COMMAND)"
READABLE: Final = frozenset({*NAMES, "partner_center.ca_file"})
"""What telling that the settings are wrong needs of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """Those who hear of it.

    Attributes:
        warnings: what the operator should put right, without anything secret.
    """

    notify: tuple[Secret, ...] = ()
    ping: Secret | None = None
    metrics_file: Path | None = None
    ca_file: str = ""
    warnings: tuple[str, ...] = ()


class Elsewhere:
    """The addresses that `…_FILE` and `…_COMMAND` of notify and ping give. Each is read once: a command may hang.

    A command that is started and gives nothing is a warning: nobody's vault keeps a run from beginning.

    Attributes:
        warnings: of that, and of files that are open to others.
        lost: the last such command's failure.
    """

    def __init__(self, environ: Mapping[str, str]) -> None:
        self.environ = environ
        self.warnings: list[str] = []
        self.lost: CommandFailedError | None = None
        self._read: dict[str, FoundLines | SettingsError | None] = {}

    def lines(self, name: str) -> list[str] | None:
        """The setting's, if there are any. Raises SettingsError: as `read_lines`, each time."""
        if name not in self._read:
            self._read[name] = self._read_now(name)
        match self._read[name]:
            case None:
                return None
            case SettingsError() as error:
                raise error
            case found:
                return [line.open() for line in found.lines]

    def _read_now(self, name: str) -> FoundLines | SettingsError | None:
        try:
            found = read_lines(name, self.environ)
        except CommandFailedError as error:
            self.lost = error
            self.warnings.append(f"not everybody will be told how it ends: {error.what}")
            return None
        except SettingsError as error:
            return error
        if found is not None and found.warning:
            self.warnings.append(found.warning)
        return found


def completed(settings: Settings, *, flags: Mapping[str, object], elsewhere: Elsewhere) -> Settings:
    """With the addresses that are given elsewhere, where no flag says otherwise.

    Raises:
        SettingsError: a variable's file cannot be read, or two of a setting's variables are set.
    """
    found: dict[str, object] = {}
    for name in ("output.notify", "output.ping"):
        if flags.get(name) is None and (lines := elsewhere.lines(name)) is not None:
            found[name] = lines if name == "output.notify" else lines[0]
    if not found:
        return settings
    # Validated: what a file holds may be as wrong as what a flag says.
    spelled = {variable(name): value if isinstance(value, str) else json.dumps(value) for name, value in found.items()}
    checked = load_settings(flags={}, environ=spelled, job_file=None)
    given = {key: getattr(checked.output, key) for key in (name.partition(".")[2] for name in found)}
    return settings.model_copy(update={"output": settings.output.model_copy(update=given)})


def given_anew(settings: Settings, *, flags: Mapping[str, object], elsewhere: Elsewhere) -> Settings | None:
    """These settings with what is given now of notify, ping and metrics_file; None: nothing is.

    Raises:
        SettingsError: what is given cannot be.
    """
    variables = {variable(name) for name in NAMES}
    now = load_settings(
        flags={name: flags.get(name) for name in NAMES},
        environ={spelled: value for spelled, value in elsewhere.environ.items() if spelled.upper() in variables},
        job_file=None,
    )
    output = completed(now, flags=flags, elsewhere=elsewhere).output
    given = {key: value for key in ("notify", "ping", "metrics_file") if (value := getattr(output, key))}
    if not given:
        return None
    return settings.model_copy(update={"output": settings.output.model_copy(update=given)})


def fixed_output(output: OutputSettings) -> dict[str, object]:
    """What run.json keeps of them: files by their absolute paths, addresses without their secrets."""
    return {
        "notify": tuple(masked(entry) if is_address(entry) else _absolute(entry) for entry in output.notify),
        "ping": (masked(output.ping) if is_address(output.ping) else _absolute(output.ping)) if output.ping else "",
        "metrics_file": _absolute(output.metrics_file) if output.metrics_file else "",
    }


def audience_of(settings: Settings) -> Audience:
    """Files of addresses are read now.

    Raises:
        SettingsError: such a file cannot be read, or there is no folder for the metrics file.
    """
    output, warnings = settings.output, list[str]()
    addresses: list[Secret] = []
    for entry in output.notify:
        if is_masked(entry):
            warnings.append(f"no notice goes to {entry}: {_ANEW.format(name=variable('output.notify'))}")
        elif is_address(entry):
            addresses.append(Secret(entry))
        else:
            read = read_lines_of_file(entry, "[output] notify")
            addresses += read.lines
            warnings += [read.warning] if read.warning else []
    ping = None
    if is_masked(output.ping):
        warnings.append(f"{output.ping} is not pinged: {_ANEW.format(name=variable('output.ping'))}")
    elif is_address(output.ping):
        ping = Secret(output.ping)
    elif output.ping:
        read = read_lines_of_file(str(Path(output.ping).expanduser()), "[output] ping")
        warnings += [read.warning] if read.warning else []
        ping = _checked_ping(read.lines[0])
    return Audience(
        notify=tuple(addresses),
        ping=ping,
        metrics_file=_metrics_file(output.metrics_file),
        ca_file=settings.partner_center.ca_file,
        warnings=tuple(warnings),
    )


def _checked_ping(address: Secret) -> Secret:
    """What a file holds may be as wrong as what a flag says. Raises SettingsError."""
    with contextlib.suppress(SettingsError):
        if is_address(address.open()):
            load_settings(flags={"output.ping": address.open()}, environ={}, job_file=None)
            return address
    raise SettingsError(
        "[output] ping: the first line of the file that it names is not the address of a monitor (not shown here)",
        next_step="put the monitor's whole address into the file: https://, and placeholders only as README has them",
    )


def audience_as_far_as_possible(settings: Settings) -> Audience:
    """As `audience_of`, without what cannot be read: for telling that something is wrong with the settings."""
    output = settings.output
    notify: list[Secret] = []
    for entry in output.notify:
        with contextlib.suppress(SettingsError):
            notify += audience_of(_only(settings, notify=(entry,))).notify
    with contextlib.suppress(SettingsError):
        others = audience_of(_only(settings, ping=output.ping, metrics_file=output.metrics_file))
        return replace(others, notify=tuple(notify))
    return replace(audience_of(_only(settings, ping=output.ping)), notify=tuple(notify))


def _only(settings: Settings, **output: object) -> Settings:
    return settings.model_copy(update={"output": OutputSettings().model_copy(update=output)})


def exposed(settings: Settings, *, flags: Mapping[str, object], environ: Mapping[str, str]) -> list[str]:
    """A warning for each secret address that came by a flag or from a job file.

    It is taken all the same: which webhook's path is a secret only its owner knows.
    """
    output, warnings = settings.output, list[str]()
    spelled = {name.upper() for name in environ}
    for name, addresses in (("output.notify", output.notify), ("output.ping", (output.ping,))):
        if not any(is_address(address) and masked(address) != address for address in addresses):
            continue
        base = variable(name)
        if flags.get(name) is not None:
            where = f"--{name.partition('.')[2]}: other users of this machine can see what is in the address"
        elif spelled.isdisjoint({base, f"{base}_FILE", f"{base}_COMMAND"}):
            where = f"[output] {name.partition('.')[2]}: whoever reads the job file can use the address"
        else:
            continue
        warnings.append(f"{where}; safer: {base}_FILE=FILE, a file of mode 0600")
    return warnings


def _metrics_file(path: str) -> Path | None:
    if not path:
        return None
    file = Path(path).expanduser().absolute()
    if not file.parent.is_dir():
        raise SettingsError(
            f"[output] metrics_file: there is no folder {file.parent}",
            next_step="make the folder (node_exporter's --collector.textfile.directory), or choose another file",
        )
    return file


def _absolute(path: str) -> str:
    return str(Path(path).expanduser().absolute())
