"""A secret of `[auth]`: from a variable, a file or a command, and never shown, not even where it is wrong."""

import os
import shlex
import stat
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.settings.names import variable
from batchreset.settings.secret_names import SecretName, without_secrets

COMMAND_TIMEOUT_SECONDS: Final = 30.0
"""Long enough for a vault's command line to sign in and fetch, short enough for a cron job to notice."""

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


def is_given(name: SecretName, environ: Mapping[str, str]) -> bool:
    """Whether the secret's variable, or its `…_FILE` or `…_COMMAND`, is set."""
    return bool(_present(name, environ))


def _present(name: SecretName, environ: Mapping[str, str]) -> list[str]:
    base = variable(f"auth.{name}")
    spelled = {name.upper() for name in environ}
    return [origin for origin in (base, f"{base}_FILE", f"{base}_COMMAND") if origin in spelled]


def read_secret(
    name: SecretName, environ: Mapping[str, str], *, command_timeout_seconds: float = COMMAND_TIMEOUT_SECONDS
) -> FoundSecret | None:
    """The secret from `BATCHRESET_AUTH__NAME`, or `…_FILE`, or `…_COMMAND`; None if none of them is set.

    The command runs without a shell, with `environ` but for its secrets as its environment, and nothing on its standard
    input.

    Raises:
        SettingsError: more than one is set, the file or command fails, or what came cannot be such a secret.
    """
    given = {spelled.upper(): value for spelled, value in environ.items()}
    present = _present(name, environ)
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
        raise _unusable(origin, "is empty")
    if origin.endswith("_FILE"):
        value, warning = _from_file(origin, value)
    elif origin.endswith("_COMMAND"):
        output = _from_command(origin, value, environ, command_timeout_seconds)
        value = output.strip() if name in _MULTILINE else output.partition("\n")[0].strip()
    return FoundSecret(secret=_checked(value, origin, multiline=name in _MULTILINE), origin=origin, warning=warning)


def _from_file(origin: str, path: str) -> tuple[str, str | None]:
    """The file's text, and a warning if others may touch the file.

    The path is shown only when it is surely one (its folder is there): the secret itself may stand in its place.
    """
    try:
        with Path(path).open("rb") as file:
            mode = os.fstat(file.fileno()).st_mode
            content = file.read()
    except (OSError, ValueError) as error:
        why = error.strerror if isinstance(error, OSError) else "that is not a path"
        raise SettingsError(
            f"the file that {origin} names{_shown(path)} cannot be read: {why}",
            next_step=f"put the path of a file that you may read into {origin}",
        ) from None
    warning = None
    if stat.S_ISREG(mode) and mode & _OTHERS_MAY:
        warning = f"the file that {origin} names is open to others (mode {stat.S_IMODE(mode):04o}); chmod 600 it"
    return _decoded(content, origin).rstrip("\r\n"), warning


def _shown(path: str) -> str:
    try:
        return f", {path}," if os.sep in path and Path(path).parent.is_dir() else ""
    except (OSError, ValueError):
        return ""


def _from_command(origin: str, command: str, environ: Mapping[str, str], timeout_seconds: float) -> str:
    """What the command prints. Causes are cut off: they carry its arguments and output."""
    next_step = (
        f"run the command of {origin} by hand and see what it says; it is run without a shell: use sh -c '…' for"
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
        raise SettingsError(
            f"the command of {origin} ({Path(arguments[0]).name}) did not end in {timeout_seconds:g} seconds",
            next_step=next_step,
        ) from None
    except (OSError, ValueError) as error:
        # Not even its name: what cannot be started may be the secret itself.
        why = error.strerror if isinstance(error, OSError) else "it is not a command line (check its quotes)"
        raise SettingsError(f"the command of {origin} cannot be started: {why}", next_step=next_step) from None
    if done.returncode != 0:
        raise SettingsError(
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
