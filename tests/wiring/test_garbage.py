"""How often garbage is searched for, while rows are sent and afterwards."""

import gc

import pytest

from batchreset.wiring.garbage import NEW_OBJECTS, searched_seldom


def test_it_is_searched_for_seldom_while_rows_are_sent_and_as_before_when_they_are_not() -> None:
    before = gc.get_threshold()

    def send() -> None:
        with searched_seldom():
            assert gc.get_threshold() == (NEW_OBJECTS, *before[1:])
            raise RuntimeError

    with pytest.raises(RuntimeError):
        send()
    assert gc.get_threshold() == before
