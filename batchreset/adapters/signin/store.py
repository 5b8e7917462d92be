"""Where a sign-in is kept between runs: the platform's keyring, or a file of mode 0600; whole or not there."""

import contextlib
import hashlib
import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import filelock
import msal_extensions
import platformdirs
from msal_extensions.persistence import BasePersistence, PersistenceNotFound

from batchreset.core.secret import Secret
from batchreset.durable import PRIVATE_FILE_MODE, PRIVATE_FOLDER_MODE, write_text
from batchreset.errors import SignInError

FORMAT: Final = 1
LOCK_SECONDS: Final = 120.0
"""How long to wait for another process that is signing in: longer than its exchange may take."""

_NOTHING: Final = "{}"
_AGAIN: Final = "remove it with `batchreset auth logout`, then sign in again with `batchreset auth login`"


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """A sign-in as it is kept.

    Attributes:
        state: msal's cache, serialized; empty when there is none.
        given_sha256: of the refresh token that was last given from outside, hexadecimal; empty when none was.
        kept_at: RFC 3339; empty when nothing is kept.
    """

    state: str = ""
    given_sha256: str = ""
    kept_at: str = ""

    def __repr__(self) -> str:
        """Without the state, which holds the refresh token."""
        return f"Kept(kept_at={self.kept_at!r})"


def fingerprint(token: Secret) -> str:
    """By which a refresh token is known again; it says nothing of the token, which is far too long to be guessed."""
    return hashlib.sha256(token.open().encode()).hexdigest()


class WholeFile(BasePersistence):  # type: ignore[misc]  # msal-extensions ships no types
    """msal-extensions' own file is written in place: a kill in the middle would lose the only refresh token."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def save(self, content: str) -> None:
        """Raises OSError; then the file is as it was."""
        self.sweep()
        write_text(self._path, content)

    def sweep(self) -> None:
        """Remove what a killed process left half written: it holds a refresh token too."""
        for left in self._path.parent.glob(f".{self._path.name}.*.tmp"):
            left.unlink(missing_ok=True)

    def load(self) -> str:
        """Raises PersistenceNotFound, OSError."""
        try:
            return self._path.read_text(encoding="utf-8")
        except FileNotFoundError:
            raise PersistenceNotFound(location=str(self._path)) from None

    def time_last_modified(self) -> float:
        """Seconds since 1970."""
        return self._path.stat().st_mtime

    def get_location(self) -> str:
        """The file's path."""
        return str(self._path)


class SignInStore:
    """One sign-in: of one application in one tenant at one authority.

    Args:
        path: of the file, or of the sign that a keyring's entry has changed; its folder is made when it is needed.
        persistence: where the content goes.
    """

    def __init__(self, path: Path, persistence: BasePersistence) -> None:
        self._path = path
        self._persistence = persistence
        self._lock = filelock.FileLock(
            path.with_name(path.name + ".lock"), timeout=LOCK_SECONDS, mode=PRIVATE_FILE_MODE
        )

    @property
    def encrypted(self) -> bool:
        """Whether the platform encrypts it."""
        return bool(self._persistence.is_encrypted)

    @property
    def place(self) -> str:
        """Where it is, for a person."""
        return "the platform's keyring" if self.encrypted else str(self._path)

    @contextlib.contextmanager
    def held(self) -> Iterator[None]:
        """No other process redeems this sign-in meanwhile: two who do would each lose the other's replacement.

        Raises:
            SignInError: another process did not let go of it, or its folder cannot be made.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=PRIVATE_FOLDER_MODE)
            self._lock.acquire()
        except filelock.Timeout:
            raise SignInError(
                f"another process has been signing in with {self._path} for {LOCK_SECONDS:g} seconds",
                next_step="see what it waits for, then run again",
            ) from None
        except OSError as error:
            raise SignInError(
                f"the sign-in cannot be kept in {self._path.parent} ({error.strerror})",
                next_step="choose a folder that you may write to with [auth] cache_dir",
            ) from error
        try:
            yield
        finally:
            self._lock.release()

    def load(self) -> Kept:
        """What is kept; nothing when nobody has signed in. Raises SignInError: it cannot be read."""
        try:
            content = self._persistence.load()
        except PersistenceNotFound:
            return Kept()
        except Exception as error:  # noqa: BLE001  each keyring has errors of its own; their text may quote the entry
            why = error.strerror if isinstance(error, OSError) and error.strerror else type(error).__name__
            raise SignInError(f"the sign-in kept in {self.place} cannot be read ({why})", next_step=_AGAIN) from None
        try:
            parsed = json.loads(content)
            if parsed["format"] != FORMAT or not isinstance(parsed["msal"], dict):
                raise ValueError  # noqa: TRY301  told below, as any other content that is not ours
            return Kept(
                state=json.dumps(parsed["msal"]),
                given_sha256=str(parsed["given_sha256"]),
                kept_at=str(parsed["kept_at"]),
            )
        except (ValueError, TypeError, KeyError, RecursionError):
            raise SignInError(
                f"what is kept in {self.place} is not a sign-in of this version of batchreset",
                next_step=_AGAIN,
            ) from None

    def save(self, kept: Kept) -> None:
        """Keep it, durably. Raises OSError; then what was kept before still is."""
        content = {
            "format": FORMAT,
            "kept_at": kept.kept_at,
            "given_sha256": kept.given_sha256,
            "msal": json.loads(kept.state or _NOTHING),
        }
        try:
            self._persistence.save(json.dumps(content))
        except OSError:
            raise
        except Exception as error:  # noqa: BLE001  as in `load`
            raise OSError(0, type(error).__name__) from None

    def remove(self) -> bool:
        """Forget the sign-in; whether there was one. Raises OSError."""
        try:
            there = self.load().state not in {"", _NOTHING}
        except SignInError:
            there = True  # what cannot be read is removed all the same
        if there and self.encrypted:
            # msal-extensions has no way to delete a keyring's entry: an empty one holds nothing.
            self.save(Kept())
        self._path.unlink(missing_ok=True)
        WholeFile(self._path).sweep()
        return there


def open_store(
    *, authority: str, tenant_id: str, client_id: str, cache_dir: str, persistence: BasePersistence | None = None
) -> SignInStore:
    """The store of one application, tenant and authority. Nothing is made or read yet.

    Args:
        authority: where the user signs in.
        tenant_id: in which tenant.
        client_id: by which application.
        cache_dir: keep it in a file in this folder; empty: in the platform's keyring, or, where there is none that
            can be used (a server, a cron job), in a file below the user's state folder.
        persistence: in place of all that.
    """
    whose = hashlib.sha256(f"{authority}\n{tenant_id}\n{client_id}".encode()).hexdigest()[:16]
    folder = _expanded(cache_dir) if cache_dir else Path(platformdirs.user_state_dir("batchreset")) / "sign-in"
    path = folder / f"{whose}.json"
    if persistence is not None:
        return SignInStore(path, persistence)
    # A keyring's sign has a name of its own: where there is no keyring (cron), it must not be taken for the file.
    keyring_sign = path.with_suffix(".keyring")
    keyring = None if cache_dir else _keyring(keyring_sign)
    return SignInStore(path, WholeFile(path)) if keyring is None else SignInStore(keyring_sign, keyring)


def _expanded(folder: str) -> Path:
    try:
        return Path(folder).expanduser()
    except RuntimeError:
        return Path(folder)  # `~nobody`: told when it cannot be made


def _keyring(path: Path) -> BasePersistence | None:
    """The platform's keyring, where it can be used."""
    keyrings = {
        "linux": lambda: msal_extensions.LibsecretPersistence(
            str(path), schema_name="batchreset", attributes={"sign-in": path.stem}
        ),
        "darwin": lambda: msal_extensions.KeychainPersistence(
            str(path), service_name="batchreset", account_name=path.stem
        ),
    }
    try:
        return keyrings[sys.platform]()
    except Exception:  # noqa: BLE001  no library, no session bus, no unlocked keyring: each says so in its own way
        return None
