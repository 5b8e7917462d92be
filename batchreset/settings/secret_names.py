"""The secrets' names alone: looked at before anything else is imported."""

from collections.abc import Mapping
from typing import Final, Literal

SecretName = Literal["access_token", "refresh_token", "client_secret", "client_certificate"]

SECRETS: Final[tuple[SecretName, ...]] = ("access_token", "refresh_token", "client_secret", "client_certificate")
TOLD: Final = ("notify", "ping")
"""Settings of `[output]` whose values are addresses, and as good as secrets: whoever knows one can use it."""
_VARIABLES: Final = frozenset(
    [f"BATCHRESET_AUTH__{name.upper()}" for name in SECRETS] + [f"BATCHRESET_OUTPUT__{name.upper()}" for name in TOLD]
)


def holds_a_secret(variable: str) -> bool:
    """Whether a variable's value is a secret itself; not one that names a file or command. In any case."""
    return variable.upper() in _VARIABLES


def without_secrets(environ: Mapping[str, str]) -> dict[str, str]:
    """What programs that are started are given: a child shows its environment to every process of the same user."""
    return {name: value for name, value in environ.items() if not holds_a_secret(name)}
