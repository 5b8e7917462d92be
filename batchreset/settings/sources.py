"""Flag over environment over job file over default; every problem of every source at once."""

import contextlib
import json
import os
import re
import tomllib
from collections import Counter
from collections.abc import Mapping
from pathlib import Path
from typing import Final, get_origin

from batchreset.errors import SettingsError
from batchreset.settings.layers import SECRETS_ELSEWHERE, Given, Layer, merged, tree_layer, wrong_values
from batchreset.settings.model import Settings
from batchreset.settings.names import (
    PREFIX,
    SECRET_NAMES,
    SETTINGS,
    flag_of,
    is_secret_key,
    looks_secret,
    name_of_variable,
    nearest_name,
    variable,
)

_WHOLE_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}")
_NUMBER: Final = re.compile(r"[+-]?[0-9]{1,18}(\.[0-9]{1,18})?")
_LIST_FORM: Final = ", separated by commas or as a JSON array"
_BOOLEANS: Final = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}


def load_settings(*, flags: Mapping[str, object], environ: Mapping[str, str], job_file: Path | None) -> Settings:
    """The settings of a run. A value that a stronger source overrides must be right all the same.

    Args:
        flags: by dotted name, `pace.max_concurrency`; None stands for a flag that was not given.
        environ: the whole environment; only `BATCHRESET_…` is looked at.
        job_file: TOML; paths in it are relative to the current directory, not to the file.

    Raises:
        SettingsError: the job file cannot be read, or anything in any source is unknown or wrong.
    """
    layers = (
        tree_layer(_job_file(job_file), str(job_file)) if job_file is not None else Layer(),
        _environment(environ),
        _flags(flags),
    )
    problems = {line for layer in layers for line in (*layer.problems, *wrong_values(layer))}
    if problems:
        raise SettingsError(
            f"the settings cannot be used: {len(problems)} {'problem' if len(problems) == 1 else 'problems'}",
            next_step="correct what each line above names, then run it again",
            details=tuple(sorted(problems)),
        )
    settings = merged(layers)
    _refuse_both(settings)
    return settings


def readable_settings(
    names: frozenset[str], *, flags: Mapping[str, object], environ: Mapping[str, str], job_file: Path | None
) -> Settings:
    """These settings as far as they can be read, whatever is wrong with the others; never raises.

    For whoever is to be told that the settings are wrong. Arguments as for `load_settings`.
    """
    layers = [_environment(environ), _flags(flags)]
    if job_file is not None:
        with contextlib.suppress(SettingsError):
            layers.insert(0, tree_layer(_job_file(job_file), str(job_file)))
    right = (
        Layer(given=tuple(one for one in layer.given if one.name in names and not wrong_values(Layer(given=(one,)))))
        for layer in layers
    )
    return merged(right)


def _refuse_both(settings: Settings) -> None:
    """Only of all sources together can it be told: `skip` may have its default."""
    both = sorted(set(settings.safety.skip) & set(settings.safety.refuse))
    if both:
        raise SettingsError(
            f"[safety] skip and refuse both name {', '.join(both)}: such an account is either left out or refuses the"
            " plan",
            next_step="leave it out of one of them. skip has a default (federated, deleted): to refuse what is in it,"
            " give skip too, without that",
        )


def _job_file(path: Path) -> dict[str, object]:
    try:
        text = path.read_bytes().decode("utf-8-sig")
        return tomllib.loads(text)
    except OSError as error:
        raise SettingsError(
            f"the job file {path} cannot be read: {error.strerror}",
            next_step="check its path and that you may read it",
        ) from error
    except UnicodeDecodeError:
        # The error would carry the file's whole content.
        raise SettingsError(
            f"the job file {path} is not UTF-8 text", next_step="save it as UTF-8 and run it again"
        ) from None
    except ValueError as error:
        raise SettingsError(
            f"the job file {path} is not valid TOML: {error}",
            next_step="correct that line: texts stand in double quotes, lists in [ ], and a section in [ ]"
            " alone on its line",
        ) from error


def _environment(environ: Mapping[str, str]) -> Layer:
    given: list[Given] = []
    problems: list[str] = []
    ours = sorted(spelled for spelled in environ if spelled.upper().startswith(PREFIX))
    times = Counter(name_of_variable(spelled) for spelled in ours)
    for spelled in ours:
        name, label = name_of_variable(spelled), f"environment: {spelled}"
        if times[name] > 1:
            problems.append(f"{label}: given {times[name]} times, in different case; keep {variable(name)}")
        elif name in SETTINGS:
            value = _from_text(name, environ[spelled])
            form = _LIST_FORM if get_origin(SETTINGS[name].annotation) is tuple else ""
            given.append(Given(name=name, label=label, value=value, hidden=looks_secret(spelled), form=form))
        elif name not in SECRET_NAMES:
            right = nearest_name(name, (*SETTINGS, *SECRET_NAMES))
            meant = f"did you mean {variable(right)}?" if right else "settings are named BATCHRESET_SECTION__KEY"
            problems.append(f"{label}: there is no such setting; {meant}")
    return Layer(given=tuple(given), problems=tuple(problems))


def _flags(flags: Mapping[str, object]) -> Layer:
    given: list[Given] = []
    problems: list[str] = []
    for name, value in flags.items():
        label = flag_of(name) or "INPUT" if name in SETTINGS else f"flag: {name}"
        if value is None:
            continue
        if name in SETTINGS:
            given.append(Given(name=name, label=label, value=_as_text(value)))
        elif is_secret_key(name.rpartition(".")[2]):
            problems.append(f"{label}: {SECRETS_ELSEWHERE}")
        else:
            right = nearest_name(name, SETTINGS)
            meant = f"did you mean {right}?" if right else "settings are named section.key"
            problems.append(f"{label}: there is no such setting; {meant}")
    return Layer(given=tuple(given), problems=tuple(problems))


def _as_text(value: object) -> object:
    """Paths, alone or in a list, as the texts that settings hold."""
    match value:
        case os.PathLike():
            return os.fspath(value)
        case list() | tuple():
            return tuple(_as_text(item) for item in value)
        case _:
            return value


def _from_text(name: str, text: str) -> object:
    """A variable's text as its setting's type; as it is where it cannot be that, for the model to refuse."""
    annotation = SETTINGS[name].annotation
    if annotation is bool:
        return _BOOLEANS.get(text.lower(), text)
    if annotation is int:
        return int(text) if _WHOLE_NUMBER.fullmatch(text) else text
    if annotation is float:
        return float(text) if _NUMBER.fullmatch(text) else text
    if get_origin(annotation) is tuple:
        # Nobody to be told is what an empty one of `ping` means too; nobody to be protected is not said by accident.
        return () if name == "output.notify" and not text.strip() else _list_from_text(text)
    return text


def _list_from_text(text: str) -> object:
    if text.lstrip().startswith("["):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return tuple(item.strip() for item in text.split(",")) if text.strip() else text
