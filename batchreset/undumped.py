"""A process that holds passwords leaves no picture of its memory behind."""

import contextlib
import sys
from typing import Final

_PR_SET_DUMPABLE: Final = 4
"""linux/prctl.h"""


def never_dumped() -> None:
    """No core dump of this process, whatever kills it, and nobody but root looks into its memory; where that can be."""
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource  # noqa: PLC0415  not on every platform

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    if sys.platform == "linux":
        # A limit of 0 does not keep the kernel from piping a core to a collector; not being dumpable does.
        with contextlib.suppress(ImportError, OSError, AttributeError):
            import ctypes  # noqa: PLC0415  as above

            ctypes.CDLL(None).prctl(_PR_SET_DUMPABLE, 0, 0, 0, 0)
