"""A secret of `[auth]`, or addresses of `[output]`: from a variable, a file or a command; never shown, wrong or not."""

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from batchreset.core.secret import Secret
from batchreset.errors import CommandFailedError, SettingsError
from batchreset.settings.names import variable
from batchreset.settings.secret_names import SecretName, without_secrets

COMMAND_TIMEOUT_SECONDS: Final = 30.0
"""Long enough for a vault's command line to sign in and fetch, short enough for a cron job to notice."""

_WANTED: Final = {"": "the secret itself", "_FILE": "the path of a file", "_COMMAND": "a command"}
_OTHERS_MAY: Final = 0o077
_MULTILINE: Final = frozenset({"client_certificate"})
"""A PEM holds several lines and blanks; tokens and client secrets hold neither."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundSecret:
    """A secret and how it came.

    Attributes:
        origin: the variable that gave it or led to it.
        warning: what the operator should put right, if anything.
    """

    secret: Secret
    origin: str
    warning: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class FoundLines:
    """Secrets, one a line, and what the operator should put right, if anything."""

    lines: tuple[Secret, ...]
    warning: str | None = None


def is_given(name: SecretName, environ: Mapping[str, str]) -> bool:
    """Whether the secret's variable, or its `…_FILE` or `…_COMMAND`, is set."""
    return bool(_present(variable(f"auth.{name}"), environ))


def _present(base: str, environ: Mapping[str, str]) -> list[str]:
    spelled = {name.upper() for name in environ}
    return [origin for origin in (base, f"{base}_FILE", f"{base}_COMMAND") if origin in spelled]


def read_secret(
    name: SecretName, environ: Mapping[str, str], *, command_timeout_seconds: float = COMMAND_TIMEOUT_SECONDS
) -> FoundSecret | None:
    """The secret from `BATCHRESET_AUTH__NAME`, or `…_FILE`, or `…_COMMAND`; None if none of them is set.

    The command runs without a shell, with `environ` but for its secrets as its environment, and nothing on its standard
    input.

    Raises:
        CommandFailedError: the command was started, and gave nothing.
        SettingsError: more than one is set, the file cannot be read, or what came cannot be such a secret.
    """
    raw = _raw(variable(f"auth.{name}"), environ, command_timeout_seconds)
    if raw is None:
        return None
    value = raw.text
    if raw.origin.endswith("_COMMAND"):
        value = value.strip() if name in _MULTILINE else value.partition("\n")[0].strip()
    secret = _checked(value, raw.origin, multiline=name in _MULTILINE)
    return FoundSecret(secret=secret, origin=raw.origin, warning=raw.warning)


def read_lines(
    setting: str, environ: Mapping[str, str], *, command_timeout_seconds: float = COMMAND_TIMEOUT_SECONDS
) -> FoundLines | None:
    """What `…_COMMAND` of a setting such as `output.notify` prints, or its `…_FILE` holds: a value a line.

    None: neither is set; the variable itself is a setting like others. The command runs as for `read_secret`. An empty
    line says nothing, nor does one that begins with `#`.

    Raises:
        SettingsError: as for `read_secret`.
    """
    base = variable(setting)
    if _present(base, environ) in ([], [base]):
        return None
    raw = _raw(base, environ, command_timeout_seconds)
    if raw is None:
        return None
    return FoundLines(lines=_lines(raw.text, raw.origin), warning=raw.warning)


def read_lines_of_file(path: str, origin: str) -> FoundLines:
    """The values in a file that a setting names, as for `read_lines`. `origin`: the setting, for what is wrong.

    The path is shown: what a setting holds that is no address is a path.
    """
    text, warning = _from_file(origin, path, shown=f", {path},")
    return FoundLines(lines=_lines(text, f"{origin}, {path},"), warning=warning)


def _lines(text: str, origin: str) -> tuple[Secret, ...]:
    stripped = [line.strip() for line in text.splitlines()]
    lines = [line for line in stripped if line and not line.startswith("#")]
    if not lines:
        into = "have it print one address a line" if origin.endswith("_COMMAND") else "write one address a line into it"
        raise SettingsError(f"{origin} gave no address", next_step=into)
    return tuple(_checked(line, origin, multiline=False) for line in lines)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Raw:
    text: str = field(repr=False)
    origin: str
    warning: str | None


def _raw(base: str, environ: Mapping[str, str], command_timeout_seconds: float) -> _Raw | None:
    """What a variable, or the file or command that it names, holds as it is."""
    given = {spelled.upper(): value for spelled, value in environ.items()}
    present = _present(base, environ)
    match present:
        case []:
            return None
        case [origin]:
            value = given[origin]
        case _:
            raise SettingsError(
                f"{' and '.join(present)} are set at once, and only one of them may be",
                next_step="unset all but one of them",
            )
    warning = None
    if not value.strip():
        wanted = _WANTED[origin.removeprefix(base)]
        raise SettingsError(f"{origin} is empty", next_step=f"unset it, or give {wanted} in it")
    if origin.endswith("_FILE"):
        value, warning = _from_file(origin, value, shown=_shown(value))
    elif origin.endswith("_COMMAND"):
        value = _from_command(origin, value, environ, command_timeout_seconds)
    return _Raw(text=value, origin=origin, warning=warning)


def _from_file(origin: str, path: str, *, shown: str) -> tuple[str, str | None]:
    """The file's text, and a warning if others may touch the file. `shown`: of its path."""
    try:
        with Path(path).open("rb") as file:
            status = os.fstat(file.fileno())
            content = file.read()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is not a path"
        raise SettingsError(
            f"the file that {origin} names{shown} cannot be read: {why}",
            next_step=f"put the path of a file that you may read into {origin}",
        ) from None
    warning = None
    mode = stat.S_IMODE(status.st_mode)
    if stat.S_ISREG(status.st_mode) and is_open_to_others(mode, owner=status.st_uid, reader=os.geteuid()):
        warning = f"the file that {origin} names{shown} is open to others (mode {mode:04o}); chmod 600 it"
    return _decoded(content, origin).rstrip("\r\n"), warning


def is_open_to_others(mode: int, *, owner: int, reader: int) -> bool:
    """Whether a secret's file is. `owner` and `reader` are user ids.

    Root hands a service its secrets by the group: systemd's credentials and Kubernetes' volumes have mode 0440.
    """
    by_root = owner == 0 and reader != 0
    return bool(mode & _OTHERS_MAY & ~(stat.S_IRGRP if by_root else 0))


def _shown(path: str) -> str:
    """Only what is surely a path (its folder is there): the secret itself may stand in its place."""
    try:
        return f", {path}," if os.sep in path and Path(path).parent.is_dir() else ""
    except (OSError, ValueError):
        return ""


def _from_command(origin: str, command: str, environ: Mapping[str, str], timeout_seconds: float) -> str:
    """What the command prints. Causes are cut off: they carry its arguments and output."""
    next_step = (
        f"run the command of {origin} by hand and see what it says; it is run without a shell: use `sh -c '…'` for"
        " pipes and variables"
    )
    try:
        arguments = shlex.split(command)
        # S603: running what the operator named is the setting's purpose.
        done = subprocess.run(  # noqa: S603
            arguments,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env=without_secrets(environ),
            timeout=timeout_seconds,
            check=False,
        )
    except subprocess.TimeoutExpired:
        raise CommandFailedError(
            f"the command of {origin} ({Path(arguments[0]).name}) did not end in {timeout_seconds:g} seconds",
            next_step=next_step,
        ) from None
    except (OSError, ValueError) as error:
        # Not even its name: what cannot be started may be the secret itself.
        why = error.strerror if isinstance(error, OSError) else "it is not a command line (check its quotes)"
        raise SettingsError(f"the command of {origin} cannot be started: {why}", next_step=next_step) from None
    if done.returncode != 0:
        raise CommandFailedError(
            f"the command of {origin} ({Path(arguments[0]).name}) failed with exit code {done.returncode}",
            next_step=next_step,
        )
    return _decoded(done.stdout, origin)


def _decoded(content: bytes, origin: str) -> str:
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        # The error would carry the content.
        raise _unusable(origin, "did not give UTF-8 text") from None


def _checked(text: str, origin: str, *, multiline: bool) -> Secret:
    if not text.strip():
        raise _unusable(origin, "gave an empty text")
    if multiline:
        good = all(line.isprintable() for line in text.splitlines())
    else:
        good = text.isascii() and text.isprintable() and " " not in text
    if not good:
        raise _unusable(origin, "gave a text with a blank, a line break or another character that it cannot hold")
    return Secret(text)


def _unusable(origin: str, what: str) -> SettingsError:
    return SettingsError(f"{origin} {what}", next_step=f"give the secret itself, and nothing else, by {origin}")
