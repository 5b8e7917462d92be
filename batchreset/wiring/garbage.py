"""How often Python looks for garbage that only a search finds."""

import contextlib
import gc
from collections.abc import Iterator
from typing import Final

NEW_OBJECTS: Final = 50_000
"""Rows under way have tens of them each: searched at every 700, all are in use still, and soon count as old ones."""


@contextlib.contextmanager
def searched_seldom() -> Iterator[None]:
    """While the block runs. Rows leave nothing behind that has to be searched for: it was 8 % of a row's time."""
    before = gc.get_threshold()
    gc.set_threshold(NEW_OBJECTS, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)
