"""A run's folder as a power cut would have left it at several moments of what was recorded."""

import random
import shutil
from collections.abc import Sequence

from crashing import Crashing
from looking import complaints_about
from syscalls import Operation, Recording
from syscalls.disk import Disk

from batchreset.simulator.state import Applied


def look_at_moments(crashing: Crashing, disk: Disk, recording: Recording, *, looks: int, chance: random.Random) -> None:
    """As `looks` moments of what was recorded would have left the folder."""
    operations = recording.operations
    moments = sorted(chance.choices(range(len(operations) + 1), k=looks))
    disk.begin(recording)
    done = 0
    for number, moment in enumerate(moments):
        for operation in operations[done:moment]:
            disk.carry_out(operation)
        done = moment
        image = crashing.made.folder / "image"
        disk.cut_power(chance, image)
        found, _ = complaints_about(
            image / crashing.run,
            crashing.made.key,
            rows=sum(crashing.rows),
            applied=applied_by(crashing, operations, moment),
            scratch=crashing.made.folder,
        )
        shutil.rmtree(image)
        assert not found, "\n".join([f"{crashing.history}: image {number}, after {moment} calls", *found])
    for operation in operations[done:]:
        disk.carry_out(operation)
    missed = disk.is_as(crashing.made.runs)
    assert not missed, f"what was recorded is not what was done: {missed}"


def applied_by(crashing: Crashing, operations: Sequence[Operation], moment: int) -> list[Applied]:
    """What the service had applied just before the next call; after the last one, all."""
    applied = crashing.made.simulator.state.applied[crashing.before.applied :]
    if moment == len(operations):
        return applied
    return [one for one in applied if one.at.timestamp() <= operations[moment].began]
