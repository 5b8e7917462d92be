"""How long nothing but 429 has come: in one lane, and in all of them."""


class Drought:
    """Times of the first 429 since anything else was heard. A row gives up by it: alone it is asked too seldom."""

    def __init__(self) -> None:
        self._since_seconds_by_lane: dict[str, float] = {}
        self._since_seconds: float | None = None

    def heard(self, lane: str, *, throttled: bool, now_seconds: float) -> float | None:
        """An answer; since when there has been nothing but 429 for the lane, or for anybody. None: this is none."""
        if not throttled:
            self._since_seconds_by_lane.pop(lane, None)
            self._since_seconds = None
            return None
        if self._since_seconds is None:
            self._since_seconds = now_seconds
        return min(self._since_seconds_by_lane.setdefault(lane, now_seconds), self._since_seconds)
