"""From addresses to services, all of them checked before anything is done."""

import difflib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from batchreset.core.addresses import masked
from batchreset.core.secret import Secret
from batchreset.errors import SettingsError

if TYPE_CHECKING:
    from batchreset.adapters.notices.service import Service

_MEANT: Final = {
    "teams": "workflows", "msteams": "workflows", "office365": "workflows", "mail": "mailto", "email": "mailto",
    "smtp": "mailto", "smtps": "mailtos", "webhook": "jsons", "https": "jsons", "http": "json",
}  # fmt: skip
"""What people write, and what apprise calls it."""


def open_services(addresses: Sequence[Secret]) -> list["Service"]:
    """A service for each address. Nothing is sent.

    Raises:
        SettingsError: the library is not installed, or it cannot use one of the addresses.
    """
    try:
        # A second to import, and not there without the extra.
        from batchreset.adapters.notices import service  # noqa: PLC0415
    except ImportError as error:
        raise SettingsError(
            f"[output] notify is given, but the library that sends notices is not installed ({error.name} is missing)",
            next_step="install the extra batchreset[notify]: `pip install '.[notify]'`; or leave notify out",
        ) from error
    try:
        known = service.schemes()
    except Exception as error:  # each of a hundred plugins imports what it likes, and what it gets may be anything
        raise SettingsError(
            f"[output] notify is given, but the library that sends notices cannot be loaded ({type(error).__name__})",
            next_step="see that no folder here has the name of a Python library (such as gi); or leave notify out",
        ) from error
    problems: list[str] = []
    services: list[Service] = []
    for number, address in enumerate(addresses, start=1):
        opened = service.Service.of(address)
        if opened is None:
            problems.append(f"address {number}, {masked(address.open())}: {_why(address.open(), known)}")
        else:
            services.append(opened)
    if problems:
        raise SettingsError(
            f"[output] notify: no notice could be sent to {len(problems)} of {len(addresses)} addresses",
            details=tuple(problems),
            next_step="correct them; https://appriseit.com/services/ shows the form of each, and `batchreset notify`"
            " tries them",
        )
    return services


def _why(address: str, schemes: frozenset[str]) -> str:
    scheme = address.partition("://")[0].lower()
    if scheme in _MEANT and scheme not in schemes:
        return f"there is no {scheme}:// here; did you mean {_MEANT[scheme]}://?"
    if scheme not in schemes:
        near = difflib.get_close_matches(scheme, sorted(schemes), n=1)
        return f"there is no {scheme}:// here" + (f"; did you mean {near[0]}://?" if near else "")
    return f"what follows {scheme}:// is not what that service needs, or this machine lacks what it needs"
