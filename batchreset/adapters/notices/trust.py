"""Whom notices trust: the system's authorities and `ca_file`, in the one form that requests takes, a file."""

import contextlib
import ssl
import tempfile
from collections.abc import Iterator
from pathlib import Path

from batchreset.errors import SettingsError


@contextlib.contextmanager
def trusting(ca_file: str) -> Iterator[str | None]:
    """The path of a bundle while the block runs; None: the library's own, where the system has none.

    Raises:
        SettingsError: `ca_file` cannot be read.
    """
    paths = ssl.get_default_verify_paths()
    system = paths.cafile or paths.capath
    if not ca_file:
        yield system
        return
    try:
        own = Path(ca_file).expanduser().read_bytes()
        base = Path(paths.cafile or _of_the_library()).read_bytes()
    except OSError as error:
        raise SettingsError(
            f"[partner_center] ca_file: {error.filename} cannot be read ({error.strerror})",
            next_step="give a file with the authority's certificate in PEM form, or leave ca_file empty",
        ) from error
    with tempfile.NamedTemporaryFile(suffix=".pem") as bundle:
        bundle.write(base + b"\n" + own)
        bundle.flush()
        yield bundle.name


def _of_the_library() -> str:
    import certifi  # noqa: PLC0415  comes with requests, which comes with the extra

    return certifi.where()
