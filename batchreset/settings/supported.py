"""Settings that are right but not carried out by this version yet; the table shrinks as they are built."""

from typing import Final

from batchreset.settings.model import Settings

_NOT_BUILT_UNLESS_EMPTY: Final = {
    ("output", "notify"): "sending the summary comes with a later version; leave it empty",
}


def unsupported(settings: Settings) -> tuple[str, ...]:
    """One line for each setting that asks for what this version does not do yet; none for a usable job."""
    lines = []
    for (section, key), reason in _NOT_BUILT_UNLESS_EMPTY.items():
        if getattr(getattr(settings, section), key):
            lines.append(f"[{section}] {key}: {reason}")
    return tuple(lines)
