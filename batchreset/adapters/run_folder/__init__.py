"""The run's folder: layout, JSON files, lock; and where a plan is worked on."""

from batchreset.adapters.run_folder.folder import (
    RunFolder,
    all_folders,
    check_run_id,
    find_folder,
    lost_folders,
    make_folder,
    refuse_planned,
    writing,
)
from batchreset.adapters.run_folder.lock import holding, holding_accounts, is_held
from batchreset.adapters.run_folder.scratch import scratch

__all__ = [
    "RunFolder",
    "all_folders",
    "check_run_id",
    "find_folder",
    "holding",
    "holding_accounts",
    "is_held",
    "lost_folders",
    "make_folder",
    "refuse_planned",
    "scratch",
    "writing",
]
