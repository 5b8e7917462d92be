"""The frozen list of what a run will do, and the queue of rows that it is worked off from."""

from batchreset.adapters.plan.file import Plan, freeze, open_plan
from batchreset.adapters.plan.queue import SINGLE_LANE, RowQueue

__all__ = ["SINGLE_LANE", "Plan", "RowQueue", "freeze", "open_plan"]
