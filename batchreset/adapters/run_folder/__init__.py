"""The run's folder: layout, JSON files, lock."""

from batchreset.adapters.run_folder.folder import RunFolder, all_folders, check_run_id, find_folder, make_folder
from batchreset.adapters.run_folder.lock import holding, holding_accounts, is_held

__all__ = [
    "RunFolder",
    "all_folders",
    "check_run_id",
    "find_folder",
    "holding",
    "holding_accounts",
    "is_held",
    "make_folder",
]
