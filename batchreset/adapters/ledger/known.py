"""What is known of rows that were touched, as columns of numbers: a million failed rows may be taken up again."""

import array
import bisect
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from batchreset.adapters.ledger.times import moment_of
from batchreset.core.outcome import Outcome
from batchreset.core.records import KnownRow

_OUTCOMES: Final = (None, *Outcome)
_NUMBERS: Final = {outcome and outcome.value: number for number, outcome in enumerate(_OUTCOMES)}
_NEVER: Final = -(1 << 63)

KnownValues = tuple[int, int, int, int, int | None, str | None]
"""row, generations, exchanges, unclear, first_sent_at (milliseconds), outcome"""


class KnownRows(Mapping[int, KnownRow]):
    """By row number; about 25 bytes each.

    Args:
        rows: by ascending number.

    Raises:
        ValueError, OverflowError, TypeError: a value is none that a ledger holds.
    """

    def __init__(self, rows: Iterable[KnownValues] = ()) -> None:
        self._rows = array.array("I")
        self._generations = array.array("I")
        self._exchanges = array.array("I")
        self._first_sent = array.array("q")
        self._ends = array.array("B")
        for row, generations, exchanges, unclear, first_sent, outcome in rows:
            if outcome not in _NUMBERS:
                raise ValueError(outcome)
            self._rows.append(row)
            self._generations.append(generations)
            self._exchanges.append(exchanges)
            self._first_sent.append(_NEVER if first_sent is None else first_sent)
            self._ends.append(2 * _NUMBERS[outcome] + bool(unclear))

    def __getitem__(self, row: int) -> KnownRow:
        at = bisect.bisect_left(self._rows, row)
        if at == len(self._rows) or self._rows[at] != row:
            raise KeyError(row)
        first_sent, end = self._first_sent[at], self._ends[at]
        return KnownRow(
            generations=self._generations[at],
            exchanges=self._exchanges[at],
            unclear=end & 1 == 1,
            first_sent_at=None if first_sent == _NEVER else moment_of(first_sent),
            outcome=_OUTCOMES[end >> 1],
        )

    def __iter__(self) -> Iterator[int]:
        return iter(self._rows)

    def __len__(self) -> int:
        return len(self._rows)
