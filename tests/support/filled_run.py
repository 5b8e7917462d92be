"""A run of any size, carried out without sending: planned by the program, its ledger filled as benchmarks do."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from batchreset.core.outcome import Outcome
from benchmarks import program, users
from benchmarks.measuring import Measured, measured_apart
from benchmarks.size.fill import fill, mixed


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """The run `measured`.

    Attributes:
        folder: where its input, key and runs are.
        recipient: whom it is sealed to.
    """

    folder: Path
    recipient: str

    @property
    def run(self) -> Path:
        """Its own folder."""
        return self.folder / "runs" / program.RUN_ID

    def measured(self, *words: str) -> Measured:
        """`batchreset WORD…`."""
        environ = program.environ(self.folder) | {"BATCHRESET_PASSWORD__RECIPIENTS": self.recipient}
        return measured_apart([*program.COMMAND, *words], environ=environ, folder=self.folder)


def filled(
    folder: Path, rows: int, done: Sequence[int], *, customers: int, outcome_of: Callable[[int], Outcome] = mixed
) -> Filled:
    """A plan of so many rows, of which some are done, in this order."""
    folder.mkdir()
    _, recipient = program.key_pair(folder)
    users.write(folder / "users.csv", rows, customers=customers)
    made = Filled(folder=folder, recipient=recipient)
    made.measured("plan", "users.csv", "--run-id", program.RUN_ID, "--max-rows", str(rows))
    fill(made.run, done, recipient, outcome_of=outcome_of)
    return made
