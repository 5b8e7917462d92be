"""Some chances for every run of the tests, many more of the same for `make torture`."""

from collections.abc import Iterable
from typing import Any

import pytest


def usual_and_torture(usual: Iterable[Any], torture: Iterable[Any]) -> list[Any]:
    """Parameters: the usual ones as they are, the others marked."""
    return [*usual, *(pytest.param(value, marks=pytest.mark.torture) for value in torture)]
