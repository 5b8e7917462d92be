"""The list as it was published, shipped with the program.

Two packages on PyPI carry it. One is under the GPL; the other brings five megabytes of further lists, and either could
change the list with a version. Strength rests on the list: it lies here, and is what it was or is not used.
"""

import functools
import hashlib
from importlib import resources
from typing import Final

from batchreset.core.passphrase import SEPARATOR
from batchreset.errors import SettingsError

SHA256: Final = "addd35536511597a02fa0a9ff1e5284677b8883b83e986e43f15a3db996b903e"
"""Of https://www.eff.org/files/2016/07/18/eff_large_wordlist.txt: 7,776 lines, dice throws, a tab, a word."""


@functools.cache
def words() -> tuple[str, ...]:
    """All but the four that hold a hyphen (`yo-yo`): it stands between words. 7,772 words of 3 to 9 small letters.

    Raises:
        SettingsError: the file is not what was shipped.
    """
    try:
        content = resources.files(__package__).joinpath("eff_large_wordlist.txt").read_bytes()
    except OSError as error:
        raise _not_as_shipped(error.strerror or "it cannot be read") from error
    return listed(content)


def listed(content: bytes) -> tuple[str, ...]:
    """The words of the file's content. Raises SettingsError."""
    found = hashlib.sha256(content).hexdigest()
    if found != SHA256:
        raise _not_as_shipped(f"its SHA-256 is {found}")
    every = (line.split("\t")[1] for line in content.decode("ascii").splitlines())
    return tuple(word for word in every if SEPARATOR not in word)


def _not_as_shipped(why: str) -> SettingsError:
    return SettingsError(
        f"the list of words for passphrases is not the one that belongs to batchreset ({why})",
        next_step='install batchreset anew, or set [password] kind = "random"',
    )
