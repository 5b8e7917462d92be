"""What was told."""


class Log:
    """Keeps events; nothing but debug ones is expected."""

    def __init__(self) -> None:
        self.events: list[tuple[str, dict[str, object]]] = []

    def debug(self, event: str, **fields: object) -> None:
        """Kept."""
        self.events.append((event, fields))

    def info(self, event: str, **fields: object) -> None:
        """Nobody says so much."""
        raise AssertionError(event, fields)

    warning = error = info


def nobody_stops(call: object) -> None:
    """What is to be called when nobody waits any more is called never."""
    del call
