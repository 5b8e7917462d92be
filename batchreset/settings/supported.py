"""Settings that are right but not carried out by this version yet; the table shrinks as they are built."""

from typing import Final

from batchreset.settings.model import Settings

_NOT_BUILT: Final[dict[tuple[str, str], dict[object, str]]] = {
    ("password", "kind"): {"passphrase": 'passphrases come with a later version; use "random" or "discard"'},
}
"""By section and key: the values that cannot be carried out, each with what to do instead."""


def unsupported(settings: Settings) -> tuple[str, ...]:
    """One line for each setting that asks for what this version does not do yet; none for a usable job."""
    lines = []
    for (section, key), reasons in _NOT_BUILT.items():
        value = getattr(getattr(settings, section), key)
        if value in reasons:
            lines.append(f'[{section}] {key} = "{value}": {reasons[value]}')
    return tuple(lines)
