"""How long a gate stays closed after a refusal."""

from typing import Final

from batchreset.core.pacing.gates.refusals import PAUSE_MOST_SECONDS, Refusal

PAUSE_FIRST_SECONDS: Final = 1.0
PAUSE_GROWTH: Final = 1.6
PAUSE_UNTOLD_MOST_SECONDS: Final = 15.0
"""Bounds of a pause when the service gives no `Retry-After`, or one that proved too short."""
PAUSE_UNTOLD_SPREAD: Final = 0.2
"""So much longer or shorter, by chance."""
STUBBORN_TRIES: Final = 20
STUBBORN_TOLD_TRIES: Final = 100
STUBBORN_GROWTH: Final = 1.3
"""After so many refusals one after another, more where `Retry-After` is long, each wait is longer by this: where
refused requests count, and a window is longer than a pause, asking keeps it shut for ever."""
GROWTHS_AT_MOST: Final = 16
STUBBORN_GROWTHS_AT_MOST: Final = 64
"""Beyond, a pause has long reached its bound, and powers would overflow."""
PATIENCE_TRIES: Final = 2
"""After so many refusals one after another, `Retry-After` is no longer believed."""
JITTER_SECONDS: Final = 0.2
"""Other clients come back at the same moment."""


def pause_seconds(refusal: Refusal, tries: int, *, left_seconds: float, slack_seconds: float, drawn: float) -> float:
    """From the refusal on.

    Args:
        refusal: the last one.
        tries: refusals one after another.
        left_seconds: of the window, if its length is known; else 0.
        slack_seconds: added to what is told.
        drawn: by chance, from 0 to 1.
    """
    tries = max(1, tries)
    untold = _untold_seconds(refusal, tries)
    told = refusal.told_seconds
    if told is None:
        if tries == 1:
            untold = max(untold, min(left_seconds, PAUSE_MOST_SECONDS))
        return untold * (1.0 - PAUSE_UNTOLD_SPREAD + 2.0 * PAUSE_UNTOLD_SPREAD * drawn)
    again_refused = untold / PAUSE_GROWTH if tries > PATIENCE_TRIES else 0.0
    wait = max(told - refusal.passed_seconds, again_refused, 0.0)
    return wait + slack_seconds + JITTER_SECONDS * drawn


def _untold_seconds(refusal: Refusal, tries: int) -> float:
    """What we would wait of ourselves."""
    pause = min(PAUSE_FIRST_SECONDS * PAUSE_GROWTH ** min(tries - 1, GROWTHS_AT_MOST), PAUSE_UNTOLD_MOST_SECONDS)
    stubborn = tries - (STUBBORN_TRIES if (refusal.retry_after_seconds or 0.0) <= pause else STUBBORN_TOLD_TRIES)
    if stubborn <= 0:
        return pause
    growths = min(stubborn, STUBBORN_GROWTHS_AT_MOST)
    return min(PAUSE_UNTOLD_MOST_SECONDS * STUBBORN_GROWTH**growths, PAUSE_MOST_SECONDS)
