"""The environment as commands read it. Its secrets are this process's: what it starts (a browser, a vault's command
line) does not inherit them."""  # noqa: D205, D209  one thought on two lines

import os
from collections.abc import Mapping
from typing import Final

from batchreset.settings.secret_names import holds_a_secret

COMPLETE: Final = "_BATCHRESET_COMPLETE"
"""Set by a shell's script when Tab was pressed, to `bash_complete` or the like: click's own name for it."""

_HELD_BACK: Final[dict[str, str]] = {}


def hold_secrets_back() -> None:
    """From now on `os.environ` has none of them. Called at the door, each time somebody comes in by it."""
    _HELD_BACK.clear()
    for name in filter(holds_a_secret, list(os.environ)):
        _HELD_BACK[name] = os.environ.pop(name)


def environment() -> Mapping[str, str]:
    """All variables."""
    return {**os.environ, **_HELD_BACK}
