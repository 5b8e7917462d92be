"""How a run's new passwords are made, and how strong they are."""

import math
from collections.abc import Callable

from batchreset.adapters.words import words
from batchreset.core.passphrase import passphrase, passphrase_bits
from batchreset.core.password import RandomBytes, random_password, random_password_bits
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError
from batchreset.settings.model import PasswordSettings


def password_maker(settings: PasswordSettings, random_bytes: RandomBytes) -> Callable[[], Secret]:
    """A new one each time it is called. Raises SettingsError: the list of words is not as it was shipped."""
    if settings.kind == "passphrase":
        listed = words()
        return lambda: passphrase(listed, settings.words, random_bytes)
    return lambda: random_password(settings.length, random_bytes)


def strength(settings: PasswordSettings) -> str:
    """For a person: what they are made of, and how many bits somebody who knows all but the chance has to guess.

    Rounded down: it never says more than there is. Raises SettingsError, as `password_maker`.
    """
    if settings.kind == "passphrase":
        return f"passphrase, {settings.words} words, {math.floor(passphrase_bits(len(words()), settings.words))} bits"
    bits = math.floor(random_password_bits(settings.length))
    return f"{settings.kind}, {settings.length} characters, {bits} bits"


def refuse_idle_settings(settings: PasswordSettings) -> None:
    """What was given and would change nothing is refused: somebody relies on it. Raises SettingsError."""
    is_passphrase = settings.kind == "passphrase"
    idle, instead = ("length", "words") if is_passphrase else ("words", "length")
    if idle in settings.model_fields_set:
        raise SettingsError(
            f'[password] {idle} is given, and [password] kind = "{settings.kind}" has no use for it',
            next_step=f"take {idle} out (job file, BATCHRESET_PASSWORD__{idle.upper()}, --password-{idle});"
            f" what counts here is {instead}",
        )
