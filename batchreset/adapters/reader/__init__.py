"""The input: any table people bring, read as text, checked against the rules, ready to be planned."""

from batchreset.adapters.reader.checking import CheckedInput, check
from batchreset.adapters.reader.leaving_out import accounts_to_reset, without
from batchreset.adapters.reader.loading import RawTable, load
from batchreset.adapters.reader.problems import InvalidRowsError, Problem
from batchreset.adapters.reader.protected import Protected, read_protected
from batchreset.adapters.reader.rules import Rules

__all__ = [
    "CheckedInput",
    "InvalidRowsError",
    "Problem",
    "Protected",
    "RawTable",
    "Rules",
    "accounts_to_reset",
    "check",
    "load",
    "read_protected",
    "without",
]
