"""The page's template as code, kept where Python keeps this package's: to make it is a third of a small run's end."""

import contextlib
import importlib.util
import secrets
import sys
from pathlib import Path

import jinja2
from jinja2.bccache import Bucket


class TemplateCache(jinja2.BytecodeCache):
    """Where it cannot be kept, or is not to be (PYTHONDONTWRITEBYTECODE), the template is made anew each time.

    What lies there is used only if it was made of this template by this Python and this jinja2.
    """

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder or Path(importlib.util.cache_from_source(__file__)).parent

    def load_bytecode(self, bucket: Bucket) -> None:
        """As jinja2 asks for it."""
        try:
            with self._path(bucket).open("rb") as file:
                bucket.load_bytecode(file)
        except Exception:  # noqa: BLE001  whatever is wrong with what is kept: it can be made anew
            bucket.reset()

    def dump_bytecode(self, bucket: Bucket) -> None:
        """As jinja2 asks for it. Two processes at once do no harm to one another."""
        if sys.dont_write_bytecode:
            return
        path = self._path(bucket)
        temporary = path.with_name(f"{path.name}.{secrets.token_hex(4)}.tmp")
        try:
            temporary.write_bytes(bucket.bytecode_to_string())
            temporary.replace(path)
        except OSError:
            with contextlib.suppress(OSError):
                temporary.unlink(missing_ok=True)

    def _path(self, bucket: Bucket) -> Path:
        return self._folder / f"{bucket.key}.{sys.implementation.cache_tag}.jinja"
