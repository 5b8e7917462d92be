"""The settings as `run.json` keeps them, so that a run can be carried on without its job file."""

from collections.abc import Mapping

from batchreset.errors import SettingsError
from batchreset.settings.layers import merged, tree_layer, wrong_values
from batchreset.settings.model import Settings


def to_snapshot(settings: Settings) -> dict[str, dict[str, object]]:
    """Every setting as JSON values, defaults too (a later version may have others). No secret is in it."""
    return settings.model_dump(mode="json")


def from_snapshot(snapshot: Mapping[str, object]) -> Settings:
    """The settings of a run as it was planned; what an older version did not know has its default.

    Raises:
        SettingsError: a key or value that this version does not know.
    """
    layer = tree_layer(snapshot, "run.json")
    problems = (*layer.problems, *wrong_values(layer))
    if problems:
        raise SettingsError(
            "the run was planned with settings that this version does not know",
            next_step="use the version that planned the run (its run.json names it), or a newer one",
            details=tuple(sorted(problems)),
        )
    return merged([layer])
