"""One source's settings: what it gave under which label, and everything that is wrong with it."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from pydantic import ValidationError

from batchreset.settings.explain import found, wrong_value
from batchreset.settings.model import Settings
from batchreset.settings.names import HIDDEN, SECTIONS, SETTINGS, is_secret_key, nearest, nearest_name

SECRETS_ELSEWHERE = (
    "secrets come only from the environment, a file or a command"
    " (BATCHRESET_AUTH__…, of notices and pings BATCHRESET_OUTPUT__…, each also as …_FILE and …_COMMAND); take it out,"
    " and renew it if this was ever shared"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Given:
    """One known setting as one source gave it.

    Attributes:
        name: dotted, a key of `SETTINGS`.
        label: where it came from, as an error line begins.
        hidden: the value must not be shown.
        form: how this source writes such a value, where that needs saying.
    """

    name: str
    label: str
    value: object
    hidden: bool = False
    form: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Layer:
    """What one source gave, and its unknown keys as lines of text."""

    given: tuple[Given, ...] = ()
    problems: tuple[str, ...] = ()


def tree_layer(tree: Mapping[str, object], where: str) -> Layer:
    """The layer of a nested source: a job file, a snapshot."""
    given: list[Given] = []
    problems: list[str] = []
    for section, content in tree.items():
        if section not in SECTIONS:
            problems.append(f"{where}: {_unknown_section(section)}")
        elif not isinstance(content, Mapping):
            problems.append(f"{where}: [{section}]: found {found(content)}; allowed: a table of settings")
        else:
            for key, value in content.items():
                name, label = f"{section}.{key}", f"{where}: [{section}] {_shown(key)}"
                if name in SETTINGS:
                    given.append(Given(name=name, label=label, value=value))
                else:
                    problems.append(f"{label}: {_unknown_key(section, key)}")
    return Layer(given=tuple(given), problems=tuple(problems))


def wrong_values(layer: Layer) -> tuple[str, ...]:
    """One line for each value of the layer that cannot be."""
    by_name = {given.name: given for given in layer.given}
    try:
        Settings.model_validate(_tree(layer.given))
    except ValidationError as error:
        lines = []
        for detail in error.errors():
            given = by_name[".".join(map(str, detail["loc"][:2]))]
            wrong = wrong_value(SETTINGS[given.name], detail, hidden=given.hidden or given.name in HIDDEN)
            lines.append(f"{given.label}: {wrong}{given.form}")
        return tuple(lines)
    return ()


def merged(layers: Iterable[Layer]) -> Settings:
    """The settings of layers without problems; a later one wins, key by key."""
    return Settings.model_validate(_tree(given for layer in layers for given in layer.given))


def spelled_in_job_file(name: str) -> str:
    """`pace.max_concurrency` as `[pace] max_concurrency`."""
    section, _, key = name.partition(".")
    return f"[{section}] {key}"


def _tree(given: Iterable[Given]) -> dict[str, dict[str, object]]:
    tree: dict[str, dict[str, object]] = {}
    for one in given:
        section, _, key = one.name.partition(".")
        tree.setdefault(section, {})[key] = one.value
    return tree


def _unknown_section(section: str) -> str:
    if is_secret_key(section):
        return f"{_shown(section)}: {SECRETS_ELSEWHERE}"
    right = nearest(section, SECTIONS)
    if right is not None:
        return f"[{_shown(section)}]: there is no such section; did you mean [{right}]?"
    setting = nearest_name(section, SETTINGS)
    if setting is not None:
        return f"{_shown(section)}: there is no such setting here; did you mean {spelled_in_job_file(setting)}?"
    return f"[{_shown(section)}]: there is no such section; there are {', '.join(SECTIONS)}"


def _unknown_key(section: str, key: str) -> str:
    if is_secret_key(key):
        return SECRETS_ELSEWHERE
    right = nearest_name(f"{section}.{key}", SETTINGS)
    if right is not None:
        return f"there is no such setting; did you mean {spelled_in_job_file(right)}?"
    return f"there is no such setting; [{section}] has {', '.join(SECTIONS[section].model_fields)}"


def _shown(key: str) -> str:
    """A key as TOML writes it: quoted, and its control characters escaped, unless it is a bare key."""
    return key if re.fullmatch(r"[A-Za-z0-9_-]{1,80}", key) else found(key)
