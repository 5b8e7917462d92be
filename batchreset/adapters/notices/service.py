"""One address as apprise's plugin for it, with nothing that it says of its own let out: its logs hold addresses."""

import logging
import re
import threading
import warnings
from collections.abc import Iterator
from typing import Final

from apprise import Apprise, AppriseAsset, NotifyFormat, NotifyType
from apprise.manager_plugins import NotificationManager
from apprise.plugins import NotifyBase

from batchreset.core.addresses import masked
from batchreset.core.notice import Kind, Notice
from batchreset.core.secret import Secret

_TYPES: Final = {
    Kind.SUCCESS: NotifyType.SUCCESS,
    Kind.WARNING: NotifyType.WARNING,
    Kind.FAILURE: NotifyType.FAILURE,
}
_STATUS: Final = re.compile(r"error=(\d{3})\b")
_KINDS: Final = (
    ("CERTIFICATE_VERIFY_FAILED", "the certificate is not trusted"),
    ("SSL", "TLS failed"),
    ("timed out", "no answer in time"),
    ("Name or service not known", "the name of the host could not be resolved"),
    ("NameResolution", "the name of the host could not be resolved"),
    ("refused", "the connection was refused"),
    ("onnection", "the connection failed"),
)
"""By what stands in a text that is not let out, the first that does."""
_LOGGER: Final = logging.getLogger("apprise")


def schemes() -> frozenset[str]:
    """What an address may begin with. All plugins are loaded; what Python thinks of them is nobody's business here."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return frozenset(NotificationManager().schemas())  # type: ignore[no-untyped-call]


class Service:
    """Where one notice goes.

    Attributes:
        shown: its address, masked.
    """

    def __init__(self, plugin: NotifyBase, *, shown: str) -> None:
        self._plugin = plugin
        self.shown = shown

    @classmethod
    def of(cls, address: Secret) -> "Service | None":
        """None: apprise knows no such service, or the address is not in its form."""
        asset = AppriseAsset(
            app_id="batchreset", app_desc="batchreset", app_url="", http_redirects=False, storage_mode="memory"
        )
        plugin = Apprise.instantiate(address.open(), asset=asset)
        return cls(plugin, shown=masked(address.open())) if isinstance(plugin, NotifyBase) else None

    def send(self, notice: Notice, *, bundle: str | None) -> str | None:
        """Waits for the answer: bound it. None: it was taken; else what kept it from being.

        Args:
            notice: what is sent.
            bundle: file or folder of the authorities that are trusted, unless the address says `verify=no`.
        """
        if bundle is not None and self._plugin.verify_certificate:
            # What requests takes for `verify`: true, or a path.
            self._plugin.verify_certificate = bundle  # type: ignore[assignment]
        heard = _Heard()
        _LOGGER.addHandler(heard)
        try:
            taken = self._plugin.notify(
                title=notice.title,
                body=self._text(notice.text),
                notify_type=_TYPES[notice.kind],
                body_format=NotifyFormat.TEXT,
            )
        except Exception as error:  # noqa: BLE001  a hundred plugins, each with errors of its own; texts hold addresses
            return type(error).__name__
        finally:
            _LOGGER.removeHandler(heard)
        return None if taken else heard.kind

    def _text(self, text: str) -> str:
        """In Markdown (Teams) one line break alone is none."""
        markdown = self._plugin.resolve_format(NotifyFormat.TEXT) is NotifyFormat.MARKDOWN
        return "\n\n".join(_paragraphs(text)) if markdown else text


def _paragraphs(text: str) -> Iterator[str]:
    return (line for line in text.split("\n") if line)


class _Heard(logging.Handler):
    """What kind of failure the plugin tells of, in the thread that sends; its words are looked at and dropped."""

    def __init__(self) -> None:
        super().__init__(logging.DEBUG)
        self._thread = threading.get_ident()
        self._found: list[str] = []

    @property
    def kind(self) -> str:
        return self._found[-1] if self._found else "the service did not take it"

    def emit(self, record: logging.LogRecord) -> None:
        if record.thread != self._thread:
            return
        text = record.getMessage()
        if status := _STATUS.search(text):
            self._found.append(f"it answered {status[1]}")
        elif text.startswith("Socket Exception") or record.levelno >= logging.WARNING:
            self._found += [kind for mark, kind in _KINDS if mark in text][:1]


for _quiet in (_LOGGER, logging.getLogger("urllib3")):
    _quiet.propagate = False
    _quiet.addHandler(logging.NullHandler())
_LOGGER.setLevel(logging.DEBUG)
