"""The names that settings and secrets go by, in each source; and the nearest right one for a wrong one."""

import difflib
from collections.abc import Iterable, Mapping
from typing import Final

from pydantic.fields import FieldInfo

from batchreset.settings.model import Settings
from batchreset.settings.secret_names import SECRETS, TOLD
from batchreset.settings.section import Section

SECTIONS: Final[Mapping[str, type[Section]]] = {
    section: type(getattr(Settings(), section)) for section in Settings.model_fields
}
SETTINGS: Final[Mapping[str, FieldInfo]] = {
    f"{section}.{key}": field for section, model in SECTIONS.items() for key, field in model.model_fields.items()
}
"""By dotted name, `pace.max_concurrency`."""

PREFIX: Final = "BATCHRESET_"
_FLAG_NAMES: Final = {
    "input.protected": "--protected",
    "input.customers": "--customer",
    "password.kind": "--password-kind",
    "password.length": "--password-length",
    "password.words": "--password-words",
    "password.recipients": "--recipient",
    "auth.kind": "--auth-kind",
    "cluster.scheduler": "--cluster",
    "cluster.ca_file": "--cluster-ca-file",
    "cluster.cert_file": "--cluster-cert-file",
    "cluster.key_file": "--cluster-key-file",
    "cluster.plain_tcp": "--cluster-plain-tcp",
}
"""Where the key alone would not say what it is; a list's flag is given once for each entry."""
_NO_FLAG: Final = frozenset({"input.path"})
_ELSEWHERE: Final = {
    "auth": [f"{name}{suffix}" for name in SECRETS for suffix in ("", "_file", "_command")],
    "output": [f"{name}{suffix}" for name in TOLD for suffix in ("_file", "_command")],
}
SECRET_KEYS: Final = frozenset(key for keys in _ELSEWHERE.values() for key in keys)
SECRET_NAMES: Final = tuple(sorted(f"{section}.{key}" for section, keys in _ELSEWHERE.items() for key in keys))
HIDDEN: Final = frozenset(f"output.{name}" for name in TOLD)
"""Settings whose values are never shown, whatever is wrong with them."""

_SECRET_MARKS: Final = ("SECRET", "TOKEN", "PASSWORD", "KEY")


def variable(name: str) -> str:
    """`pace.max_concurrency` as `BATCHRESET_PACE__MAX_CONCURRENCY`."""
    return PREFIX + name.replace(".", "__").upper()


def flag_of(name: str) -> str | None:
    """The flag of a setting, by its dotted name; None where it has none."""
    return None if name in _NO_FLAG else _FLAG_NAMES.get(name, "--" + name.partition(".")[2].replace("_", "-"))


def name_of_variable(name: str) -> str:
    """`BATCHRESET_PACE__MAX_CONCURRENCY`, in any case, as `pace.max_concurrency`."""
    return name[len(PREFIX) :].lower().replace("__", ".", 1)


def looks_secret(name: str) -> bool:
    """Whether a variable's name says that its value is not to be shown."""
    return any(mark in name.upper() for mark in _SECRET_MARKS)


def nearest(word: str, choices: Iterable[str], *, cutoff: float = 0.6) -> str | None:
    """The choice most like `word`, without regard to case; None if nothing is near."""
    found = difflib.get_close_matches(word.lower(), list(choices), n=1, cutoff=cutoff)
    return found[0] if found else None


def is_secret_key(key: str) -> bool:
    """Whether a key is one of the secrets', or so like one that a secret probably stands beside it."""
    return nearest(key, SECRET_KEYS, cutoff=0.85) is not None


def nearest_name(name: str, known: Iterable[str]) -> str | None:
    """The known name probably meant: the same key elsewhere, a like key beside it, a like name."""
    names = tuple(known)
    section, _, key = name.lower().replace("-", "_").rpartition(".")
    beside = [right for right in names if right.startswith(f"{section}.")] if section else names
    near_key = nearest(key, [right.partition(".")[2] for right in beside])
    for candidates, meant in ((names, key), (beside, near_key)):
        same = [right for right in candidates if right.partition(".")[2] == meant]
        if len(same) == 1:
            return same[0]
    # Whole names share their section's letters, so a higher bar keeps unlike keys apart.
    return nearest(f"{section}.{key}" if section else key, names, cutoff=0.83)
