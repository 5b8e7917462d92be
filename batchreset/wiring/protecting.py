"""Who must never be reset, at planning and again when a run is carried out: the lists, the operator, the customers."""

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass

from batchreset.adapters.plan import open_plan
from batchreset.adapters.reader import read_protected
from batchreset.core.protection import Bounds, Protected
from batchreset.core.token_claims import claims_of
from batchreset.errors import SettingsError, SignInError
from batchreset.settings.model import Settings
from batchreset.settings.secrets import read_secret
from batchreset.wiring.frozen import FrozenRun
from batchreset.wiring.sign_in import kind_of


@dataclass(frozen=True, slots=True, kw_only=True)
class Guarded:
    """What a session of a run must keep to.

    Attributes:
        names: of protected accounts, that have to be looked up before the first reset.
    """

    bounds: Bounds
    names: frozenset[str]


def guarded(run: FrozenRun) -> Guarded:
    """The protected lists as they are now: one that has grown since the plan was made holds.

    Names are compared with the input's column and looked up: what stands in an input may be old, or wrong.

    Raises:
        InputError: a list cannot be read; nobody can say whom it protects, so that nothing may be sent.
        RunFolderError: the plan cannot be read.
    """
    settings = run.settings.input
    protected = read_protected(settings.protected)
    named = open_plan(run.folder.plan).users_named(protected.names) if protected.names else frozenset[str]()
    return Guarded(
        bounds=Bounds(protected=protected | Protected(users=named), customers=frozenset(settings.customers)),
        names=protected.names,
    )


def operator_of(settings: Settings, environ: Mapping[str, str]) -> Protected:
    """The operator's own account, as far as it is known without asking anybody: no command is run, nothing is sent."""
    if kind_of(settings, environ) == "access_token":
        quiet = {name: value for name, value in environ.items() if not name.upper().endswith("_COMMAND")}
        # What is wrong with the token is said when it is used.
        with contextlib.suppress(SettingsError):
            given = read_secret("access_token", quiet)
            claims = claims_of(given.secret) if given is not None else None
            return _account(claims.user_id, claims.principal_name) if claims is not None else Protected()
        return Protected()
    from batchreset.adapters.signin.cache import account_in  # noqa: PLC0415  needs msal
    from batchreset.wiring.kept import store_of  # noqa: PLC0415  as above

    with contextlib.suppress(SignInError):
        return _account(*account_in(store_of(settings).load().state))
    return Protected()


def _account(user_id: str, name: str) -> Protected:
    return Protected(users=frozenset({user_id} - {""}), names=frozenset({name.lower()} - {""}))
