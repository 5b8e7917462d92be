"""Who waits and why, in a few words."""

from collections.abc import Sequence

from batchreset.core.pacing import PaceSnapshot, Pause


def waiting(pace: PaceSnapshot | None, now_seconds: float) -> str:
    """What was refused first; else who awaits the next window of a limit that is known. Empty: nobody waits."""
    if pace is None or not pace.pauses:
        return ""
    told = [pause for pause in pace.pauses if pause.told]
    longest = max(told or pace.pauses, key=lambda pause: pause.until_seconds)
    seconds = max(0.0, longest.until_seconds - now_seconds)
    if not told:
        return f"limit reached: {_who(longest, pace.pauses)} for the next window, {seconds:.0f} s"
    return f"throttled: {_who(longest, told)} {seconds:.0f} s" if seconds else "throttled: one row goes first"


def _who(longest: Pause, pauses: Sequence[Pause]) -> str:
    return f"{longest.scope} and {len(pauses) - 1} more wait" if len(pauses) > 1 else f"{longest.scope} waits"
