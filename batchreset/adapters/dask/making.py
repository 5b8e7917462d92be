"""What happens on a worker when a sender is made there. The scheduler hands it on unread, and needs nothing of ours."""

import pickle

from batchreset.undumped import never_dumped


def order(actor: type, config: bytes) -> bytes:
    """To be read by `pickle.loads`, on the worker alone: what comes of that is the actor."""
    return pickle.dumps(_Order(actor, config))


class _Order:
    def __init__(self, actor: type, config: bytes) -> None:
        self._actor = actor
        self._config = config

    def __reduce__(self) -> tuple[object, tuple[type, bytes]]:
        return _made, (self._actor, self._config)


def _made(actor: type, config: bytes) -> object:
    never_dumped()
    return actor(config)
